"""Parameters of a call, by their exact names: `FirmwareID` is not `FirmwareId`, and counts as missing."""

import re
from collections.abc import Mapping
from urllib.parse import parse_qsl

from gateway.vendorkit.simulation.answers import WireRequest
from gateway.vendors.tuya.simulator.refusals import BAD_PAGE, BAD_PARAMETER, TOO_MANY, failed, turned_away


def received(request: WireRequest) -> dict[str, str]:
    """Every parameter of the query and of a form body, decoded; empty values stay."""
    pairs = parse_qsl(request.raw_query, keep_blank_values=True)
    if request.headers.get("content-type", "").startswith("application/x-www-form-urlencoded"):
        pairs += parse_qsl(request.body.decode("latin-1"), keep_blank_values=True)
    return dict(pairs)


class Parameters:
    """Reads parameters. Raises Refused for what lacks or is malformed."""

    def __init__(self, values: Mapping[str, str]) -> None:
        self._values = values

    def required(self, name: str) -> str:
        """A parameter that must be there: `Missing<name>` otherwise."""
        value = self._values.get(name)
        if not value:
            raise turned_away(f"Missing{name}", f"{name} is mandatory for this action.")
        return value

    def optional(self, name: str) -> str | None:
        """A parameter or None; an empty one is None."""
        return self._values.get(name) or None

    def number(self, name: str, allowed: range | frozenset[int]) -> int | None:
        """An integer among the allowed ones, or None."""
        text = self.optional(name)
        if text is None:
            return None
        if not re.fullmatch(r"[0-9]{1,15}", text) or int(text) not in allowed:
            raise failed(BAD_PARAMETER, f"The value of {name} is not allowed.")
        return int(text)

    def flag(self, name: str) -> bool | None:
        """True or false in any case, or None."""
        text = self.optional(name)
        if text is None:
            return None
        if text.lower() not in {"true", "false"}:
            raise failed(BAD_PARAMETER, f"{name} is true or false.")
        return text.lower() == "true"

    def several(self, name: str, most: int) -> list[str]:
        """`name.1`, `name.2` and so on, up to the first gap; empty when there are none."""
        found: list[str] = []
        while value := self._values.get(f"{name}.{len(found) + 1}"):
            found.append(value)
        if len(found) > most:
            raise failed(TOO_MANY, f"{name}.N takes at most {most} values.")
        return found

    def some(self, name: str, most: int) -> list[str]:
        """As `several`, but at least one: `Missing<name>` otherwise."""
        found = self.several(name, most)
        if not found:
            raise turned_away(f"Missing{name}", f"{name}.1 is mandatory for this action.")
        return found

    def page(self, largest: int, *, required: bool = True) -> "PageRequest":
        """CurrentPage and PageSize; where they are optional, 1 and 10."""
        if required:
            self.required("CurrentPage")
            self.required("PageSize")
        number, size = (self.optional(name) for name in ("CurrentPage", "PageSize"))
        number, size = number or "1", size or "10"
        if not re.fullmatch(r"[0-9]{1,9}", number) or not re.fullmatch(r"[0-9]{1,9}", size):
            raise failed(BAD_PAGE, "CurrentPage and PageSize are numbers.")
        if int(number) < 1 or not 1 <= int(size) <= largest:
            raise failed(BAD_PAGE, f"CurrentPage starts at 1 and PageSize is 1 to {largest}.")
        return PageRequest(int(number), int(size))


class PageRequest:
    """A page by number."""

    def __init__(self, number: int, size: int) -> None:
        self.number = number
        self.size = size

    @property
    def start(self) -> int:
        """How many rows lie before the page."""
        return (self.number - 1) * self.size

    def members(self, total: int) -> dict[str, int]:
        """The paging members of an answer."""
        pages = -(-total // self.size)
        return {"currentPage": self.number, "pageSize": self.size, "pageCount": pages, "total": total}
