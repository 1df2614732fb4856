"""cancelDeviceUpgrade: cancel some devices of a task, some executions, or some devices in every task of a package.

Every target is described first and read back afterwards; the vendor's yes alone is never the answer.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from gateway.backends.stack import BackendStack
from gateway.domain.changes import TargetReceipts
from gateway.domain.device import device
from gateway.domain.errors import GatewayError, InvalidInput, NotFound
from gateway.domain.execution import Execution
from gateway.domain.ids import Kind, ObjectId
from gateway.domain.operations import Operation
from gateway.domain.outcomes import MutationOutcome, MutationResult, Preview
from gateway.domain.package import Package
from gateway.domain.statuses import ExecutionStatus
from gateway.services.caller import Caller
from gateway.services.input_rules import broken, check_change, check_list, exactly_one
from gateway.services.inputs import CancelDevices, DevicesRef, ErrorPolicy
from gateway.services.mutations.chunked_calls import call_in_chunks
from gateway.services.mutations.desk import Desk, answering, refused
from gateway.services.mutations.identity import check_identity, named, refuse_deleted
from gateway.services.mutations.plain import plain
from gateway.services.mutations.record import Record
from gateway.services.mutations.target_outcomes import Target, conclude_cancel, not_attempted, overall

_OPERATION = Operation.CANCEL_EXECUTION


@dataclass(frozen=True, slots=True)
class _Plan:
    """Where the targets are, what they are named by, how they are found, and how they are called for."""

    stack: BackendStack
    given: list[str]
    about: list[ObjectId]
    find: Callable[[], Awaitable[list[Target]]]
    call: Callable[[list[Execution]], Awaitable[TargetReceipts]]


@dataclass(frozen=True, slots=True)
class DeviceCancels:
    """Cancelling single devices."""

    desk: Desk

    async def cancel(self, caller: Caller, change: CancelDevices) -> MutationResult:
        """Cancel, with one result per target, in the order given."""
        try:
            check_change(change)
            exactly_one(change.execution_ids, change.devices, ("executionIds", "devices"), ())
            plan = self._plan(caller, change)
        except (InvalidInput, NotFound) as error:
            return refused(error)

        async def work(record: Record) -> MutationResult:
            targets = await plan.find()
            await record.note_before({"executions": [plain(one) for target in targets for one in target.executions]})
            for target in targets:
                _check(plan.stack, target, force=change.force)
            if change.error_policy is ErrorPolicy.ALL_OR_NOTHING:
                _all_or_nothing(targets, plan.stack.name)
            elif change.error_policy is ErrorPolicy.STOP_ON_FIRST:
                _stop_at_first(targets, plan.stack.name)
            if change.dry_run:
                return _previewed(plan.stack, targets, force=change.force)
            await self._call_and_read_back(plan, targets, change, record)
            results = [target.result for target in targets if target.result is not None]
            record.after = {"executions": [plain(result.execution) for result in results]}
            return MutationResult(outcome=overall(results), results=results)

        return await self.desk.take(caller, _OPERATION, plan.stack, plan.given, change, work, about=plan.about)

    async def _call_and_read_back(
        self, plan: _Plan, targets: Sequence[Target], change: CancelDevices, record: Record
    ) -> None:
        stack = plan.stack
        if all(target.decided for target in targets):
            return
        async with answering(stack):
            await call_in_chunks(
                stack,
                _OPERATION,
                targets,
                plan.call,
                record,
                stop_on_first=change.error_policy is ErrorPolicy.STOP_ON_FIRST,
            )
            open_targets = [target for target in targets if not target.decided]
            refs = [execution.ref for target in open_targets for execution in target.executions]
            found: dict[ObjectId, Execution | None] | GatewayError = {}
            try:
                if refs:
                    answers = await stack.look(lambda: stack.adapter.get_executions(refs))
                    found = dict(zip(refs, answers, strict=True))
            except GatewayError as error:
                found = error
        for target in open_targets:
            shown = found if isinstance(found, GatewayError) else [found[one.ref] for one in target.executions]
            conclude_cancel(target, shown, stack.name)

    def _plan(self, caller: Caller, change: CancelDevices) -> _Plan:
        if change.devices is not None:
            return self._devices_plan(caller, change.devices, change.force)
        given = list(change.execution_ids or ())
        check_list(given, ("executionIds",))
        found = [
            named(self.desk.backends, caller, _OPERATION, text, Kind.EXECUTION, ("executionIds", str(at)))
            for at, text in enumerate(given)
        ]
        stack = found[0][0]
        for at, (other, _) in enumerate(found):
            if other is not stack:
                raise broken(
                    ("executionIds", str(at)), "executions of one backend in one call; split the list by backend"
                )
        refs = [ref for _, ref in found]

        async def find() -> list[Target]:
            executions = await stack.look(lambda: stack.adapter.get_executions(refs))
            targets = []
            for text, ref, execution in zip(given, refs, executions, strict=True):
                target = Target(text)
                try:
                    await refuse_deleted(self.desk.ledger, ref, text)
                    target.executions.append(check_identity(execution, ref, target=text, expected_fingerprint=None))
                except GatewayError as error:
                    target.fail(error)
                targets.append(target)
            return targets

        return _Plan(stack, given, refs, find, _cancel_call(stack, change.force))

    def _devices_plan(self, caller: Caller, devices: DevicesRef, force: bool) -> _Plan:
        names = list(devices.device_names)
        exactly_one(devices.task_id, devices.package_id, ("taskId", "packageId"), ("devices",))
        check_list(names, ("devices", "deviceNames"))
        if devices.task_id is not None:
            stack, task = named(
                self.desk.backends, caller, _OPERATION, devices.task_id, Kind.TASK, ("devices", "taskId")
            )
            _check_names(stack, names, devices.product_key)
            return _Plan(stack, names, [task], _find_in_task(stack, task, names), _cancel_call(stack, force))
        stack, package = named(
            self.desk.backends, caller, _OPERATION, devices.package_id or "", Kind.PACKAGE, ("devices", "packageId")
        )
        if not devices.all_tasks:
            raise broken(
                ("devices", "allTasks"),
                "true together with packageId",
                "A package's devices are cancelled in every task that installs it. Pass allTasks: true if that is "
                "meant, or name one task by taskId.",
            )
        _check_names(stack, names, devices.product_key)
        return _package_plan(stack, package, devices.product_key, names)


def _package_plan(stack: BackendStack, package: ObjectId, product_key: str | None, names: list[str]) -> _Plan:
    whole: list[Package] = []

    async def find() -> list[Target]:
        found = await stack.look(lambda: stack.adapter.get_package(package))
        whole.append(check_identity(found, package, target=str(package), expected_fingerprint=None))
        key = product_key or whole[0].product_key
        executions = await stack.look(lambda: stack.adapter.find_package_executions(package, key, names))
        targets = [Target(name, [one for one in executions if one.device.name == name]) for name in names]
        for target in targets:
            if not target.executions:
                target.fail(
                    NotFound("This device has no unfinished part in any task of the package.", backend=stack.name)
                )
        return targets

    async def call(executions: list[Execution]) -> TargetReceipts:
        key = product_key or whole[0].product_key or ""
        wanted = list(dict.fromkeys(execution.device.name for execution in executions))
        return await stack.adapter.cancel_package_executions(package, key, wanted)

    return _Plan(stack, names, [package], find, call)


def _find_in_task(stack: BackendStack, task: ObjectId, names: list[str]) -> Callable[[], Awaitable[list[Target]]]:
    async def find() -> list[Target]:
        known = await stack.look(lambda: stack.adapter.get_task(task))
        check_identity(known, task, target=str(task), expected_fingerprint=None)
        executions = await stack.look(lambda: stack.adapter.find_executions(task, names))
        targets = []
        for name, execution in zip(names, executions, strict=True):
            target = Target(name)
            if execution is None:
                target.fail(NotFound("This device has no part in the task.", backend=stack.name))
            else:
                target.executions.append(execution)
            targets.append(target)
        return targets

    return find


def _cancel_call(stack: BackendStack, force: bool) -> Callable[[list[Execution]], Awaitable[TargetReceipts]]:
    return lambda executions: stack.adapter.cancel_executions(executions, force=force)


def _check_names(stack: BackendStack, names: Sequence[str], product_key: str | None) -> None:
    for at, name in enumerate(names):
        try:
            stack.adapter.check_key(device(stack.backend, name, product_key).ref)
        except InvalidInput as error:
            if product_key is None and error.path[:1] == ["productKey"]:
                # The task or package that is named beside the devices says which product they are of.
                return
            path = ("devices", "deviceNames", str(at))
            raise InvalidInput(error.message, path=path, rule=error.rule, backend=stack.name, target=name) from None


def _check(stack: BackendStack, target: Target, *, force: bool) -> None:
    """Decide a target that there is nothing to call for: cancelled already, or not to be cancelled as it stands."""
    if target.decided:
        return
    live = [one for one in target.executions if one.status is not ExecutionStatus.CANCELED]
    if not live:
        target.decide(MutationOutcome.ALREADY_DONE)
        return
    problems = [stack.adapter.refusal(_OPERATION, one, force=force) for one in live]
    accepted = [one for one, problem in zip(live, problems, strict=True) if problem is None]
    if not accepted:
        problem = problems[0]
        if problem is not None:
            problem.backend = problem.backend or stack.name
            target.fail(problem)
        return
    target.executions = accepted


def _all_or_nothing(targets: Sequence[Target], backend: str) -> None:
    if any(_refused(target) for target in targets):
        for target in targets:
            target.fail(not_attempted("another target was refused and errorPolicy is ALL_OR_NOTHING.", backend))


def _stop_at_first(targets: Sequence[Target], backend: str) -> None:
    refused_at = next((at for at, target in enumerate(targets) if _refused(target)), None)
    if refused_at is not None:
        for target in targets[refused_at + 1 :]:
            target.fail(not_attempted("an earlier target was refused and errorPolicy is STOP_ON_FIRST.", backend))


def _refused(target: Target) -> bool:
    return target.result is not None and target.result.outcome is MutationOutcome.REFUSED


def _previewed(stack: BackendStack, targets: Sequence[Target], *, force: bool) -> MutationResult:
    affected = [one for target in targets if not target.decided for one in target.executions]
    effects = [effect for one in affected for effect in stack.adapter.side_effects(_OPERATION, one, force=force)]
    problems = [target.result.error for target in targets if target.result and target.result.error]
    for target in targets:
        target.decide(MutationOutcome.PREVIEWED)
    preview = Preview(
        affected=[one.id for one in affected], would_refuse=problems, side_effects=list(dict.fromkeys(effects))
    )
    results = [target.result for target in targets if target.result is not None]
    return MutationResult(outcome=MutationOutcome.PREVIEWED, results=results, preview=preview)
