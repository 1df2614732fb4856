"""A lane: one ledger, one set of simulated vendors, and gateways that are killed one after another over them."""

import asyncio
import json
import multiprocessing
import os
import random
import sys
import time
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from multiprocessing.context import ForkServerProcess
from pathlib import Path
from typing import Any

import httpx
import yaml
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.pool import NullPool

from gateway.ledger.tables import calls, entries
from gateway.vendorkit.discovery import installed_vendors
from tests.support.child_server import REPOSITORY, free_port
from tests.support.kill.changes import FLEET, Change, changes_over

_FORKING = multiprocessing.get_context("forkserver")
# All that a start imports, once for all gateways: each is a process of its own all the same.
_FORKING.set_forkserver_preload(
    ["gateway.app", "gateway.cli.serve", "gateway.cli.listening", "gateway.vendors", "uvicorn", "aiosqlite", "asyncpg"]
)
_IN_FLIGHT = 5
_LONG_LIFE = (1.0, 4.5)


def _live(config: str, port: int, log: str) -> None:
    with Path(log).open("ab") as lines:
        os.dup2(lines.fileno(), 2)
    from gateway.cli.serve import serve

    serve(Path(config), None, port, 1)


@dataclass
class Lane:
    """What is under way in a lane, and what was seen of it."""

    folder: Path
    ledger_url: str
    urls: dict[str, str]
    chance: random.Random
    waiting: list[Change] = field(default_factory=list)
    new: list[Change] = field(default_factory=list)
    ended: list[Change] = field(default_factory=list)
    phases: Counter[str] = field(default_factory=Counter)
    kills: int = 0
    # How long a change took of late, in seconds, so that kills are spread over all of it on any machine.
    usual: float = 0.5
    before: dict[str, Any] = field(default_factory=dict)
    after: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        manifests = installed_vendors()
        backends = [
            {"name": slug, "vendor": slug, "endpoint": url, **manifests[slug].demo_settings(url)}
            for slug, url in self.urls.items()
        ]
        pace = {"calls_per_second": 5000, "attempt_timeout": "1s", "timeout": "20s", "cache_ttl": "0s"}
        document = {"ledger": {"url": self.ledger_url}, "defaults": pace, "backends": backends}
        (self.folder / "gateway.yaml").write_text(yaml.safe_dump(document))
        self._engine: AsyncEngine = create_async_engine(self.ledger_url, poolclass=NullPool)

    @property
    def journal(self) -> list[dict[str, Any]]:
        """The changes that the vendors were sent, in order."""
        return [json.loads(line) for line in (self.folder / "journal").read_text().splitlines()]

    async def run(self, kills: int) -> None:
        """Kill so many gateways while changes are under way, then let one live until all is settled."""
        async with self._gateway() as (_, http):
            self.before = await self._fleet(http)
        self.new = list(changes_over(self.before))
        while self.kills < kills:
            await self._one_life()
        async with self._gateway() as (_, http):
            while self.waiting:
                some, self.waiting = self.waiting, []
                await asyncio.gather(*(self._send(http, change) for change in some))
                await asyncio.sleep(0.2)
            for _ in range(200):
                if not await self.open_entries():
                    break
                await asyncio.sleep(0.1)
            self.after = await self._fleet(http)
        await self._engine.dispose()

    async def _fleet(self, http: httpx.AsyncClient) -> dict[str, Any]:
        """Everything there is, once every backend has told all of it."""
        for _ in range(30):
            answer = (await http.post("/graphql", json={"query": FLEET})).json()
            assert "errors" not in answer, answer
            fleet: dict[str, Any] = answer["data"]
            lists = [fleet["tasks"], fleet["packages"], *(task["executions"] for task in fleet["tasks"]["nodes"])]
            if all(backend["status"] in {"OK", "SKIPPED"} for one in lists for backend in one["backends"]):
                return fleet
            await asyncio.sleep(1)
        raise AssertionError("The backends do not tell all they have.")

    async def open_entries(self) -> list[str]:
        """Ids of the entries that are open."""
        async with self._engine.connect() as connection:
            return list(await connection.scalars(select(entries.c.id).where(entries.c.state == "OPEN")))

    async def _one_life(self) -> None:
        async with self._gateway() as (process, http):
            again, self.waiting = self.waiting[:_IN_FLIGHT], self.waiting[_IN_FLIGHT:]
            fresh, self.new = self.new[:_IN_FLIGHT], self.new[_IN_FLIGHT:]
            sent = [*again, *fresh]
            sending = [asyncio.create_task(self._send(http, change)) for change in sent]
            # Long enough, now and then, for what was left behind to be read back, and to be killed in it.
            long = self.chance.random() < 0.15
            await asyncio.sleep(self.chance.uniform(*_LONG_LIFE) if long else self.chance.uniform(0, 1.3 * self.usual))
            written = len(self.journal)
            process.kill()
            process.join()
            self.kills += 1
            await asyncio.gather(*sending)
            await self._note_phases([change for change in fresh if change in self.waiting], written)

    async def _send(self, http: httpx.AsyncClient, change: Change) -> None:
        change.sent += 1
        began = time.monotonic()
        try:
            answer = (await http.post("/graphql", json=change.body())).json()
        except (httpx.TransportError, ValueError):
            self.waiting.append(change)
            return
        following = change.take(answer)
        if change not in following:
            self.usual = 0.8 * self.usual + 0.2 * (time.monotonic() - began)
        self.waiting.extend(following)
        if change.answer is not None:
            self.ended.append(change)

    async def _note_phases(self, cut: list[Change], written: int) -> None:
        """When each change that got no answer was cut off, as the ledger and the vendors' journal tell."""
        journal = self.journal
        for change in cut:
            async with self._engine.connect() as connection:
                found = (
                    await connection.execute(
                        select(entries.c.id, entries.c.state).where(entries.c.idempotency_key == change.key)
                    )
                ).first()
                called = None
                if found is not None:
                    called = await connection.scalar(select(calls.c.number).where(calls.c.entry_id == found.id))
            reached = [any(one.words <= set(line["words"]) for one in change.named) for line in journal]
            if found is None:
                phase = "before the intent"
            elif found.state == "CLOSED":
                phase = "after the closing"
            elif called is None:
                phase = "before the call"
            elif not any(reached):
                phase = "on the way to the vendor"
            else:
                phase = "in or after the call" if any(reached[:written]) else "as the vendor acted"
            self.phases[phase] += 1

    @asynccontextmanager
    async def _gateway(self) -> AsyncIterator[tuple[ForkServerProcess, httpx.AsyncClient]]:
        port = free_port()
        process = _FORKING.Process(
            target=_live, args=(str(self.folder / "gateway.yaml"), port, str(self.folder / "gateway.log"))
        )
        process.start()
        try:
            async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=60, trust_env=False) as http:
                await self._ready(process, http)
                yield process, http
        finally:
            process.terminate()
            await asyncio.to_thread(process.join, 15)
            process.kill()

    async def _ready(self, process: ForkServerProcess, http: httpx.AsyncClient) -> None:
        end = time.monotonic() + 30
        while time.monotonic() < end:
            assert process.is_alive(), (self.folder / "gateway.log").read_text()
            try:
                if (await http.get("/readyz")).status_code < 500:
                    return
            except httpx.TransportError:
                pass
            await asyncio.sleep(0.01)
        raise AssertionError((self.folder / "gateway.log").read_text())


@asynccontextmanager
async def lane(folder: Path, ledger_url: str, seed: int, *, tasks: int, devices: int) -> AsyncIterator[Lane]:
    """A lane whose vendors run while the block does."""
    journal = _empty_file(folder / "journal")
    vendors = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.support.kill.vendors", journal, *map(str, (seed, tasks, devices))),
        stdout=asyncio.subprocess.PIPE,
        cwd=REPOSITORY,
    )
    try:
        assert vendors.stdout is not None
        urls = json.loads(await vendors.stdout.readline())
        yield Lane(folder, ledger_url, urls, random.Random(seed))
    finally:
        vendors.kill()
        await vendors.wait()


def _empty_file(path: Path) -> Path:
    path.parent.mkdir()
    path.touch()
    return path
