"""All package versions as one list: ListPackages, and for each package ListPackageVersions.

The continuation carries, as JSON, ListPackages' next token, the packages still to be opened with their default
versions, and the token inside the first of them. Packages are listed a few at a time, so that it stays small.
"""

from collections.abc import Callable

import msgspec

from gateway.domain.errors import InvalidInput, NotFound
from gateway.domain.package import Package
from gateway.domain.page import Page, PageRequest
from gateway.vendorkit.aws.reading import Reading
from gateway.vendors.aws_iot import mapping
from gateway.vendors.aws_iot.wire import AwsIotWire

PACKAGES_AT_ONCE = 10
VERSIONS_PAGE = 100
CALLS_PER_PAGE = 5


class _Place(msgspec.Struct, rename={"waiting": "w", "more_packages": "p", "inside": "v"}, omit_defaults=True):
    """Where to go on. `waiting`: [package name, default version], the first one opened up to `inside`."""

    waiting: list[tuple[str, str | None]] = []
    more_packages: str | None = None
    inside: str | None = None


async def list_packages(wire: AwsIotWire, page: PageRequest, reading: Callable[[], Reading]) -> Page[Package]:
    """At most `page.size` versions, from at most CALLS_PER_PAGE calls. Raises InvalidInput for a broken `after`."""
    place = None if page.after is None else _read(page.after)
    rows: list[Package] = []
    for _ in range(CALLS_PER_PAGE):
        if place is None or (not place.waiting and place.more_packages is not None):
            found = await wire.list_packages(PACKAGES_AT_ONCE, place.more_packages if place else None)
            waiting = [(package.package_name, package.default_version_name) for package, _raw in found.rows]
            place = _Place(waiting=waiting, more_packages=found.next)
        elif place.waiting and len(rows) < page.size:
            rows += await _open_first(wire, place, page.size - len(rows), reading)
        else:
            break
    unfinished = place is not None and (place.waiting or place.more_packages is not None)
    return Page(rows, msgspec.json.encode(place).decode() if unfinished else None)


async def _open_first(wire: AwsIotWire, place: _Place, wanted: int, reading: Callable[[], Reading]) -> list[Package]:
    """Versions of the first waiting package; `place` moves on."""
    name, default = place.waiting[0]
    try:
        found = await wire.list_package_versions(name, min(wanted, VERSIONS_PAGE), place.inside)
    except NotFound:
        # Deleted since it was listed.
        place.waiting.pop(0)
        place.inside = None
        return []
    place.inside = found.next
    if found.next is None:
        place.waiting.pop(0)
    seen = reading()
    return [mapping.package_from_summary(seen, name, default, version, raw) for version, raw in found.rows]


def _read(after: str) -> _Place:
    try:
        return msgspec.json.decode(after, type=_Place)
    except msgspec.DecodeError:
        rule = "a cursor as the gateway printed it"
        raise InvalidInput(f"This is not a usable cursor. Expected {rule}.", path=("after",), rule=rule) from None
