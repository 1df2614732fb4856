"""Rows as lines of text: one JSON object a line, or a table that no spreadsheet runs."""

import csv
import json
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, TextIO

# A spreadsheet takes what begins with one of these for a formula, and may run it.
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")

Write = Callable[[Mapping[str, Any]], None]


class Format(StrEnum):
    """ndjson: one JSON object a line. csv: a header and one row each, lists and objects as JSON in their cells."""

    NDJSON = "ndjson"
    CSV = "csv"


def written(form: Format, lines: TextIO, columns: Sequence[str]) -> Write:
    """What writes rows in that form, whose members are these columns in this order."""
    if form is Format.NDJSON:
        return lambda row: _write_line(lines, row)
    table = csv.writer(lines)
    table.writerow(columns)
    return lambda row: table.writerow([_cell(member) for member in row.values()])


def moment(at: datetime | None) -> str | None:
    """A moment as a row holds it, in UTC."""
    return None if at is None else at.astimezone(UTC).isoformat()


def _write_line(lines: TextIO, row: Mapping[str, Any]) -> None:
    lines.write(json.dumps(row) + "\n")


def _cell(member: Any) -> str:
    if member is None:
        return ""
    text = member if isinstance(member, str) else json.dumps(member)
    return f"'{text}" if text.startswith(_FORMULA) else text
