"""Lengths and patterns that AWS's service models put on texts, checked before a call is spent on them."""

import re
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from gateway.domain.errors import InvalidInput


def printable(text: str) -> bool:
    r"""Whether `[^\p{C}]+` matches: no control, format, surrogate, private or unassigned character."""
    return bool(text) and not any(unicodedata.category(character).startswith("C") for character in text)


def matching(pattern: str) -> Callable[[str], bool]:
    """A test for a pattern that the whole text must match."""
    return lambda text, compiled=re.compile(pattern): compiled.fullmatch(text) is not None  # type: ignore[misc]


@dataclass(frozen=True, slots=True, kw_only=True)
class TextRule:
    """One member's rule. `says` tells it in words; lengths are in characters."""

    says: str
    accepts: Callable[[str], bool]
    longest: int
    shortest: int = 1

    def fits(self, text: str) -> bool:
        """Whether `text` keeps the rule."""
        return self.shortest <= len(text) <= self.longest and self.accepts(text)

    def check(self, text: str, *path: str) -> None:
        """Raise InvalidInput, naming the field at `path`, when `text` breaks the rule. The text is not repeated."""
        if not self.fits(text):
            raise InvalidInput(f"{'.'.join(path)} is not acceptable. Expected {self.says}.", path=path, rule=self.says)


def refuse_members(reason: str, given: Sequence[tuple[str, object]]) -> None:
    """Raise InvalidInput for the first of these (name, value) members that is given, were it an empty text."""
    for name, value in given:
        if value is not None:
            raise InvalidInput(f"{name} cannot be used here. {reason}", path=(name,), rule=reason)


def refuse_unknown_options(options: Sequence[str], known: Sequence[str]) -> None:
    """Raise InvalidInput for the first key of vendorOptions that the vendor's call does not have."""
    rule = f"one of {', '.join(known)}"
    for option in options:
        if option not in known:
            raise InvalidInput(
                f"vendorOptions has no member {option[:64]!r}. Expected {rule}.",
                path=("vendorOptions", option),
                rule=rule,
            )
