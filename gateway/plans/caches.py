"""What Strawberry keeps of documents that it executes itself: few, since plans keep those that come again."""

from typing import Final

from strawberry.extensions import ParserCache, ValidationCache

_MOST: Final = 16


class FewParsed(ParserCache):
    """Strawberry's cache of parsed documents, of which each takes some thirty times the memory of its text."""

    def __init__(self) -> None:
        super().__init__(maxsize=_MOST)


class FewValidated(ValidationCache):
    """Strawberry's cache of what was found in documents."""

    def __init__(self) -> None:
        super().__init__(maxsize=_MOST)
