"""Finding objects again: by node, by nodes, and as a subgraph's entities."""

import re
from typing import Any

import pytest
import strawberry

from gateway.domain.audit import AuditState
from gateway.domain.device import device
from gateway.domain.errors import BackendUnavailable, InvalidInput
from gateway.domain.ids import Kind, ObjectId, encode
from gateway.domain.operations import Operation
from gateway.schema.entities import Entities, Key
from gateway.schema.federation import FederatedSchema


def _audit_entry(make: Any) -> Any:
    return make.entry(
        id=encode(ObjectId(Kind.AUDIT, "lab", ("a1",))),
        at=make.seen,
        state=AuditState.OPEN,
        actor="me",
        operation=Operation.DELETE_TASK,
        backend="lab",
        targets=["t1"],
    )


async def test_node_finds_every_kind_of_object(ask: Any, services: Any, make: Any) -> None:
    found = [make.task(), make.package(), make.execution(), _audit_entry(make)]
    services.whole = {one.id: one for one in found}
    ids = [*(one.id for one in found), device(make.backend, "d", "pk").id]
    answer = await ask("query($ids: [ID!]!) { nodes(ids: $ids) { __typename id } }", ids=ids)
    assert answer.errors == []
    kinds = ["OtaTask", "OtaPackage", "OtaExecution", "OtaAuditEntry", "OtaDevice"]
    assert answer.data["nodes"] == [{"__typename": kind, "id": key} for kind, key in zip(kinds, ids, strict=True)]
    for kind, key in zip(kinds, ids, strict=True):
        one = await ask("query($id: ID!) { node(id: $id) { __typename id } }", id=key)
        assert one.data == {"node": {"__typename": kind, "id": key}}


async def test_nodes_keep_their_order_and_one_failure_its_place(ask: Any, services: Any, make: Any) -> None:
    down = BackendUnavailable("No answer from lab.", backend="lab")
    services.whole = {make.task("t1").id: make.task("t1"), make.task("t2").id: down}
    ids = [make.task(key).id for key in ("gone", "t2", "t1")]
    answer = await ask("query($ids: [ID!]!) { nodes(ids: $ids) { id } }", ids=ids)
    assert answer.data == {"nodes": [None, None, {"id": make.task("t1").id}]}
    assert answer.causes == [(["nodes", 1], down)]


async def test_more_than_a_hundred_nodes_are_refused_before_any_read(ask: Any, services: Any, make: Any) -> None:
    query = "query($ids: [ID!]!) { nodes(ids: $ids) { id } }"
    assert (await ask(query, ids=[make.task().id] * 100)).errors == []
    services.asked.clear()
    answer = await ask(query, ids=[make.task().id] * 101)
    problem = answer.errors[0].original_error
    assert isinstance(problem, InvalidInput)
    assert problem.path == ["ids"]
    assert services.asked == []


async def test_a_malformed_id_among_nodes_is_named_by_its_place(ask: Any, make: Any) -> None:
    answer = await ask("query($ids: [ID!]!) { nodes(ids: $ids) { id } }", ids=[make.task().id, "?"])
    assert answer.errors[0].original_error.path == ["ids", "1"]


ENTITIES = """query($of: [_Any!]!) { _entities(representations: $of) {
  __typename ... on OtaTask { name } ... on OtaPackage { name } ... on OtaExecution { vendorStatus }
  ... on OtaDevice { id urn } } }
"""


async def test_entities_are_found_by_their_keys_and_extra_keys_are_ignored(ask: Any, services: Any, make: Any) -> None:
    services.whole = {one.id: one for one in (make.task(), make.package(), make.execution())}
    target = device(make.backend, "a/b", "pk")
    answer = await ask(
        ENTITIES,
        of=[
            {"__typename": "OtaTask", "id": make.task().id, "name": "ignored", "fooBar": 1},
            {"__typename": "OtaPackage", "id": make.package().id},
            {"__typename": "OtaExecution", "id": make.execution().id},
            {"__typename": "OtaDevice", "id": target.id},
            {"__typename": "OtaDevice", "urn": "lab/pk/a%2Fb"},
            {"__typename": "OtaTask", "id": make.task("gone").id},
        ],
    )
    assert answer.errors == []
    assert answer.data["_entities"] == [
        {"__typename": "OtaTask", "name": "t1"},
        {"__typename": "OtaPackage", "name": "p1"},
        {"__typename": "OtaExecution", "vendorStatus": "QUEUED"},
        {"__typename": "OtaDevice", "id": target.id, "urn": "lab/pk/a%2Fb"},
        {"__typename": "OtaDevice", "id": target.id, "urn": "lab/pk/a%2Fb"},
        None,
    ]


async def test_a_bad_representation_spoils_only_its_own_entry(ask: Any, services: Any, make: Any) -> None:
    services.whole = {make.task().id: make.task()}
    bad = [
        {"__typename": "Nonsense", "id": "1"},
        {"id": make.task().id},
        {"__typename": "OtaTask"},
        {"__typename": "OtaTask", "id": 7},
        {"__typename": "OtaTask", "id": "nonsense!"},
        {"__typename": "OtaTask", "id": make.package().id},
        {"__typename": "OtaDevice", "urn": "lab"},
        {"__typename": "OtaDevice", "urn": ["lab/x"]},
        {"__typename": "OtaDevice", "id": None, "urn": None},
        {"__typename": "OtaDevice", "id": device(make.backend, "d").id, "urn": "lab/e"},
        {"__typename": ["OtaTask"], "id": make.task().id},
        "nonsense",
        ["OtaTask", make.task().id],
    ]
    good = {"__typename": "OtaTask", "id": make.task().id}
    answer = await ask(ENTITIES, of=[*bad, good])
    assert answer.data["_entities"] == [None] * len(bad) + [{"__typename": "OtaTask", "name": "t1"}]
    assert [path for path, _ in answer.causes] == [["_entities", index] for index in range(len(bad))]
    assert all(isinstance(cause, InvalidInput) for _, cause in answer.causes)


async def test_keys_that_agree_are_one_key(ask: Any, make: Any) -> None:
    target = device(make.backend, "d")
    answer = await ask(ENTITIES, of=[{"__typename": "OtaDevice", "id": target.id, "urn": target.urn}])
    assert answer.data == {"_entities": [{"__typename": "OtaDevice", "id": target.id, "urn": target.urn}]}


async def test_a_key_that_nobody_finds_by_keeps_the_schema_from_being_built() -> None:
    @strawberry.federation.type(keys=["id", "sku shelf { row }"])
    class Thing:
        id: str

    @strawberry.type
    class Query:
        thing: Thing

    by_id = Key("id", lambda _, key: Thing(id=key["id"]))
    with pytest.raises(ValueError, match=re.escape("('Thing', 'sku shelf { row }')")):
        FederatedSchema(query=Query, entities=Entities({"Thing": [by_id]}))


async def test_one_variable_serves_two_lists_of_entities(ask: Any, services: Any, make: Any) -> None:
    services.whole = {make.task().id: make.task()}
    of = [{"__typename": "OtaTask", "id": make.task().id}]
    answer = await ask(
        """query($of: [_Any!]!) { one: _entities(representations: $of) { __typename }
          two: _entities(representations: $of) { __typename } }""",
        of=of,
    )
    assert answer.errors == []
    assert answer.data == {"one": [{"__typename": "OtaTask"}], "two": [{"__typename": "OtaTask"}]}
    assert of == [{"__typename": "OtaTask", "id": make.task().id}]


async def test_entities_of_one_kind_are_read_in_one_batch(ask: Any, services: Any, make: Any) -> None:
    of = [{"__typename": "OtaExecution", "id": make.execution(key).id} for key in ("e1", "e2", "e1")]
    await ask(ENTITIES, of=of)
    assert services.asked == [("get_many", make.execution("e1").id, make.execution("e2").id)]


async def test_the_subgraph_links_federation_2_9_and_keys_its_entities(ask: Any) -> None:
    sdl = (await ask("{ _service { sdl } }")).data["_service"]["sdl"]
    assert "\ndirective @" not in sdl
    assert 'url: "https://specs.apollo.dev/federation/v2.9", import: ["@key", "@shareable"]' in sdl
    for line in (
        'type OtaTask implements Node @key(fields: "id") {',
        'type OtaPackage implements Node @key(fields: "id") {',
        'type OtaExecution implements Node @key(fields: "id") {',
        'type OtaDevice implements Node @key(fields: "id") @key(fields: "urn") {',
        "type PageInfo @shareable {",
        "interface Node {",
    ):
        assert line in sdl
