"""What comes in parts comes, in either form, to what plans answer whole."""

import pytest

from tests.plans.conftest import Asking
from tests.plans.settings import UNBEGUN
from tests.support.parts import errors_in, merged, parts

FORMS = ("multipart/mixed;incrementalSpec=v0.2", "multipart/mixed;deferSpec=20220824")
TASKS = 'tasks(first: 12, filter: {backends: ["whole"]})'
DOCUMENTS = (
    "{ TASKS { nodes { id ... @defer { name status } } } }",
    "{ TASKS { nodes { id ... @defer { backend { name ... @defer { vendor } } }"
    " ... @defer { name backend { region } } } } }",
    "{ TASKS { ... @defer { pageInfo { endCursor } nodes { id } } nodes { name ... @defer { status } } } }",
    "{ TASKS { nodes @stream(initialCount: 3) { id name } edges @stream { node { id ... @defer { status } } } } }",
    "{ backends @stream(initialCount: 1) { name capabilities @stream(initialCount: 2) { operation support } } }",
    "{ ... @defer { backends { name ... @defer { capabilities { operation } } } } TASKS { nodes { id } } }",
    "{ ...A @defer(label: \"a\") ...B @defer(label: \"b\") } fragment A on Query { backends { name readOnly } ...B }"
    " fragment B on Query { backends { vendor name } TASKS { nodes { id } } }",
    "{ TASKS { nodes { id executions(first: 2) { nodes { id ... @defer { vendorStatus device { id } } } } } } }",
    "{ TASKS { edges @stream(initialCount: 1) { node { id ... @defer { executions(first: 2) {"
    " nodes @stream(initialCount: 1) { id vendorStatus } } } } } } }",
    '{ backend(name: "whole") { name ... @defer { capabilities @stream(initialCount: 1) { operation force } } } }',
)  # fmt: skip


@pytest.mark.parametrize("document", DOCUMENTS)
@pytest.mark.filterwarnings(*UNBEGUN)
def test_parts_come_to_the_whole(asking: Asking, document: str) -> None:
    document = document.replace("TASKS", TASKS)

    async def compare() -> None:
        world = asking.pair.planned
        await world.begin_anew()
        whole = (await world.client.post("/graphql", json={"query": document})).json()
        assert list(whole) == ["data"]
        for form in FORMS:
            await world.begin_anew()
            answer = await world.client.post("/graphql", json={"query": document}, headers={"accept": form})
            results = parts(answer.content)
            assert len(results) > 1
            assert errors_in(results) == []
            assert merged(results) == whole["data"]

    asking.runner.run(compare())
