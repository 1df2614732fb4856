"""Whether what came out of an adapter was said by the vendor: no status, time, count or text that no answer holds."""

import json
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

from gateway.domain.execution import Execution
from gateway.domain.package import Package
from gateway.domain.task import ExecutionCounts, Task
from gateway.vendorkit.calls import VendorAnswer
from gateway.vendorkit.statuses import StatusTable
from tests.support.mangling import scalars

_DERIVED = {
    # AWS: while isConcurrent is true, a cancelled job is still cancelling.
    "CANCELED": {"CANCELING"},
    # Huawei: by its start, by what its task waits for, and a task that failed before its first device.
    "Waitting": {"SCHEDULED", "AWAITING_CONFIRMATION"},
    "Fail": {"FAILED"},
}
_MOMENTS = {
    Task: ("created_at", "started_at", "ended_at", "updated_at"),
    Execution: ("queued_at", "started_at", "ended_at", "updated_at"),
    Package: ("created_at", "updated_at"),
}
_TEXTS = {
    Task: ("native_id", "name", "vendor_status", "description"),
    Execution: ("vendor_status",),
    Package: ("version", "vendor_status", "description", "checksum", "product_key"),
}
_LARGEST = 2**31 - 1


class Invented(AssertionError):
    """Something came out that never went in."""


class Said:
    """Everything the vendor said in some answers, and the words it was asked with."""

    def __init__(self, answers: Iterable[VendorAnswer], words: Iterable[str]) -> None:
        found = [value for answer in answers for value in scalars(answer.body)]
        self.texts = {"", *words, *(one for one in found if isinstance(one, str))}
        # Ids that a vendor writes as numbers, and documents that it writes as text.
        self.texts |= {str(one) for one in found if isinstance(one, int)}
        self.numbers = {float(one) for one in _numbers(found)}
        self.moments = set(_moments(found))

    def check(self, found: object, tables: Mapping[str, StatusTable[Any]]) -> int:
        """Raise Invented for what was not said. Gives the number of objects looked at."""
        rows = list(_objects(found))
        for row in rows:
            kind = type(row)
            for name in _TEXTS[kind]:
                text = getattr(row, name)
                self._holds(text is None or text in self.texts, row, name)
            for name in _MOMENTS[kind]:
                moment = getattr(row, name)
                self._holds(moment is None or moment in self.moments, row, name)
            self._check_status(row, tables)
            self._check_numbers(row)
        return len(rows)

    def _check_status(self, row: Any, tables: Mapping[str, StatusTable[Any]]) -> None:
        if row.status is None:
            return
        table = tables[type(row).__name__.lower()]
        word = row.vendor_status
        known = word in table.values
        if not known:
            self._holds(row.status.value == "UNKNOWN", row, "status")
        else:
            self._holds(row.status is table.read(word) or row.status.value in _DERIVED.get(word, ()), row, "status")

    def _check_numbers(self, row: Any) -> None:
        if isinstance(row, Execution):
            for name in ("attempt", "version"):
                number = getattr(row, name)
                self._holds(number is None or float(number) in self.numbers, row, name)
            self._holds(row.attempt is None or 0 <= row.attempt <= _LARGEST, row, "attempt")
        if isinstance(row, Package):
            size = row.size_bytes
            self._holds(size is None or (size in self.numbers and 0 <= size < float("inf")), row, "size_bytes")
        progress = getattr(row, "progress", None)
        if progress is not None:
            self._holds(progress.percent in self.numbers and 0 <= progress.percent <= 100, row, "progress")
        if isinstance(row, Task) and row.execution_counts is not None:
            self._check_counts(row, row.execution_counts)

    def _check_counts(self, row: Task, counts: ExecutionCounts) -> None:
        numbers = [one.count for one in counts.by_status]
        self._holds(all(float(one) in self.numbers and 0 <= one <= _LARGEST for one in numbers), row, "counts")
        total = counts.total
        self._holds(
            total is None or (0 <= total <= _LARGEST and (total == sum(numbers) or float(total) in self.numbers)),
            row,
            "total",
        )

    def _holds(self, fine: bool, row: object, name: str) -> None:
        if not fine:
            raise Invented(f"{type(row).__name__}.{name} is {getattr(row, name, row)!r:.300}, which no answer holds")


def _objects(found: object) -> Iterator[Any]:
    if isinstance(found, Task | Execution | Package):
        yield found
        if isinstance(found, Task) and found.package is not None:
            yield found.package
    elif isinstance(found, list | tuple):
        for one in found:
            yield from _objects(one)
    elif hasattr(found, "rows"):
        yield from _objects(found.rows)


def _numbers(found: Iterable[object]) -> Iterator[float]:
    for one in found:
        with suppress(ValueError, OverflowError):
            if isinstance(one, int | float) and not isinstance(one, bool):
                yield float(one)
            elif isinstance(one, str):
                yield float(one.rstrip("%"))


def _moments(found: Iterable[object]) -> Iterator[datetime]:
    """Each text and number as every reading of a time that vendors document: seconds, ISO 8601, its compact form."""
    for one in _numbers(found):
        with suppress(ValueError, OverflowError, OSError):
            yield datetime.fromtimestamp(round(one * 1000) / 1000, UTC)
    for text in found:
        if isinstance(text, str) and len(text) >= 15:
            with suppress(ValueError, OverflowError):
                cut = text.strip().replace("Z", "+00:00")
                whole, point, rest = cut.partition(".")
                digits = rest[: len(rest) - len(rest.lstrip("0123456789"))]
                moment = datetime.fromisoformat(
                    f"{whole}{point}{digits[:6]:0<6}{rest[len(digits) :]}" if point else cut
                )
                yield moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)


def says_no(body: bytes) -> bool:
    """Whether a body of a success status is a readable refusal all the same."""
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        return False
    if not isinstance(found, dict):
        return False
    members = {str(name).lower(): value for name, value in found.items()}
    return str(members.get("success")).lower() == "false" or members.get("code") not in (None, "")
