"""What is given: variables and their coercion, defaults, lists, inputs within inputs, scalars in and out."""

from typing import Any

import pytest

from tests.plans.conftest import Ask
from tests.plans.known import id_of

TASK = id_of("tasks", "whole", "t2")
TASKS = "query ($filter: OtaTaskFilter, $first: Int) { tasks(filter: $filter, first: $first) { nodes { nativeId } } }"


@pytest.mark.parametrize(
    "variables",
    [
        {"first": "three"},
        {"first": 1.5},
        {"first": 1 << 40},
        {"first": True},
        {"filter": {"status": "SIDEWAYS"}},
        {"filter": {"status": ["READY", "NO"], "backends": 5, "unknown": 1}},
        {"filter": {"createdAfter": "yesterday"}},
        {"filter": {"createdAfter": "2026-02-01T05:00:00"}},
        {"filter": []},
    ],
)
def test_a_variable_of_a_wrong_type_is_refused_before_anything_is_read(variables: dict[str, Any], ask: Ask) -> None:
    answer = ask(TASKS, **variables)
    assert "data" not in answer
    assert {error["extensions"]["code"] for error in answer["errors"]} == {"BAD_USER_INPUT"}


def test_a_required_variable_must_be_given(ask: Ask) -> None:
    assert "data" not in ask("query ($id: ID!) { task(id: $id) { id } }")
    assert "data" not in ask("query ($id: ID!) { task(id: $id) { id } }", id=None)


def test_the_same_document_is_answered_anew_for_other_variables(ask: Ask) -> None:
    one = ask(TASKS, first=1, filter={"backends": ["whole"]})["data"]["tasks"]["nodes"]
    other = ask(TASKS, first=2, filter={"backends": ["bare"]})["data"]["tasks"]["nodes"]
    assert (len(one), len(other)) == (1, 2)


def test_what_is_left_out_takes_its_default_and_null_does_not(ask: Ask) -> None:
    query = """query ($first: Int = 2, $plain: Int) { a: tasks(first: $first) { nodes { id } }
    b: tasks(first: $plain) { nodes { id } } }"""
    given = ask(query)["data"]
    assert len(given["a"]["nodes"]) == 2
    everything = len(given["b"]["nodes"])
    assert everything > 20  # the argument's own default, as the variable was left out
    null = ask(query, first=None, plain=None)["data"]
    assert (len(null["a"]["nodes"]), len(null["b"]["nodes"])) == (everything, everything)


def test_null_is_refused_where_a_default_stands_in_for_a_required_value(ask: Ask) -> None:
    query = 'query ($of: String = "whole") { backend(name: $of) { name } }'
    assert ask(query)["data"] == {"backend": {"name": "whole"}}
    answer = ask(query, of=None)
    assert answer["data"] == {"backend": None}
    assert answer["errors"][0]["path"] == ["backend"]


def test_one_value_is_taken_for_a_list_of_it(ask: Ask) -> None:
    literal = ask('{ tasks(filter: {backends: "bare"}) { nodes { nativeId } } }')["data"]
    assert literal == ask(TASKS, filter={"backends": "bare"})["data"]
    assert len(literal["tasks"]["nodes"]) == 6


def test_variables_stand_inside_inputs_and_lists(ask: Ask) -> None:
    query = """query ($of: String!, $text: String, $status: OtaTaskStatus!, $direction: OtaDirection! = ASC) {
    tasks(filter: {backends: [$of, "odd"], text: $text, status: [$status, UNKNOWN]}, orderBy: {field: NAME,
    direction: $direction}) { nodes { name status } } }"""
    up = ask(query, of="bare", status="IN_PROGRESS")["data"]["tasks"]["nodes"]
    down = ask(query, of="bare", status="IN_PROGRESS", direction="DESC")["data"]["tasks"]["nodes"]
    assert {node["status"] for node in up} == {"UNKNOWN", "IN_PROGRESS"}
    assert up == down[::-1]
    assert ask(query, of="bare", status="IN_PROGRESS", text="T1")["data"]["tasks"]["nodes"] == [
        {"name": "bare task t1", "status": "UNKNOWN"}
    ]


def test_variables_stand_inside_a_scalar_that_holds_anything(ask: Ask) -> None:
    query = """query ($id: ID!) { _entities(representations: [{__typename: "OtaTask", id: $id},
    {__typename: "OtaTask"}]) { ... on OtaTask { nativeId } } }"""
    answer = ask(query, id=TASK)
    assert answer["data"] == {"_entities": [{"nativeId": "t2"}, None]}


def test_moments_are_read_with_any_offset_and_printed_in_utc(ask: Ask) -> None:
    query = """query ($after: DateTime, $before: DateTime) { tasks(filter: {backends: ["whole"], createdAfter: $after,
    createdBefore: $before}) { nodes { nativeId createdAt updatedAt } } }"""
    nodes = ask(query, after="2026-02-01T03:30:00+01:00", before="2026-02-01t04:00:00.0000009z")["data"]["tasks"][
        "nodes"
    ]
    assert [(node["nativeId"], node["createdAt"]) for node in nodes] == [("t3", "2026-02-01T03:00:00.123000Z")]


def test_json_comes_out_as_it_is(ask: Ask) -> None:
    raw = ask("query ($id: ID!) { task(id: $id) { raw } }", id=TASK)["data"]["task"]["raw"]
    assert raw == {"jobId": "2", "list": [1, 2.5, {"x": None}], "big": 12345678901234567890}


def test_a_text_that_is_no_unicode_does_not_break_the_answer(ask: Ask) -> None:
    one = id_of("tasks", "odd", "t3")
    assert ask("query ($id: ID!) { task(id: $id) { description } }", id=one)["data"]["task"]["description"] == (
        "surrogate \ud800 alone"
    )


def test_numbers_are_printed_as_their_type_is(ask: Ask) -> None:
    data = ask(
        """query ($id: ID!) { packages(filter: {backends: ["odd"]}, orderBy: {field: NAME, direction: ASC}) { nodes {
        name sizeBytes checksum version } } task(id: $id) { executions { nodes { device { name } attempt } } } }""",
        id=id_of("tasks", "odd", "t0"),
    )["data"]
    packages = [(one["sizeBytes"], one["checksum"], one["version"]) for one in data["packages"]["nodes"]]
    assert packages[:2] == [(None, "77", None), (3.0, None, "1.5")]
    attempts = {one["device"]["name"]: one["attempt"] for one in data["task"]["executions"]["nodes"]}
    assert attempts == {"d0": None, "d1": 2, "d2": 3}


def test_a_mutation_is_not_taken_by_get(ask: Ask) -> None:
    query = 'mutation { cancelOtaTask(input: {id: "x"}) { outcome } }'
    assert ask(query, by_get=True)["errors"][0]["extensions"]["code"] == "METHOD_NOT_ALLOWED"
