"""ManagedIntegrationsSimulator: the OTA operations of AWS IoT managed integrations, with a seeded fleet."""

import random
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from gateway.vendorkit.simulation.device_course import NEVER, Moving
from gateway.vendorkit.simulation.options import SimulatorOptions
from gateway.vendorkit.simulation.page_token import read_token, write_token
from gateway.vendorkit.simulation.rest_json import Call, Handler, Refusal, RestJsonApi, epoch
from gateway.vendorkit.simulation.rollout import Execution, FleetSlice, NamedThings, Rollout, Things
from gateway.vendors.aws_managed_integrations.simulator.fleet import (
    Configuration,
    seeded_configurations,
    seeded_fleet,
    seeded_tasks,
)
from gateway.vendors.aws_managed_integrations.simulator.model import EXECUTION_STATUSES, LABELS, OPERATIONS
from gateway.vendors.aws_managed_integrations.simulator.tasks import Task, Tasks

ACCOUNT = "123456789012"
DEFAULT_PAGE = 50
MOST_DELETING = 10
_KEPT = ("Description", "S3Url", "Protocol", "TaskConfigurationId", "OtaMechanism", "OtaType", "OtaTargetQueryString",
         "OtaSchedulingConfig", "OtaTaskExecutionRetryConfig", "Tags")  # fmt: skip
# The mixed case is the service's own.
_COUNTED = {
    "CANCELED": "NumberOfCanceledThings", "FAILED": "NumberOfFailedThings", "IN_PROGRESS": "NumberOfInProgressThings",
    "QUEUED": "numberOfQueuedThings", "REJECTED": "numberOfRejectedThings", "REMOVED": "numberOfRemovedThings",
    "SUCCEEDED": "numberOfSucceededThings", "TIMED_OUT": "numberOfTimedOutThings",
}  # fmt: skip


class ManagedIntegrationsSimulator(RestJsonApi):
    """OTA tasks, their executions and configurations, for account 123456789012 in whatever region is signed for.

    Variant: `put_clears` makes UpdateOtaTask clear a member that is left out, as a PUT may; else it is left alone. That
    a deletion is asynchronous and that ten at once are the limit are taken from AWS IoT jobs, on which tasks run.
    """

    message_member = "Message"
    throttling_status = 429

    def __init__(self, options: SimulatorOptions) -> None:
        super().__init__(options, service="iotmanagedintegrations", operations=OPERATIONS, labels=LABELS)
        start = options.now().timestamp()
        self.fleet = seeded_fleet(options)
        configurations = seeded_configurations(options, start)
        self.configurations = {one.configuration_id: one for one in configurations}
        self.tasks = Tasks()
        self._drawn = random.Random(f"order/{options.seed}")
        self._tokens: dict[tuple[str, str], tuple[dict[str, Any], str]] = {}
        for task in seeded_tasks(options, self.fleet, configurations, start):
            self.tasks.add(task, self._drawn.getrandbits(48))
        self._handlers: dict[str, Handler] = {
            "CreateOtaTask": self._create_task, "GetOtaTask": self._get_task, "ListOtaTasks": self._list_tasks,
            "UpdateOtaTask": self._update_task, "DeleteOtaTask": self._delete_task,
            "ListOtaTaskExecutions": self._list_executions, "CreateOtaTaskConfiguration": self._create_configuration,
            "GetOtaTaskConfiguration": self._get_configuration,
            "ListOtaTaskConfigurations": self._list_configurations,
            "DeleteOtaTaskConfiguration": self._delete_configuration,
        }  # fmt: skip

    def handlers(self) -> Mapping[str, Handler]:
        """The function behind each operation."""
        return self._handlers

    def task(self, task_id: str) -> Task:
        """A task's state. Raises KeyError when there is none."""
        found = self.tasks.find(task_id, self.options.now().timestamp())
        if found is None:
            raise KeyError(task_id)
        return found

    def execution(self, task_id: str, thing_name: str) -> Execution:
        """An execution's state now. Raises KeyError when there is none."""
        held = self.task(task_id).rollout.of_thing(thing_name, self.options.now().timestamp())
        if held is None:
            raise KeyError(thing_name)
        return held[1]

    def set_execution_status(self, task_id: str, thing_name: str, status: str) -> None:
        """Report for a device: its execution takes the status and stays there. Raises KeyError, ValueError."""
        if status not in EXECUTION_STATUSES:
            raise ValueError(f"{status} is not a status of an execution")
        now = self.options.now().timestamp()
        task, before = self.task(task_id), self.execution(task_id, thing_name)
        place = task.rollout.things.place(thing_name)
        if place is None:
            raise KeyError(thing_name)
        started = None if status == "QUEUED" else before.started_at or now
        task.rollout.put(place, replace(before, status=status, updated_at=now, started_at=started))

    def _create_task(self, call: Call) -> dict[str, Any]:
        made = self._made_before(call)
        if made is not None and (before := self.tasks.find(made, call.now)) is not None:
            return self._identity(before, call)
        one_time, body = call.body["OtaType"] == "ONE_TIME", call.body
        if one_time and not body.get("Target"):
            raise Refusal(400, "ValidationException", "A ONE_TIME task needs Target.")
        if not one_time and not body.get("OtaTargetQueryString"):
            raise Refusal(400, "ValidationException", "A CONTINUOUS task needs OtaTargetQueryString.")
        self._demand_configuration(body)
        targets = tuple(text.rpartition("managed-thing/")[2] for text in body.get("Target", []))
        if stranger := next((name for name in targets if not self.fleet.has(name)), None):
            raise _missing(stranger, "ManagedThing")
        # The query language is not modelled: every query means the fleet's first things.
        things: Things = NamedThings(list(targets))
        if not one_time:
            things = FleetSlice(self.fleet, 0, min(self.fleet.size, self.options.devices_per_task))
        task_id = f"{self._drawn.getrandbits(64):016x}"
        starts_at = _start(body.get("OtaSchedulingConfig", {}).get("StartTime"), call.now)
        plan = Moving(
            seed=self.options.seed, key=task_id, queued_at=starts_at, moves_from=starts_at, speed=self.options.speed
        )
        task = Task(
            task_id=task_id, created_at=call.now, starts_at=starts_at, rollout=Rollout(things, plan), targets=targets,
            continuous=not one_time, members={name: body[name] for name in _KEPT if name in body},
        )  # fmt: skip
        self.tasks.add(task, self._drawn.getrandbits(48))
        self._remember(call, task_id)
        return self._identity(task, call)

    def _get_task(self, call: Call) -> dict[str, Any]:
        task = self._found(call)
        out = call.now >= task.starts_at
        counts = task.rollout.counts(call.now) if out else {}
        targets = [_arn(call, f"managed-thing/{name}") for name in task.targets]
        details: dict[str, Any] = {member: counts.get(status, 0) for status, member in _COUNTED.items()}
        details["processingTargets"] = [] if out else targets
        described = {**self._summary(task, call), **task.members, "TaskProcessingDetails": details}
        return {**described, "Target": targets} if targets else described

    def _list_tasks(self, call: Call) -> dict[str, Any]:
        position = _position(call, "tasks")
        after = (int(position[0]), str(position[1])) if position else None
        size = call.query.get("MaxResults", DEFAULT_PAGE)
        rows: list[dict[str, Any]] = []
        last: list[str | int] = []
        for order, task in self.tasks.walk(after, call.now):
            if len(rows) == size:
                return {"Tasks": rows, "NextToken": write_token("tasks", last)}
            rows.append(self._summary(task, call))
            last = [order, task.task_id]
        return {"Tasks": rows}

    def _update_task(self, call: Call) -> None:
        task = self._found(call)
        if task.gone_at is not None:
            raise Refusal(400, "ValidationException", "The task is being deleted.")
        self._demand_configuration(call.body)
        for name in ("Description", "TaskConfigurationId"):
            if name in call.body:
                task.members[name] = call.body[name]
            elif "put_clears" in self.options.variants:
                task.members.pop(name, None)
        task.updated_at = call.now

    def _delete_task(self, call: Call) -> None:
        task = self._found(call)
        if task.gone_at is not None:
            raise Refusal(400, "ValidationException", "The task is being deleted already.")
        if self.tasks.deleting(call.now) >= MOST_DELETING:
            raise Refusal(410, "LimitExceededException", "Too many tasks are being deleted.")
        self.tasks.delete(task, call.now + self.options.deletion_seconds)

    def _list_executions(self, call: Call) -> dict[str, Any]:
        task = self._found(call)
        listing, size = f"{task.task_id}/devices", call.query.get("MaxResults", DEFAULT_PAGE)
        position = _position(call, listing)
        rows: list[dict[str, Any]] = []
        if call.now < task.starts_at:
            return {"ExecutionSummaries": rows}
        for place, execution in task.rollout.walk(int(position[0]) if position else 0, call.now):
            if len(rows) == size:
                return {"ExecutionSummaries": rows, "NextToken": write_token(listing, [place])}
            name = task.rollout.things.name(place)
            rows.append({"TaskExecutionSummary": _execution(execution), "ManagedThingId": name})
        return {"ExecutionSummaries": rows}

    def _create_configuration(self, call: Call) -> dict[str, Any]:
        key = self._made_before(call)
        if key is None or key not in self.configurations:
            key = f"cfg{self._drawn.getrandbits(28):07x}"
            members = {name: call.body[name] for name in ("Name", "Description", "PushConfig") if name in call.body}
            self.configurations[key] = Configuration(configuration_id=key, created_at=call.now, members=members)
            self._remember(call, key)
        return {"TaskConfigurationId": key}

    def _get_configuration(self, call: Call) -> dict[str, Any]:
        one = self._configuration(call.path["ConfigurationIdentifier"])
        return {"TaskConfigurationId": one.configuration_id, "CreatedAt": epoch(one.created_at), **one.members}

    def _list_configurations(self, call: Call) -> dict[str, Any]:
        position, size = _position(call, "configurations"), call.query.get("MaxResults", DEFAULT_PAGE)
        keys = sorted(key for key in self.configurations if not position or key > str(position[0]))
        rows = []
        for key in keys[:size]:
            one = self.configurations[key]
            row = {"TaskConfigurationId": key, "CreatedAt": epoch(one.created_at)}
            rows.append({**row, "Name": one.members["Name"]} if "Name" in one.members else row)
        if len(keys) <= size:
            return {"Items": rows}
        return {"Items": rows, "NextToken": write_token("configurations", [keys[size - 1]], url_safe=True)}

    def _delete_configuration(self, call: Call) -> None:
        del self.configurations[self._configuration(call.path["ConfigurationIdentifier"]).configuration_id]

    def _found(self, call: Call) -> Task:
        task_id = call.path["TaskIdentifier"]
        if (task := self.tasks.find(task_id, call.now)) is None:
            raise _missing(task_id, "OtaTask")
        return task

    def _configuration(self, key: str) -> Configuration:
        if key not in self.configurations:
            raise _missing(key, "OtaTaskConfiguration")
        return self.configurations[key]

    def _demand_configuration(self, body: Mapping[str, Any]) -> None:
        if (key := body.get("TaskConfigurationId")) is not None:
            self._configuration(key)

    def _identity(self, task: Task, call: Call) -> dict[str, Any]:
        identity = {"TaskId": task.task_id, "TaskArn": _arn(call, f"ota-task/{task.task_id}")}
        return {**identity, **_only(task.members, ("Description",))}

    def _summary(self, task: Task, call: Call) -> dict[str, Any]:
        return {
            "TaskId": task.task_id,
            "TaskArn": _arn(call, f"ota-task/{task.task_id}"),
            "CreatedAt": epoch(task.created_at),
            "LastUpdatedAt": epoch(task.last_updated_at(call.now)),
            "Status": task.status(call.now),
            **_only(task.members, ("TaskConfigurationId",)),
        }

    def _made_before(self, call: Call) -> str | None:
        token = call.body.get("ClientToken")
        before = self._tokens.get((call.operation, token)) if token else None
        if before is None:
            return None
        if before[0] != call.body:
            raise Refusal(409, "ConflictException", "The ClientToken was used with other parameters.")
        return before[1]

    def _remember(self, call: Call, made: str) -> None:
        if token := call.body.get("ClientToken"):
            self._tokens[call.operation, token] = (dict(call.body), made)


def _arn(call: Call, resource: str) -> str:
    return f"arn:aws:iotmanagedintegrations:{call.region}:{ACCOUNT}:{resource}"


def _missing(key: str, kind: str) -> Refusal:
    text = "The specified resource does not exist."
    return Refusal(404, "ResourceNotFoundException", text, ResourceId=key, ResourceType=kind)


def _only(members: Mapping[str, Any], names: Iterable[str]) -> dict[str, Any]:
    return {name: members[name] for name in names if name in members}


def _execution(execution: Execution) -> dict[str, Any]:
    summary = {
        "ExecutionNumber": execution.number,
        "LastUpdatedAt": epoch(execution.updated_at),
        "QueuedAt": epoch(execution.queued_at),
        "RetryAttempt": execution.retry,
        "Status": execution.status,
    }
    if execution.started_at is not None:
        summary["StartedAt"] = epoch(execution.started_at)
    return summary


def _position(call: Call, listing: str) -> list[str | int]:
    token = call.query.get("NextToken")
    if not token:
        return []
    try:
        return read_token(token, listing)
    except ValueError as problem:
        raise Refusal(400, "ValidationException", str(problem)) from None


def _start(text: str | None, now: float) -> float:
    """The model gives StartTime no format; what is not an ISO time starts at once."""
    if text is None:
        return now
    try:
        start = datetime.fromisoformat(text)
    except ValueError:
        return now
    moment = (start if start.tzinfo else start.replace(tzinfo=UTC)).timestamp()
    return moment if now < moment < NEVER else now
