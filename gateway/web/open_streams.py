"""OpenStreams: the streams that stand, over websockets and over HTTP, and how they end when the process is told to."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

from gateway.observability.metrics import OPEN_STREAMS


class Stream(Protocol):
    """Something that goes on until it is told to end."""

    async def end(self) -> None:
        """Send what is due, tell the client that it is over, and let go of the connection."""
        ...


class OpenStreams:
    """All streams of one application."""

    def __init__(self) -> None:
        self._open: set[Stream] = set()
        self.ended = False

    def __len__(self) -> int:
        return len(self._open)

    @contextmanager
    def holding(self, stream: Stream, transport: str) -> Iterator[None]:
        """Count a stream in while the block runs, by the name that its transport has in metrics."""
        counted = OPEN_STREAMS.labels(transport)
        self._open.add(stream)
        counted.inc()
        try:
            yield
        finally:
            self._open.discard(stream)
            counted.dec()

    async def end(self) -> None:
        """End every stream, and each that would begin from here on."""
        self.ended = True
        await asyncio.gather(*(stream.end() for stream in tuple(self._open)), return_exceptions=True)
