"""Changes to be sent while gateways are killed: what each is, what it names, and how a client goes on with it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import chain, zip_longest
from typing import Any
from uuid import uuid4

from gateway.domain.ids import decode

FLEET = """
fragment Allowed on OtaAffordance { operation allowed needsForce }
{ tasks(first: 400) { backends { status } nodes { id backend { name } allowedOperations { ...Allowed }
    executions(first: 20) { backends { status } nodes { id device { name } allowedOperations { ...Allowed } } } } }
  packages(first: 400) { backends { status } nodes { id backend { name } allowedOperations { ...Allowed } } } }"""
_INPUTS = {
    "deleteOtaTask": "DeleteOtaTaskInput",
    "deleteOtaPackage": "DeleteOtaPackageInput",
    "deleteJobExecution": "DeleteJobExecutionInput",
    "cancelOtaTask": "CancelOtaTaskInput",
    "cancelDeviceUpgrade": "CancelDeviceUpgradeInput",
}
# What a vendor is sent for a mutation.
OPERATIONS = {
    "deleteOtaTask": {"DeleteJob", "DeleteOtaTask", "DeleteBatchTask"},
    "deleteOtaPackage": {"DeletePackageVersion", "DeleteOtaPackage", "DeleteOTAFirmware"},
    "deleteJobExecution": {"DeleteJobExecution"},
    "cancelOtaTask": {"CancelJob", "StopBatchTask", "CancelOTATaskByJob"},
    "cancelDeviceUpgrade": {"CancelJobExecution", "StopBatchTask", "CancelOTATaskByDevice"},
}
_BULK = 5
DONE = {"DONE", "REQUESTED"}
NOT_DONE = {"REFUSED", "FAILED"}


@dataclass(slots=True)
class Named:
    """One object that a change names: its id, its backend's slug, and the words by which a vendor is told of it."""

    id: str
    slug: str
    words: frozenset[str]


@dataclass(slots=True)
class Change:
    """One mutation as a client sends it, again and again under the same key until it has a final answer."""

    mutation: str
    named: Sequence[Named]
    key: str = field(default_factory=lambda: uuid4().hex)
    sent: int = 0
    answer: dict[str, Any] | None = None
    outcomes: dict[str, str] = field(default_factory=dict)

    def body(self) -> dict[str, Any]:
        """The request."""
        bulk = self.mutation == "cancelDeviceUpgrade"
        members: dict[str, Any] = {"idempotencyKey": self.key, "reason": "as planned"}
        members |= {"executionIds": [one.id for one in self.named]} if bulk else {"id": self.named[0].id}
        if self.named[0].slug == "aws-iot":
            members["force"] = True
        shown = "results { target outcome error { code retryable } }" if bulk else "outcome"
        query = f"""mutation($input: {_INPUTS[self.mutation]}!) {{ change: {self.mutation}(input: $input) {{
            auditEntryId {shown} errors {{ code retryable message }} }} }}"""
        return {"query": query, "variables": {"input": members}}

    def take(self, answer: dict[str, Any]) -> list["Change"]:
        """Read an answer; gives what the client asks for next, this change itself when it is to be repeated."""
        assert "errors" not in answer, answer
        change = answer["data"]["change"]
        results = change.get("results")
        outcomes = {one["target"]: one for one in results or ()} or {
            one.id: {"outcome": change.get("outcome", "REFUSED"), "error": next(iter(change["errors"]), None)}
            for one in self.named
        }
        again = [
            one
            for one in self.named
            if outcomes[one.id]["outcome"] in NOT_DONE and (outcomes[one.id]["error"] or {}).get("retryable")
        ]
        if len(again) == len(self.named):
            return [self]
        self.answer = change
        self.outcomes = {target: one["outcome"] for target, one in outcomes.items()}
        return [Change(self.mutation, again)] if again else []


def changes_over(fleet: dict[str, Any]) -> Iterator[Change]:
    """Changes that never meet: every object is named by one, and no task together with its executions."""
    kinds: dict[str, list[Change]] = {}
    for place, task in enumerate(fleet["tasks"]["nodes"]):
        slug = task["backend"]["name"]
        may = {one["operation"] for one in task["allowedOperations"] if one["allowed"] or one["needsForce"]}
        forced = slug == "aws-iot"
        cancels = [one for one in task["executions"]["nodes"] if _may(one, "CANCEL_EXECUTION", forced=forced)]
        if (place % 3 == 0 and len(cancels) > 1) or not {"CANCEL_TASK", "DELETE_TASK"} & may:
            for change in _of_executions(slug, task, forced):
                kinds.setdefault(f"{slug} {change.mutation} {min(len(change.named), 2)}", []).append(change)
        elif "DELETE_TASK" in may and (place % 3 == 1 or "CANCEL_TASK" not in may):
            kinds.setdefault(f"{slug} delete", []).append(Change("deleteOtaTask", [_task(slug, task)]))
        elif "CANCEL_TASK" in may:
            kinds.setdefault(f"{slug} cancel", []).append(Change("cancelOtaTask", [_task(slug, task)]))
    for package in fleet["packages"]["nodes"]:
        slug = package["backend"]["name"]
        # Tuya lists batches by their firmware, so that a deleted one takes them along.
        if slug != "tuya" and _may(package, "DELETE_PACKAGE", forced=False):
            named = Named(package["id"], slug, frozenset(decode(package["id"]).key))
            kinds.setdefault(f"{slug} package", []).append(Change("deleteOtaPackage", [named]))
    mixed = zip_longest(*(kinds[name] for name in sorted(kinds)))
    return (change for change in chain.from_iterable(mixed) if change is not None)


def _of_executions(slug: str, task: dict[str, Any], forced: bool) -> Iterator[Change]:
    left = list(task["executions"]["nodes"])
    if slug == "aws-iot":
        for execution in left[::2]:
            yield Change("deleteJobExecution", [_execution(slug, task, execution)])
        left = left[1::2]
    left = [one for one in left if _may(one, "CANCEL_EXECUTION", forced=forced)]
    if left:
        yield Change("cancelDeviceUpgrade", [_execution(slug, task, left.pop())])
    for start in range(0, len(left), _BULK):
        named = [_execution(slug, task, execution) for execution in left[start : start + _BULK]]
        yield Change("cancelDeviceUpgrade", named)


def _may(subject: dict[str, Any], operation: str, *, forced: bool) -> bool:
    return any(
        one["operation"] == operation and one["allowed"] and (forced or not one["needsForce"])
        for one in subject["allowedOperations"]
    )


def _task(slug: str, task: dict[str, Any]) -> Named:
    return Named(task["id"], slug, frozenset(decode(task["id"]).key[-1:]))


def _execution(slug: str, task: dict[str, Any], execution: dict[str, Any]) -> Named:
    (*_, task_key) = decode(task["id"]).key
    return Named(execution["id"], slug, frozenset({task_key, execution["device"]["name"]}))
