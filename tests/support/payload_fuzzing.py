"""Mangled answers by the thousand, given to a vendor's adapter: what may come out, and what did."""

import random
import traceback
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from gateway.domain.errors import GatewayError, OutcomeUnknown
from gateway.vendorkit.discovery import installed_vendors
from tests.support.fed_adapter import MOST_CALLS, Feeder, Question, adapter_over, recorded
from tests.support.mangling import mangled
from tests.support.said_by_vendor import Said, says_no

_LEFT_OUT = "probe"


@dataclass(slots=True)
class Findings:
    """`outcomes` counts what came out of each call, `faults` holds one example of each thing that should not have."""

    fed: int = 0
    objects: int = 0
    endless: int = 0
    outcomes: Counter[str] = field(default_factory=Counter)
    faults: dict[str, str] = field(default_factory=dict)

    def line(self, slug: str) -> str:
        """The figures in a line."""
        counted = ", ".join(f"{count} {name}" for name, count in self.outcomes.most_common())
        return (
            f"{slug}: {self.fed} mangled answers, {len(self.faults)} faults; {counted}; "
            f"{self.objects} objects compared with what was said; {self.endless} endless walks ended by time"
        )


async def feed(slug: str, count: int, folder: Path, *, seed: int, **section: object) -> Findings:
    """Give `count` mangled answers to the vendor's adapter, through every call of its port in turn."""
    findings = Findings()
    choosing = random.Random(f"{slug} {seed}")
    questions = [one for one in await recorded(slug, folder) if one.answers]
    feeder = Feeder()
    adapter = adapter_over(slug, feeder, "http://127.0.0.1:9", folder, **section)
    tables = installed_vendors()[slug].status_tables()
    for number in range(count):
        question = questions[number % len(questions)]
        feeder.answers = question.answers
        feeder.place = choosing.randrange(len(question.answers))
        feeder.instead = mangled(question.answers[feeder.place], choosing)
        feeder.given = []
        findings.fed += 1
        try:
            try:
                found = await question.ask(adapter)
            except GatewayError as error:
                findings.outcomes[str(error.code)] += 1
                _check_error(question, feeder, error)
            else:
                findings.outcomes["read or accepted"] += 1
                _check_identity(question, found)
                findings.objects += Said(feeder.given, question.words).check(found, tables)
        except Exception as fault:  # noqa: BLE001 - whatever it is, it is what is looked for
            where = traceback.extract_tb(fault.__traceback__)[-1]
            place = f"{Path(where.filename).name}:{where.lineno}"
            key = f"{question.name}: {type(fault).__name__} {str(fault)[:60]} at {place}"
            findings.faults.setdefault(key, _example(feeder, fault))
        findings.endless += len(feeder.given) >= MOST_CALLS
    return findings


def _check_error(question: Question, feeder: Feeder, error: GatewayError) -> None:
    """A change that the vendor answered with a success is never told as refused, unless the body says so."""
    str(error)
    last = feeder.given[-1] if feeder.given else None
    if not question.write or last is not feeder.instead or len(feeder.given) != len(question.answers):
        return
    if 200 <= last.status < 300 and not says_no(last.body):
        assert isinstance(error, OutcomeUnknown), f"a success that cannot be read is told as {error.code}"


def _check_identity(question: Question, found: Any) -> None:
    """What comes out is what was asked for, and nothing else: a change that follows reaches it by its own key."""
    name, about = question.name.split()[0], question.about
    if name in {"get_task", "get_package"}:
        assert found is None or found.ref.key == about[0].key, "another object than the one asked for"
    elif name == "get_executions":
        for one, asked in zip(found, about, strict=True):
            assert one is None or one.ref.key == asked.key, "another execution than the one asked for"
    elif name == "find_executions":
        for one, device in zip(found, about[1:], strict=True):
            assert one is None or one.device.name == device, "an execution of another device"
            assert one is None or one.task_ref.key == about[0].key, "an execution of another task"
    elif name == "list_executions":
        assert all(one.task_ref.key == about[0].key for one in found.rows), "an execution of another task"
    elif name == "list_device_executions":
        assert all(one.device.ref.key == about[0].key for one in found.rows), "an execution of another device"


def _example(feeder: Feeder, fault: Exception) -> str:
    answer = feeder.instead
    return f"{fault!r:.300}\n    {answer.status} {dict(answer.headers)!r:.200}\n    {answer.body[:600]!r}"
