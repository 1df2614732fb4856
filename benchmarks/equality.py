"""Whether all servers answer alike, before anything is timed. Cursors are each server's own: they have to be there."""

import json
from collections.abc import Sequence
from difflib import unified_diff
from typing import Any

import httpx

from benchmarks.running import Running
from benchmarks.shapes import Shape

_OWN = frozenset({"cursor", "startCursor", "endCursor"})


class Different(Exception):
    """Two servers do not say the same; the message is the difference."""


def answer(server: Running, body: dict[str, Any]) -> Any:
    """What the server says to one request. Raises Different when it is no plain success."""
    found = httpx.post(server.url, json=body, timeout=60, trust_env=False)
    content = found.json() if found.headers.get("content-type", "").startswith("application/") else found.text
    if found.status_code != 200 or not isinstance(content, dict) or content.get("errors") or not content.get("data"):
        raise Different(f"{server.server.title} answered {found.status_code}: {str(content)[:2000]}")
    return content


def same_answers(servers: Sequence[Running], shape: Shape, bodies: Sequence[dict[str, Any]]) -> Any:
    """The one answer that all of them give to this shape, each asked by its own body. Raises Different with a diff."""
    first, *others = [
        (server.server.title, comparable(server.server.read(answer(server, body))))
        for server, body in zip(servers, bodies, strict=True)
    ]
    for other in others:
        if other[1] != first[1]:
            lines = unified_diff(_lines(first[1]), _lines(other[1]), first[0], other[0], lineterm="", n=1)
            raise Different(f"{shape.name} is not answered alike.\n" + "\n".join(list(lines)[:60]))
    return first[1]


def comparable(content: Any) -> Any:
    """The answer with every cursor made the same word."""
    if isinstance(content, dict):
        return {key: "a cursor" if key in _OWN and value else comparable(value) for key, value in content.items()}
    if isinstance(content, list):
        return [comparable(one) for one in content]
    return content


def _lines(content: Any) -> list[str]:
    return json.dumps(content, indent=1, sort_keys=True, ensure_ascii=False).splitlines()
