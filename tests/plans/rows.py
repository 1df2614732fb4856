"""The rows of the world that both ways of answering are asked about: whole, bare, lacking, odd, and gone.

Every backend of `BACKENDS` has a trait of its own; see each. Rows are never changed: a change at a backend puts
another row in a row's place, so that all worlds share these.
"""

import dataclasses
import math
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any, get_args, get_origin, get_type_hints

from gateway.domain.backend import Backend
from gateway.domain.device import device
from gateway.domain.errors import BackendUnavailable
from gateway.domain.execution import Execution, Failure
from gateway.domain.fingerprint import fingerprint
from gateway.domain.ids import Kind, ObjectId, encode, generation_of
from gateway.domain.operations import BACKEND_OPERATIONS, Capability, Operation, Support
from gateway.domain.package import Package
from gateway.domain.statuses import (
    CountUnit,
    ExecutionPhase,
    ExecutionStatus,
    FailureReason,
    PackageKind,
    PackageStatus,
    Source,
    TaskOutcome,
    TaskStatus,
)
from gateway.domain.task import ExecutionCounts, Progress, StatusCount, Task
from gateway.vendorkit.discovery import installed_vendors

SEEN = datetime(2026, 3, 1, 12, 0, 0, 500_000, tzinfo=UTC)
_FIRST_DAY = datetime(2026, 2, 1, tzinfo=UTC)
MANIFESTS = tuple(installed_vendors().values())
# What a list's row of a lacking backend leaves to a single read.
LACKED_TASK = frozenset(
    {"description", "outcome", "outcome_source", "package_ref", "progress", "execution_counts", "ended_at"}
    | {"updated_at", "vendor_details", "raw"}
)
LACKED_PACKAGE = frozenset({"status", "vendor_status", "description", "size_bytes", "checksum", "vendor_details"})
LACKED_EXECUTION = frozenset({"phase", "progress", "failure", "started_at", "ended_at", "raw"})


class _Spelling(StrEnum):
    """A vendor's word that is more than a plain text."""

    RUNNING = "Running"


def _backend(place: int, name: str, *, without: tuple[Operation, ...] = (), **members: Any) -> Backend:
    capabilities = tuple(
        Capability(
            operation=operation,
            support=Support.NONE if operation in without else list(Support)[at % 2],
            force=operation in (Operation.CANCEL_TASK, Operation.DELETE_TASK, Operation.DELETE_EXECUTION),
            max_targets=at if at % 3 == 0 and at else None,
            note=f"Not more than {at} a day." if at % 4 == 0 else None,
            alternatives=(Operation.CANCEL_TASK,) if operation in without else (),
        )
        for at, operation in enumerate(BACKEND_OPERATIONS)
    )
    return Backend(name=name, vendor=MANIFESTS[place % len(MANIFESTS)].vendor, capabilities=capabilities, **members)


WHOLE = _backend(0, "whole", region="eu-west-1")  # every row complete
LACKING = _backend(1, "lacking")  # lists leave much out, and some of the single reads fail
DEAD = _backend(2, "dead", region="cn-north-4")  # every call fails
BARE = _backend(  # nulls wherever there may be one; changes nothing, and cannot list everything
    3, "bare", read_only=True, without=(Operation.LIST_PACKAGES, Operation.LIST_DEVICE_EXECUTIONS)
)
ODD = _backend(4, "odd")  # values that do not fit their types, and a vendor that falls over
BACKENDS = (WHOLE, LACKING, DEAD, BARE, ODD)


def moment(number: int, *, digits: bool = False) -> datetime:
    """A time of its own for each number, with digits below the second if asked."""
    return _FIRST_DAY + timedelta(hours=number, microseconds=123_000 if digits else 0)


def _filled(details: type, mark: str) -> Any:
    """An instance of a vendor's details with something of the right type in every member, None in every third."""
    hints = get_type_hints(details)
    members = {}
    for at, field in enumerate(dataclasses.fields(details)):
        if not field.name.startswith("_"):
            members[field.name] = _value(hints[field.name], f"{mark} {field.name}", none=at % 3 == 2)
    return details(**members)


def _value(hint: Any, text: str, *, none: bool) -> Any:
    if type(None) in get_args(hint):
        if none:
            return None
        hint = next(one for one in get_args(hint) if one is not type(None))
    if get_origin(hint) is list:
        return [_value(get_args(hint)[0], f"{text} {at}", none=False) for at in range(2)]
    supertype = getattr(hint, "__supertype__", hint)
    if supertype is object:
        return {"z": [1, None, {"deep": text}], "a": 1.5, "": True}
    return {str: text, int: len(text), float: len(text) / 4, bool: len(text) % 2 == 0}[supertype]


def _falling(details: Any) -> Any:
    """The details, with every member that is read when it is asked for failing."""
    kind = type(details)

    async def fall(_: object) -> object:
        raise BackendUnavailable("The details cannot be had.", backend=LACKING.name)

    readers = {name: fall for name in dir(kind) if name.startswith("read_")}
    fallen = type(kind.__name__, (kind,), {"__slots__": (), **readers})
    return fallen(
        **{field.name: getattr(details, field.name) for field in dataclasses.fields(kind) if field.init and field.name}
    )


def details_of(place: int, mark: str, *, of_task: bool) -> Any:
    """The details of the vendor at that place; None where it has none."""
    manifest = MANIFESTS[place % len(MANIFESTS)]
    kind = manifest.task_details if of_task else manifest.package_details
    return None if kind is None else _filled(kind, mark)


def a_task(backend: Backend, key: str, number: int, **members: Any) -> Task:
    """A task with nothing but what it must have, and what is given."""
    created = members.get("created_at")
    aware = created if isinstance(created, datetime) and created.tzinfo else None
    ref = ObjectId(Kind.TASK, backend.name, (key,), generation_of(aware))
    status = list(TaskStatus)[number % len(TaskStatus)]
    given = {"name": f"{backend.name} task {key}", "status": status, "vendor_status": status.value.lower(), **members}
    return Task(
        ref=ref,
        id=encode(ref),
        native_id=key,
        backend=backend,
        observed_at=SEEN,
        fingerprint=fingerprint(ref),
        **given,
    )


def a_package(backend: Backend, key: str, number: int, **members: Any) -> Package:
    """A package with nothing but what it must have, and what is given."""
    ref = ObjectId(Kind.PACKAGE, backend.name, ("shelf", key))
    given = {"name": f"{backend.name} package {key}", **members}
    return Package(
        ref=ref,
        id=encode(ref),
        native_id=f"shelf/{key}",
        backend=backend,
        kind=list(PackageKind)[number % len(PackageKind)],
        observed_at=SEEN,
        fingerprint=fingerprint(ref),
        **given,
    )


def an_execution(backend: Backend, name: str, task: Task | None, number: int, **members: Any) -> Execution:
    """An execution with nothing but what it must have, and what is given."""
    queued = members.get("queued_at")
    key = (name, task.native_id if task else "no-task")
    ref = ObjectId(Kind.EXECUTION, backend.name, key, generation_of(queued))
    status = list(ExecutionStatus)[number % len(ExecutionStatus)]
    given = {"status": status, "vendor_status": status.value.title(), **members}
    product_key = "pk" if backend is BARE else None
    return Execution(
        ref=ref,
        id=encode(ref),
        task_ref=task.ref if task else None,
        device=device(backend, name, product_key),
        backend=backend,
        observed_at=SEEN,
        fingerprint=fingerprint(ref),
        **given,
    )


def _counts(number: int) -> ExecutionCounts:
    by_status = tuple(StatusCount(status, number + at) for at, status in enumerate(list(ExecutionStatus)[: number % 4]))
    return ExecutionCounts(
        total=number if number % 3 else None,
        unit=list(CountUnit)[number % 2],
        exact=number % 2 == 0,
        by_status=by_status,
    )


def _whole_task(backend: Backend, place: int, key: str, number: int, **members: Any) -> Task:
    given = {
        "description": f"Roll out {number}" if number % 4 else None,
        "outcome": list(TaskOutcome)[number % 6] if number % 2 else None,
        "outcome_source": list(Source)[number % 2] if number % 2 else None,
        "progress": Progress(number * 12.5 % 101, list(Source)[number % 2]) if number % 3 else None,
        "execution_counts": _counts(number) if number % 5 else None,
        "created_at": moment(number, digits=number % 2 == 1),
        "started_at": moment(number + 1) if number % 3 else None,
        "ended_at": moment(number + 5, digits=True) if number % 2 else None,
        "updated_at": moment(100 - number),
        "vendor_details": details_of(place, f"{key} says", of_task=True) if number % 4 != 3 else None,
        "raw": b'{"jobId": "%d", "list": [1, 2.50, {"x": null}], "big": 12345678901234567890}' % number,
        **members,
    }
    return a_task(backend, key, number, **given)


def _whole_package(backend: Backend, place: int, key: str, number: int, **members: Any) -> Package:
    given = {
        "version": f"1.{number}.0" if number % 4 else None,
        "status": list(PackageStatus)[number % len(PackageStatus)],
        "vendor_status": "Published",
        "description": f"Fixes {number} things",
        "size_bytes": float(1 << (number * 7)),
        "checksum": f"sha256:{number:064x}",
        "product_key": "pk" if number % 2 else None,
        "created_at": moment(number * 3),
        "updated_at": moment(number * 4, digits=True),
        "vendor_details": details_of(place, f"{key} says", of_task=False),
        "raw": b'{"name": "%d"}' % number,
        **members,
    }
    return a_package(backend, key, number, **given)


def _whole_execution(backend: Backend, name: str, task: Task, number: int, **members: Any) -> Execution:
    failure = Failure(
        reason=list(FailureReason)[number % len(FailureReason)],
        vendor_code=f"E{number}" if number % 2 else None,
        vendor_message="The device said: no \N{CROSS MARK}",
    )
    given = {
        "phase": list(ExecutionPhase)[number % len(ExecutionPhase)] if number % 2 else None,
        "attempt": number if number % 9 != 8 else 1 << 33,
        "progress": Progress(number % 101, list(Source)[number % 2]) if number % 3 else None,
        "failure": failure if number % 3 == 0 else None,
        "queued_at": moment(number, digits=number % 2 == 0),
        "started_at": moment(number + 2) if number % 2 else None,
        "ended_at": moment(number + 3) if number % 4 == 0 else None,
        "updated_at": moment(number + 4),
        "raw": b'{"executionNumber": %d}' % number,
        **members,
    }
    return an_execution(backend, name, task, number, **given)


def bare_of(row: Any, lacked: frozenset[str]) -> Any:
    """The row as a list shows it, without what is left to a single read."""
    return dataclasses.replace(row, lacks=lacked, **dict.fromkeys(lacked))


def packages() -> Iterator[Package]:
    """Every package that a list shows or a single read finds, as the single read shows it."""
    yield from (_whole_package(WHOLE, 0, f"p{number}", number) for number in range(4))
    yield from (_whole_package(LACKING, 1, f"p{number}", number) for number in range(4))
    yield from (a_package(BARE, f"p{number}", number) for number in range(2))
    yield a_package(ODD, "p0", 0, size_bytes=math.inf, checksum=77, updated_at=moment(1).replace(tzinfo=None))
    yield a_package(ODD, "p1", 1, size_bytes=3, version=1.5, description=_Spelling.RUNNING, raw=b"not json")
    yield a_package(ODD, "p2", 2, size_bytes="12", product_key=b"bytes", updated_at="yesterday")


def tasks(of_packages: dict[str, list[Package]]) -> Iterator[Task]:
    """Every task that a list shows or a single read finds, as the single read shows it."""
    for number in range(8):
        package = of_packages[WHOLE.name][number % 4].ref if number != 5 else None
        yield _whole_task(WHOLE, 0, f"t{number}", number, package_ref=package)
    for number in range(8):
        details = details_of(1, f"t{number} says", of_task=True)
        package = of_packages[LACKING.name][number % 4].ref if number % 3 else None
        falling = _falling(details_of(0, "fallen", of_task=True)) if number == 6 else details
        yield _whole_task(LACKING, 1, f"t{number}", number, package_ref=package, vendor_details=falling)
    for number in range(6):
        inside = a_package(BARE, f"inside{number}", number, version="only here") if number % 2 else None
        status = TaskStatus.UNKNOWN if number < 3 else TaskStatus.IN_PROGRESS
        yield a_task(BARE, f"t{number}", number, package=inside, status=status, vendor_status="Bewildered")
    yield from _odd_tasks()


def _odd_tasks() -> Iterator[Task]:
    """Nullable members that do not fit, then (with "hidden" in the key, in no list) members that must not be null."""
    far = Progress(math.nan, Source.VENDOR)
    counts = ExecutionCounts(total=1 << 40, unit=CountUnit.DEVICES, exact=True, by_status=())
    yield a_task(ODD, "t0", 0, created_at=moment(3), progress=far, raw=b"{broken")
    yield a_task(ODD, "t1", 1, created_at=moment(4), execution_counts=counts, started_at=moment(1).replace(tzinfo=None))
    yield a_task(ODD, "t2", 2, created_at=moment(5), outcome="EXPLODED", vendor_status=_Spelling.RUNNING)
    yield a_task(ODD, "t3", 3, description="surrogate \ud800 alone", progress=Progress(7, Source.DERIVED))
    yield a_task(ODD, "t4", 4, vendor_details=object(), raw=b'{"n": 1e400}')
    yield a_task(ODD, "t5", 5, package_ref=ObjectId(Kind.PACKAGE, ODD.name, ("shelf", "falls")))
    mixed = (StatusCount(ExecutionStatus.QUEUED, 1), StatusCount("NONSENSE", 2), None)  # type: ignore[arg-type]
    strange = ExecutionCounts(total=True, unit=CountUnit.EXECUTIONS, exact=1, by_status=mixed)  # type: ignore[arg-type]
    yield a_task(ODD, "hidden0", 6, vendor_status=None, description=12)
    yield a_task(ODD, "hidden1", 7, status="SIDEWAYS", description=True)
    yield a_task(ODD, "hidden2", 8, execution_counts=strange)
    yield a_task(ODD, "hidden3", 9, name=None, description=["a", "list"])
    yield a_task(ODD, "hidden4", 10, execution_counts=dataclasses.replace(counts, total=1.0, by_status=None))
    yield a_task(ODD, "refuses", 11)


def executions(of_tasks: dict[str, list[Task]]) -> Iterator[Execution]:
    """Every execution that a list shows or a single read finds, as the single read shows it."""
    for backend in (WHOLE, LACKING):
        for place, task in enumerate(of_tasks[backend.name]):
            for number in range(place % 6):
                yield _whole_execution(backend, f"d{number}", task, place * 5 + number)
    for place, task in enumerate(of_tasks[BARE.name]):
        status = ExecutionStatus.UNKNOWN if place % 2 else ExecutionStatus.QUEUED
        yield an_execution(BARE, f"d{place}", task, place, status=status, vendor_status="?")
    yield an_execution(BARE, "d-alone", None, 1)
    task = of_tasks[ODD.name][0]
    yield an_execution(ODD, "d0", task, 0, attempt=1 << 31, progress=Progress("half", Source.VENDOR))
    yield an_execution(ODD, "d1", task, 1, attempt=2.0, failure=Failure(reason="BAD LUCK"))  # type: ignore[arg-type]
    yield an_execution(ODD, "d2", task, 2, attempt="3", phase=ExecutionPhase.REBOOTING, ended_at=12)
    yield an_execution(ODD, "hidden", task, 3, vendor_status=None)
