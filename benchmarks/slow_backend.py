"""One backend that takes two seconds beside three that take 20 ms, and 64 backends asked at once."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from statistics import median
from time import perf_counter, sleep
from typing import Any

from benchmarks.over_simulators import Client, backend, served
from benchmarks.simulated import Simulation, simulated

NAME = "slow_backend"

SLOW, QUICK = 2.0, 0.02
TIMEOUT = "1s"
MANY, MANY_DELAY = 64, 0.1
QUESTIONS, FEW_QUESTIONS = 40, 5
MERGED = 3
ASKING_THE_SLOW_ONE = 4

# AWS IoT lists up to 250 jobs in one call, so that a list takes what a call takes.
_VENDOR = "aws-iot"
_TASKS = """query Tasks($names: [String!]) { tasks(filter: { backends: $names }, first: 50) {
  nodes { id name status backend { name } } backends { name status error { code retryable } } } }"""


def measure(quick: bool) -> dict[str, Any]:
    """Both, without a cache, so that each question asks the vendors."""
    questions = FEW_QUESTIONS if quick else QUESTIONS
    return {"three_and_one": _three_and_one(questions), "many": _many(questions)}


def _three_and_one(questions: int) -> dict[str, Any]:
    delays = [QUICK, QUICK, QUICK, SLOW]
    simulations = [Simulation(vendor=_VENDOR, seed=place, delay=delay) for place, delay in enumerate(delays)]
    names = ["quick-1", "quick-2", "quick-3", "slow"]
    with (
        simulated(simulations) as vendors,
        served(
            [backend(*one) for one in zip(names, simulations, vendors.urls, strict=True)],
            cache_ttl="0s", timeout=TIMEOUT, attempt_timeout="5s", calls_per_second=1_000_000,
        ) as gateway,
        Client(gateway.url) as client,
    ):  # fmt: skip
        with _others_asking(gateway.url, names):
            client.ask(_TASKS, names=names[:3])
            three = [_timed(client, names[:3], dict.fromkeys(names[:3], "OK")) for _ in range(questions)]
        all_four = dict.fromkeys(names[:3], "OK") | {"slow": "FAILED"}
        merged = []
        for _ in range(MERGED):
            # The slow one's answer is on its way still, and would be in time for whoever asks late enough.
            sleep(SLOW + 0.5)
            merged.append(_timed(client, names, all_four))
    return {
        "slow_seconds": SLOW,
        "quick_ms": 1000 * QUICK,
        "timeout": TIMEOUT,
        "others": ASKING_THE_SLOW_ONE,
        "three_ms": _spread(three),
        "merged_ms": _spread(merged),
    }


def _many(questions: int) -> dict[str, Any]:
    simulations = [Simulation(vendor=_VENDOR, seed=place, delay=MANY_DELAY) for place in range(MANY)]
    names = [f"fleet-{place}" for place in range(MANY)]
    with (
        simulated(simulations) as vendors,
        served(
            [backend(*one) for one in zip(names, simulations, vendors.urls, strict=True)],
            cache_ttl="0s", calls_per_second=1_000_000,
        ) as gateway,
        Client(gateway.url) as client,
    ):  # fmt: skip
        expected = dict.fromkeys(names, "OK")
        first = _timed(client, names, expected)
        later = [_timed(client, names, expected) for _ in range(questions)]
    return {
        "backends": MANY,
        "each_ms": 1000 * MANY_DELAY,
        "first_ms": round(1000 * first, 1),
        "later_ms": _spread(later),
    }


def _timed(client: Client, names: list[str], expected: dict[str, str]) -> float:
    """How long the list of these backends takes. Raises RuntimeError when a backend is not as expected."""
    started = perf_counter()
    tasks = client.ask(_TASKS, names=names)["tasks"]
    took = perf_counter() - started
    found = {one["name"]: one["status"] for one in tasks["backends"]}
    shown = {node["backend"]["name"] for node in tasks["nodes"]}
    if found != expected or (
        len(names) <= 4 and shown != {name for name, status in expected.items() if status == "OK"}
    ):
        raise RuntimeError(f"The backends are {found} and {sorted(shown)} are shown, where {expected} was expected.")
    return took


@contextmanager
def _others_asking(url: str, names: list[str]) -> Iterator[None]:
    """Some ask for all backends, again and again, while the block runs."""
    ending = threading.Event()

    def ask() -> None:
        with Client(url) as client:
            while not ending.is_set():
                client.ask(_TASKS, names=names)

    threads = [threading.Thread(target=ask) for _ in range(ASKING_THE_SLOW_ONE)]
    for thread in threads:
        thread.start()
    # Until the slow one is being waited for.
    sleep(0.1)
    try:
        yield
    finally:
        ending.set()
        for thread in threads:
            thread.join()


def _spread(seconds: list[float]) -> dict[str, float]:
    return {
        "questions": len(seconds),
        "median": round(1000 * median(seconds), 1),
        "most": round(1000 * max(seconds), 1),
    }


def markdown(content: dict[str, Any]) -> str:
    """How long each took."""
    one, many = content["three_and_one"], content["many"]
    return f"""## A slow backend

Simulated AWS IoT backends, no cache. Three answer in {one["quick_ms"]:g} ms and one in {one["slow_seconds"]:g} s.
The gateway's `timeout` is {one["timeout"]}. While the three are asked for, {one["others"]} other clients ask for all
four. Then {many["backends"]} backends, each answering in {many["each_ms"]:g} ms, asked at once.

| | questions | median ms | longest ms |
| --- | --- | --- | --- |
| a list of the three | {_row(one["three_ms"])} |
| the merged list of all four, the slow one marked FAILED | {_row(one["merged_ms"])} |
| a list of {many["backends"]} backends, connections open | {_row(many["later_ms"])} |
| the same, the first time | 1 | {many["first_ms"]} | {many["first_ms"]} |
"""


def _row(spread: dict[str, float]) -> str:
    return f"{spread['questions']} | {spread['median']} | {spread['most']}"
