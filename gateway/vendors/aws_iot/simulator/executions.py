"""The operations on job executions."""

from dataclasses import replace
from itertools import islice
from typing import Any

from gateway.vendorkit.simulation.options import SimulatorOptions
from gateway.vendorkit.simulation.page_token import read_token, write_token
from gateway.vendorkit.simulation.rest_json import Call, Handler, Refusal, epoch
from gateway.vendorkit.simulation.rollout import Execution, canceled
from gateway.vendors.aws_iot.simulator.arns import arn
from gateway.vendors.aws_iot.simulator.jobs import Job, Jobs

DEFAULT_PAGE = 50
# A filter that few executions pass makes AWS return short pages; this is how far one page looks here.
LONGEST_LOOK = 20_000


class Executions:
    """What can be asked and done per thing and job."""

    def __init__(self, jobs: Jobs, options: SimulatorOptions) -> None:
        self._jobs = jobs
        self._queued_deletable = "queued_deletable" in options.variants
        self._timed_out_protected = "timed_out_protected" in options.variants

    def handlers(self) -> dict[str, Handler]:
        """The function behind each operation."""
        return {
            "ListJobExecutionsForJob": self._of_job, "ListJobExecutionsForThing": self._of_thing,
            "DescribeJobExecution": self._describe, "CancelJobExecution": self._cancel,
            "DeleteJobExecution": self._delete,
        }  # fmt: skip

    def _of_job(self, call: Call) -> dict[str, Any]:
        job = self._jobs.find(call.path["jobId"], call.now)
        if job is None:
            raise Refusal(404, "ResourceNotFoundException", f"Job {call.path['jobId']} cannot be found.")
        status, size = call.query.get("status"), call.query.get("maxResults", DEFAULT_PAGE)
        listing = f"{job.job_id}/executions/{status}"
        start = _position(call, listing)
        if not job.rolled_out(call.now):
            return {"executionSummaries": []}
        rows: list[dict[str, Any]] = []
        for place, execution in job.rollout.walk(start, call.now):
            if len(rows) == size or place - start >= LONGEST_LOOK:
                return {"executionSummaries": rows, "nextToken": write_token(listing, [place])}
            if status in {None, execution.status}:
                name = arn(call.region, f"thing/{job.rollout.things.name(place)}")
                rows.append({"thingArn": name, "jobExecutionSummary": _summary(execution)})
        return {"executionSummaries": rows}

    def _of_thing(self, call: Call) -> dict[str, Any]:
        thing, status, only = call.path["thingName"], call.query.get("status"), call.query.get("jobId")
        listing = f"{thing}/jobs/{status}/{only}"
        start, size = _position(call, listing), call.query.get("maxResults", DEFAULT_PAGE)
        jobs = self._jobs.all(call.now)
        found = sorted((job for job in jobs if only in {None, job.job_id}), key=lambda job: job.order)
        rows = (
            (job, held[1])
            for job in found
            if job.order >= start and (held := _held(job, thing, call.now)) and status in {None, held[1].status}
        )
        page = list(islice(rows, size + 1))
        shown = [{"jobId": job.job_id, "jobExecutionSummary": _summary(execution)} for job, execution in page[:size]]
        if len(page) > size:
            return {"executionSummaries": shown, "nextToken": write_token(listing, [page[size][0].order])}
        return {"executionSummaries": shown}

    def _found(self, call: Call) -> tuple[Job, int, Execution]:
        thing, job_id = call.path["thingName"], call.path["jobId"]
        job = self._jobs.find(job_id, call.now)
        held = _held(job, thing, call.now) if job is not None else None
        if job is None or held is None:
            raise Refusal(404, "ResourceNotFoundException", f"Job {job_id} has no execution on {thing}.")
        return job, *held

    def _describe(self, call: Call) -> dict[str, Any]:
        job, _, execution = self._found(call)
        if call.query.get("executionNumber", execution.number) != execution.number:
            raise Refusal(404, "ResourceNotFoundException", "There is no execution of that number.")
        described = _summary(execution)
        del described["retryAttempt"]
        described |= {
            "jobId": job.job_id,
            "thingArn": arn(call.region, f"thing/{call.path['thingName']}"),
            "forceCanceled": execution.force_canceled,
            "versionNumber": execution.version,
        }
        if execution.details:
            described["statusDetails"] = {"detailsMap": execution.details}
        minutes = job.members.get("timeoutConfig", {}).get("inProgressTimeoutInMinutes")
        if minutes and execution.status == "IN_PROGRESS" and execution.started_at is not None:
            left = execution.started_at + 60 * minutes - call.now
            described["approximateSecondsBeforeTimedOut"] = max(0, int(left))
        return {"execution": described}

    def _cancel(self, call: Call) -> None:
        job, place, execution = self._found(call)
        expected = call.body.get("expectedVersion")
        if expected is not None and expected != execution.version:
            text = f"Expected version {expected}, found {execution.version}."
            raise Refusal(409, "VersionConflictException", text)
        if execution.final or (execution.status == "IN_PROGRESS" and not call.query.get("force", False)):
            raise Refusal(409, "InvalidStateTransitionException", f"Job execution is {execution.status}.")
        ended = canceled(execution, call.now)
        self._stand(job, place, replace(ended, details={**execution.details, **call.body.get("statusDetails", {})}),
                    call.now)  # fmt: skip

    def _delete(self, call: Call) -> None:
        job, place, execution = self._found(call)
        if int(call.path["executionNumber"]) != execution.number:
            raise Refusal(404, "ResourceNotFoundException", "There is no execution of that number.")
        if not call.query.get("force", False) and not self._deletable(execution):
            raise Refusal(409, "InvalidStateTransitionException", f"Job execution is {execution.status}.")
        reborn = None
        if call.fault is not None:
            # A later queuedAt even when the clock stands still, as the service prints milliseconds.
            moment = max(call.now, execution.queued_at + 0.001)
            reborn = Execution(status="QUEUED", queued_at=moment, updated_at=moment, number=execution.number)
        self._stand(job, place, reborn, call.now)

    def _deletable(self, execution: Execution) -> bool:
        if execution.status == "QUEUED":
            return self._queued_deletable
        return execution.final and not (execution.status == "TIMED_OUT" and self._timed_out_protected)

    def _stand(self, job: Job, place: int, execution: Execution | None, now: float) -> None:
        before = job.status(now)
        job.rollout.put(place, execution)
        if before == "IN_PROGRESS" and job.status(now) == "COMPLETED":
            job.completed_at = now
        self._jobs.changed()


def _held(job: Job, thing: str, now: float) -> tuple[int, Execution] | None:
    return job.rollout.of_thing(thing, now) if job.rolled_out(now) else None


def _summary(execution: Execution) -> dict[str, Any]:
    summary = {
        "status": execution.status,
        "queuedAt": epoch(execution.queued_at),
        "lastUpdatedAt": epoch(execution.updated_at),
        "executionNumber": execution.number,
        "retryAttempt": execution.retry,
    }
    if execution.started_at is not None:
        summary["startedAt"] = epoch(execution.started_at)
    return summary


def _position(call: Call, listing: str) -> int:
    token = call.query.get("nextToken")
    if not token:
        return 0
    try:
        return int(read_token(token, listing)[0])
    except ValueError as problem:
        raise Refusal(400, "InvalidRequestException", str(problem)) from None
