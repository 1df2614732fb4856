"""Answers in parts, as a client reads and merges them, in either form of incremental delivery."""

import json
from typing import Any

_BOUNDARY = b"---"


def parts(body: bytes) -> list[Any]:
    """The bodies of the parts of a whole answer, whose boundary is a dash."""
    assert body.startswith(_BOUNDARY)
    rest = body.removeprefix(_BOUNDARY)
    found = []
    while rest != b"--\r\n":
        head, _, rest = rest.partition(b"\r\n\r\n")
        length = int(head.rpartition(b"content-length: ")[2])
        found.append(json.loads(rest[:length]))
        assert rest[length:].startswith(b"\r\n" + _BOUNDARY)
        rest = rest[length + 2 + len(_BOUNDARY) :]
    return found


def merged(results: list[Any]) -> Any:
    """What all results come to, and that each says of the next what is true."""
    first, *others = results
    data = first.get("data")
    assert [result.get("hasNext", False) for result in results] == [True] * len(others) + [False]
    pending = {one["id"]: one["path"] for one in first.get("pending", ())}
    for result in others:
        pending |= {one["id"]: one["path"] for one in result.get("pending", ())}
        for part in result.get("incremental", ()):
            if part.get("data", part.get("items")) is None:
                continue
            by_id = "id" in part
            path = [*pending[part["id"]], *part.get("subPath", ())] if by_id else part["path"]
            if "items" in part:
                if not by_id:
                    *path, at = path
                    assert at == len(_at(data, path))
                _at(data, path).extend(part["items"])
            else:
                _merge(_at(data, path), part["data"])
        for done in result.get("completed", ()):
            del pending[done["id"]]
    assert pending == {}
    return data


def errors_in(results: list[Any]) -> list[Any]:
    """The errors of all results and their parts."""
    found = [*results, *(part for one in results for key in ("incremental", "completed") for part in one.get(key, ()))]
    return [error for one in found for error in one.get("errors", ())]


def _at(data: Any, path: list[Any]) -> Any:
    for key in path:
        data = data[key]
    return data


def _merge(to: Any, more: Any) -> None:
    for key, value in more.items():
        if isinstance(value, dict) and isinstance(to.get(key), dict):
            _merge(to[key], value)
        elif isinstance(value, list) and isinstance(to.get(key), list):
            for one, other in zip(to[key], value, strict=True):
                if isinstance(one, dict):
                    _merge(one, other)
        else:
            to[key] = value
