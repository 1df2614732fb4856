"""The example operations that the explorer offers, as its folder holds them."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tests.support.child_server import REPOSITORY

EXPLORER: Final = REPOSITORY / "explorer"
_HEAD = re.compile(r"# (?P<title>.+)\n(?P<notes>(?:# .+\n)*)(?P<kind>query|mutation|subscription) ")


@dataclass(frozen=True)
class Example:
    """One operation. `kind` is query, mutation or subscription."""

    title: str
    kind: str
    text: str


def _examples_of(file: Path) -> list[Example]:
    examples = []
    for text in re.split(r"\n{2,}", file.read_text().strip()):
        head = _HEAD.match(text)
        assert head is not None, (
            f"{file.name}: an example begins with its title, and empty lines part examples:\n{text}"
        )
        examples.append(Example(head["title"], head["kind"], text))
    return examples


EXAMPLES: Final = [
    example for file in sorted((EXPLORER / "operations").glob("*.graphql")) for example in _examples_of(file)
]
LOOKUPS: Final = {file.stem: file.read_text() for file in sorted((EXPLORER / "lookups").glob("*.graphql"))}
