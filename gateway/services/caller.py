"""Caller: who asks, and how, for the length of one request."""

from dataclasses import dataclass, field

from gateway.auth import ANYBODY, Principal
from gateway.domain.errors import GatewayError
from gateway.domain.operations import Operation
from gateway.services.freshness import Freshness


class NotKept(Exception):
    """What was asked for has to be fetched, and the caller takes only what is kept."""


@dataclass(slots=True, kw_only=True)
class Caller:
    """One request's asker. `fresh` reads past the cache (Cache-Control: no-cache), `max_age` past what is older.

    `down` remembers which backends failed to answer in this request, so that a dead one costs its deadline once.
    `denied` holds what was denied in it, by operation and backend, so that it is audited once.
    `freshness` gathers until when the answer is as good as a new one.
    `kept_only` makes every read that would ask a vendor raise NotKept.
    """

    principal: Principal = ANYBODY
    fresh: bool = False
    max_age: float | None = None
    kept_only: bool = False
    down: dict[str, GatewayError] = field(default_factory=dict)
    denied: set[tuple[Operation, str]] = field(default_factory=set)
    freshness: Freshness = field(default_factory=Freshness)

    @property
    def actor(self) -> str:
        """The name that the audit holds."""
        return self.principal.name
