"""What lists show, and how the fields they lack are read."""

from typing import Any

import pytest

from gateway.domain.errors import BackendUnavailable, InvalidInput
from gateway.domain.statuses import Source, TaskOutcome
from gateway.domain.task import Progress
from gateway.services.inputs import Direction, TaskFilter, TaskOrder, TaskOrderField

FULL = """
{ tasks { nodes { __typename id nativeId name backend { name vendor region readOnly health { state callsLastMinute } }
    status vendorStatus outcome outcomeSource progress { percent source } observedAt fingerprint createdAt raw
    allowedOperations { operation allowed needsForce } vendorDetails { __typename } }
  edges { cursor node { id } } pageInfo { hasNextPage startCursor endCursor } backends { name status fetchedAt } } }
"""


async def test_a_row_that_lacks_nothing_is_shown_without_a_single_read(ask: Any, services: Any, make: Any) -> None:
    task = make.task(
        outcome=TaskOutcome.SUCCEEDED,
        outcome_source=Source.DERIVED,
        progress=Progress(12.5, Source.VENDOR),
        raw=b'{"jobId":"t1"}',
    )
    services.rows = [task]
    answer = await ask(FULL)
    assert answer.errors == []
    assert answer.data["tasks"] == {
        "nodes": [
            {
                "__typename": "OtaTask",
                "id": task.id,
                "nativeId": "t1",
                "name": "t1",
                "backend": {
                    "name": "lab",
                    "vendor": task.backend.vendor,
                    "region": "eu-west-1",
                    "readOnly": False,
                    "health": {"state": "UP", "callsLastMinute": 3},
                },
                "status": "IN_PROGRESS",
                "vendorStatus": "IN_PROGRESS",
                "outcome": "SUCCEEDED",
                "outcomeSource": "DERIVED",
                "progress": {"percent": 12.5, "source": "VENDOR"},
                "observedAt": "2026-03-01T12:00:00.500000Z",
                "fingerprint": "f1.t1.1",
                "createdAt": None,
                "raw": {"jobId": "t1"},
                "allowedOperations": [{"operation": "CANCEL_TASK", "allowed": True, "needsForce": False}],
                "vendorDetails": None,
            }
        ],
        "edges": [{"cursor": "c0", "node": {"id": task.id}}],
        "pageInfo": {"hasNextPage": False, "startCursor": "c0", "endCursor": "c0"},
        "backends": [{"name": "lab", "status": "OK", "fetchedAt": "2026-03-01T12:00:00.500000Z"}],
    }
    assert services.asked == [("list", 50, None, TaskFilter(), TaskOrder())]


async def test_lacking_fields_of_all_rows_are_read_together_each_row_once(ask: Any, services: Any, make: Any) -> None:
    lacks = frozenset({"description", "outcome"})
    services.rows = [make.task("t1", lacks=lacks), make.task("t2", lacks=lacks), make.task("t1", lacks=lacks)]
    services.whole = {make.task(key).id: make.task(key, description=f"about {key}") for key in ("t1", "t2")}
    answer = await ask("{ tasks { nodes { description outcome startedAt } } }")
    assert answer.errors == []
    assert [row["description"] for row in answer.data["tasks"]["nodes"]] == ["about t1", "about t2", "about t1"]
    reads = [call for call in services.asked if call[0] != "list"]
    assert reads == [("describe_many", make.task("t1").id, make.task("t2").id)]


async def test_lacking_fields_that_are_not_selected_cost_nothing(ask: Any, services: Any, make: Any) -> None:
    services.rows = [make.task(lacks=frozenset({"description"}))]
    await ask("{ tasks { nodes { name outcome } } }")
    assert [call[0] for call in services.asked] == ["list"]


async def test_a_lacking_field_that_could_not_be_had_is_null_with_the_error_at_its_path(
    ask: Any, services: Any, make: Any
) -> None:
    lacks = frozenset({"description"})
    down = BackendUnavailable("No answer from lab.", backend="lab")
    services.rows = [make.task("t1", lacks=lacks), make.task("t2", lacks=lacks)]
    services.whole = {make.task("t1").id: down, make.task("t2").id: make.task("t2", description="here")}
    answer = await ask("{ tasks { nodes { name description } } }")
    assert answer.data["tasks"]["nodes"] == [
        {"name": "t1", "description": None},
        {"name": "t2", "description": "here"},
    ]
    assert answer.causes == [(["tasks", "nodes", 0, "description"], down)]


async def test_a_row_that_is_gone_meanwhile_shows_null_in_what_it_lacked(ask: Any, services: Any, make: Any) -> None:
    services.rows = [make.task(lacks=frozenset({"description", "raw"}))]
    answer = await ask("{ tasks { nodes { name description raw } } }")
    assert answer.errors == []
    assert answer.data["tasks"]["nodes"] == [{"name": "t1", "description": None, "raw": None}]


async def test_a_task_shows_its_package_whether_held_referred_to_or_not_in_the_list(
    ask: Any, services: Any, make: Any
) -> None:
    package = make.package()
    services.rows = [
        make.task("t1", package=make.package("inside")),
        make.task("t2", package_ref=package.ref),
        make.task("t3", lacks=frozenset({"package_ref"})),
        make.task("t4"),
    ]
    services.whole = {package.id: package, make.task("t3").id: make.task("t3", package_ref=package.ref)}
    answer = await ask("{ tasks { nodes { package { name kind } } } }")
    assert answer.errors == []
    kinds = [row["package"] and row["package"]["name"] for row in answer.data["tasks"]["nodes"]]
    assert kinds == ["inside", "p1", "p1", None]
    assert [call for call in services.asked if call[0] == "get"] == [("get", package.id)]


async def test_executions_of_one_task_read_that_task_once(ask: Any, services: Any, make: Any) -> None:
    services.rows = [make.execution("e1"), make.execution("e2"), make.execution("e3", task_ref=None)]
    services.whole = {make.task().id: make.task()}
    answer = await ask(
        "query($id: ID!) { executions(filter: {taskId: $id}) { nodes { task { name } device { urn productKey } } } }",
        id=make.task().id,
    )
    assert answer.errors == []
    assert answer.data["executions"]["nodes"] == [
        {"task": {"name": "t1"}, "device": {"urn": "lab/e1", "productKey": None}},
        {"task": {"name": "t1"}, "device": {"urn": "lab/e2", "productKey": None}},
        {"task": None, "device": {"urn": "lab/e3", "productKey": None}},
    ]
    assert [call[0] for call in services.asked] == ["list", "get"]


async def test_filters_and_orders_reach_the_services_as_they_were_given(ask: Any, services: Any, make: Any) -> None:
    vendor = make.task().backend.vendor
    query = """{ tasks(first: 7, after: "c", filter: {backends: ["lab"], vendors: [VENDOR], text: "x",
        createdAfter: "2026-03-01T13:00:00+01:00"}, orderBy: {field: NAME, direction: ASC}) { nodes { id } }
      again: tasks(first: null, after: null, filter: null, orderBy: {field: BACKEND}) { nodes { id } } }"""
    answer = await ask(query.replace("VENDOR", vendor))
    assert answer.errors == []
    first, second = services.asked
    assert first[1:3] == (7, "c")
    assert (first[3].backends, first[3].vendors, first[3].text) == (["lab"], [vendor], "x")
    assert first[3].created_after.isoformat() == "2026-03-01T12:00:00+00:00"
    assert first[4] == TaskOrder(field=TaskOrderField.NAME, direction=Direction.ASC)
    assert second[1:] == (50, None, TaskFilter(), TaskOrder(field=TaskOrderField.BACKEND))


@pytest.mark.parametrize(
    ("moment", "problem"),
    [
        ("2026-03-01T12:00:00", "Expected RFC 3339 with an offset"),
        ("2026-03-01", "Expected RFC 3339 with an offset"),
        ("2026-02-30T12:00:00Z", "There is no such moment"),
        ("1772366400", "Expected RFC 3339 with an offset"),
    ],
)
async def test_a_moment_without_an_offset_or_out_of_the_calendar_is_refused(
    ask: Any, services: Any, moment: str, problem: str
) -> None:
    answer = await ask("query($at: DateTime) { tasks(filter: {createdAfter: $at}) { nodes { id } } }", at=moment)
    assert problem in answer.errors[0].message
    assert services.asked == []


@pytest.mark.parametrize(
    ("moment", "read"),
    [
        ("2026-03-01T12:00:00Z", "2026-03-01T12:00:00+00:00"),
        ("2026-03-01t12:00:00.25z", "2026-03-01T12:00:00.250000+00:00"),
        ("2026-03-01T12:00:00.123456789-02:30", "2026-03-01T14:30:00.123456+00:00"),
    ],
)
async def test_a_moment_is_read_with_any_offset(ask: Any, services: Any, moment: str, read: str) -> None:
    answer = await ask("query($at: DateTime) { tasks(filter: {createdBefore: $at}) { nodes { id } } }", at=moment)
    assert answer.errors == []
    assert services.asked[0][3].created_before.isoformat() == read


async def test_a_malformed_id_is_invalid_input(ask: Any) -> None:
    answer = await ask('{ task(id: "nonsense!") { id } }')
    assert answer.data == {"task": None}
    assert isinstance(answer.errors[0].original_error, InvalidInput)
