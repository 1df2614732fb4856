"""Dashboards in a process of their own: each one connection that asks the same question every second.

`python -m benchmarks.dashboard_clients` reads a line of JSON, `{"port", "dashboards", "seconds", "body", "expected"}`,
and prints one when all is over. `expected` is [text, times]: an answer that does not hold the text so often is wrong.
Dashboards begin one after another within the first second, so that questions come evenly. An answer's time runs from
the moment its question was due, whenever it was sent.
"""

import asyncio
import json
import math
import sys
from collections.abc import Sequence
from time import perf_counter
from typing import Any, cast

import uvloop

_LENGTH = b"\r\ncontent-length: "
_PATIENCE_SECONDS = 30.0
_EXAMPLES = 3


class _Connection(asyncio.Protocol):
    """Questions and answers over one connection, one at a time."""

    def __init__(self) -> None:
        self._received = bytearray()
        self._expected = -1
        self._answer: asyncio.Future[bytes] | None = None
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)

    def connection_lost(self, exc: Exception | None) -> None:
        if self._answer is not None and not self._answer.done():
            self._answer.set_exception(exc or ConnectionError("the gateway closed the connection"))

    def data_received(self, data: bytes) -> None:
        self._received += data
        if self._expected < 0:
            head = self._received.find(b"\r\n\r\n")
            if head < 0:
                return
            at = self._received.lower().index(_LENGTH, 0, head + 2) + len(_LENGTH)
            self._expected = head + 4 + int(self._received[at : self._received.index(b"\r\n", at)])
        if len(self._received) >= self._expected and self._answer is not None and not self._answer.done():
            answer = bytes(self._received)
            self._received.clear()
            self._expected = -1
            self._answer.set_result(answer)

    async def ask(self, request: bytes) -> bytes:
        """Head and body of the answer. Raises OSError, TimeoutError."""
        if self._transport is None or self._transport.is_closing():
            raise ConnectionError("the connection is closed")
        self._answer = asyncio.get_running_loop().create_future()
        self._transport.write(request)
        return await asyncio.wait_for(self._answer, _PATIENCE_SECONDS)

    def close(self) -> None:
        if self._transport is not None:
            self._transport.close()


class _Tally:
    def __init__(self, text: str, times: int) -> None:
        self.seconds: list[float] = []
        self.wrong: list[str] = []
        self._text, self._times = text.encode(), times

    def count(self, took: float, answer: bytes) -> None:
        self.seconds.append(took)
        if not answer.startswith(b"HTTP/1.1 200 ") or answer.count(self._text) != self._times or b'"errors"' in answer:
            self.wrong.append(answer[-300:].decode("latin-1"))

    def fail(self, problem: BaseException) -> None:
        self.wrong.append(f"{type(problem).__name__}: {problem}")


async def _dashboard(plan: dict[str, Any], place: int, start: float, request: bytes, tally: _Tally) -> None:
    first = start + place / plan["dashboards"]
    await asyncio.sleep(max(0.0, first - perf_counter()))
    try:
        _, connection = await asyncio.get_running_loop().create_connection(_Connection, "127.0.0.1", plan["port"])
    except OSError as problem:
        tally.fail(problem)
        return
    for poll in range(plan["seconds"]):
        due = first + poll
        await asyncio.sleep(max(0.0, due - perf_counter()))
        try:
            answer = await connection.ask(request)
        except (OSError, TimeoutError) as problem:
            tally.fail(problem)
            break
        tally.count(perf_counter() - due, answer)
    connection.close()


async def _run(plan: dict[str, Any]) -> dict[str, Any]:
    body = json.dumps(plan["body"]).encode()
    head = f"POST /graphql HTTP/1.1\r\nhost: 127.0.0.1:{plan['port']}\r\ncontent-type: application/json\r\n"
    request = f"{head}content-length: {len(body)}\r\n\r\n".encode() + body
    tally = _Tally(*plan["expected"])
    start = perf_counter()
    await asyncio.gather(*(_dashboard(plan, place, start, request, tally) for place in range(plan["dashboards"])))
    ordered = sorted(tally.seconds)
    return {
        "answers": len(ordered),
        "wrong": len(tally.wrong),
        "examples": tally.wrong[:_EXAMPLES],
        "elapsed": round(perf_counter() - start, 3),
        "p50_ms": _percentile(ordered, 0.5),
        "p99_ms": _percentile(ordered, 0.99),
        "most_ms": _percentile(ordered, 1.0),
    }


def _percentile(ordered: Sequence[float], share: float) -> float:
    return round(1000 * ordered[math.ceil(share * len(ordered)) - 1], 2) if ordered else 0.0


if __name__ == "__main__":
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        print(json.dumps(runner.run(_run(json.loads(sys.stdin.readline())))))
