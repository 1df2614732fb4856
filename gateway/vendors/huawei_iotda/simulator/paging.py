"""limit, marker and offset, and the record ids they count in.

Source: model docs of huaweicloudsdkiotda 3.1.219: limit 1 to 50, default 10; marker 24 hex, default all f; offset 0 to
500; descending record id; a page holds records strictly below the marker; page.count is the number of matching records.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import TypeVar

from gateway.vendors.huawei_iotda.simulator.refusals import LIMIT_RANGE, MARKER_RANGE, Refused, invalid

_MARKER = re.compile(r"[0-9a-f]{24}")
_DEVICE_BITS = 24

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class PageRequest:
    """What of a list is asked for; `marker` as a number."""

    limit: int
    marker: int
    offset: int

    def cut(self, below_marker: Iterable[T]) -> list[T]:
        """The page, out of records that come newest first and start below the marker."""
        return list(islice(below_marker, self.offset, self.offset + self.limit))


class RecordIds:
    """Gives 24-hex record ids that strictly increase, led by the creation time as the vendor's own seem to be."""

    def __init__(self) -> None:
        self._latest = 0
        self._count = 0

    def next(self, created: float) -> int:
        """A record id for something created at this time (epoch seconds); room is left for a record per device."""
        self._latest = max(self._latest, int(created))
        self._count += 1
        return (self._latest << 64) | (self._count << _DEVICE_BITS)


def hexadecimal(record: int) -> str:
    """A record id as it is on the wire."""
    return f"{record:024x}"


def read_page(query: Mapping[str, str]) -> PageRequest:
    """Raises Refused, 400, with IOTDA.000017 or IOTDA.000018 where those apply."""
    marker = query.get("marker", "f" * 24)
    if not _MARKER.fullmatch(marker):
        raise Refused(400, MARKER_RANGE, "'marker' out of range")
    limit = _number(query.get("limit", "10"))
    if limit is None or not 1 <= limit <= 50:
        raise Refused(400, LIMIT_RANGE, "'limit' out of range")
    offset = _number(query.get("offset", "0"))
    if offset is None or offset > 500:
        raise invalid("'offset' is 0 to 500.")
    return PageRequest(limit=limit, marker=int(marker, 16), offset=offset)


def _number(text: str) -> int | None:
    return int(text) if re.fullmatch(r"[0-9]{1,9}", text) else None
