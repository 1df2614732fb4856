"""The fenced blocks of a document."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

_FENCE = re.compile(r"^```(\w+)[^\n]*\n(.*?)^```", re.MULTILINE | re.DOTALL)
_NAMED = re.compile(r"(?:#|//) (\S+\.\w+)\n")


@dataclass(frozen=True, slots=True)
class Block:
    """One of them. `file` is what its first line, a comment, calls it; empty where it does not."""

    language: str
    text: str
    line: int
    file: str


def blocks(page: Path) -> Iterator[Block]:
    """Those of a Markdown page that name a language, in order."""
    text = page.read_text(encoding="utf-8")
    for found in _FENCE.finditer(text):
        named = _NAMED.match(found[2])
        line = text.count("\n", 0, found.start()) + 1
        yield Block(found[1], found[2], line, named[1] if named else "")
