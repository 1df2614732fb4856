"""What the benchmarks measure with tells the truth: calls counted, answers looked at, waiting included."""

import asyncio
import json
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx

from benchmarks.simulated import Simulation, simulated
from gateway.vendorkit.discovery import installed_vendors

ROOT = Path(__file__).parents[2]
FINE = b'{"data":{"list":{"status":"OK"}}}'
# One that failed among the lists, one without the list, and one with an error beside it.
WRONG = (b'{"data":{"list":{"status":"FAILED"}}}', b'{"data":{}}', FINE[:-1] + b',"errors":[{}]}')


def test_simulated_vendors_count_what_each_was_asked() -> None:
    slug = next(iter(installed_vendors()))
    with simulated([Simulation(vendor=slug, seed=0), Simulation(vendor=slug, seed=1)]) as vendors:
        first, second = vendors.urls
        assert vendors.calls() == [{}, {}]
        for _ in range(3):
            httpx.get(f"{second}/anything", trust_env=False)
        assert [sum(calls.values()) for calls in vendors.calls()] == [0, 3]
        assert first != second


@asynccontextmanager
async def answering(bodies: Sequence[bytes], *, after: float = 0.0) -> AsyncIterator[int]:
    """A server that gives these answers in turn, each so many seconds late; gives its port."""
    turn = iter(bodies)

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                length = head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0]
                await reader.readexactly(int(length))
                await asyncio.sleep(after)
                body = next(turn)
                # In two parts, as a large answer comes.
                writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n" % len(body) + body[:5])
                await asyncio.sleep(0.01)
                writer.write(body[5:])
        except (asyncio.IncompleteReadError, StopIteration):
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        yield server.sockets[0].getsockname()[1]


async def polled(port: int, *, dashboards: int, seconds: int) -> dict[str, Any]:
    plan = {
        "port": port, "dashboards": dashboards, "seconds": seconds, "body": {"query": "{ list }"},
        "expected": ['"status":"OK"', 1],
    }  # fmt: skip
    clients = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "benchmarks.dashboard_clients", cwd=ROOT, stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    said, _ = await clients.communicate(json.dumps(plan).encode() + b"\n")
    found: dict[str, Any] = json.loads(said)
    return found


async def test_dashboards_tell_wrong_answers_from_right_ones() -> None:
    async with answering([FINE, *WRONG, FINE]) as port:
        found = await polled(port, dashboards=5, seconds=1)
    assert (found["answers"], found["wrong"]) == (5, len(WRONG))
    assert len(found["examples"]) == len(WRONG)


async def test_a_dashboard_that_is_cut_off_is_told() -> None:
    async with answering([FINE]) as port:
        found = await polled(port, dashboards=1, seconds=2)
    assert (found["answers"], found["wrong"]) == (1, 1)


async def test_an_answer_that_comes_after_the_next_question_was_due_makes_that_one_late_too() -> None:
    async with answering([FINE] * 2, after=1.5) as port:
        found = await polled(port, dashboards=1, seconds=2)
    assert (found["answers"], found["wrong"]) == (2, 0)
    assert found["p50_ms"] >= 1500
    # Due at one second, sent at one and a half, answered at three.
    assert found["most_ms"] >= 2000
