"""What must hold of every change, whatever happened before it and beside it."""

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from tests.support.states.beings import Being, Touch
from tests.support.states.wishes import Asked
from tests.support.states.world import World

_UNTOUCHED = frozenset({"REFUSED", "PREVIEWED", "ALREADY_DONE", "ALREADY_DELETED", "FAILED"})
_UNCALLED = frozenset({"PREVIEWED", "ALREADY_DONE", "ALREADY_DELETED"})
# Refused before anything is written down.
_UNWRITTEN = frozenset({"BAD_USER_INPUT", "IDEMPOTENCY_CONFLICT"})


class WrongDelete(AssertionError):
    """Something was deleted, cancelled or changed that its caller did not name."""


class Untrue(AssertionError):
    """An answer says what is not so, or does not say what is."""


@dataclass(slots=True)
class Figures:
    """What has been tried and seen."""

    runs: int = 0
    steps: int = 0
    mutations: Counter[str] = field(default_factory=Counter)
    codes: Counter[str] = field(default_factory=Counter)
    touches: int = 0
    vendors: Counter[str] = field(default_factory=Counter)


class Judge:
    """Looks at every answer and at what the vendor saw."""

    def __init__(self, world: World, figures: Figures, deleted: set[tuple[object, ...]]) -> None:
        self._world = world
        self._figures = figures
        self._deleted = deleted
        self._first: dict[str, tuple[Asked, dict[str, Any]]] = {}
        self._acted: dict[str, set[int]] = {}

    def touched(self, asked: Asked) -> list[Touch]:
        """What this change changed, all of which must be named by it."""
        touches = [one for one in self._world.fleet.touches if one.by == asked.number]
        for one in touches:
            if not asked.named.covers(one.being):
                raise WrongDelete(f"{asked.mutation} {asked.input} means {asked.named}; {one.operation} hit {one}")
        return touches

    async def look(self, asked: Asked, answer: dict[str, Any], place: int) -> None:
        """Raise AssertionError for what does not hold."""
        touches = self.touched(asked)
        calls = [operation for operation, by in self._world.fleet.written if by == asked.number]
        self._figures.touches += len(touches)
        codes = {error["code"] for error in answer["errors"]}
        outcome = answer.get("outcome") or _overall(asked, answer)
        self._figures.mutations[outcome] += 1
        self._figures.codes.update(codes)
        said = f"{asked.mutation} {asked.input} -> {answer}; calls {calls}; touches {touches}"
        each = {one["target"]: one["outcome"] for one in answer.get("results", ())}
        for one in touches:
            became = next((each[text] for text in asked.given(one.being) if text in each), outcome)
            if became in _UNTOUCHED:
                raise Untrue(f"{became}, and changed {one}: {said}")
        if calls and (asked.wish.dry_run or (outcome in _UNCALLED and not each)):
            raise Untrue(f"{outcome}, and called: {said}")
        self._once(asked, answer, touches, codes, said)
        if not asked.wish.dry_run and "IDEMPOTENCY_CONFLICT" not in codes:
            self._is_true(asked, answer, outcome, said)
        if asked.mutation == "deleteJobExecution" and outcome in {"DONE", "REQUESTED"}:
            self._deleted.update(one.being.shown[:3] for one in touches if one.ended)
        await self._is_audited(answer, outcome, codes, place, said)

    def _once(self, asked: Asked, answer: dict[str, Any], touches: list[Touch], codes: set[str], said: str) -> None:
        key = asked.input.get("idempotencyKey")
        if key is None or asked.wish.dry_run:
            return
        acted = self._acted.setdefault(key, set())
        if touches:
            acted.add(asked.number)
        if len(acted) > 1:
            raise Untrue(f"A key acted twice: {said}")
        if "BAD_USER_INPUT" in codes or "IDEMPOTENCY_CONFLICT" in codes:
            return
        first, then = self._first.setdefault(key, (asked, answer))
        if (first.mutation, first.input) != (asked.mutation, asked.input):
            raise Untrue(f"A key of another change was taken: {said}; first {first.input}")
        if (then.get("outcome") or _overall(first, then)) == "REFUSED":
            # A refusal that may pass gives its key back.
            self._first[key] = asked, answer
        elif then.get("outcome") != answer.get("outcome") or then["auditEntryId"] != answer["auditEntryId"]:
            raise Untrue(f"Repeated otherwise than it was answered first, {then}: {said}")

    def _is_true(self, asked: Asked, answer: dict[str, Any], outcome: str, said: str) -> None:
        if asked.wish.key is not None and self._first[asked.input["idempotencyKey"]][0] is not asked:
            # Repeated: true of then.
            return
        each = {one["target"]: one["outcome"] for one in answer.get("results", ())}
        for text, being in asked.targets.items():
            if being is None or self._changed_since(asked, being):
                continue
            stands = self._world.fleet.at(being)
            gone = stands is None or stands.going
            became = each.get(text, outcome)
            if asked.mutation.startswith("delete") and became in {"DONE", "ALREADY_DELETED"} and not gone:
                raise Untrue(f"{being} stands there still: {said}")
            said_canceled = asked.mutation.startswith("cancel") and became in {"DONE", "ALREADY_DONE"}
            if said_canceled and stands is not None and not (gone or stands.canceled):
                raise Untrue(f"{being} is {stands}: {said}")

    def _changed_since(self, asked: Asked, being: Being) -> bool:
        """Whether a change that went on at the same time had this being after this one did, or without it."""
        by = [one.by for one in self._world.fleet.touches if one.being is being and one.by is not None]
        if not by or by[-1] == asked.number:
            return False
        return asked.number in by or by[-1] > asked.number

    async def _is_audited(self, answer: dict[str, Any], outcome: str, codes: set[str], place: int, said: str) -> None:
        if codes & _UNWRITTEN:
            return
        if answer["auditEntryId"] is None:
            raise Untrue(f"No audit entry: {said}")
        query = "query ($id: ID!) { node(id: $id) { ... on OtaAuditEntry { state outcome } } }"
        entry = (await self._world.ask(place, query, {"id": answer["auditEntryId"]}))["node"]
        if entry is None or entry["state"] != "CLOSED" or entry["outcome"] != outcome:
            raise Untrue(f"Audited as {entry}: {said}")


def _overall(asked: Asked, answer: dict[str, Any]) -> str:
    """The one word for many that the audit holds and this answer does not."""
    outcomes = [one["outcome"] for one in answer["results"]]
    if asked.wish.dry_run and outcomes:
        return "PREVIEWED"
    if not outcomes or ({"REFUSED"} == set(outcomes)):
        return "REFUSED"
    return next((one for one in ("UNKNOWN", "FAILED", "REQUESTED", "DONE") if one in outcomes), "ALREADY_DONE")
