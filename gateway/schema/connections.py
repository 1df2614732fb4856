"""What all connections share: page information, what each backend contributed, and how the arguments are read."""

from datetime import datetime
from typing import Annotated

import strawberry

from gateway.schema.errors import shown_error
from gateway.services.connection import BackendResultStatus

DEFAULT_FIRST = 50

First = Annotated[int | None, strawberry.argument(description="How many rows, 1 to 1000.")]
After = Annotated[
    str | None,
    strawberry.argument(description="Go on behind this cursor; it fits only the filter and order it came of."),
]


def rows(first: int | None) -> int:
    """How many rows were asked for; an explicit null means the default."""
    return DEFAULT_FIRST if first is None else first


def cursor(after: str | None) -> str | None:
    """The cursor, None where none was given."""
    return None if after is strawberry.UNSET else after


@strawberry.federation.type(shareable=True, description="Where a page stands in its list.")
class PageInfo:
    """Over services.connection.PageInfo."""

    has_next_page: bool = strawberry.field(description="Whether more rows follow.")
    has_previous_page: bool = strawberry.field(description="Whether rows come before this page.")
    start_cursor: str | None = strawberry.field(description="The cursor of the first row; null on an empty page.")
    end_cursor: str | None = strawberry.field(description="The cursor of the last row, to go on behind it.")


@strawberry.type(description="What one backend contributed to a list.")
class OtaBackendResult:
    """Over services.connection.BackendResult."""

    name: str = strawberry.field(description="The backend's name.")
    status: BackendResultStatus = strawberry.field(description="Whether its rows are in the list, and how fresh.")
    error = shown_error("Why its rows are missing or old.")
    fetched_at: datetime | None = strawberry.field(description="When its rows were read from the vendor.")
