"""What callers may ask for, drawn by hypothesis, and what they name by it."""

from dataclasses import dataclass, replace
from typing import Any

from hypothesis import strategies as st

from gateway.domain.operations import Operation
from tests.support.states.beings import EXECUTION, PACKAGE, TASK, Being, WatchedFleet

# The first few ids in their order are asked for again and again, so that changes meet.
PICKS = st.integers(0, 11)
MUTATIONS = {
    "delete_task": "deleteOtaTask",
    "cancel_task": "cancelOtaTask",
    "update_task": "updateOtaTask",
    "delete_package": "deleteOtaPackage",
    "delete_execution": "deleteJobExecution",
    "delete_native": "deleteJobExecution",
    "cancel_executions": "cancelDeviceUpgrade",
    "cancel_devices": "cancelDeviceUpgrade",
    "cancel_package": "cancelDeviceUpgrade",
    "confirm_task": "confirmOtaTask",
    "retry_task": "retryOtaTask",
    "create_task": "createOtaTask",
}
_REACHING = ("delete_task", *("delete_execution", "delete_native", "cancel_executions", "cancel_devices") * 2)
_OPERATIONS = {
    "delete_task": Operation.DELETE_TASK,
    "cancel_task": Operation.CANCEL_TASK,
    "update_task": Operation.UPDATE_TASK,
    "delete_package": Operation.DELETE_PACKAGE,
    "delete_execution": Operation.DELETE_EXECUTION,
    "delete_native": Operation.DELETE_EXECUTION,
    "cancel_executions": Operation.CANCEL_EXECUTION,
    "cancel_devices": Operation.CANCEL_EXECUTION,
    "cancel_package": Operation.CANCEL_EXECUTION,
    "confirm_task": Operation.CONFIRM_TASK,
    "retry_task": Operation.RETRY_TASK,
    "create_task": Operation.CREATE_TASK,
}
_KINDS = {"package": PACKAGE, "execution": EXECUTION, "executions": EXECUTION}


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """One mutation, before it is known which ids there are to choose from."""

    what: str
    pick: int
    other: int = 0
    force: bool = False
    fingerprint: str | None = None
    key: int | None = None
    dry_run: bool = False
    policy: str = "CONTINUE"


def wishes() -> st.SearchStrategy[Wish]:
    """Any kind of mutation, most of them plain, and most of those that reach what may be born again."""
    return st.builds(
        Wish,
        what=st.sampled_from((*MUTATIONS, *_REACHING)),
        pick=PICKS,
        other=PICKS,
        force=st.sampled_from((True, True, False)),
        fingerprint=st.sampled_from((None,) * 5 + ("own", "another's")),
        key=st.one_of(st.none(), st.none(), st.integers(0, 30)),
        dry_run=st.sampled_from((False,) * 11 + (True,)),
        policy=st.sampled_from(("CONTINUE",) * 4 + ("STOP_ON_FIRST", "ALL_OR_NOTHING")),
    )


@dataclass(frozen=True, slots=True)
class Named:
    """What a caller named: beings with all that belongs to them, and devices' parts in tasks or packages."""

    whole: frozenset[Being] = frozenset()
    devices: tuple[tuple[Being, str], ...] = ()

    def covers(self, being: Being) -> bool:
        """Whether a change of it was asked for."""
        above = _above(being)
        return not self.whole.isdisjoint(above) or any(
            owner in above and being.kind == EXECUTION and being.shown[1] == device for owner, device in self.devices
        )


def _above(being: Being) -> set[Being]:
    return {being}.union(*(_above(one) for one in being.within))


@dataclass(slots=True)
class Asked:
    """A mutation as it is sent, and what it names. `targets` are what each entry of the list means, if it has one."""

    wish: Wish
    mutation: str
    input: dict[str, Any]
    named: Named
    targets: dict[str, Being | None]
    number: int = 0

    def given(self, being: Being) -> list[str]:
        """By what names a list of targets may mean this being."""
        device = [str(being.shown[1])] if being.kind == EXECUTION else []
        return [text for text, one in self.targets.items() if one is being] + device


class Book:
    """The ids that callers have seen, each with the being that they saw by it."""

    def __init__(self, fleet: WatchedFleet, backend: str, supported: frozenset[Operation]) -> None:
        self._possible = [what for what, operation in _OPERATIONS.items() if operation in supported]
        self._fleet = fleet
        self._backend = backend
        self.meant: dict[str, Being] = {}
        self.fingerprints: dict[Being, str] = {}
        self.deleted: set[tuple[object, ...]] = set()

    def saw(self, text: str, fingerprint: str, kind: str, shown: tuple[object, ...]) -> None:
        """A caller was shown this row; by what it says of itself one knows which being it is."""
        being = self._fleet.shown.get((kind, *shown))
        assert being is not None, f"{kind} {shown} never stood at the vendor"
        assert self.meant.setdefault(text, being) is being, f"one id for {being} and {self.meant[text]}"
        self.fingerprints.setdefault(being, fingerprint)

    def ids(self, kind: str) -> list[str]:
        """All ids of a kind that were ever seen, in an order that keeps those of one place together."""
        of_kind = [(being.shown, text) for text, being in self.meant.items() if being.kind == kind]
        return [text for _, text in sorted(of_kind, key=str)]

    def asked(self, wish: Wish) -> Asked | None:
        """The mutation; None when there is nothing yet that it could be about."""
        if wish.what not in self._possible:
            wish = replace(wish, what=self._possible[(wish.pick + wish.other) % len(self._possible)])
        members, named, targets = self._members(wish)
        if not members:
            return None
        if wish.key is not None:
            members["idempotencyKey"] = f"{self._backend} {wish.key}"
        if wish.dry_run:
            members["dryRun"] = True
        return Asked(wish, MUTATIONS[wish.what], members, named, targets)

    def _members(self, wish: Wish) -> tuple[dict[str, Any], Named, dict[str, Being | None]]:
        if wish.what == "create_task":
            made = self._fleet.new_task(wish.pick)
            return ({} if made is None else {"backend": self._backend, **made}), Named(), {}
        if wish.what == "delete_native":
            return self._native(wish)
        ids = self.ids(_KINDS.get(wish.what.split("_")[1], TASK))
        if not ids:
            return {}, Named(), {}
        text = ids[wish.pick % len(ids)]
        being = self.meant[text]
        if wish.what == "cancel_executions":
            chosen = list(dict.fromkeys([text, ids[wish.other % len(ids)], ids[(wish.other + 1) % len(ids)]]))
            targets = {one: self.meant[one] for one in chosen}
            members: dict[str, Any] = {"executionIds": chosen, "force": wish.force, "errorPolicy": wish.policy}
            return members, Named(frozenset(targets.values())), dict(targets)
        if wish.what in {"cancel_devices", "cancel_package"}:
            return self._devices(wish, text, being)
        members = {"id": text}
        if wish.what in {"confirm_task", "retry_task"}:
            parts = [one for one in self.ids(EXECUTION) if self.meant[one].shown[0] == being.shown[0]]
            if wish.force and parts:
                chosen = list(dict.fromkeys((parts[wish.other % len(parts)], parts[(wish.other + 1) % len(parts)])))
                return members | {"executionIds": chosen}, Named(frozenset(self.meant[one] for one in chosen)), {}
            return members, Named(frozenset({being})), {}
        if wish.what == "update_task":
            members["description"] = f"described {wish.other}"
        else:
            members["force"] = wish.force
        named = Named(frozenset({being}))
        if wish.fingerprint is not None:
            of = being if wish.fingerprint == "own" else self.meant[ids[wish.other % len(ids)]]
            members["expectedFingerprint"] = self.fingerprints[of]
            if of is not being:
                named = Named()
        return members, named, {text: being}

    def _devices(self, wish: Wish, text: str, being: Being) -> tuple[dict[str, Any], Named, dict[str, Being | None]]:
        names = sorted({str(one.shown[1]) for one in self._fleet.shown.values() if one.kind == EXECUTION})
        chosen = list(dict.fromkeys((names[wish.other % len(names)], names[(wish.other + 1) % len(names)])))
        where: dict[str, Any] = {"taskId": text}
        if wish.what == "cancel_package":
            where = {"packageId": text, "allTasks": True}
        members = {"devices": {**where, "deviceNames": chosen}, "force": wish.force, "errorPolicy": wish.policy}
        return members, Named(devices=tuple((being, name) for name in chosen)), dict.fromkeys(chosen)

    def _native(self, wish: Wish) -> tuple[dict[str, Any], Named, dict[str, Being | None]]:
        seen = self.ids(EXECUTION)
        if not seen:
            return {}, Named(), {}
        shown = self.meant[seen[wish.pick % len(seen)]].shown
        if len(shown) < 3:
            return {}, Named(), {}
        native = {"backend": self._backend, "jobId": shown[0], "thingName": shown[1], "executionNumber": shown[2]}
        stands = [one for one in self._fleet.beings() if one.kind == EXECUTION and one.shown[:3] == shown[:3]]
        named = Named() if shown[:3] in self.deleted else Named(frozenset(stands))
        return {"execution": native, "force": wish.force}, named, {}
