"""What must hold after gateways were killed: one closed entry for each change at a vendor, and no change twice."""

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

from gateway.ledger.tables import entries, targets
from tests.support.kill.changes import DONE, NOT_DONE, OPERATIONS, Named
from tests.support.kill.lane import Lane

_BY_OPERATION = {
    "deleteOtaTask": "DELETE_TASK",
    "deleteOtaPackage": "DELETE_PACKAGE",
    "deleteJobExecution": "DELETE_EXECUTION",
    "cancelOtaTask": "CANCEL_TASK",
    "cancelDeviceUpgrade": "CANCEL_EXECUTION",
}


@dataclass
class Verdict:
    """What was counted, and every breach in a sentence."""

    kills: int = 0
    changes: Counter[str] = field(default_factory=Counter)
    outcomes: Counter[str] = field(default_factory=Counter)
    entries: Counter[str] = field(default_factory=Counter)
    phases: Counter[str] = field(default_factory=Counter)
    at_vendors: int = 0
    sent_again: int = 0
    breaches: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        def listed(counter: Counter[str]) -> str:
            return ", ".join(f"{number} {name}" for name, number in counter.most_common())

        return "\n".join(
            (
                f"{self.kills} kills; {self.changes.total()} changes ({listed(self.changes)}), {self.sent_again} of "
                "them sent more than once",
                f"cut off: {listed(self.phases)}",
                f"answers in the end: {listed(self.outcomes)}",
                f"{self.at_vendors} changes at vendors; audit entries: {listed(self.entries)}",
                f"{len(self.breaches)} breaches",
                *(breach[:300] for breach in self.breaches[:20]),
            )
        )

    def add(self, other: "Verdict") -> None:
        """Take another lane's counts in."""
        self.kills += other.kills
        self.at_vendors += other.at_vendors
        self.sent_again += other.sent_again
        self.breaches += other.breaches
        for name in ("changes", "outcomes", "entries", "phases"):
            getattr(self, name).update(getattr(other, name))


async def judged(lane: Lane) -> Verdict:
    """Compare what the vendors did with what the ledger says of it and with what clients were told."""
    verdict = Verdict(kills=lane.kills, phases=lane.phases)
    rows = await _audited(lane, verdict)
    journal = lane.journal
    claimed = [False] * len(journal)
    told: dict[tuple[str, str], list[str]] = {}
    asked: dict[tuple[str, str], Named] = {}
    for change in lane.ended:
        verdict.changes[change.mutation + (" (bulk)" if len(change.named) > 1 else "")] += 1
        verdict.sent_again += change.sent > 1
        for one in change.named:
            # What was not done for one target of several is asked for again, under another key.
            told.setdefault((change.mutation, one.id), []).append(change.outcomes[one.id])
            asked[change.mutation, one.id] = one
    for (mutation, _), one in asked.items():
        answers = told[mutation, one.id]
        verdict.outcomes[f"{answers[-1]} {mutation}" if answers[-1] in NOT_DONE else answers[-1]] += 1
        places = [place for place, line in enumerate(journal) if _is_about(line, mutation, one)]
        for place in places:
            claimed[place] = True
        _judge(verdict, mutation, one, answers, [journal[place] for place in places], rows)
    for place, line in enumerate(journal):
        if not claimed[place]:
            verdict.breaches.append(f"A vendor was sent what nobody asked for: {line}")
    verdict.at_vendors = sum(line["done"] for line in journal)
    _judge_bystanders(verdict, lane)
    return verdict


def _is_about(line: dict[str, Any], mutation: str, one: Named) -> bool:
    return line["slug"] == one.slug and line["operation"] in OPERATIONS[mutation] and one.words <= set(line["words"])


def _judge(
    verdict: Verdict,
    mutation: str,
    one: Named,
    answers: list[str],
    sent: list[dict[str, Any]],
    rows: list[dict[str, Any]],
) -> None:
    about = f"{mutation} of {sorted(one.words)} in {one.slug} (answered {', '.join(answers)})"
    done = [place for place, line in enumerate(sent) if line["done"]]
    audited = [row["outcome"].get((_BY_OPERATION[mutation], one.id)) for row in rows]
    said_done = sum(outcome in DONE for outcome in audited)
    unknown = audited.count("UNKNOWN")
    if len(done) > 1:
        verdict.breaches.append(f"Done {len(done)} times: {about}")
    if done and done[0] != len(sent) - 1:
        verdict.breaches.append(f"Sent again after it was done: {about}")
    if done and said_done + unknown != 1:
        verdict.breaches.append(f"{said_done} entries say done and {unknown} unknown: {about}")
    if not done and said_done:
        verdict.breaches.append(f"An entry says done and the vendor did nothing: {about}")
    if bool(DONE & set(answers)) != bool(done) and "UNKNOWN" not in answers:
        verdict.breaches.append(f"The client was told otherwise than it is: {about}")


def _judge_bystanders(verdict: Verdict, lane: Lane) -> None:
    """What no change named is there still, and may still be done what might be done with it."""
    named = {one.id for change in lane.ended for one in change.named}
    touched_tasks = {
        task["id"]
        for task in lane.before["tasks"]["nodes"]
        if task["id"] in named or any(one["id"] in named for one in task["executions"]["nodes"])
    }
    for kind in ("tasks", "packages"):
        after = {one["id"]: one for one in lane.after[kind]["nodes"]}
        for one in lane.before[kind]["nodes"]:
            if one["id"] not in named and one["id"] not in touched_tasks and after.get(one["id"]) != one:
                verdict.breaches.append(f"Changed and never named: {one} is {after.get(one['id'])}")
        if not lane.before[kind]["nodes"]:
            verdict.breaches.append(f"There were no {kind} to compare")
    after_executions = {e["id"]: e for task in lane.after["tasks"]["nodes"] for e in task["executions"]["nodes"]}
    for task in lane.before["tasks"]["nodes"]:
        for one in task["executions"]["nodes"]:
            if task["id"] not in named and one["id"] not in named and after_executions.get(one["id"]) != one:
                verdict.breaches.append(f"Changed and never named: {one['id']}")


async def _audited(lane: Lane, verdict: Verdict) -> list[dict[str, Any]]:
    """Every entry, with its outcome by operation and target."""
    engine = create_async_engine(lane.ledger_url, poolclass=NullPool)
    async with engine.connect() as connection:
        rows = (await connection.execute(select(entries))).all()
        named: dict[str, list[str]] = {}
        for row in await connection.execute(select(targets)):
            named.setdefault(row.entry_id, []).append(row.target)
    await engine.dispose()
    found = []
    for row in rows:
        verdict.entries[row.outcome or "OPEN"] += 1
        if row.state != "CLOSED" or row.closed_at is None or row.result is None:
            verdict.breaches.append(f"Entry {row.id} is not closed")
            continue
        single = {one["target"]: one["outcome"] for one in row.result["results"]}
        outcome = {(row.operation, target): single.get(target, row.outcome) for target in named.get(row.id, ())}
        found.append({"id": row.id, "outcome": outcome})
    return found
