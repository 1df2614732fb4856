"""The jobs that the upstreams hold, in AWS IoT's shapes. Always the same ones: every run measures one thing."""

from dataclasses import dataclass
from random import Random
from typing import Any

BACKENDS = ("fleet-1", "fleet-2", "fleet-3", "fleet-4")
EXECUTIONS_PER_JOB = 20

_NEWEST = 1_780_000_000_000
_KINDS = ("sensor-firmware", "gateway-os", "pump-controller", "camera-model")
_STATUSES = ("IN_PROGRESS", "IN_PROGRESS", "COMPLETED", "COMPLETED", "COMPLETED", "SCHEDULED", "CANCELED")
_EXECUTION_STATUSES = (
    "QUEUED",
    "IN_PROGRESS",
    "SUCCEEDED",
    "SUCCEEDED",
    "SUCCEEDED",
    "FAILED",
    "TIMED_OUT",
    "REJECTED",
)
_ACCOUNT = "arn:aws:iot:eu-west-1:123456789012"


@dataclass(frozen=True, slots=True)
class BackendFleet:
    """What one backend answers: `jobs` as ListJobs shows them, and by job id DescribeJob and the executions."""

    jobs: list[dict[str, Any]]
    described: dict[str, dict[str, Any]]
    executions: dict[str, list[dict[str, Any]]]


def fleet(backend: int, jobs: int) -> BackendFleet:
    """The jobs of one of the four backends. Creation times interleave over all of them; the list has no time order."""
    random = Random(f"{backend}/{jobs}")
    rows = [_job(random, backend, number) for number in range(jobs)]
    # AWS sorts by status, if at all.
    rows.sort(key=lambda job: (job["status"], job["jobId"]))
    return BackendFleet(
        jobs=rows,
        described={job["jobId"]: _described(random, job) for job in rows},
        executions={job["jobId"]: [_execution(random, job, n) for n in range(EXECUTIONS_PER_JOB)] for job in rows},
    )


def _job(random: Random, backend: int, number: int) -> dict[str, Any]:
    job_id = f"{random.choice(_KINDS)}-{number:05d}-{random.getrandbits(16):04x}"
    created = (
        _NEWEST - (number * len(BACKENDS) + (backend + number) % len(BACKENDS)) * 600_000 + random.randrange(599_000)
    )
    status = random.choice(_STATUSES)
    ended = status in {"COMPLETED", "CANCELED"}
    updated = created + random.randrange(1_000, 7_200_000)
    return {
        "jobArn": f"{_ACCOUNT}:job/{job_id}",
        "jobId": job_id,
        "targetSelection": "SNAPSHOT",
        "status": status,
        "createdAt": created / 1000,
        "lastUpdatedAt": updated / 1000,
        **({"completedAt": updated / 1000} if ended else {}),
        "isConcurrent": status == "CANCELED" and random.random() < 0.3,
    }


def _described(random: Random, job: dict[str, Any]) -> dict[str, Any]:
    counts = {
        f"numberOf{word}Things": random.randrange(40)
        for word in ("Canceled", "Succeeded", "Failed", "Rejected", "Queued", "InProgress", "Removed", "TimedOut")
    }
    return {
        "documentSource": "https://s3.eu-west-1.amazonaws.com/example/document.json",
        "job": {
            **job,
            "targets": [f"{_ACCOUNT}:thinggroup/all"],
            "description": "Rolled out in waves.",
            "presignedUrlConfig": {},
            "jobExecutionsRolloutConfig": {"maximumPerMinute": 50},
            "jobProcessDetails": counts,
            "timeoutConfig": {"inProgressTimeoutInMinutes": 60},
        },
    }


def _execution(random: Random, job: dict[str, Any], number: int) -> dict[str, Any]:
    queued = round(job["createdAt"] * 1000) + random.randrange(1_000, 60_000)
    status = random.choice(_EXECUTION_STATUSES)
    begun = {} if status == "QUEUED" else {"startedAt": (queued + random.randrange(1_000, 60_000)) / 1000}
    return {
        "thingArn": f"{_ACCOUNT}:thing/device-{number:04d}-{random.getrandbits(24):06x}",
        "jobExecutionSummary": {
            "status": status,
            "queuedAt": queued / 1000,
            **begun,
            "lastUpdatedAt": (queued + 90_000) / 1000,
            "executionNumber": 1,
            "retryAttempt": 0,
        },
    }
