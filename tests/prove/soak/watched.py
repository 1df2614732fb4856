"""Watched: a process's memory, open files and tasks over time, and whether they are flat.

Flat is what grows, by its least-squares slope from the end of the warm-up on (a third of the time, four minutes at
most), by less than 5 % of its mean over the time that was watched, where a few files or tasks more or less are none.
"""

import asyncio
import os
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic

_EVERY = 5.0
_WARM_UP = (1 / 3, 240.0)
_GROWTH = 0.05
_SPARE = {"memory, MiB": 1.0, "open files": 8.0, "tasks": 8.0}


@dataclass
class Watched:
    """`pid` is the process; `counts` the file in which it writes how many tasks it has."""

    pid: int
    counts: Path
    _samples: list[tuple[float, dict[str, float]]] = field(default_factory=list)
    _warm: float = 0.0
    _before: dict[str, float] = field(default_factory=dict)
    _after: dict[str, float] = field(default_factory=dict)

    async def look(self, seconds: float) -> None:
        """Take a sample each five seconds."""
        self._before = self._sample()
        self._warm = min(seconds * _WARM_UP[0], _WARM_UP[1])
        began = monotonic()
        while (passed := monotonic() - began) < seconds:
            if passed >= self._warm:
                self._samples.append((passed, self._sample()))
            await asyncio.sleep(_EVERY)

    def rest(self) -> None:
        """Take the last sample, when nobody asks any more."""
        self._after = self._sample()

    def problems(self) -> list[str]:
        """What is not flat, and what has not been let go."""
        found = []
        for name, spare in _SPARE.items():
            mean, grown = self._mean(name), self._slope(name) * self._span() / 60
            if grown > mean * _GROWTH + spare:
                found.append(f"{name} grew by {grown:.1f} from {mean:.1f} on average")
        for name in ("open files", "tasks"):
            before, after = self._before[name], self._after[name]
            found += [f"{name}: {before:.0f} before, {after:.0f} after the load"] * (after > before + 2 * _SPARE[name])
        return found

    def table(self) -> str:
        """What was seen."""
        lines = [f"{'':14}{'idle before':>12}{'mean':>9}{'most':>9}{'a minute':>10}{'idle after':>12}"]
        for name in _SPARE:
            most = max(sample[name] for _, sample in self._samples)
            lines.append(
                f"{name:14}{self._before[name]:12.1f}{self._mean(name):9.1f}{most:9.1f}{self._slope(name):+10.3f}"
                f"{self._after[name]:12.1f}"
            )
        lines.append(f"{len(self._samples)} samples over {self._span():.0f} s after {self._warm:.0f} s of warm-up")
        return "\n".join(lines)

    def _sample(self) -> dict[str, float]:
        place = Path(f"/proc/{self.pid}")
        pages = int((place / "statm").read_text().split()[1])
        return {
            "memory, MiB": pages * os.sysconf("SC_PAGE_SIZE") / 2**20,
            "open files": float(len(list((place / "fd").iterdir()))),
            "tasks": float(self.counts.read_text() or 0),
        }

    def _span(self) -> float:
        return self._samples[-1][0] - self._samples[0][0]

    def _mean(self, name: str) -> float:
        return sum(sample[name] for _, sample in self._samples) / len(self._samples)

    def _slope(self, name: str) -> float:
        """Growth a minute, by least squares."""
        middle = sum(moment for moment, _ in self._samples) / len(self._samples)
        mean = self._mean(name)
        over = sum((moment - middle) * (sample[name] - mean) for moment, sample in self._samples)
        under = sum((moment - middle) ** 2 for moment, _ in self._samples)
        return 60 * over / under if under else 0.0
