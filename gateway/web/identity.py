"""Who calls: found out before a request is read any further, and refused in words that help nobody to guess."""

from collections.abc import Awaitable, Callable, Collection, Iterable
from itertools import chain
from typing import Final

import structlog
from starlette.requests import HTTPConnection
from starlette.responses import Response
from starlette.types import Scope

from gateway.auth import ANYBODY, Principal
from gateway.auth.refusals import KeysUnavailable, Unauthenticated
from gateway.domain.answer_codes import AnswerCode
from gateway.observability.few_lines import FewLines
from gateway.observability.metrics import CALLERS_REFUSED
from gateway.web.responses import refusal

Headers = Iterable[tuple[bytes, bytes]]
Identify = Callable[[Headers, Collection[str]], Principal | Awaitable[Principal]]

CODE: Final = AnswerCode.UNAUTHENTICATED
_HOW: Final = "send Authorization: Bearer with a token or an API key, or an API key as X-Api-Key."
_NOTHING_SHOWN: Final = f"This gateway has to know who calls: {_HOW}"
_NOTHING_VALID: Final = f"These credentials are not valid here, or not any more. Get new ones, and {_HOW}"
_NO_KEYS: Final = "Tokens cannot be judged: the identity provider's keys cannot be fetched. Repeat later."
EXPIRED: Final = "The credentials of this connection have expired. Connect again with new ones."
_RETRY_SECONDS: Final = "10"
_LINES_A_MINUTE: Final = 30

_log = structlog.get_logger(__name__)
_lines = FewLines(_LINES_A_MINUTE)


class Identity:
    """Notes in the scope of a request or websocket who calls, by `identify`; without it, it is anybody."""

    def __init__(self, identify: Identify | None) -> None:
        self._identify = identify

    @property
    def asks(self) -> bool:
        """Whether callers have to show who they are."""
        return self._identify is not None

    def note(self, scope: Scope, more: Headers = ()) -> Awaitable[None] | None:
        """Find out who calls; an awaitable where that takes waiting. `more` counts as headers beside those sent.

        Raises Unauthenticated or KeysUnavailable.
        """
        if "principal" in scope:
            return None
        if self._identify is None:
            scope["principal"] = ANYBODY
            return None
        found = self._identify(chain(scope["headers"], more), _client_names(scope))
        if isinstance(found, Principal):
            scope["principal"] = found
            return None
        return _noted(scope, found)


def principal_of(connection: HTTPConnection) -> Principal:
    """Who calls. Raises KeyError for what was never asked who it is."""
    found: Principal = connection.scope["principal"]
    return found


def not_let_in(problem: Unauthenticated | KeysUnavailable, media_type: str) -> Response:
    """The answer to whoever is not let in. The reason goes to the log, without what was shown."""
    if isinstance(problem, KeysUnavailable):
        return refusal(
            503, _NO_KEYS, AnswerCode.KEYS_UNAVAILABLE, media_type=media_type, headers={"retry-after": _RETRY_SECONDS}
        )
    told(problem)
    # As RFC 6750 has it, only who showed something is told that it was wrong.
    challenge = 'Bearer realm="ota-gateway"' + (', error="invalid_token"' if problem.shown else "")
    return refusal(
        401,
        _NOTHING_VALID if problem.shown else _NOTHING_SHOWN,
        CODE,
        media_type=media_type,
        headers={"www-authenticate": challenge},
    )


def told(problem: Unauthenticated) -> None:
    """Count, and write down, why somebody was not let in. Anybody can be refused, so of the lines there are few."""
    CALLERS_REFUSED.inc()
    more = _lines.next() if problem.shown else None
    if more is not None:
        _log.warning("caller_refused", why=problem.reason, **more)


async def _noted(scope: Scope, finding: Awaitable[Principal]) -> None:
    scope["principal"] = await finding


def _client_names(scope: Scope) -> Collection[str]:
    tls = scope.get("extensions", {}).get("tls", {})
    names: Collection[str] = tls.get("client_names", ())
    return names
