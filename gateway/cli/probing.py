"""Probing: every backend asked once, all at the same time, each within its own `timeout`."""

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from time import perf_counter, time
from urllib.parse import urlsplit

from gateway.app import build_stack, vendor_client
from gateway.domain.errors import BackendUnavailable, GatewayError, Throttled, TimedOut
from gateway.settings import Settings
from gateway.vendorkit.calls import Carrier, SignedCall, VendorAnswer
from gateway.vendorkit.discovery import installed_vendors
from gateway.vendorkit.settings import BackendSettings

# Vendors take signatures that are minutes old; who is a minute off is on the way there.
_CLOCK_IS_OFF_SECONDS = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Probed:
    """Who is asked, and where: as the configuration has it."""

    name: str
    vendor: str
    region: str | None
    host: str


@dataclass(frozen=True, slots=True, kw_only=True)
class BackendCheck:
    """Whether one backend can be reached and lets us in.

    `code` is the error's, None when all is well; `advice` says what to do next where the message does not. `clock` is
    by how many seconds at least our clock is ahead of the vendor's, 0 where both may be right, None where it was not
    told.
    """

    backend: Probed
    code: str | None
    message: str
    advice: str | None
    seconds: float
    clock: float | None

    @property
    def ok(self) -> bool:
        """Reached, and let in."""
        return self.code is None

    @property
    def clock_is_off(self) -> bool:
        """Whether the clocks differ by so much that signatures will be refused sooner or later."""
        return self.clock is not None and abs(self.clock) >= _CLOCK_IS_OFF_SECONDS


def probed_backends(settings: Settings) -> list[Probed]:
    """Who will be asked, in the order of the configuration."""
    return [_probed(backend) for backend in settings.backends]


async def check_backends(settings: Settings) -> AsyncIterator[BackendCheck]:
    """Probe every backend once, all at once; the results as they come."""
    async with vendor_client() as client, asyncio.TaskGroup() as group:
        probes = [group.create_task(_check(backend, client)) for backend in settings.backends]
        for done in asyncio.as_completed(probes):
            yield await done


def _probed(settings: BackendSettings) -> Probed:
    return Probed(
        name=settings.name,
        vendor=settings.vendor,
        region=getattr(settings, "region", None),
        host=urlsplit(installed_vendors()[settings.vendor].endpoint(settings)).netloc,
    )


async def _check(settings: BackendSettings, client: Carrier) -> BackendCheck:
    witness = _Witness(client, time)
    stack = build_stack(settings, witness)
    backend = _probed(settings)
    problem: GatewayError | None = None
    started = perf_counter()
    try:
        await stack.look(stack.adapter.probe)
    except GatewayError as error:
        problem = error
    finally:
        seconds = perf_counter() - started
        await stack.adapter.aclose()
    return BackendCheck(
        backend=backend,
        code=None if problem is None else problem.code.value,
        message="reached, and let in" if problem is None else problem.message,
        advice=None if problem is None else _advice(problem, backend, witness),
        seconds=seconds,
        clock=witness.clock,
    )


def _advice(problem: GatewayError, backend: Probed, witness: "_Witness") -> str | None:
    """What to do about it. Refusals say so themselves, as each vendor's part knows best."""
    if witness.clock is not None and abs(witness.clock) >= _CLOCK_IS_OFF_SECONDS:
        return "This machine's clock differs from the vendor's: signatures are refused for that. Set it by NTP."
    if isinstance(problem, Throttled):
        return "Something else calls with this account too: give each its part of calls_per_second."
    if not isinstance(problem, BackendUnavailable) or not witness.asked:
        return None
    if isinstance(problem, TimedOut):
        return f"See whether a firewall on the way to {backend.host} drops packets; else raise attempt_timeout."
    if witness.clock is not None:
        return f"{backend.host} answers, but with an error of its own: ask again, and see the vendor's status page."
    return f"See that {backend.host} is right, and that this machine can resolve and reach it."


class _Witness:
    """A carrier that notes whether anything was sent, and what the answers tell of the time."""

    def __init__(self, carrier: Carrier, now: Callable[[], float]) -> None:
        self._carrier = carrier
        self._now = now
        self.asked = False
        self.clock: float | None = None

    async def carry(self, base_url: str, call: SignedCall) -> VendorAnswer:
        """As the carrier does it."""
        self.asked = True
        before = self._now()
        answer = await self._carrier.carry(base_url, call)
        after = self._now()
        try:
            date = parsedate_to_datetime(answer.headers.get("date", "")).timestamp()
        except ValueError:
            return answer
        # `Date` holds whole seconds, and many servers write it anew only once a second.
        ahead, behind = before - (date + 2), date - after
        self.clock = ahead if ahead > 0 else -behind if behind > 0 else 0.0
        return answer
