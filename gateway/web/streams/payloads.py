"""One result of a stream as the JSON that clients are sent.

Incremental delivery has two forms in use, and a stream keeps to one of them:

- the present one of the specification's draft, as graphql-js 17 sends it: what is `pending` has an id, by which later
  results refer to it, and is told when it is `completed`. Apollo names it incrementalSpec=v0.2.
- that of August 2022, which Apollo names deferSpec=20220824: each part has its `path` and `label`.
"""

from collections.abc import Callable, Iterable
from typing import Any

from graphql import (
    GraphQLError,
    IncrementalStreamResult,
    InitialIncrementalExecutionResult,
    SubsequentIncrementalExecutionResult,
)
from graphql.execution import PendingResult
from strawberry.types.execution import ExecutionResult

from gateway.web.graphql_errors import never_executed
from gateway.web.streams.operations import Result

Payload = dict[str, Any]
Presenting = Callable[[Result], Payload]


def payload(result: Result) -> Payload:
    """A result in the present form. `data` is left out where execution never began."""
    if isinstance(result, ExecutionResult):
        return _single(result)
    formatted: Any = result.formatted
    if not formatted.get("extensions"):
        formatted.pop("extensions", None)
    return dict(formatted)


class AsOf2022:
    """The results of one operation in the form of August 2022.

    What the present form sends once for several deferred fragments is sent once here too: clients of that form merge
    what they are given.
    """

    def __init__(self) -> None:
        self._pending: dict[str, PendingResult] = {}
        self._items: dict[str, int] = {}

    def payload(self, result: Result) -> Payload:
        """The next result."""
        if isinstance(result, ExecutionResult):
            return {**_single(result), "hasNext": False}
        if isinstance(result, InitialIncrementalExecutionResult):
            self._pending = {one.id: one for one in result.pending}
            for one in result.pending:
                self._count(one, {(): [result.data]})
            return {**_single(result), "hasNext": result.has_next}
        return self._later(result)

    def _later(self, result: SubsequentIncrementalExecutionResult) -> Payload:
        parts: list[Payload] = []
        announced = result.pending or []
        self._pending |= {pending.id: pending for pending in announced}
        came: _Came = {}
        for one in result.incremental or ():
            pending = self._pending[one.id]
            path = [*pending.path, *(one.sub_path or ())]
            part: Payload
            if isinstance(one, IncrementalStreamResult):
                self._count(pending, came)
                at = self._items.get(one.id, 0)
                self._items[one.id] = at + len(one.items)
                part = {"items": one.items, "path": [*path, at]}
                for index, item in enumerate(one.items, at):
                    came.setdefault((*path, index), []).append(item)
            else:
                part = {"data": one.data, "path": path}
                came.setdefault(tuple(path), []).append(one.data)
            parts.append(_with(part, pending, one.errors))
        for pending in announced:
            self._count(pending, came)
        for done in result.completed or ():
            pending = self._pending.pop(done.id)
            if done.errors:
                parts.append(_with(self._failed(done.id, pending), pending, done.errors))
        told: Payload = {"hasNext": result.has_next}
        if parts:
            told["incremental"] = parts
        return told

    def _failed(self, number: str, pending: PendingResult) -> Payload:
        if number in self._items:
            return {"items": None, "path": [*pending.path, self._items[number]]}
        return {"data": None, "path": pending.path}

    def _count(self, pending: PendingResult, came: "_Came") -> None:
        """Note how much has come of a list that goes on by itself. It came with what stands somewhere above it."""
        path = tuple(pending.path)
        if pending.id in self._items:
            return
        for length in range(len(path) + 1):
            for data in came.get(path[:length], ()):
                found = _at(data, path[length:])
                if isinstance(found, list):
                    self._items[pending.id] = len(found)


_Came = dict[tuple[str | int, ...], list[Any]]
"""What came in a result, by where it stands."""


def _single(result: ExecutionResult | InitialIncrementalExecutionResult) -> Payload:
    told: Payload = {}
    if not (isinstance(result, ExecutionResult) and never_executed(result)):
        told["data"] = result.data
    if result.errors:
        told["errors"] = [error.formatted for error in result.errors]
    if result.extensions:
        told["extensions"] = result.extensions
    return told


def _with(part: Payload, pending: PendingResult, errors: list[GraphQLError] | None) -> Payload:
    if pending.label is not None:
        part["label"] = pending.label
    if errors:
        part["errors"] = [error.formatted for error in errors]
    return part


def _at(data: Any, path: Iterable[str | int]) -> Any:
    for key in path:
        try:
            data = data[key]
        except (KeyError, IndexError, TypeError):
            return None
    return data
