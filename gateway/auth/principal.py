"""Principal: who calls."""

from dataclasses import dataclass
from typing import Final

from gateway.auth.rights import EVERYTHING, Rights


@dataclass(frozen=True, slots=True, kw_only=True)
class Principal:
    """Who calls. `name` is what the audit holds; `expires_at`, seconds of the epoch, ends streams that outlive a token.

    None of it holds the token itself.
    """

    name: str
    rights: Rights
    expires_at: float | None = None


ANYBODY: Final = Principal(name="anonymous", rights=EVERYTHING)
"""Whoever reaches a gateway without authentication, which listens on loopback only."""
