"""A vendor's real adapter, fed with answers: recorded from its simulator over HTTP, then given again, one of them
mangled. It stands on the Carrier interface, so that nothing but the network is left out.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

from gateway.domain.backend import Backend
from gateway.domain.changes import TaskChange, TaskDraft
from gateway.domain.ids import ObjectId
from gateway.domain.operations import Operation
from gateway.domain.page import PageRequest
from gateway.domain.ports import VendorAdapter
from gateway.domain.statuses import ExecutionStatus
from gateway.vendorkit.calls import Carrier, SignedCall, VendorAnswer
from gateway.vendorkit.discovery import installed_vendors
from gateway.vendorkit.http import OpenGate, VendorHttp
from gateway.vendorkit.kept_connections import KeptConnections
from gateway.vendorkit.manifest import AdapterContext, VendorManifest
from gateway.vendorkit.simulation.options import SimulatorOptions
from gateway.vendorkit.simulation.server import serving
from tests.support.simulated_gateway import STILL, gateway_settings

MOST_CALLS = 60
PAGE = PageRequest(50)
AT = datetime(2026, 3, 1, 12, tzinfo=UTC)
_WAITING = frozenset({ExecutionStatus.QUEUED})


@dataclass(slots=True)
class Recorder:
    """Carries calls on, and keeps what came back."""

    carrier: Carrier
    answers: list[VendorAnswer] = field(default_factory=list)

    async def carry(self, base_url: str, call: SignedCall) -> VendorAnswer:
        """As Carrier says."""
        answer = await self.carrier.carry(base_url, call)
        plain = VendorAnswer(status=answer.status, headers=dict(answer.headers), body=answer.body)
        self.answers.append(plain)
        return answer


@dataclass(slots=True)
class Feeder:
    """Answers in order; whoever asks beyond them gets `instead` each time, its page token a new one, and after
    MOST_CALLS nothing at all: what is left to end such a walk is the time allowed, as in the gateway.
    """

    answers: Sequence[VendorAnswer] = ()
    place: int = 0
    instead: VendorAnswer = field(default_factory=lambda: VendorAnswer(status=200, headers={}, body=b""))
    given: list[VendorAnswer] = field(default_factory=list)

    async def carry(self, base_url: str, call: SignedCall) -> VendorAnswer:
        """As Carrier says."""
        number = len(self.given)
        if number >= MOST_CALLS:
            raise TimeoutError
        answer = self.answers[number] if number < len(self.answers) and number != self.place else self._again(number)
        self.given.append(answer)
        return answer

    def _again(self, number: int) -> VendorAnswer:
        if number < len(self.answers) or b'"again"' not in self.instead.body:
            return self.instead
        body = self.instead.body.replace(b'"again"', b'"again %d"' % number)
        return VendorAnswer(status=self.instead.status, headers=self.instead.headers, body=body)


@dataclass(frozen=True, slots=True)
class Question:
    """One call of the port, the keys and names it is asked with, and what the vendor answered. `write`: it changes."""

    name: str
    ask: Callable[[VendorAdapter], Awaitable[Any]]
    about: tuple[Any, ...]
    answers: tuple[VendorAnswer, ...]
    write: bool

    @property
    def words(self) -> list[str]:
        """The parts of the keys and the names."""
        return [part for one in self.about for part in (one.key if isinstance(one, ObjectId) else (one,))]


def adapter_over(slug: str, carrier: Carrier, url: str, folder: Path, **section: Any) -> VendorAdapter:
    """The vendor's adapter without budget, deadline or retry around it."""
    manifest = installed_vendors()[slug]
    (settings,) = gateway_settings(
        folder, [{"name": "lab", "vendor": slug, "endpoint": url, **manifest.demo_settings(url), **section}], {}
    ).backends
    backend = Backend(
        name="lab", vendor=manifest.vendor, region=None, read_only=False, capabilities=manifest.capabilities
    )

    def http_for(base_url: str) -> VendorHttp:
        return VendorHttp(backend="lab", base_url=base_url, client=carrier, gate=OpenGate())

    context = AdapterContext(backend=backend, http=http_for(url), http_for=http_for, now=lambda: datetime.now(UTC))
    return manifest.adapter(settings, context)


async def recorded(slug: str, folder: Path) -> list[Question]:
    """Every call of the port that reaches the vendor, asked of its simulator once."""
    manifest = installed_vendors()[slug]
    simulator = manifest.simulator(SimulatorOptions(**{**STILL, "tasks": 8, "devices_per_task": 4}))
    async with serving(simulator) as url, KeptConnections() as connections:
        recorder = Recorder(connections)
        recording = _Recording(manifest, adapter_over(slug, recorder, url, folder), recorder)
        await recording.reads()
        await recording.writes()
    return recording.questions


class _Recording:
    def __init__(self, manifest: VendorManifest, adapter: VendorAdapter, recorder: Recorder) -> None:
        self.questions: list[Question] = []
        self._slug = manifest.slug
        self._adapter = adapter
        self._recorder = recorder
        self._can = adapter.backend.supports

    async def _keep(self, name: str, ask: Callable[[VendorAdapter], Awaitable[Any]], *about: Any) -> Any:
        self._recorder.answers.clear()
        found = await ask(self._adapter)
        write = name.split(maxsplit=1)[0] in _WRITES
        self.questions.append(Question(name, ask, about, tuple(self._recorder.answers), write))
        return found

    async def reads(self) -> None:
        keep = self._keep
        await keep("probe", lambda one: one.probe())
        listed = await keep("list_tasks", lambda one: one.list_tasks(PAGE))
        while listed.next is not None and not listed.rows:
            page = PageRequest(50, listed.next)
            listed = await keep("list_tasks", partial(_listed, page), *_split(listed.next))
        found = [one.ref for one in listed.rows if await self._executions(one)]
        task = found[0]
        await keep("get_task", lambda one: one.get_task(task), task)
        await keep("get_task and its details", lambda one: _with_details(one, task), task)
        executions = (await keep("list_executions", lambda one: one.list_executions(task, None, PAGE), task)).rows
        await keep("list_executions narrowed", lambda one: one.list_executions(task, _WAITING, PAGE), task)
        refs = [one.ref for one in executions[:2]]
        names = [one.device.name for one in executions[:2]]
        device = executions[0].device.ref
        await keep("get_executions", lambda one: one.get_executions(refs), *refs)
        await keep("find_executions", lambda one: one.find_executions(task, names), task, *names)
        if self._can(Operation.LIST_DEVICE_EXECUTIONS):
            await keep("list_device_executions", lambda one: one.list_device_executions(device, PAGE), device)
        if self._can(Operation.LIST_PACKAGES):
            packages = await keep("list_packages", lambda one: one.list_packages(PAGE))
            package = packages.rows[0].ref
            await keep("get_package", lambda one: one.get_package(package), package)
            await keep("list_package_tasks", lambda one: one.list_package_tasks(package, PAGE), package)
        if self._slug == "tuya":
            _, firmware, *_ = executions[0].ref.key
            found = next(one.ref for one in packages.rows if one.native_id == firmware)
            product = device.key[0]
            await keep(
                "find_package_executions", lambda one: one.find_package_executions(found, product, names), found, *names
            )

    async def writes(self) -> None:
        keep = self._keep
        tasks = await self._tasks()
        executions = [one for task in tasks for one in await self._executions(task)]
        for operation, name in _ON_EXECUTIONS.items():
            fitting = [one for one in executions if self._fits(operation, one)][:1]
            if fitting:
                about = [one.ref for one in fitting]
                await keep(name, _on_executions(name, tasks, fitting), *about)
        for operation, name in _ON_TASKS.items():
            for task in await self._tasks():
                if self._fits(operation, task):
                    await keep(name, _on_task(name, task), task.ref)
                    break
        if self._can(Operation.CREATE_TASK):
            draft = await self._draft()
            await keep("create_task", lambda one: one.create_task(draft))
        if self._slug == "tuya":
            key = executions[0].ref.key
            found = (await self._packages())[0].ref
            await keep("cancel_package_executions", lambda one: one.cancel_package_executions(found, key[0], [key[3]]))
        if self._can(Operation.DELETE_PACKAGE):
            fitting = [one for one in await self._packages() if self._fits(Operation.DELETE_PACKAGE, one)]
            for package in fitting:
                await keep("delete_package", lambda one, package=package: one.delete_package(package), package.ref)
                break

    def _fits(self, operation: Operation, subject: Any) -> bool:
        return self._can(operation) and self._adapter.refusal(operation, subject, force=True) is None

    async def _tasks(self) -> list[Any]:
        rows, after = [], None
        while True:
            page = await self._adapter.list_tasks(PageRequest(50, after))
            rows += [await self._adapter.get_task(one.ref) for one in page.rows]
            if page.next is None:
                return [one for one in rows if one is not None]
            after = page.next

    async def _executions(self, task: Any) -> list[Any]:
        return list((await self._adapter.list_executions(task.ref, None, PAGE)).rows)

    async def _packages(self) -> list[Any]:
        rows, after = [], None
        while True:
            page = await self._adapter.list_packages(PageRequest(50, after))
            rows += page.rows
            if page.next is None:
                return rows
            after = page.next

    async def _draft(self) -> TaskDraft:
        if self._slug == "aws-managed-integrations":
            return TaskDraft(targets=("thing000000",), s3_url="s3://ota/hub-4.json", description="hub firmware 4")
        package = (await self._packages())[0].ref
        if self._slug == "aws-iot":
            target = "arn:aws:iot:us-east-1:123456789012:thing/dev-000000"
            return TaskDraft(targets=(target,), name="fw-9", document="{}", package=package)
        execution = next(iter(await self._executions((await self._tasks())[0])))
        if self._slug == "huawei-iotda":
            options: dict[str, object] = {"need_confirm": True}
            return TaskDraft(
                targets=(execution.device.name,), name="wave_of_one", package=package, vendor_options=options
            )
        task = (await self._tasks())[0]
        return TaskDraft(
            targets=(execution.device.name,),
            package=task.package_ref,
            product_key=execution.device.product_key,
            vendor_options={"NeedConfirm": True},
        )


_ON_EXECUTIONS = {
    Operation.CONFIRM_TASK: "confirm_executions",
    Operation.CANCEL_EXECUTION: "cancel_executions",
    Operation.RETRY_TASK: "retry_executions",
    Operation.DELETE_EXECUTION: "delete_execution",
}
_ON_TASKS = {
    Operation.UPDATE_TASK: "update_task",
    Operation.CONFIRM_TASK: "confirm_executions of all",
    Operation.RETRY_TASK: "retry_executions of all",
    Operation.CANCEL_TASK: "cancel_task",
    Operation.DELETE_TASK: "delete_task",
}
_WRITES = frozenset(
    {*(name.split()[0] for name in (*_ON_EXECUTIONS.values(), *_ON_TASKS.values())), "create_task", "delete_package"}
) | {"cancel_package_executions"}


def _on_executions(name: str, tasks: Sequence[Any], executions: Sequence[Any]) -> Any:
    task = next(one for one in tasks if one.ref.key == executions[0].task_ref.key)
    calls: dict[str, Callable[[VendorAdapter], Awaitable[Any]]] = {
        "confirm_executions": lambda one: one.confirm_executions(task, executions),
        "cancel_executions": lambda one: one.cancel_executions(executions, force=True),
        "retry_executions": lambda one: one.retry_executions(task, executions),
        "delete_execution": lambda one: one.delete_execution(executions[0], force=True),
    }
    return calls[name]


def _on_task(name: str, task: Any) -> Any:
    calls: dict[str, Callable[[VendorAdapter], Awaitable[Any]]] = {
        "update_task": lambda one: one.update_task(task, TaskChange(description="changed")),
        "confirm_executions of all": lambda one: one.confirm_executions(task, None),
        "retry_executions of all": lambda one: one.retry_executions(task, None),
        "cancel_task": lambda one: one.cancel_task(task, force=True, reason=None),
        "delete_task": lambda one: one.delete_task(task, force=True),
    }
    return calls[name]


async def _listed(page: PageRequest, adapter: VendorAdapter) -> Any:
    return await adapter.list_tasks(page)


def _split(after: str) -> list[str]:
    return after.replace(":", ".").replace(",", ".").split(".")


async def _with_details(adapter: VendorAdapter, ref: Any) -> Any:
    task = await adapter.get_task(ref)
    read = getattr(task.vendor_details, "read_document", None) if task is not None else None
    if read is not None:
        await read()
    return task
