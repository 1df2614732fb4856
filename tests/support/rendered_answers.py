"""Mangled answers on their whole way: from the vendor over HTTP, through the gateway, into GraphQL's answer."""

from collections import Counter
from pathlib import Path
from random import Random
from typing import Any

import orjson
from structlog.testing import capture_logs

from tests.support.fault_matrix import ALARMS, TYPED
from tests.support.fault_questions import LISTS, SINGLE, objects_of
from tests.support.faulty_world import faulty_world

_PATIENT = {"timeout": "5s", "attempt_timeout": "2s", "drain_timeout": "5s", "cache_ttl": "0s", "retries": 0}


async def render(slug: str, count: int, folder: Path, *, seed: int) -> tuple[str, list[str]]:
    """Ask `count` reads of a gateway whose vendor mangles a third of its answers. Gives the figures, and what is
    wrong: an HTTP 5xx, an error without a type, an answer that is no JSON in UTF-8, a line of the unexpected in the
    log.
    """
    wrong: list[str] = []
    answers: Counter[str] = Counter()
    questions = {**LISTS, **SINGLE}
    with capture_logs() as logged:
        async with faulty_world(slug, folder, _PATIENT) as world:
            variables = (await objects_of(world)).variables
            for number in range(count):
                name, query = list(questions.items())[number % len(questions)]
                world.vendor.mangling = Random(f"{slug} {seed} {number}")
                response = await world.post(query, **variables)
                found = _wrong(response.status_code, response.content, answers)
                wrong += [f"{name}: {one}" for one in found]
                await world.recover()
            mangled = world.vendor.mangled
    wrong += [f"logged {one}" for one in logged if one["event"] in ALARMS]
    told = ", ".join(f"{many} {what}" for what, many in answers.most_common())
    return f"{slug}: {count} answers rendered out of {mangled} mangled ones, {len(wrong)} wrong; {told}", wrong


def _wrong(status: int, content: bytes, answers: Counter[str]) -> list[str]:
    if status >= 500:
        return [f"HTTP {status}: {content[:300]!r}"]
    try:
        answer: dict[str, Any] = orjson.loads(content)
    except orjson.JSONDecodeError as problem:
        return [f"no JSON: {problem}"]
    codes = [error.get("extensions", {}).get("code") for error in answer.get("errors", ())]
    answers["with errors" if codes else "whole"] += 1
    # A key that no object of the vendor's can have is refused as such when it comes back in an id.
    typed = TYPED | {"BAD_USER_INPUT"}
    return [
        f"untyped: {error!s:.300}" for error in answer.get("errors", ()) if error["extensions"]["code"] not in typed
    ]
