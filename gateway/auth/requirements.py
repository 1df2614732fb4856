"""Requirements: what of the policies a router in front can be told, and judge by itself.

A role gives a right in certain backends only, and which backend is meant shows when an object is read. What holds
before that: who calls is known, and has one of the roles that give the right anywhere. A router that asks for this
lets through whoever the gateway lets through, and spares the gateway some who would be refused.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from gateway.auth.policies import granted
from gateway.auth.rights import CHANGES, Grant
from gateway.auth.settings import AuthSettings

RAW: Final = "raw"
AUDIT: Final = "audit"

_SCOPES: Final = "scope"


@dataclass(frozen=True, slots=True)
class Requirements:
    """The roles that give each right: a change's operation, RAW or AUDIT. Rights that no role gives are not in it.

    `scopes` tells that roles are what tokens hold as scopes, which routers judge without being taught.
    """

    roles: Mapping[str, tuple[str, ...]]
    scopes: bool


def requirements(auth: AuthSettings) -> Requirements | None:
    """What routers are told; None where they are told nothing.

    Unless the configuration says, they are told what all of them can judge: roles that are scopes of tokens, where
    nobody calls in another way.
    """
    by_scope = auth.modes == {"jwt"} and auth.jwt is not None and auth.jwt.roles_claim == _SCOPES
    if not auth.is_on or not (by_scope if auth.directives is None else auth.directives):
        return None
    roles: dict[str, tuple[str, ...]] = {}
    for role, rules in auth.policies.items():
        for rule in rules:
            for right in _rights(granted(rule)):
                if role not in roles.get(right, ()):
                    roles[right] = (*roles.get(right, ()), role)
    return Requirements(roles, scopes=by_scope)


def _rights(grant: Grant) -> Iterator[str]:
    if grant.backends:
        yield from sorted(grant.operations & {operation.value for operation in CHANGES})
        if grant.raw:
            yield RAW
        if grant.audit:
            yield AUDIT
