"""The seeded fleet: jobs in every state, most of them parked so that each state can be met at any time."""

import random
import re
import uuid
from datetime import UTC, datetime

from gateway.vendorkit.simulation.device_course import Moving, Parked, Plan
from gateway.vendorkit.simulation.options import SimulatorOptions
from gateway.vendorkit.simulation.rollout import FleetSlice, NumberedFleet, Rollout, Things
from gateway.vendors.aws_iot.simulator.jobs import Job
from gateway.vendors.aws_iot.simulator.packages import Package, Version

# Seeded jobs take these in turn, so any four of them hold one that runs, one that waits and one that is finished.
KINDS = ("running", "queued", "finished", "moving", "canceled", "scheduled")
PATTERNS = {
    "running": ("IN_PROGRESS", "QUEUED", "SUCCEEDED", "IN_PROGRESS", "FAILED", "SUCCEEDED"),
    "queued": ("QUEUED",),
    "finished": ("SUCCEEDED", "SUCCEEDED", "FAILED", "SUCCEEDED", "TIMED_OUT", "REJECTED", "SUCCEEDED", "REMOVED"),
    "canceled": ("CANCELED", "SUCCEEDED", "CANCELED"),
}
PACKAGES = ("gateway-firmware", "sensor-firmware", "door-lock")
USED_VERSION = "1.2.0"
FAR_AHEAD_SECONDS = 300 * 86400.0
LARGEST_TARGET_LIST = 100


def thing_name(number: int) -> str:
    """Names of things; every fifth holds a colon, which is legal and awkward in a path."""
    return f"dev:{number:06d}" if number % 5 == 2 else f"dev-{number:06d}"


def thing_number(name: str) -> int | None:
    """The number in a thing's name."""
    found = re.fullmatch(r"dev[:-](\d{6,9})", name)
    return int(found[1]) if found else None


def group_id(name: str) -> str:
    """The id of a thing group."""
    return str(uuid.uuid5(uuid.NAMESPACE_OID, name))


def seeded_fleet(options: SimulatorOptions) -> NumberedFleet:
    """As many things as leave each of them in about three jobs."""
    size = max(2 * options.devices_per_task, options.tasks * options.devices_per_task // 3, 10)
    return NumberedFleet(size, thing_name, thing_number)


def seeded_jobs(options: SimulatorOptions, fleet: NumberedFleet, start: float) -> tuple[list[Job], dict[str, Things]]:
    """The jobs, newest first, and the thing groups that some of them target."""
    drawn = random.Random(options.seed)
    orders = drawn.sample(range(options.tasks), options.tasks)
    jobs: list[Job] = []
    groups: dict[str, Things] = {}
    for number in range(options.tasks):
        kind = KINDS[number % len(KINDS)]
        package = PACKAGES[drawn.randrange(len(PACKAGES))]
        things = FleetSlice(fleet, number * options.devices_per_task % fleet.size, options.devices_per_task)
        created = start - options.creation_offset - number * options.task_spacing
        job_id = f"{package}-{number:05d}-{drawn.getrandbits(16):04x}"
        plan = _plan(kind, job_id, created, start, options)
        job = Job(
            job_id=job_id, order=orders[number], created_at=created, starts_at=created, rollout=Rollout(things, plan)
        )
        if kind == "canceled":
            job.canceled_at = job.busy_until = created + (start - created) / 2
            job.members |= {"reasonCode": "BAD_BUILD", "comment": "rolled back"}
        if kind == "scheduled":
            job.starts_at = start + FAR_AHEAD_SECONDS
            job.members["schedulingConfig"] = {"startTime": _minute(job.starts_at)}
        job.members["description"] = f"Update {number} of {package} to {USED_VERSION}"
        job.document = f'{{"operation":"install","package":"{package}","version":"{USED_VERSION}"}}'
        job.versions = ((package, USED_VERSION),)
        if number % 3 == 2 or len(things) > LARGEST_TARGET_LIST:
            group = f"line-{number:05d}"
            groups[group], job.groups = things, (group,)
        else:
            job.things = tuple(things.name(place) for place in range(len(things)))
        jobs.append(job)
    return jobs, groups


def _plan(kind: str, job_id: str, created: float, start: float, options: SimulatorOptions) -> Plan:
    if kind == "moving":
        return Moving(seed=options.seed, key=job_id, queued_at=created, moves_from=start, speed=options.speed)
    if kind == "scheduled":
        begins = start + FAR_AHEAD_SECONDS
        return Moving(seed=options.seed, key=job_id, queued_at=begins, moves_from=begins, speed=options.speed)
    return Parked(queued_at=created, until=start, pattern=PATTERNS[kind])


def _minute(moment: float) -> str:
    return datetime.fromtimestamp(moment, UTC).strftime("%Y-%m-%dT%H:%M")


def seeded_packages(options: SimulatorOptions, start: float) -> dict[str, Package]:
    """Packages whose 1.1.0 is the default, whose 1.0.1 no job ever used, and whose 1.2.0 jobs bring out."""
    extra = [f"component-{number:03d}" for number in range(options.tasks // 500)]
    states = {
        "1.0.0": "DEPRECATED", "1.0.1": "PUBLISHED", "1.1.0": "PUBLISHED", USED_VERSION: "PUBLISHED", "2.0.0": "DRAFT"
    }  # fmt: skip
    packages = {}
    for place, name in enumerate((*PACKAGES, *extra)):
        born = start - options.creation_offset - (place + 1) * 86400.0
        package = Package(created_at=born, updated_at=born + 3600.5, description=f"Software of {name}", default="1.1.0")
        for step, (version, status) in enumerate(states.items()):
            made = born + 600.25 * (step + 1)
            members = {
                "description": f"{name} {version}",
                "attributes": {"channel": "stable" if status != "DRAFT" else "beta"},
                "artifact": {"s3Location": {"bucket": "firmware", "key": f"{name}/{version}.bin"}},
            }
            package.versions[version] = Version(
                created_at=made, updated_at=made + 60.125, status=status, members=members
            )
        packages[name] = package
    return packages
