"""A Dockerfile, read instruction by instruction."""

import re
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Instruction:
    """A word such as RUN, and what stands behind it on the line and those that continue it."""

    word: str
    rest: str


def stages(file: Path) -> list[list[Instruction]]:
    """The instructions of each stage, its FROM first. What stands before the first stage is left out."""
    found: list[list[Instruction]] = []
    text = re.sub(r"\\\n\s*", " ", file.read_text(encoding="utf-8"))
    for line in text.splitlines():
        if not line or line.startswith("#"):
            continue
        word, _, rest = line.partition(" ")
        if word == "FROM":
            found.append([])
        if found:
            found[-1].append(Instruction(word, rest.strip()))
    return found
