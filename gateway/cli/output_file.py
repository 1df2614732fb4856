"""Where an export goes, and which words and moments its options take."""

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import Annotated, TextIO, TypeVar

import typer

from gateway.cli.refusing import WRONG_USAGE, refuse

Word = TypeVar("Word", bound=StrEnum)

OutputFile = Annotated[Path | None, typer.Option(help="A file instead of standard output.")]


@contextmanager
def written_to(output: Path | None) -> Iterator[TextIO]:
    """Standard output, or a file that bears its name only once it is whole.

    What cannot be written is refused in a sentence; who stops reading ends the command.
    """
    try:
        if output is None:
            yield sys.stdout
            sys.stdout.flush()
            return
        part = output.with_name(f"{output.name}.part")
        try:
            with part.open("w", encoding="utf-8", newline="") as lines:
                yield lines
            part.replace(output)
        finally:
            part.unlink(missing_ok=True)
    except BrokenPipeError:
        # Whoever reads has seen enough. The interpreter would complain of it once more at its end.
        sys.stderr.close()
        raise typer.Exit from None
    except OSError as problem:
        refuse(f"The export cannot be written to {output or 'standard output'}: {problem.strerror}.")


def words(kind: type[Word], given: Sequence[str] | None, option: str) -> list[Word] | None:
    """The members of those names, or None. One that is not known is refused with those that are."""
    known = {one.value: one for one in kind}
    for word in given or ():
        if word not in known:
            refuse(f"{option} {word} is not known. Expected one of {', '.join(known)}.", WRONG_USAGE)
    return [known[word] for word in given] if given else None
