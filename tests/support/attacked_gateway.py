"""A gateway in a process of its own, attacked: what was answered, how soon, and what became of its memory."""

import asyncio
import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any

import yaml

from gateway.vendorkit.discovery import installed_vendors
from tests.support.attacks import Attack, Outcome, dripping
from tests.support.child_server import REPOSITORY, child_server, free_port

LONGEST_SECONDS = 0.2
MOST_GROWTH = 0.10
_TRIES = 3
_HEALTH = Attack("health", "{ backends { name } }")
_NOBODY = "http://127.0.0.1:9"


@dataclass(slots=True)
class Assault:
    """The best outcome of each attack, and the slowest answer to somebody else meanwhile."""

    outcomes: dict[str, Outcome] = field(default_factory=dict)
    slowest_health: float = 0.0
    health_failures: list[str] = field(default_factory=list)

    @property
    def failed(self) -> dict[str, int]:
        """The attacks that were answered by a 5xx."""
        return {name: one.status for name, one in self.outcomes.items() if one.status is not None and one.status >= 500}

    @property
    def slow(self) -> dict[str, float]:
        """The attacks that were not answered in time, in seconds."""
        return {name: one.seconds for name, one in self.outcomes.items() if one.seconds > LONGEST_SECONDS}

    def table(self) -> Iterator[str]:
        """A line for each attack, the slowest first."""
        for name, one in sorted(self.outcomes.items(), key=lambda item: -item[1].seconds):
            yield f"{one.seconds * 1000:7.1f} ms  {one.status or 'closed'!s:>6}  {name}  {' '.join(one.codes)}"


@dataclass(frozen=True, slots=True)
class AttackedGateway:
    """The running process."""

    port: int
    pid: int
    log: Path
    _salts: Iterator[int] = field(default_factory=count)

    @property
    def megabytes(self) -> float:
        """The memory that is resident."""
        pages = int(Path(f"/proc/{self.pid}/statm").read_text(encoding="ascii").split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE") / 1_000_000

    async def assault(self, chosen: list[Attack]) -> Assault:
        """Carry out attacks one after another, and ask for something ordinary after each."""
        found = Assault()
        async with dripping(self.port, 50):
            for attack in chosen:
                found.outcomes[attack.name] = await self._best(attack)
                health = await self._best(_HEALTH)
                found.slowest_health = max(found.slowest_health, health.seconds)
                if health.status != 200:
                    found.health_failures.append(attack.name)
        return found

    async def _best(self, attack: Attack) -> Outcome:
        best: Outcome | None = None
        for _ in range(_TRIES):
            outcome = await attack.on(self.port, next(self._salts))
            if best is None or outcome.seconds < best.seconds or (outcome.status or 0) >= 500:
                best = outcome
            if best.seconds <= LONGEST_SECONDS:
                break
        assert best is not None
        return best

    async def settled(self) -> float:
        """The memory once small requests have followed, and time has passed for what is kept to be let go."""
        for _ in range(200):
            await _HEALTH.on(self.port)
        await asyncio.sleep(0.5)
        return self.megabytes


@contextmanager
def attacked_gateway(folder: Path, **sections: Mapping[str, Any]) -> Iterator[AttackedGateway]:
    """`ota-gateway serve` over a backend of each vendor at which nobody answers."""
    port = free_port()
    backends = [
        {"name": slug, "vendor": slug, **manifest.demo_settings(_NOBODY), "endpoint": _NOBODY}
        for slug, manifest in installed_vendors().items()
    ]
    config = folder / "gateway.yaml"
    ledger = {"url": f"sqlite+aiosqlite:///{folder / 'ledger.db'}"}
    config.write_text(yaml.safe_dump({"ledger": ledger, **sections, "backends": backends}))
    log = folder / "gateway.log"
    with child_server(
        [sys.executable, "-m", "gateway", "serve", "--config", config, "--host", "127.0.0.1", "--port", str(port)],
        asking=f"http://127.0.0.1:{port}/readyz",
        log=log,
        folder=REPOSITORY,
        environment={"PATH": os.environ["PATH"], "HOME": str(folder)},
    ) as process:
        yield AttackedGateway(port, process.pid, log)
