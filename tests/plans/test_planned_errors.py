"""What goes wrong: where errors point, and which nulls they leave."""

from tests.plans.conftest import Ask
from tests.plans.known import id_of


def _where(answer: dict[str, object]) -> list[object]:
    return [error["path"] for error in answer["errors"]]  # type: ignore[attr-defined]


def test_a_field_of_a_row_that_cannot_be_read_is_null_with_an_error_at_its_place(ask: Ask) -> None:
    answer = ask('{ tasks(first: 20, filter: {backends: ["lacking"]}) { nodes { nativeId description } } }')
    nodes = answer["data"]["tasks"]["nodes"]
    failing = [at for at, node in enumerate(nodes) if node["nativeId"] in ("t1", "t4", "t7")]
    assert len(failing) == 3
    assert _where(answer) == [["tasks", "nodes", at, "description"] for at in failing]
    assert {node["description"] for node in nodes if node["nativeId"] in ("t1", "t2", "t4", "t7")} == {None}
    assert any(node["description"] for node in nodes)


def test_an_alias_stands_in_the_path_of_its_error(ask: Ask) -> None:
    one = id_of("tasks", "lacking", "t1")
    answer = ask("query ($id: ID!) { a: task(id: $id) { id } b: node(id: $id) { id } }", id=one)
    assert answer["data"] == {"a": None, "b": None}
    assert _where(answer) == [["a"], ["b"]]
    assert [error["locations"] for error in answer["errors"]] == [
        [{"line": 1, "column": 20}],
        [{"line": 1, "column": 44}],
    ]


def test_a_merged_field_is_located_in_every_place_where_it_stands(ask: Ask) -> None:
    one = id_of("tasks", "odd", "t0")
    answer = ask("query ($id: ID!) { task(id: $id) { progress { percent } progress { source percent } } }", id=one)
    assert answer["data"] == {"task": {"progress": None}}
    assert [len(error["locations"]) for error in answer["errors"]] == [2]


def test_null_where_none_may_be_reaches_the_nearest_place_where_it_may(ask: Ask) -> None:
    hidden = id_of("tasks", "odd", "hidden0")
    answer = ask(
        "query ($id: ID!) { task(id: $id) { id vendorStatus } node(id: $id) { ... on OtaTask { backend { name } } } }",
        id=hidden,
    )
    assert answer["data"] == {"task": None, "node": {"backend": {"name": "odd"}}}
    assert _where(answer) == [["task", "vendorStatus"]]


def test_null_may_reach_the_data_as_a_whole(ask: Ask) -> None:
    answer = ask("{ backends { name } tasks(first: 2) { nodes { executions(first: 0) { nodes { id } } } } }")
    assert answer["data"] is None
    assert _where(answer)[0][:2] == ["tasks", "nodes"]  # type: ignore[index]


def test_an_item_that_may_be_null_is_so_alone(ask: Ask) -> None:
    ids = [id_of("tasks", "whole", "t0"), id_of("tasks", "lacking", "t1"), id_of("tasks", "odd", "hidden0")]
    answer = ask("query ($ids: [ID!]!) { nodes(ids: $ids) { ... on OtaTask { name vendorStatus } } }", ids=ids)
    assert [node is None for node in answer["data"]["nodes"]] == [False, True, True]
    assert _where(answer) == [["nodes", 1], ["nodes", 2, "vendorStatus"]]


def test_an_item_that_must_not_be_null_takes_the_list_with_it(ask: Ask) -> None:
    one = id_of("tasks", "odd", "hidden2")
    answer = ask(
        "query ($id: ID!) { task(id: $id) { name executionCounts { total byStatus { count status } } } }", id=one
    )
    assert answer["data"] == {"task": {"name": "odd task hidden2", "executionCounts": None}}
    assert _where(answer)[0][:4] == ["task", "executionCounts", "byStatus", 1]  # type: ignore[index]


def test_a_value_that_does_not_fit_its_type_is_an_error_and_its_neighbours_are_shown(ask: Ask) -> None:
    answer = ask(
        """{ tasks(first: 20, filter: {backends: ["odd"]}) { nodes { nativeId startedAt outcome raw
        executionCounts { total unit } progress { percent } vendorDetails { __typename } } } }"""
    )
    nodes = {node["nativeId"]: node for node in answer["data"]["tasks"]["nodes"]}
    assert nodes["t1"]["executionCounts"] == {"total": None, "unit": "DEVICES"}
    assert nodes["t3"]["progress"] == {"percent": 7.0}
    kinds = {str(path[3:]) for path in _where(answer)}  # type: ignore[index]
    assert kinds == {
        str([name, *below])
        for name, *below in (
            ("progress", "percent"), ("raw",), ("startedAt",), ("executionCounts", "total"), ("outcome",),
            ("vendorDetails",),
        )
    }  # fmt: skip
    by_field = {str(error["path"][-1]): error["message"] for error in answer["errors"]}
    assert by_field.pop("raw") == "The vendor's own JSON of this object is not JSON: it cannot be shown."
    assert set(by_field.values()) == {"Internal error"}


def test_what_breaks_unexpectedly_is_told_without_its_words(ask: Ask) -> None:
    answer = ask(
        """query ($listed: ID!, $ruled: ID!) {
        a: task(id: $listed) { name executions(first: 1) { nodes { id } backends { status error { code } } } }
        b: task(id: $ruled) { name allowedOperations { operation } } }""",
        listed=id_of("tasks", "odd", "t1"),
        ruled=id_of("tasks", "odd", "refuses"),
    )
    (failed,) = answer["data"]["a"]["executions"]["backends"]
    assert failed == {"status": "FAILED", "error": {"code": "VENDOR_REJECTED"}}
    assert answer["data"]["b"] is None
    assert _where(answer) == [["b", "allowedOperations"]]
    assert [error["extensions"]["code"] for error in answer["errors"]] == ["INTERNAL"]


def test_a_read_that_one_place_gives_up_is_not_taken_from_another(ask: Ask) -> None:
    # The error beside `task` comes at once and ends the wait there, while the same task is still read for `b`.
    answer = ask(
        """query ($a: ID!, $b: ID!) {
        a: node(id: $a) { ... on OtaExecution { task { id } device { executions(first: 0) { nodes { id } } } } }
        b: node(id: $b) { ... on OtaExecution { task { nativeId } } } }""",
        a=id_of("executions", "whole", "d0", "t3"),
        b=id_of("executions", "whole", "d1", "t3"),
    )
    assert answer["data"] == {"a": None, "b": {"task": {"nativeId": "t3"}}}
    assert _where(answer) == [["a", "device", "executions"]]


def test_errors_that_are_data_are_shown_by_their_class(ask: Ask) -> None:
    data = ask(
        """{ tasks(first: 1) { backends { name status fetchedAt error { __typename code message retryable backend
        target ... on OtaThrottled { retryAfterSeconds } } } }
        backends { name health { state since lastError { message } } } }"""
    )["data"]
    by_name = {one["name"]: one for one in data["tasks"]["backends"]}
    assert by_name["dead"]["error"]["__typename"] == "OtaBackendUnavailable"
    assert (by_name["whole"]["error"], by_name["whole"]["fetchedAt"]) == (None, "2026-03-01T12:00:00.500000Z")
    health = {one["name"]: one["health"] for one in data["backends"]}
    assert health["dead"]["lastError"] == {"message": "Nobody answers."}


def test_a_document_that_is_nested_too_deeply_is_refused(ask: Ask) -> None:
    for deep in ("{ ... " * 3000 + "{ __typename }" + " }" * 3000, "{ __typename @skip(if: " + "[" * 5000):
        answer = ask(deep)
        assert "data" not in answer


def test_a_document_with_an_error_is_not_executed(ask: Ask) -> None:
    for query in ("{ nowhere }", "{ backends { name ", "{ backends }", "query ($v: Int) { __typename }", "{ ...F }"):
        answer = ask(query, whole=False)
        assert "data" not in answer
        assert answer["errors"][0]["extensions"]["code"].startswith("GRAPHQL_")
