"""ScriptedVendor: a tiny HTTP/1.1 server on loopback that answers what a test wrote down and keeps what it was sent.

    async with ScriptedVendor() as vendor:
        vendor.answer(200, {"jobs": []})
        ...                                     # let an adapter call vendor.url
        assert vendor.requests[0].target == "/jobs?maxResults=250"

Answers are used in order; with `when`, an answer serves the requests whose "METHOD /path?query" starts with it, as
often as they come. A request nobody wrote an answer for gets 599, so that the test sees it. Targets and header names
are kept exactly as they stood on the wire: clients' escaping can be checked.
"""

import asyncio
import json
from collections import deque
from dataclasses import dataclass, field
from typing import Any, Self


@dataclass(frozen=True, slots=True)
class SentRequest:
    """One request as it came. `headers` has lower-case names; `raw_headers` the spelling and order of the wire."""

    method: str
    target: str
    headers: dict[str, str]
    raw_headers: list[tuple[str, str]]
    body: bytes

    @property
    def line(self) -> str:
        """Method and target."""
        return f"{self.method} {self.target}"

    def json(self) -> Any:
        """The body, read."""
        return json.loads(self.body)


@dataclass(slots=True)
class _Answer:
    status: int
    body: bytes
    headers: dict[str, str]
    hang_up: bool
    delay: float
    when: str | None
    gate: asyncio.Event | None = None


@dataclass(slots=True)
class ScriptedVendor:
    """The server. `requests` are those it read, in the order they were read."""

    requests: list[SentRequest] = field(default_factory=list)
    _in_order: deque[_Answer] = field(default_factory=deque)
    _standing: list[_Answer] = field(default_factory=list)
    _server: asyncio.Server | None = None
    _port: int = 0
    _busy: set[asyncio.Task[None]] = field(default_factory=set)

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self._port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._server is not None:
            self._server.close()
            for task in self._busy:
                task.cancel()
            await asyncio.gather(*self._busy, return_exceptions=True)
            await self._server.wait_closed()

    @property
    def url(self) -> str:
        """Scheme, host and port."""
        return f"http://127.0.0.1:{self._port}"

    @property
    def lines(self) -> list[str]:
        """Method and target of every request."""
        return [request.line for request in self.requests]

    def answer(
        self,
        status: int = 200,
        body: object = b"",
        *,
        headers: dict[str, str] | None = None,
        when: str | None = None,
        delay: float = 0.0,
        gate: asyncio.Event | None = None,
    ) -> None:
        """Write down an answer. A body that is not bytes or text is sent as JSON; `gate` holds it back until set."""
        if isinstance(body, str):
            body = body.encode()
        content_type = "application/octet-stream" if isinstance(body, bytes) else "application/json"
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        sent = {"Content-Type": content_type, **(headers or {})}
        self._write_down(_Answer(status, content, sent, hang_up=False, delay=delay, when=when, gate=gate))

    def hang_up(self, *, when: str | None = None) -> None:
        """Read the request and close the connection without an answer."""
        self._write_down(_Answer(0, b"", {}, hang_up=True, delay=0.0, when=when))

    def _write_down(self, answer: _Answer) -> None:
        if answer.when is None:
            self._in_order.append(answer)
        else:
            self._standing.append(answer)

    def _answer_for(self, request: SentRequest) -> _Answer:
        for answer in self._standing:
            if answer.when is not None and request.line.startswith(answer.when):
                return answer
        if self._in_order:
            return self._in_order.popleft()
        return _Answer(599, f"no answer for {request.line}".encode(), {}, hang_up=False, delay=0.0, when=None)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        if task is not None:
            self._busy.add(task)
        try:
            while (request := await _read(reader)) is not None:
                self.requests.append(request)
                answer = self._answer_for(request)
                if answer.gate is not None:
                    await answer.gate.wait()
                await asyncio.sleep(answer.delay)
                if answer.hang_up:
                    break
                writer.write(_wire(answer))
                await writer.drain()
        except (ConnectionError, asyncio.CancelledError):
            pass
        finally:
            if task is not None:
                self._busy.discard(task)
            writer.close()


async def _read(reader: asyncio.StreamReader) -> SentRequest | None:
    try:
        head = await reader.readuntil(b"\r\n\r\n")
    except asyncio.IncompleteReadError:
        return None
    first, *lines = head.decode("latin-1").rstrip("\r\n").split("\r\n")
    method, target, _version = first.split(" ")
    raw = [(name, value.strip()) for name, _, value in (line.partition(":") for line in lines)]
    headers = {name.lower(): value for name, value in raw}
    body = await reader.readexactly(int(headers.get("content-length", "0")))
    return SentRequest(method, target, headers, raw, body)


def _wire(answer: _Answer) -> bytes:
    has_body = answer.status != 204
    headers = {**answer.headers, **({"Content-Length": str(len(answer.body))} if has_body else {})}
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    head = f"HTTP/1.1 {answer.status} Scripted\r\n{lines}\r\n".encode()
    return head + (answer.body if has_body else b"")
