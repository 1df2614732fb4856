"""AwsIotSimulator: the control plane of AWS IoT Jobs and the Software Package Catalog, with a seeded fleet."""

from collections.abc import Mapping
from dataclasses import replace

from gateway.vendorkit.simulation.device_course import NEVER
from gateway.vendorkit.simulation.options import SimulatorOptions
from gateway.vendorkit.simulation.rest_json import Call, Handler, RestJsonApi
from gateway.vendorkit.simulation.rollout import Execution, NamedThings, Things
from gateway.vendors.aws_iot.simulator.executions import Executions
from gateway.vendors.aws_iot.simulator.fleet import seeded_fleet, seeded_jobs, seeded_packages
from gateway.vendors.aws_iot.simulator.job_calls import JobCalls
from gateway.vendors.aws_iot.simulator.jobs import Job, Jobs
from gateway.vendors.aws_iot.simulator.model import EXECUTION_STATUSES, LABELS, OPERATIONS
from gateway.vendors.aws_iot.simulator.packages import Package, Packages


class AwsIotSimulator(RestJsonApi):
    """AWS IoT Jobs over HTTP, for account 123456789012 in whatever region a request is signed for.

    Variants: `queued_deletable` lets DeleteJobExecution take a QUEUED execution without force, `timed_out_protected`
    makes it refuse a TIMED_OUT one (AWS's documents disagree on both), `terminal_update_refused` makes UpdateJob refuse
    a job that is COMPLETED or CANCELED (AWS's documents are silent).
    """

    def __init__(self, options: SimulatorOptions) -> None:
        super().__init__(options, service="iot", operations=OPERATIONS, labels=LABELS)
        start = options.now().timestamp()
        self.fleet = seeded_fleet(options)
        self.jobs = Jobs()
        self.groups: dict[str, Things] = {}
        self._added: set[str] = set()
        jobs, groups = seeded_jobs(options, self.fleet, start)
        for job in jobs:
            self.jobs.add(job)
        self.groups.update(groups)
        catalog = Packages()
        catalog.packages.update(seeded_packages(options, start))
        self.packages: dict[str, Package] = catalog.packages
        self._handlers: dict[str, Handler] = {
            **JobCalls(self.jobs, catalog, self.groups, self.has_thing, options).handlers(),
            **Executions(self.jobs, options).handlers(),
            **catalog.handlers(),
            "DescribeEndpoint": _endpoint,
        }

    def handlers(self) -> Mapping[str, Handler]:
        """The function behind each operation."""
        return self._handlers

    def has_thing(self, name: str) -> bool:
        """Whether a thing exists, so that a job may target it."""
        return name in self._added or self.fleet.has(name)

    def add_thing(self, name: str) -> None:
        """Register a thing beside the seeded ones."""
        self._added.add(name)

    def add_group(self, name: str, things: list[str]) -> None:
        """Register a thing group, and its things."""
        self._added.update(things)
        self.groups[name] = NamedThings(things)

    def job(self, job_id: str) -> Job:
        """A job's state. Raises KeyError when there is none."""
        found = self.jobs.find(job_id, self.options.now().timestamp())
        if found is None:
            raise KeyError(job_id)
        return found

    def execution(self, job_id: str, thing_name: str) -> Execution:
        """An execution's state now. Raises KeyError when there is none."""
        held = self.job(job_id).rollout.of_thing(thing_name, self.options.now().timestamp())
        if held is None:
            raise KeyError(thing_name)
        return held[1]

    def set_execution_status(
        self, job_id: str, thing_name: str, status: str, details: Mapping[str, str] | None = None
    ) -> None:
        """Report for a device: its execution takes the status and stays there. Raises KeyError, ValueError."""
        if status not in EXECUTION_STATUSES:
            raise ValueError(f"{status} is not a status of an execution")
        now = self.options.now().timestamp()
        job, before = self.job(job_id), self.execution(job_id, thing_name)
        place = job.rollout.things.place(thing_name)
        if place is None or before is None:
            raise KeyError(thing_name)
        started = None if status == "QUEUED" else before.started_at or now
        job.rollout.put(place, replace(
            before, status=status, updated_at=now, started_at=started, version=before.version + 1,
            details=dict(before.details if details is None else details),
        ))  # fmt: skip
        if job.completed_at is None and job.rollout.settles_at() < NEVER and job.status(now) == "COMPLETED":
            job.completed_at = now
        self.jobs.changed()


def _endpoint(call: Call) -> dict[str, str]:
    return {"endpointAddress": f"demo-ats.iot.{call.region}.amazonaws.com"}
