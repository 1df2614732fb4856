"""ConfigurationError: everything wrong with a configuration file, each with its line, its path and the way out.

Nothing here echoes what stands in the file or in the environment: any value may be a secret, and a slip of the
keyboard can turn a secret into a key.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from difflib import get_close_matches

Path = tuple[str | int, ...]

_PLAIN_KEY = re.compile(r"[A-Za-z][A-Za-z_0-9]{0,40}")


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """One thing that is wrong. `line` counts from 1, and is 0 where the file as a whole is meant; `path` is dotted."""

    line: int
    path: str
    message: str

    def __str__(self) -> str:
        place = ", ".join(part for part in (f"line {self.line}" if self.line else "", self.path) if part)
        return f"{place}: {self.message}" if place else self.message


class ConfigurationError(Exception):
    """The configuration cannot be used. `problems` stand in the order of their lines."""

    def __init__(self, problems: Iterable[Problem], source: str = "The configuration") -> None:
        self.problems = tuple(sorted(set(problems)))
        count = "1 problem" if len(self.problems) == 1 else f"{len(self.problems)} problems"
        listed = "".join(f"\n  {problem}" for problem in self.problems)
        super().__init__(f"{source} cannot be used: {count}.{listed}")


def dotted(path: Path) -> str:
    """`("backends", 0, "name")` as `backends[0].name`."""
    text = ""
    for part in path:
        if isinstance(part, int):
            text += f"[{part}]"
        else:
            text += f".{shown_key(part)}" if text else shown_key(part)
    return text


def shown_key(key: str) -> str:
    """A key as it may be printed: what does not look like one may be a misplaced secret, and is not shown."""
    return key if _PLAIN_KEY.fullmatch(key) else "(a key)"


def nearest(word: str, known: Iterable[str]) -> str | None:
    """The known word that was probably meant."""
    found = get_close_matches(word.lower(), sorted(known), n=1, cutoff=0.6)
    return found[0] if found else None


def suggestion(word: str, known: Iterable[str]) -> str:
    """The end of a message about an unknown word: what was probably meant, else what there is."""
    words = sorted(known)
    meant = nearest(word, words)
    if meant is not None:
        return f"did you mean {meant}?"
    return f"known are {', '.join(words)}" if words else "none are known"
