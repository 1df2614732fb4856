"""Any bytes on the HTTP port: 4xx or an end, never 5xx, never a hang, nothing in the log that looks like a fault."""

import asyncio
import re
import socket
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractContextManager, AsyncExitStack, asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.support.any_bytes import FRAMES, NAMED, generated, post, upgrade

Start = Callable[..., AbstractContextManager[Any]]
Talk = tuple[asyncio.StreamReader, asyncio.StreamWriter]

_READ_SECONDS = 0.4
_GENERATED = 3000
_AT_ONCE = 100
_MOST = 150
_STATUS = re.compile(rb"HTTP/1\.1 (\d{3}) ")
_FAULT = re.compile(r"Traceback|\"level\": ?\"(error|critical)\"|Exception|never retrieved|never awaited")


class Port:
    """A gateway's port, and the process behind it."""

    def __init__(self, process: Any, address: str) -> None:
        self.process = process
        self.url = address
        self.number = int(address.rsplit(":", 1)[1])

    @property
    def files(self) -> int:
        """How many files the process has open."""
        return len(list(Path(f"/proc/{self.process.pid}/fd").iterdir()))

    @asynccontextmanager
    async def talking(self) -> AsyncIterator[Talk]:
        reader, writer = await asyncio.open_connection("127.0.0.1", self.number)
        try:
            yield reader, writer
        finally:
            writer.close()
            with suppress(ConnectionError):
                await writer.wait_closed()

    async def statuses(self, sent: bytes) -> list[int]:
        """What is answered to these bytes, until the gateway closes or has nothing to add for a moment."""
        async with self.talking() as (reader, writer):
            writer.write(sent)
            answered = b""
            try:
                async with asyncio.timeout(10):
                    while part := await _soon(reader, answered):
                        answered += part
            except ConnectionError:
                pass
        return [int(status) for status in _STATUS.findall(answered)]

    def ends_well(self) -> None:
        """It still answers, and its log tells of no fault."""
        answer = httpx.post(f"{self.url}/graphql", json={"query": "{ __typename }"}, trust_env=False)
        assert answer.json() == {"data": {"__typename": "Query"}}


async def _soon(reader: asyncio.StreamReader, answered: bytes) -> bytes:
    """More of an answer. One that has come ends the waiting shortly; without any, the gateway has to move."""
    if not answered:
        return await reader.read(65536)
    try:
        async with asyncio.timeout(0.1):
            return await reader.read(65536)
    except TimeoutError:
        return b""


@pytest.fixture
def port(start: Start, backends_at: Callable[..., str], tmp_path: Path) -> Iterator[Port]:
    server = f"server: {{port: 0, read_timeout: {int(_READ_SECONDS * 1000)}ms, max_connections: {_MOST}}}\n"
    (tmp_path / "gateway.yaml").write_text(server + backends_at("http://127.0.0.1:1"))
    with start("serve") as process:
        port = Port(process, process.address("OTA Gateway serves"))
        port.ends_well()
        yield port
        port.ends_well()
        status, printed = process.end(15)
    assert status == 0
    assert _FAULT.search(printed) is None, printed


async def test_what_is_no_request_is_refused_or_closed(port: Port) -> None:
    async def one(name: str) -> tuple[str, list[int]]:
        return name, await port.statuses(NAMED[name][0])

    found = dict(await asyncio.gather(*(one(name) for name in NAMED)))
    assert len(found) > 50
    wrong = {
        name: statuses
        for name, statuses in found.items()
        if (statuses[0] not in NAMED[name][1] if statuses else 200 in NAMED[name][1])
    }
    assert wrong == {}
    assert found["1,000 requests at once"].count(200) == 1000
    # What comes first is answered as if nothing followed it.
    assert found["garbage behind a request"][0] == found["a websocket behind a request"][0] == 200


async def test_a_websocket_takes_no_nonsense(port: Port) -> None:
    for frame in FRAMES.values():
        async with port.talking() as (reader, writer):
            writer.write(upgrade())
            async with asyncio.timeout(10):
                assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 101 ")
                writer.write(frame)
                # A close, with the reason for it.
                assert await reader.read(1) == b"\x88", frame


async def test_generated_bytes_find_no_fault(port: Port, record_property: Callable[[str, object], None]) -> None:
    before = port.files
    strings = generated(_GENERATED, seed=4)
    counts: dict[int, int] = {}

    async def some() -> None:
        for sent in strings:
            for status in await port.statuses(sent) or [0]:
                counts[status] = counts.get(status, 0) + 1

    await asyncio.gather(*(some() for _ in range(_AT_ONCE)))
    assert sum(counts.values()) >= _GENERATED
    assert {status for status in counts if status >= 500} == set()
    assert counts.get(0, 0) < _GENERATED / 2
    assert {200, 400, 408} <= set(counts)
    await _until(lambda: port.files <= before)
    record_property(
        "figures", f"{_GENERATED} byte strings on the HTTP port: answers by status {dict(sorted(counts.items()))}"
    )


async def test_a_request_that_drips_is_given_up(port: Port) -> None:
    async with port.talking() as (reader, writer):
        ended = asyncio.create_task(reader.read())
        for byte in post()[:-1]:
            if ended.done():
                break
            writer.write(bytes([byte]))
            await asyncio.sleep(_READ_SECONDS / 20)
        assert _STATUS.findall(await ended) == [b"408"]


async def test_who_does_not_take_an_answer_does_not_keep_it(port: Port) -> None:
    wanted = post(body=b'{"query": "{ __schema { types { name fields { name description } } } }"}')
    await asyncio.sleep(0.3)
    before = port.files
    with socket.create_connection(("127.0.0.1", port.number)) as client:
        # The answers do not fit into what the kernel keeps.
        client.sendall(wanted * 300)
        await _until(lambda: port.files > before)
        await _until(lambda: port.files <= before)


async def test_connections_beyond_the_limit_are_closed_unanswered(port: Port) -> None:
    async with AsyncExitStack() as idle:
        for _ in range(_MOST):
            await idle.enter_async_context(port.talking())
        assert await port.statuses(post()) == []
    await _until(lambda: port.files < _MOST)
    assert await port.statuses(post()) == [200]


async def _until(holds: Callable[[], bool], seconds: float = 20) -> None:
    async with asyncio.timeout(seconds):
        while not holds():  # noqa: ASYNC110 - another process does not tell
            await asyncio.sleep(0.05)
