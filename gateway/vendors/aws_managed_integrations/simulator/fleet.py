"""The seeded fleet: tasks in every state, most of them parked so that each state can be met at any time."""

import random
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from gateway.vendorkit.simulation.device_course import Moving, Parked, Plan
from gateway.vendorkit.simulation.options import SimulatorOptions
from gateway.vendorkit.simulation.rollout import FleetSlice, NumberedFleet, Rollout
from gateway.vendors.aws_managed_integrations.simulator.tasks import Task

# Seeded tasks take these in turn, so any four of them hold one that runs, one that waits and one that is finished.
KINDS = ("queued", "finished", "running", "moving", "scheduled", "canceled")
PATTERNS = {
    "running": ("IN_PROGRESS", "SUCCEEDED", "QUEUED", "IN_PROGRESS", "FAILED", "SUCCEEDED"),
    "queued": ("QUEUED",),
    "finished": ("SUCCEEDED", "FAILED", "SUCCEEDED", "SUCCEEDED", "TIMED_OUT", "REJECTED", "SUCCEEDED", "REMOVED"),
    "canceled": ("CANCELED", "SUCCEEDED", "CANCELED"),
}
FAR_AHEAD_SECONDS = 300 * 86400.0
LARGEST_TARGET_LIST = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Configuration:
    """A task configuration. `members` holds what the caller gave, by wire name."""

    configuration_id: str
    created_at: float
    members: dict[str, Any]


def thing_name(number: int) -> str:
    """Names of managed things."""
    return f"thing{number:06d}"


def thing_number(name: str) -> int | None:
    """The number in a managed thing's name."""
    found = re.fullmatch(r"thing(\d{6,9})", name)
    return int(found[1]) if found else None


def seeded_fleet(options: SimulatorOptions) -> NumberedFleet:
    """As many things as leave each of them in about three tasks."""
    size = max(2 * options.devices_per_task, options.tasks * options.devices_per_task // 3, 10)
    return NumberedFleet(size, thing_name, thing_number)


def seeded_configurations(options: SimulatorOptions, start: float) -> list[Configuration]:
    """Two configurations for seeded tasks to name, and one that none names."""
    drawn = random.Random(f"configurations/{options.seed}")
    made = []
    for place, name in enumerate(("slow-rollout", "fast-rollout", "spare")):
        push = {"RolloutConfig": {"MaximumPerMinute": 10**place}, "TimeoutConfig": {"InProgressTimeoutInMinutes": 60}}
        members = {"Name": name, "Description": name.replace("-", " "), "PushConfig": push}
        created = start - options.creation_offset - 86400.5 * (place + 1)
        key = f"cfg{drawn.getrandbits(28):07x}"
        made.append(Configuration(configuration_id=key, created_at=created, members=members))
    return made


def seeded_tasks(
    options: SimulatorOptions, fleet: NumberedFleet, configurations: list[Configuration], start: float
) -> list[Task]:
    """The tasks, newest first. Those over more things than a target list may hold go by a query."""
    drawn = random.Random(f"tasks/{options.seed}")
    tasks = []
    for number in range(options.tasks):
        kind = KINDS[number % len(KINDS)]
        task_id = f"{drawn.getrandbits(64):016x}"
        things = FleetSlice(fleet, number * options.devices_per_task % fleet.size, options.devices_per_task)
        created = start - options.creation_offset - number * options.task_spacing
        plan = _plan(kind, task_id, created, start, options)
        task = Task(task_id=task_id, created_at=created, starts_at=created, rollout=Rollout(things, plan))
        if kind == "scheduled":
            task.starts_at = start + FAR_AHEAD_SECONDS
            task.members["OtaSchedulingConfig"] = {"StartTime": _instant(task.starts_at)}
        if kind == "canceled":
            task.canceled_at = created + (start - created) / 2
        task.members |= {
            "Description": f"Update {number} of lamps to 1-2-{number % 10}",
            "S3Url": f"s3://ota-docs/lamps-1.2.{number % 10}.json",
            "Protocol": "HTTP",
            "OtaMechanism": "PUSH",
            "OtaType": "ONE_TIME",
        }
        if number % 2 == 0:
            task.members["TaskConfigurationId"] = configurations[number // 2 % 2].configuration_id
        if len(things) > LARGEST_TARGET_LIST:
            task.members |= {"OtaType": "CONTINUOUS", "OtaTargetQueryString": "attributes.kind = lamp"}
        else:
            task.targets = tuple(things.name(place) for place in range(len(things)))
        tasks.append(task)
    return tasks


def _plan(kind: str, task_id: str, created: float, start: float, options: SimulatorOptions) -> Plan:
    if kind == "moving":
        return Moving(seed=options.seed, key=task_id, queued_at=created, moves_from=start, speed=options.speed)
    if kind == "scheduled":
        begins = start + FAR_AHEAD_SECONDS
        return Moving(seed=options.seed, key=task_id, queued_at=begins, moves_from=begins, speed=options.speed)
    return Parked(queued_at=created, until=start, pattern=PATTERNS[kind])


def _instant(moment: float) -> str:
    return datetime.fromtimestamp(moment, UTC).isoformat(timespec="seconds")
