"""What callers see, change and read of the audit, by their rights alone; asked over HTTP, vendors simulated."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from gateway.auth import EVERYTHING, READ, Grant, Rights
from gateway.auth.rights import CHANGES
from gateway.domain.ids import Kind, ObjectId, encode
from gateway.domain.operations import Operation, Support
from gateway.vendorkit.discovery import installed_vendors
from tests.support.callers_gateway import gateway_for_callers
from tests.support.simulated_gateway import SimulatedGateway, simulated_gateway

NAMES = tuple(f"lab-{slug}" for slug in installed_vendors())
USED = {Operation.CANCEL_TASK, Operation.DELETE_TASK}
SLUG = next(
    slug
    for slug, one in installed_vendors().items()
    if {capability.operation for capability in one.capabilities if capability.support is not Support.NONE} >= USED
)
SEEN = f"lab-{SLUG}"
HIDDEN = next(name for name in NAMES if name != SEEN)
ALL = frozenset({READ, *(one.value for one in CHANGES)})
RIGHTS = {
    "admin": EVERYTHING,
    "nearly": Rights([Grant(operations=ALL, backends=("*",), raw=True, audit=True)]),
    "viewer": Rights([Grant(operations=frozenset({READ}), backends=(SEEN,))]),
    "changer": Rights([Grant(operations=ALL, backends=(SEEN,), raw=True, audit=True)]),
    "canceller": Rights([Grant(operations=frozenset({READ, Operation.CANCEL_TASK.value}), backends=("lab-*",))]),
    "blind": Rights([Grant(operations=ALL - {READ}, backends=("*",))]),
    "nobody": Rights(),
}
Callers = dict[str, SimulatedGateway]
TASKS = """{ tasks(first: 200%s) { nodes { id backend { name } allowedOperations { operation allowed needsForce } }
  backends { name status } } }"""


@pytest.fixture
async def callers(tmp_path: Path) -> AsyncIterator[Callers]:
    async with _callers(tmp_path) as found:
        yield found


@asynccontextmanager
async def _callers(folder: Path) -> AsyncIterator[Callers]:
    async with simulated_gateway(folder, fleet={"tasks": 6}) as behind, gateway_for_callers(behind, RIGHTS) as found:
        yield found


async def _a_task(callers: Callers, backend: str) -> str:
    """A task there that can be cancelled, where any can be."""
    rows = (await callers["admin"].ask(TASKS % ""))["tasks"]["nodes"]
    there = [row for row in rows if row["backend"]["name"] == backend]
    there.sort(
        key=lambda row: (
            not any(
                one["operation"] == "CANCEL_TASK" and one["allowed"] and not one["needsForce"]
                for one in row["allowedOperations"]
            )
        )
    )
    return str(there[0]["id"])


async def _audited(callers: Callers, number: int, **wanted: Any) -> list[dict[str, Any]]:
    """What the audit holds of it, once it holds as much, closed: denials are written behind the answers."""
    entries: list[dict[str, Any]] = []
    while len(entries) < number:
        answer = await callers["admin"].ask(
            """query Audit($filter: OtaAuditFilter) { auditEntries(first: 100, filter: $filter) { nodes {
              actor operation backend targets state outcome errors { code } } } }""",
            filter={"outcomes": ["REFUSED"], **wanted},
        )
        entries = answer["auditEntries"]["nodes"]
    return entries


@pytest.mark.parametrize("order", ["", ", orderBy: { field: BACKEND }", ", orderBy: { field: NAME }"])
async def test_lists_hold_the_backends_that_are_seen(callers: Callers, order: str) -> None:
    for _ in range(2):  # the second time from what was kept for somebody else
        for name, seen in (("admin", set(NAMES)), ("viewer", {SEEN}), ("nobody", set())):
            found = (await callers[name].ask(TASKS % order))["tasks"]
            assert {row["backend"]["name"] for row in found["nodes"]} == seen, name
            assert {entry["name"] for entry in found["backends"]} == seen, name
    packages = await callers["viewer"].ask("{ packages(first: 100) { backends { name } } }")
    assert {entry["name"] for entry in packages["packages"]["backends"]} == {SEEN}


async def test_a_hidden_backend_is_not_there(callers: Callers) -> None:
    viewer = callers["viewer"]
    query = "query B($name: String!) { backends { name } backend(name: $name) { name } }"
    assert await viewer.ask(query, name=HIDDEN) == {"backends": [{"name": SEEN}], "backend": None}
    by_name = "query T($name: String!) { tasks(filter: { backends: [$name] }) { nodes { id } } }"
    hidden, absent = [await viewer.answer(by_name, name=name) for name in (HIDDEN, "no-such")]
    assert hidden == absent
    assert HIDDEN not in str(hidden)
    device = 'query D($name: String!) { device(backend: $name, name: "d", productKey: "k") { id } }'
    assert await viewer.answer(device, name=HIDDEN) == await viewer.answer(device, name="no-such")


async def test_an_object_of_a_hidden_backend_is_not_found(callers: Callers) -> None:
    task = await _a_task(callers, HIDDEN)
    elsewhere = encode(ObjectId(Kind.TASK, "no-such", ("1",), ""))
    before = callers["admin"].calls
    for query in (
        "query One($id: ID!) { found: task(id: $id) { id } }",
        "query One($id: ID!) { found: node(id: $id) { id } }",
    ):
        for object_id in (task, elsewhere):
            assert await callers["viewer"].answer(query, id=object_id) == {"data": {"found": None}}
    listed = "query L($id: ID!) { executions(filter: { taskId: $id }) { nodes { id } } }"
    hidden, absent = [await callers["viewer"].answer(listed, id=one) for one in (task, elsewhere)]
    assert str(hidden).replace(task, "") == str(absent).replace(elsewhere, "")
    entity = """query E($all: [_Any!]!) { _entities(representations: $all) { __typename } }"""
    answer = await callers["viewer"].answer(entity, all=[{"__typename": "OtaTask", "id": task}])
    assert answer["data"]["_entities"] == [None]
    assert callers["admin"].calls == before
    denied = await _audited(callers, 4, actor="viewer")
    assert {(one["operation"], one["backend"]) for one in denied} == {
        ("LIST_TASKS", HIDDEN), ("LIST_EXECUTIONS", HIDDEN)
    }  # fmt: skip
    assert all(one["outcome"] == "REFUSED" and one["errors"] == [{"code": "PERMISSION_DENIED"}] for one in denied)


async def test_every_change_of_what_is_hidden_answers_as_if_it_were_not_there(callers: Callers) -> None:
    task = await _a_task(callers, HIDDEN)
    elsewhere = encode(ObjectId(Kind.TASK, "no-such", ("1",), ""))
    before = callers["admin"].calls
    for change in ("updateOtaTask", "confirmOtaTask", "retryOtaTask", "cancelOtaTask", "deleteOtaTask"):
        more = {"description": "new"} if change == "updateOtaTask" else {}
        hidden, absent = [await callers["changer"].change(change, id=one, **more) for one in (task, elsewhere)]
        assert hidden["outcome"] == "REFUSED"
        assert [error["code"] for error in hidden["errors"]] == ["NOT_FOUND"]
        assert str(hidden).replace(task, "") == str(absent).replace(elsewhere, "")
    assert callers["admin"].calls == before
    denied = await _audited(callers, 5, actor="changer")
    assert len(denied) == 5
    assert {one["backend"] for one in denied} == {HIDDEN}


async def test_a_change_without_a_right_to_it_is_refused_and_audited(callers: Callers) -> None:
    backend = callers["admin"].backends[SLUG]
    task = await _a_task(callers, SEEN)
    before = backend.calls
    for dry_run in (False, True):
        payload = await callers["viewer"].change("cancelOtaTask", id=task, dryRun=dry_run, reason="mine")
        assert payload["outcome"] == "REFUSED"
        assert [error["code"] for error in payload["errors"]] == ["PERMISSION_DENIED"]
        entry = await callers["admin"].audited(payload["auditEntryId"])
        assert entry["reason"] == "mine"
        assert (entry["state"], entry["outcome"]) == ("CLOSED", "REFUSED")
    assert backend.calls == before
    # The same change is made by one who has the right, and by nobody who has it elsewhere only.
    assert (await callers["canceller"].change("cancelOtaTask", id=task))["outcome"] in ("DONE", "REQUESTED")
    refused = await callers["canceller"].change("deleteOtaTask", id=task)
    assert [error["code"] for error in refused["errors"]] == ["PERMISSION_DENIED"]


async def test_an_idempotency_key_does_not_stand_for_a_right(callers: Callers) -> None:
    task = await _a_task(callers, SEEN)
    first = await callers["admin"].change("cancelOtaTask", id=task, idempotencyKey="k-1")
    async with gateway_for_callers(callers["admin"], {"admin": RIGHTS["viewer"]}) as later:
        again = await later["admin"].change("cancelOtaTask", id=task, idempotencyKey="k-1")
    assert first["outcome"] in ("DONE", "REQUESTED")
    assert [error["code"] for error in again["errors"]] == ["PERMISSION_DENIED"]


async def test_a_right_to_change_without_one_to_see_is_none(callers: Callers) -> None:
    payload = await callers["blind"].change("cancelOtaTask", id=await _a_task(callers, SEEN))
    assert [error["code"] for error in payload["errors"]] == ["NOT_FOUND"]


async def test_affordances_name_only_what_one_may(callers: Callers) -> None:
    query = "query One($id: ID!) { task(id: $id) { allowedOperations { operation allowed reason } } }"
    task = await _a_task(callers, SEEN)
    seen = (await callers["viewer"].ask(query, id=task))["task"]["allowedOperations"]
    assert seen
    assert not any(one["allowed"] for one in seen)
    assert any(one["allowed"] for one in (await callers["admin"].ask(query, id=task))["task"]["allowedOperations"])


async def test_raw_is_a_right_of_its_own(callers: Callers) -> None:
    query = "query One($id: ID!) { task(id: $id) { id raw } }"
    task = await _a_task(callers, SEEN)
    assert (await callers["changer"].ask(query, id=task))["task"]["raw"]
    refused = await callers["canceller"].answer(query, id=task)
    assert refused["data"] == {"task": {"id": task, "raw": None}}
    assert [error["extensions"]["code"] for error in refused["errors"]] == ["FORBIDDEN"]
    rows = await callers["canceller"].answer("{ tasks(first: 5) { nodes { id raw } } }")
    assert [row["raw"] for row in rows["data"]["tasks"]["nodes"]] == [None] * 5
    (denied, *others) = await _audited(callers, 1, actor="canceller", target=f"raw of {task}")
    assert others == []
    assert denied["operation"] == "LIST_TASKS"


async def test_the_audit_is_a_right_of_its_own(callers: Callers) -> None:
    tasks = {backend: await _a_task(callers, backend) for backend in (SEEN, HIDDEN)}
    entries = {}
    for backend, task in tasks.items():
        entries[backend] = (await callers["nearly"].change("cancelOtaTask", id=task, dryRun=True))["auditEntryId"]
    every = "{ auditEntries { nodes { backend } } }"
    one = "query One($id: ID!) { node(id: $id) { id } }"
    for name in ("viewer", "canceller", "nobody"):
        assert await callers[name].error_codes(every) == ["FORBIDDEN"]
        assert await callers[name].ask(one, id=entries[SEEN]) == {"node": None}
    mine = (await callers["changer"].ask(every))["auditEntries"]["nodes"]
    assert {entry["backend"] for entry in mine} == {SEEN}
    assert await callers["changer"].ask(one, id=entries[SEEN]) == {"node": {"id": entries[SEEN]}}
    assert await callers["changer"].ask(one, id=entries[HIDDEN]) == {"node": None}
    named = "query N($name: String!) { auditEntries(filter: { backends: [$name] }) { nodes { id } } }"
    assert await callers["changer"].ask(named, name=HIDDEN) == {"auditEntries": {"nodes": []}}
    whole = (await callers["nearly"].ask(every))["auditEntries"]["nodes"]
    assert {SEEN, HIDDEN, "*"} <= {entry["backend"] for entry in whole}


async def test_a_cursor_is_of_no_use_to_one_who_sees_less(callers: Callers) -> None:
    query = "query P($after: String) { tasks(first: 2, after: $after) { pageInfo { endCursor } } }"
    for name, other in (("admin", "viewer"), ("viewer", "admin")):
        cursor = (await callers[name].ask(query))["tasks"]["pageInfo"]["endCursor"]
        assert "errors" not in await callers[name].answer(query, after=cursor)
        assert await callers[other].error_codes(query, after=cursor) == ["BAD_USER_INPUT"]
