"""What a killed process left open is read back from the vendor and closed, and no change is sent for it."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from gateway.app import build_stack, vendor_client
from gateway.backends.registry import BackendRegistry
from gateway.backends.stack import BackendStack
from gateway.domain.audit import Intent
from gateway.domain.changes import TaskChange, TaskDraft
from gateway.domain.ids import decode
from gateway.domain.operations import Operation
from gateway.ledger import Ledger, Started
from gateway.services.mutations.plain import plain
from gateway.services.mutations.recovery import RecoveryPauses
from gateway.services.services import Services
from tests.support.simulated_gateway import SimulatedGateway, simulated_gateway

WRITES = {"DeleteJob", "CancelJob", "CancelJobExecution", "DeleteJobExecution", "UpdateJob", "CreateJob",
          "DeletePackageVersion", "ConfirmBatchTask"}  # fmt: skip
# On a busy machine an attempt may take all of its time.
SHORT = RecoveryPauses(between=0.05, margin=0.1)
FLEET = """{ tasks(first: 50, filter: {backends: [%s]}) { nodes { id name status
  executions(first: 10) { nodes { id status } } } } packages(first: 50) { nodes { id backend { name } } } }"""


@dataclass
class Dying:
    """A process that ends in the middle of a change: it writes what the gateway writes, and then no more."""

    gateway: SimulatedGateway
    stacks: dict[str, BackendStack]
    entries: list[str] = field(default_factory=list)

    async def leave(
        self,
        operation: Operation,
        objects: dict[str, Sequence[Any]] | None,
        act: Callable[[], Awaitable[object]] | None = None,
        *,
        targets: Sequence[str] = (),
        backend: str = "lab-aws-iot",
        **wanted: object,
    ) -> str:
        """Leave an open entry behind. Without `objects` nothing was about to be sent; `act` is what the vendor did."""
        ledger = await Ledger.open(self.gateway.settings.ledger.url)
        intent = Intent(actor="a", operation=operation, backend=backend, targets=[*targets] or list(objects or ()))
        started = await ledger.begin(intent)
        assert isinstance(started, Started)
        if objects:
            await ledger.take_turns(started.entry_id, [one.ref for some in objects.values() for one in some])
        if objects is not None:
            noted: dict[str, Any] = {name: [plain(one) for one in some] for name, some in objects.items()}
            await ledger.note_call(started.entry_id, 0, noted, wanted)
        if act is not None:
            await act()
        await ledger.aclose()
        return started.entry_id

    async def settled(self, entry_id: str) -> dict[str, Any]:
        """The entry, once it is closed; meanwhile no vendor was sent a change."""
        before = self.writes
        for _ in range(300):
            entry = await self.gateway.audited(entry_id)
            if entry["state"] == "CLOSED":
                assert self.writes == before
                return entry
            await asyncio.sleep(0.05)
        raise AssertionError(entry)

    @property
    def writes(self) -> int:
        return sum(one.called(name) for one in self.gateway.backends.values() for name in WRITES)


@pytest.fixture
async def dying(tmp_path: Path) -> AsyncIterator[Dying]:
    world: dict[str, Any] = {
        "only": ["aws-iot", "huawei-iotda"],
        "fleet": {"tasks": 6},
        "pace": {"attempt_timeout": "200ms"},
    }
    async with (
        simulated_gateway(tmp_path, recovering=SHORT, **world) as gateway,
        vendor_client() as client,
    ):
        stacks = {one.name: build_stack(one, client) for one in gateway.settings.backends}
        yield Dying(gateway, stacks)
        for stack in stacks.values():
            await stack.adapter.aclose()


async def task_of(dying: Dying, status: str, backend: str = "lab-aws-iot") -> Any:
    fleet = await dying.gateway.ask(FLEET % f'"{backend}"')
    found = next(one for one in fleet["tasks"]["nodes"] if one["status"] == status)
    return await dying.stacks[backend].adapter.get_task(decode(found["id"]))


async def executions_of(dying: Dying, status: str, number: int, backend: str = "lab-aws-iot") -> list[Any]:
    fleet = await dying.gateway.ask(FLEET % f'"{backend}"')
    ids = [e["id"] for task in fleet["tasks"]["nodes"] for e in task["executions"]["nodes"] if e["status"] == status]
    return list(await dying.stacks[backend].adapter.get_executions([decode(one) for one in ids[:number]]))


def outcome(entry: dict[str, Any]) -> tuple[str, list[str]]:
    return entry["outcome"], [error["code"] for error in entry["errors"]]


async def test_what_was_never_sent_is_refused_and_may_be_repeated(dying: Dying) -> None:
    entry_id = await dying.leave(Operation.DELETE_TASK, None, targets=["the-task"])
    assert outcome(await dying.settled(entry_id)) == ("REFUSED", ["BACKEND_UNAVAILABLE"])


async def test_a_task_that_is_gone_was_deleted_and_stays_so(dying: Dying) -> None:
    task, adapter = await task_of(dying, "COMPLETED"), dying.stacks["lab-aws-iot"].adapter
    entry_id = await dying.leave(
        Operation.DELETE_TASK, {task.id: [task]}, lambda: adapter.delete_task(task, force=False)
    )
    assert outcome(await dying.settled(entry_id)) == ("DONE", [])
    again = await dying.gateway.change("deleteOtaTask", id=task.id)
    assert (again["outcome"], again["deletedId"]) == ("ALREADY_DELETED", task.id)


async def test_a_task_that_stands_was_not_deleted_and_may_be(dying: Dying) -> None:
    task = await task_of(dying, "COMPLETED")
    entry_id = await dying.leave(Operation.DELETE_TASK, {task.id: [task]})
    entry = await dying.settled(entry_id)
    assert outcome(entry) == ("FAILED", ["BACKEND_UNAVAILABLE"])
    assert entry["after"]["id"] == task.id
    assert (await dying.gateway.change("deleteOtaTask", id=task.id))["outcome"] in {"DONE", "REQUESTED"}


async def test_a_package_that_is_gone_was_deleted_and_is_listed_no_more(dying: Dying) -> None:
    fleet = await dying.gateway.ask(FLEET % '"lab-huawei-iotda"')
    text = next(one["id"] for one in fleet["packages"]["nodes"] if one["backend"]["name"] == "lab-huawei-iotda")
    adapter = dying.stacks["lab-huawei-iotda"].adapter
    package = await adapter.get_package(decode(text))
    assert package is not None
    entry_id = await dying.leave(
        Operation.DELETE_PACKAGE,
        {text: [package]},
        lambda: adapter.delete_package(package),
        backend="lab-huawei-iotda",
    )
    assert outcome(await dying.settled(entry_id)) == ("DONE", [])
    fleet = await dying.gateway.ask(FLEET % '"lab-huawei-iotda"')
    assert text not in {one["id"] for one in fleet["packages"]["nodes"]}


async def test_an_execution_reborn_after_the_delete_is_left_alone_and_not_deleted_by_its_number(dying: Dying) -> None:
    (execution,) = await executions_of(dying, "QUEUED", 1)
    adapter = dying.stacks["lab-aws-iot"].adapter
    dying.gateway.backends["aws-iot"].fail("reborn", "DeleteJobExecution", times=1)
    thing, job, number = execution.ref.key
    native = {"backend": "lab-aws-iot", "thingName": thing, "jobId": job, "executionNumber": int(number)}
    entry_id = await dying.leave(
        Operation.DELETE_EXECUTION,
        {execution.id: [execution]},
        lambda: adapter.delete_execution(execution, force=True),
    )
    # It waits until it is known what the first one did.
    late = await dying.gateway.change("deleteJobExecution", execution=native, force=True)
    assert (late["outcome"], late["errors"][0]["code"]) == ("REFUSED", "GENERATION_CHANGED")
    assert outcome(await dying.settled(entry_id)) == ("DONE", [])
    assert dying.gateway.backends["aws-iot"].called("DeleteJobExecution") == 1


@pytest.mark.parametrize(("done", "expected"), [(True, ("DONE", [])), (False, ("FAILED", ["BACKEND_UNAVAILABLE"]))])
async def test_a_task_shows_whether_it_was_cancelled(dying: Dying, done: bool, expected: Any) -> None:
    task, adapter = await task_of(dying, "IN_PROGRESS"), dying.stacks["lab-aws-iot"].adapter
    act = (lambda: adapter.cancel_task(task, force=True, reason=None)) if done else None
    entry_id = await dying.leave(Operation.CANCEL_TASK, {task.id: [task]}, act)
    assert outcome(await dying.settled(entry_id)) == expected
    shown = await dying.gateway.ask("query($id: ID!) { task(id: $id) { status } }", id=task.id)
    assert shown["task"]["status"] == ("CANCELED" if done else "IN_PROGRESS")


async def test_each_device_of_several_is_judged_by_itself(dying: Dying) -> None:
    cancelled, untouched, unsent, ended = await executions_of(dying, "QUEUED", 4)
    adapter = dying.stacks["lab-aws-iot"].adapter

    async def act() -> None:
        await adapter.cancel_executions([cancelled], force=False)
        thing, job, _ = ended.ref.key
        dying.gateway.backends["aws-iot"].simulator.set_execution_status(job, thing, "SUCCEEDED")  # type: ignore[attr-defined]

    sent = {one.id: [one] for one in (cancelled, untouched, ended)}
    targets = [one.id for one in (cancelled, untouched, unsent, ended)]
    entry_id = await dying.leave(Operation.CANCEL_EXECUTION, sent, act, targets=targets)
    entry = await dying.settled(entry_id)
    assert entry["outcome"] == "UNKNOWN"
    assert [error["code"] for error in entry["errors"]] == [
        "BACKEND_UNAVAILABLE", "BACKEND_UNAVAILABLE", "OUTCOME_UNKNOWN"
    ]  # fmt: skip
    ledger = await Ledger.open(dying.gateway.settings.ledger.url)
    (found,) = [one for one in [await ledger.entry(entry_id)] if one is not None]
    await ledger.aclose()
    assert [error.target for error in found.errors] == [untouched.id, unsent.id, ended.id]


async def test_a_description_shows_whether_a_task_was_changed(dying: Dying) -> None:
    task, adapter = await task_of(dying, "IN_PROGRESS"), dying.stacks["lab-aws-iot"].adapter
    change = TaskChange(description="as it shall be")
    first = await dying.leave(Operation.UPDATE_TASK, {task.id: [task]}, description="as it shall be")
    assert outcome(await dying.settled(first)) == ("FAILED", ["BACKEND_UNAVAILABLE"])
    second = await dying.leave(
        Operation.UPDATE_TASK,
        {task.id: [task]},
        lambda: adapter.update_task(task, change),
        description="as it shall be",
    )
    assert outcome(await dying.settled(second)) == ("DONE", [])


async def test_a_new_task_is_looked_for_by_the_name_it_was_to_have(dying: Dying) -> None:
    adapter = dying.stacks["lab-aws-iot"].adapter
    draft = TaskDraft(
        name="fw-9", document='{"a": 1}', targets=("arn:aws:iot:us-east-1:123456789012:thing/dev-000000",)
    )
    absent = await dying.leave(Operation.CREATE_TASK, {}, targets=["dev"], native_id="fw-9")
    assert outcome(await dying.settled(absent)) == ("FAILED", ["BACKEND_UNAVAILABLE"])
    made = await dying.leave(
        Operation.CREATE_TASK, {}, lambda: adapter.create_task(draft), targets=["dev"], native_id="fw-9"
    )
    assert outcome(await dying.settled(made)) == ("DONE", [])
    nameless = await dying.leave(Operation.CREATE_TASK, {}, targets=["dev"], backend="lab-huawei-iotda", native_id=None)
    assert outcome(await dying.settled(nameless)) == ("UNKNOWN", ["OUTCOME_UNKNOWN"])


async def test_a_whole_task_that_was_confirmed_tells_nothing(dying: Dying) -> None:
    task = await task_of(dying, "IN_PROGRESS", "lab-huawei-iotda")
    entry_id = await dying.leave(Operation.CONFIRM_TASK, {task.id: [task]}, backend="lab-huawei-iotda")
    assert outcome(await dying.settled(entry_id)) == ("UNKNOWN", ["OUTCOME_UNKNOWN"])


async def test_while_the_vendor_cannot_be_asked_the_entry_stays_open(dying: Dying) -> None:
    task, adapter = await task_of(dying, "COMPLETED"), dying.stacks["lab-aws-iot"].adapter
    backend = dying.gateway.backends["aws-iot"]
    entry_id = await dying.leave(
        Operation.DELETE_TASK, {task.id: [task]}, lambda: adapter.delete_task(task, force=False)
    )
    backend.fail("drop", "DescribeJob")
    before = backend.called("DescribeJob")
    for _ in range(200):
        if backend.called("DescribeJob") >= before + 2:
            break
        await asyncio.sleep(0.05)
    assert backend.called("DescribeJob") >= before + 2
    assert (await dying.gateway.audited(entry_id))["state"] == "OPEN"
    backend.faults.rules.clear()
    assert outcome(await dying.settled(entry_id)) == ("DONE", [])


async def test_after_a_day_of_silence_the_outcome_is_unknown(dying: Dying, tmp_path: Path) -> None:
    task, stack = await task_of(dying, "COMPLETED"), dying.stacks["lab-aws-iot"]
    url = f"sqlite+aiosqlite:///{tmp_path / 'own.db'}"
    settings = dying.gateway.settings
    own = settings.model_copy(update={"ledger": settings.ledger.model_copy(update={"url": url})})
    entry_id = await replace(dying, gateway=replace(dying.gateway, settings=own)).leave(
        Operation.DELETE_TASK, {task.id: [task]}
    )
    dying.gateway.backends["aws-iot"].fail("drop")
    ledger = await Ledger.open(url)
    tomorrow = datetime.now(UTC) + timedelta(hours=25)
    services = Services(BackendRegistry([stack]), ledger, cursor_secret=b"c", recovering=SHORT, now=lambda: tomorrow)
    services.recover()
    for _ in range(300):
        entry = await ledger.entry(entry_id)
        assert entry is not None
        if entry.outcome is not None:
            break
        await asyncio.sleep(0.05)
    await services.aclose()
    await ledger.aclose()
    assert entry.outcome is not None
    assert (entry.outcome.value, [error.code.value for error in entry.errors]) == ("UNKNOWN", ["OUTCOME_UNKNOWN"])
