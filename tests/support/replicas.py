"""Replicas of the gateway as they are run: `serve` in processes of their own, which can be killed and started again."""

import asyncio
import os
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import yaml

from tests.support.child_server import REPOSITORY, free_port

_START_SECONDS = 60


@dataclass
class Replica:
    """One process, and a client of it."""

    folder: Path
    port: int = field(default_factory=free_port)
    _process: "subprocess.Popen[bytes] | None" = None

    @property
    def url(self) -> str:
        """Where it answers."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def log(self) -> str:
        """What it has said so far."""
        return (self.folder / "gateway.log").read_text()

    def begin(self, configuration: Mapping[str, Any]) -> None:
        """Start it; `ready` waits for it."""
        self.folder.mkdir(exist_ok=True)
        config = self.folder / "gateway.yaml"
        config.write_text(yaml.safe_dump(dict(configuration)))
        command = [sys.executable, "-m", "gateway", "serve", "--config", config]
        with (self.folder / "gateway.log").open("ab") as log:
            self._process = subprocess.Popen(
                [*command, "--host", "127.0.0.1", "--port", str(self.port)],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=REPOSITORY,
                env={"PATH": os.environ["PATH"], "HOME": str(self.folder)},
            )  # fmt: skip

    async def ready(self, http: httpx.AsyncClient) -> None:
        """Wait until it says that it is ready."""
        end = time.monotonic() + _START_SECONDS
        while time.monotonic() < end:
            assert self._process is not None
            assert self._process.poll() is None, self.log
            try:
                if (await http.get(f"{self.url}/readyz")).status_code < 500:
                    return
            except httpx.TransportError:
                pass
            await asyncio.sleep(0.05)
        raise AssertionError(self.log)

    def kill(self) -> None:
        """End it at once: kill -9."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None


@dataclass(frozen=True, slots=True)
class Replicas:
    """Several over the same vendors, ledger and Redis."""

    each: Sequence[Replica]
    http: httpx.AsyncClient

    async def post(self, place: int, query: str, variables: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """A replica's whole answer. Raises httpx's errors when it does not answer."""
        body = {"query": query, "variables": dict(variables or {})}
        response = await self.http.post(f"{self.each[place % len(self.each)].url}/graphql", json=body)
        assert response.status_code < 500, response.text
        answer: dict[str, Any] = response.json()
        return answer

    async def ask(self, place: int, query: str, **variables: Any) -> dict[str, Any]:
        """The data of an answer without errors."""
        answer = await self.post(place, query, variables)
        assert "errors" not in answer, answer["errors"]
        data: dict[str, Any] = answer["data"]
        return data

    async def insist(self, place: int, query: str, **variables: Any) -> dict[str, Any]:
        """What a mutation came to, as a careful client asks: at the next replica when one does not answer, and again
        while the answer says that it may be repeated. The mutation has an idempotency key and is called `change`.
        """
        end = time.monotonic() + 30
        while True:
            try:
                answer = await self.post(place, query, variables)
            except httpx.TransportError:
                answer = {}
                place += 1
            if answer:
                assert "errors" not in answer, answer["errors"]
                change: dict[str, Any] = answer["data"]["change"]
                if not any(error["retryable"] for error in change["errors"]):
                    return change
            assert time.monotonic() < end, answer
            await asyncio.sleep(0.05)
