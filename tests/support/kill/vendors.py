"""Simulated vendors in a process that outlives the gateways, with a journal of every change they were sent.

    python -m tests.support.kill.vendors JOURNAL SEED TASKS DEVICES

It prints a JSON object of base URLs by slug. Each line of the journal is one change: the vendor's operation, all words
of the request, and whether the vendor carried it out. Changes and their answers take a random while, so that a kill may
meet a call on its way there and on its way back.
"""

import asyncio
import json
import random
import sys
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any, TextIO
from urllib.parse import parse_qsl, unquote

from gateway.vendorkit.discovery import installed_vendors
from gateway.vendorkit.simulation.faults import FaultRule
from gateway.vendorkit.simulation.options import SimulatorOptions
from gateway.vendorkit.simulation.server import serving

CHANGING = {
    "DeleteJob", "CancelJob", "CancelJobExecution", "DeleteJobExecution", "DeletePackageVersion", "DeleteOtaTask",
    "DeleteBatchTask", "StopBatchTask", "DeleteOtaPackage", "CancelOTATaskByDevice", "CancelOTATaskByJob",
    "DeleteOTAFirmware",
}  # fmt: skip
_LONGEST_SECONDS = 0.15


def _words(request: Any) -> list[str]:
    path = [unquote(part) for part in request.raw_path.split("/") if part]
    query = [value for _, value in parse_qsl(request.raw_query)]
    found: list[str] = []

    def walk(value: object) -> None:
        if isinstance(value, dict):
            for member in value.values():
                walk(member)
        elif isinstance(value, list):
            for member in value:
                walk(member)
        else:
            found.append(str(value))

    try:
        walk(json.loads(request.body))
    except ValueError:
        found.extend(value for _, value in parse_qsl(request.body.decode("latin-1")))
    return path + query + found


def _journal(simulator: Any, slug: str, journal: TextIO) -> None:
    carry_out = simulator.answer

    def noting(operation: str, request: Any, fault: FaultRule | None) -> Any:
        answer = carry_out(operation, request, fault)
        if operation in CHANGING:
            done = answer.status < 300 and b'"success":false' not in answer.body.replace(b" ", b"")
            line = {"slug": slug, "operation": operation, "words": _words(request), "done": done}
            journal.write(json.dumps(line) + "\n")
            journal.flush()
        return answer

    simulator.answer = noting


def _slow(app: Any, chance: random.Random) -> Any:
    async def answer(scope: Any, receive: Any, send: Any) -> None:
        async def sending(message: Any) -> None:
            if message["type"] == "http.response.start":
                await asyncio.sleep(chance.uniform(0, longest))
            await send(message)

        # Tuya cancels and deletes by GET.
        changing = scope.get("method") != "GET" or b"Action=Cancel" in scope["query_string"]
        longest = _LONGEST_SECONDS if changing else _LONGEST_SECONDS / 50
        await asyncio.sleep(chance.uniform(0, longest))
        await app(scope, receive, sending)

    return answer


async def _main(journal: Path, seed: int, tasks: int, devices: int) -> None:
    chance = random.Random(seed)
    with journal.open("a") as lines:
        async with AsyncExitStack() as running:
            urls = {}
            for slug, manifest in installed_vendors().items():
                simulator = manifest.simulator(
                    SimulatorOptions(
                        seed=seed, tasks=tasks, devices_per_task=devices, quotas=False, speed=0.0, deletion_seconds=0.0
                    )
                )
                _journal(simulator, slug, lines)
                urls[slug] = await running.enter_async_context(serving(_slow(simulator, chance)))
            print(json.dumps(urls), flush=True)  # noqa: T201 - whoever started it waits for this line
            await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(_main(Path(sys.argv[1]), *map(int, sys.argv[2:5])))
