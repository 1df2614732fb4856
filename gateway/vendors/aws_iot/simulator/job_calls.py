"""The operations on jobs."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from gateway.vendorkit.simulation.device_course import NEVER, Moving
from gateway.vendorkit.simulation.options import SimulatorOptions
from gateway.vendorkit.simulation.page_token import read_token, write_token
from gateway.vendorkit.simulation.rest_json import Call, Handler, Refusal, epoch
from gateway.vendorkit.simulation.rollout import NamedThings, Rollout, Things
from gateway.vendors.aws_iot.simulator.arns import arn, package_version, target
from gateway.vendors.aws_iot.simulator.fleet import group_id
from gateway.vendors.aws_iot.simulator.jobs import Job, Jobs
from gateway.vendors.aws_iot.simulator.model import CHANGEABLE
from gateway.vendors.aws_iot.simulator.packages import Packages

DEFAULT_PAGE = 50
MOST_DELETING = 10
LEAST_NOTICE_SECONDS = 30 * 60
_KEPT = (*CHANGEABLE, "schedulingConfig", "namespaceId", "documentParameters", "jobTemplateArn")
_COUNTED = {
    "CANCELED": "numberOfCanceledThings", "SUCCEEDED": "numberOfSucceededThings", "FAILED": "numberOfFailedThings",
    "REJECTED": "numberOfRejectedThings", "QUEUED": "numberOfQueuedThings", "IN_PROGRESS": "numberOfInProgressThings",
    "REMOVED": "numberOfRemovedThings", "TIMED_OUT": "numberOfTimedOutThings",
}  # fmt: skip


class JobCalls:
    """What can be asked of and done to jobs. `groups` are the thing groups a new job may target."""

    def __init__(
        self, jobs: Jobs, packages: Packages, groups: dict[str, Things], known: Callable[[str], bool],
        options: SimulatorOptions,
    ) -> None:  # fmt: skip
        self._jobs, self._packages, self._groups, self._known = jobs, packages, groups, known
        self._options = options
        self._made = 0

    def handlers(self) -> dict[str, Handler]:
        """The function behind each operation."""
        return {
            "ListJobs": self._list, "DescribeJob": self._describe, "GetJobDocument": self._document,
            "CreateJob": self._create, "UpdateJob": self._update, "CancelJob": self._cancel, "DeleteJob": self._delete,
        }  # fmt: skip

    def _found(self, call: Call) -> Job:
        job_id = call.path["jobId"]
        if (job := self._jobs.find(job_id, call.now)) is None:
            raise Refusal(404, "ResourceNotFoundException", f"Job {job_id} cannot be found.")
        return job

    def _list(self, call: Call) -> dict[str, Any]:
        wanted = {name: call.query.get(name) for name in ("status", "targetSelection", "thingGroupName",
                                                          "thingGroupId", "namespaceId")}  # fmt: skip
        listing = "jobs/" + "/".join(str(value) for value in wanted.values())
        after = None
        if token := call.query.get("nextToken"):
            try:
                status, order = read_token(token, listing)
            except ValueError as problem:
                raise Refusal(400, "InvalidRequestException", str(problem)) from None
            after = (str(status), int(order))
        size = call.query.get("maxResults", DEFAULT_PAGE)
        rows: list[dict[str, Any]] = []
        last: list[str | int] = []
        for status, job in self._jobs.walk(after, wanted["status"], call.now):
            if not _fits(job, wanted):
                continue
            if len(rows) == size:
                return {"jobs": rows, "nextToken": write_token(listing, last)}
            rows.append(self._summary(job, status, call))
            last = [status, job.order]
        return {"jobs": rows}

    def _summary(self, job: Job, status: str, call: Call) -> dict[str, Any]:
        summary = {
            "jobArn": arn(call.region, f"job/{job.job_id}"),
            "jobId": job.job_id,
            "targetSelection": job.selection,
            "status": status,
            "createdAt": epoch(job.created_at),
            "lastUpdatedAt": epoch(job.last_updated_at(call.now)),
            "isConcurrent": call.now < job.busy_until,
        }
        if (ended := job.canceled_at or job.completed_at) is not None:
            summary["completedAt"] = epoch(ended)
        if len(job.groups) == 1 and not job.things:
            summary["thingGroupId"] = group_id(job.groups[0])
        return summary

    def _describe(self, call: Call) -> dict[str, Any]:
        job = self._found(call)
        described = self._summary(job, job.status(call.now), call)
        described.pop("thingGroupId", None)
        things = [arn(call.region, f"thing/{name}") for name in job.things]
        groups = [arn(call.region, f"thinggroup/{name}") for name in job.groups]
        counts = job.rollout.counts(call.now) if job.rolled_out(call.now) else {}
        details: dict[str, Any] = {member: counts.get(status, 0) for status, member in _COUNTED.items()}
        if not job.rolled_out(call.now):
            details["processingTargets"] = things + groups
        described |= {"targets": things + groups, "forceCanceled": job.force_canceled, "jobProcessDetails": details}
        described |= job.members
        if job.versions:
            described["destinationPackageVersions"] = [
                arn(call.region, f"package/{package}/version/{version}") for package, version in job.versions
            ]
        answer: dict[str, Any] = {"job": described}
        if job.document_source is not None:
            answer["documentSource"] = job.document_source
        return answer

    def _document(self, call: Call) -> dict[str, Any]:
        return {"document": self._found(call).document}

    def _create(self, call: Call) -> dict[str, Any]:
        job_id, body = call.path["jobId"], call.body
        if self._jobs.find(job_id, call.now) is not None:
            name = arn(call.region, f"job/{job_id}")
            text = f"Job {job_id} exists already."
            raise Refusal(409, "ResourceAlreadyExistsException", text, resourceId=job_id, resourceArn=name)
        sources = [name for name in ("document", "documentSource", "jobTemplateArn") if name in body]
        if len(sources) != 1:
            raise _invalid("Give one of document, documentSource and jobTemplateArn.")
        things, groups = self._targets(body["targets"])
        starts_at = _start(body.get("schedulingConfig", {}).get("startTime"), call.now)
        members = list(things)
        for group in groups:
            of_group = self._groups[group]
            members += [of_group.name(place) for place in range(len(of_group))]
        plan = Moving(
            seed=self._options.seed, key=job_id, queued_at=starts_at, moves_from=starts_at, speed=self._options.speed
        )
        self._made += 1
        self._jobs.add(Job(
            job_id=job_id, order=self._options.tasks + self._made, created_at=call.now, starts_at=starts_at,
            rollout=Rollout(NamedThings(members), plan), selection=body.get("targetSelection", "SNAPSHOT"),
            things=things, groups=groups, document=body.get("document", "{}"),
            document_source=body.get("documentSource"), versions=self._versions(body),
            members={name: body[name] for name in _KEPT if name in body},
        ))  # fmt: skip
        return self._identity(self._found(call), call)

    def _targets(self, targets: list[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
        named: dict[str, list[str]] = {"thing": [], "thinggroup": []}
        for text in targets:
            meant = target(text)
            if meant is None:
                raise _invalid(f"{text} is not the ARN of a thing or a thing group of this account.")
            kind, name = meant
            if not (self._known(name) if kind == "thing" else name in self._groups):
                raise Refusal(404, "ResourceNotFoundException", f"The target {text} does not exist.")
            named[kind].append(name)
        return tuple(dict.fromkeys(named["thing"])), tuple(dict.fromkeys(named["thinggroup"]))

    def _versions(self, body: Any) -> tuple[tuple[str, str], ...]:
        pairs = []
        for text in body.get("destinationPackageVersions", []):
            pair = package_version(text)
            package = self._packages.packages.get(pair[0]) if pair else None
            version = package.versions.get(pair[1]) if package and pair else None
            if pair is None or version is None:
                raise Refusal(404, "ResourceNotFoundException", f"The package version {text} does not exist.")
            if version.status == "DRAFT":
                raise _invalid(f"The package version {text} is a draft.")
            pairs.append(pair)
        return tuple(pairs)

    def _update(self, call: Call) -> None:
        job = self._found(call)
        status = job.status(call.now)
        terminal_refused = "terminal_update_refused" in self._options.variants and status in {"COMPLETED", "CANCELED"}
        if status == "DELETION_IN_PROGRESS" or terminal_refused:
            raise _invalid(f"Job {job.job_id} is {status}.")
        job.members |= {name: call.body[name] for name in CHANGEABLE if name in call.body}
        job.updated_at = call.now

    def _cancel(self, call: Call) -> dict[str, Any]:
        job = self._found(call)
        status = job.status(call.now)
        if status in {"COMPLETED", "DELETION_IN_PROGRESS"}:
            raise _invalid(f"Job {job.job_id} is {status}.")
        force = call.query.get("force", False)
        job.cancel(call.now, force=force, takes=self._options.deletion_seconds)
        job.members |= {name: call.body[name] for name in ("reasonCode", "comment") if name in call.body}
        job.updated_at = call.now
        self._jobs.changed()
        return self._identity(job, call)

    def _delete(self, call: Call) -> None:
        job = self._found(call)
        status = job.status(call.now)
        if status == "DELETION_IN_PROGRESS":
            raise Refusal(409, "InvalidStateTransitionException", f"Job {job.job_id} is being deleted already.")
        if status not in {"COMPLETED", "CANCELED"} and not call.query.get("force", False):
            text = f"Job {job.job_id} is not in a terminal state."
            raise Refusal(409, "InvalidStateTransitionException", text)
        if self._jobs.deleting(call.now) >= MOST_DELETING:
            raise Refusal(410, "LimitExceededException", f"{MOST_DELETING} jobs are being deleted already.")
        self._jobs.delete(job, call.now + self._options.deletion_seconds)

    def _identity(self, job: Job, call: Call) -> dict[str, Any]:
        identity = {"jobArn": arn(call.region, f"job/{job.job_id}"), "jobId": job.job_id}
        if "description" in job.members:
            identity["description"] = job.members["description"]
        return identity


def _invalid(text: str) -> Refusal:
    return Refusal(400, "InvalidRequestException", text)


def _fits(job: Job, wanted: dict[str, str | None]) -> bool:
    return (
        wanted["targetSelection"] in {None, job.selection}
        and (wanted["thingGroupName"] is None or wanted["thingGroupName"] in job.groups)
        and (wanted["thingGroupId"] is None or wanted["thingGroupId"] in map(group_id, job.groups))
        and wanted["namespaceId"] in {None, job.members.get("namespaceId")}
    )


def _start(text: str | None, now: float) -> float:
    if text is None:
        return now
    try:
        start = datetime.fromisoformat(text.replace(" ", "T")).replace(tzinfo=UTC).timestamp()
    except ValueError:
        raise _invalid("schedulingConfig.startTime must be like 2030-01-01T00:00.") from None
    if not now + LEAST_NOTICE_SECONDS <= start < NEVER:
        raise _invalid("schedulingConfig.startTime must be at least 30 minutes ahead.")
    return start
