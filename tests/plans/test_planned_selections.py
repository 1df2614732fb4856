"""What is selected: names, merging, fragments, conditions, interfaces, unions, and which operation is meant."""

import re

import pytest

from tests.plans.conftest import Ask, Asking
from tests.plans.known import id_of
from tests.plans.requests import Asked

TASK = id_of("tasks", "whole", "t4")


def test_an_alias_is_the_key_of_its_field(ask: Ask) -> None:
    data = ask('{ a: backend(name: "whole") { n: name } b: backend(name: "bare") { name n: name } }')["data"]
    assert data == {"a": {"n": "whole"}, "b": {"name": "bare", "n": "bare"}}


def test_keys_stand_in_the_order_in_which_they_are_first_selected(ask: Ask) -> None:
    data = ask(
        """{ backend(name: "whole") { ...F readOnly name ... on OtaBackend { region vendor } } }
        fragment F on OtaBackend { region name }"""
    )["data"]
    assert list(data["backend"]) == ["region", "name", "readOnly", "vendor"]


def test_a_field_selected_twice_is_one_with_both_selections(ask: Ask) -> None:
    data = ask(
        """{ tasks(first: 2) { nodes { name } pageInfo { hasNextPage } nodes { id name } ...More } }
        fragment More on OtaTaskConnection { nodes { status backend { name } } }"""
    )["data"]
    assert list(data["tasks"]) == ["nodes", "pageInfo"]
    assert [list(node) for node in data["tasks"]["nodes"]] == [["name", "id", "status", "backend"]] * 2


def test_a_fragment_may_be_used_in_many_places_and_within_fragments(ask: Ask) -> None:
    data = ask(
        """{ tasks(first: 1) { nodes { ...T } edges { node { ...T } } }
        packages(first: 1) { nodes { backend { ...B } } } }
        fragment T on OtaTask { id backend { ...B } }
        fragment B on OtaBackend { name capabilities { operation ...C } }
        fragment C on OtaCapability { support force }"""
    )["data"]
    assert data["tasks"]["nodes"][0] == data["tasks"]["edges"][0]["node"]
    assert len(data["packages"]["nodes"][0]["backend"]["capabilities"]) > 5


def test_what_is_deferred_or_streamed_is_in_the_one_answer(ask: Ask) -> None:
    query = """query ($later: Boolean!) { tasks(first: 3) { nodes @stream(initialCount: 1) { id ...F @defer(label: "f")
        ... @defer(if: $later) { name backend { name } } } } ... @defer(label: "rest") { backends { name } } }
        fragment F on OtaTask { status executionCounts { total } ... @defer { description } }"""
    # Blanked, so that errors stand in the same places.
    plain = re.sub(r"@(defer|stream)(\([^)]*\))?|\(\$later: Boolean!\)", lambda found: " " * len(found[0]), query)
    for later in (True, False):
        assert ask(query, later=later) == ask(plain)


@pytest.mark.parametrize(
    ("members", "key", "expected"),
    [
        ("tasks", ("whole", "t4"), {"__typename": "OtaTask", "nativeId": "t4"}),
        ("packages", ("whole", "shelf", "p1"), {"__typename": "OtaPackage", "version": "1.1.0"}),
        ("executions", ("whole", "d0", "t4"), {"__typename": "OtaExecution", "attempt": 20}),
    ],
)
def test_an_interface_shows_what_its_runtime_type_has(
    members: str, key: tuple[str, ...], expected: dict[str, object], ask: Ask
) -> None:
    one = id_of(members, *key)
    data = ask(
        """query ($id: ID!) { node(id: $id) { __typename ... on OtaTask { nativeId } ... on OtaPackage { version }
        ... on Node { id } ... on OtaExecution { attempt } ... on OtaDevice { urn } ... on OtaAuditEntry { at } } }""",
        id=one,
    )["data"]
    assert data["node"] == {**expected, "id": one}


def test_a_list_of_an_interface_holds_different_types(ask: Ask) -> None:
    ids = [id_of("executions", "whole", "d0", "t4"), TASK, id_of("packages", "bare", "shelf", "p0")]
    data = ask(
        """query ($ids: [ID!]!) { nodes(ids: $ids) { __typename id ... on OtaTask { same: name }
        ... on OtaPackage { same: name } } }""",
        ids=ids,
    )["data"]
    assert [node["__typename"] for node in data["nodes"]] == ["OtaExecution", "OtaTask", "OtaPackage"]
    assert ["same" in node for node in data["nodes"]] == [False, True, True]


def test_a_union_shows_what_its_member_has(ask: Ask) -> None:
    data = ask(
        "{ tasks(first: 20) { nodes { vendorDetails { __typename ... on OtaTaskDetails { again: __typename } } } } }"
    )["data"]
    details = [node["vendorDetails"] for node in data["tasks"]["nodes"]]
    shown = [one for one in details if one is not None]
    assert len({one["__typename"] for one in shown}) > 1
    assert all(one["again"] == one["__typename"] for one in shown)


def test_entities_are_shown_by_the_type_that_was_named(ask: Ask) -> None:
    data = ask(
        """query ($of: [_Any!]!) { _entities(representations: $of) { __typename ... on OtaTask { name }
        ... on OtaDevice { urn } } }""",
        of=[{"__typename": "OtaTask", "id": TASK}, {"__typename": "OtaDevice", "urn": "whole/d0", "more": 1}],
    )["data"]
    assert data["_entities"] == [
        {"__typename": "OtaTask", "name": "whole task t4"},
        {"__typename": "OtaDevice", "urn": "whole/d0"},
    ]


def test_a_fragment_on_another_type_selects_nothing(ask: Ask) -> None:
    data = ask("query ($id: ID!) { node(id: $id) { ... on OtaPackage { id version } } }", id=TASK)["data"]
    assert data == {"node": {}}


def test_the_name_of_a_type_is_told_everywhere(ask: Ask) -> None:
    data = ask(
        """{ t: __typename tasks(first: 1) { __typename nodes { __typename status __typename }
        pageInfo { x: __typename } } }"""
    )["data"]
    assert data["t"] == "Query"
    assert data["tasks"]["__typename"] == "OtaTaskConnection"
    assert data["tasks"]["nodes"][0]["__typename"] == "OtaTask"
    assert data["tasks"]["pageInfo"] == {"x": "PageInfo"}


def test_connections_nest(ask: Ask) -> None:
    data = ask(
        """query ($id: ID!) { task(id: $id) { executions(first: 2) { pageInfo { hasNextPage endCursor } edges { cursor
        node { device { name executions(first: 3) { nodes { id task { name
        executions(first: 1) { nodes { status } } } } } } } } } } }""",
        id=TASK,
    )["data"]
    executions = data["task"]["executions"]
    assert executions["pageInfo"]["hasNextPage"] is True
    assert executions["pageInfo"]["endCursor"] == executions["edges"][-1]["cursor"]
    devices = [edge["node"]["device"] for edge in executions["edges"]]
    assert [len(one["executions"]["nodes"]) for one in devices] == [3, 3]
    tasks = [node["task"] for one in devices for node in one["executions"]["nodes"]]
    assert any(task["executions"]["nodes"] for task in tasks if task)


@pytest.mark.parametrize("skip", [True, False])
@pytest.mark.parametrize("include", [True, False])
def test_conditions_follow_their_variables(skip: bool, include: bool, ask: Ask) -> None:
    data = ask(
        """query ($skip: Boolean!, $include: Boolean!) { backend(name: "whole") { name @skip(if: $skip)
        region @include(if: $include) both: vendor @skip(if: $skip) @include(if: $include)
        ... @include(if: $include) { readOnly } ...F @skip(if: $skip) } } fragment F on OtaBackend { vendor }""",
        skip=skip,
        include=include,
    )["data"]
    expected = {"name": not skip, "region": include, "both": include and not skip, "readOnly": include}
    expected["vendor"] = not skip
    assert list(data["backend"]) == [name for name, there in expected.items() if there]


def test_a_field_left_out_in_one_place_and_selected_in_another_is_shown(ask: Ask) -> None:
    query = """query ($no: Boolean = false) { tasks(first: 1) { nodes { backend { name } } nodes @include(if: $no) {
    backend { vendor } id } nodes { backend { region @skip(if: $no) } } } }"""
    assert list(ask(query)["data"]["tasks"]["nodes"][0]["backend"]) == ["name", "region"]
    shown = ask(query, no=True)["data"]["tasks"]["nodes"][0]
    assert (list(shown), list(shown["backend"])) == (["backend", "id"], ["name", "vendor"])


def test_what_is_left_out_entirely_leaves_an_empty_object(ask: Ask) -> None:
    assert ask('{ backend(name: "whole") { name @skip(if: true) } }')["data"] == {"backend": {}}
    assert ask("{ backends @include(if: false) { name } }")["data"] == {}


def test_introspection_stands_beside_data(ask: Ask) -> None:
    data = ask(
        """{ backend(name: "whole") { name } __type(name: "OtaSource") { name enumValues { name } }
        again: backends { name } __schema { queryType { name } } }""",
        whole=False,
    )["data"]
    assert list(data) == ["backend", "__type", "again", "__schema"]
    assert [value["name"] for value in data["__type"]["enumValues"]] == ["VENDOR", "DERIVED"]


def test_the_named_operation_is_the_one_that_runs(ask: Ask) -> None:
    query = """query One($v: Boolean = true) { backend(name: "whole") { name @include(if: $v) } }
    query Two { backend(name: "bare") { ...F } } fragment F on OtaBackend { readOnly }"""
    assert ask(query, name="One")["data"] == {"backend": {"name": "whole"}}
    assert ask(query, name="Two")["data"] == {"backend": {"readOnly": True}}
    assert ask(query, name="Two", by_get=True)["data"] == {"backend": {"readOnly": True}}
    assert "data" not in ask(query, whole=False)
    assert "data" not in ask(query, name="Three", whole=False)


def test_one_operation_needs_no_name(ask: Ask) -> None:
    assert ask("query Only { __typename }")["data"] == ask("query Only { __typename }", name="Only")["data"]


def test_the_same_question_has_the_same_answer_however_often_it_is_asked(asking: Asking) -> None:
    # Often enough for whatever is kept of rows that are shown again and again; all of them plain attributes.
    query = """query ($no: Boolean = false) { tasks(first: 50, filter: {backends: ["whole"]}) { nodes { nativeId status
    createdAt raw vendorStatus @skip(if: $no) progress { percent source } executionCounts { total byStatus { status } }
    vendorDetails { __typename } backend { name } } edges { cursor node { name nativeId description } } }
    packages(filter: {backends: ["whole", "bare"]}) { nodes { version name kind sizeBytes } } }"""
    both, shorter = Asked(query=query), Asked(query=query, variables={"no": True})

    async def compare() -> None:
        await asking.pair.begin_anew()
        first = await asking.pair.compare(both, counted=False)
        other = await asking.pair.compare(shorter, counted=False)
        assert "vendorStatus" in first["data"]["tasks"]["nodes"][0]
        assert "vendorStatus" not in other["data"]["tasks"]["nodes"][0]
        for _ in range(60):
            assert await asking.pair.compare(both, counted=False) == first
            assert await asking.pair.compare(shorter, counted=False) == other

    asking.runner.run(compare())
