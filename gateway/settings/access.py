"""What the section `auth` has to agree with: itself, the backends and TLS."""

from collections.abc import Iterator, Sequence
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from gateway.auth.rights import READ
from gateway.auth.settings import MODES, WORDS, AuthSettings, Rule
from gateway.settings.problems import Path, shown_key, suggestion

if TYPE_CHECKING:
    from gateway.settings.model import ServerSettings

_SPELLED_OTHERWISE = {"READ_AUDIT": "audit: true", **dict.fromkeys(("LIST", "GET", "VIEW"), READ)}


def access_problems(
    auth: AuthSettings, server: "ServerSettings", backends: Sequence[str]
) -> Iterator[tuple[Path, str]]:
    """What is wrong, with where it stands. `backends` are the names of the configured ones."""
    for mode in MODES:
        section = getattr(auth, mode)
        if section and mode not in auth.modes:
            yield ("auth", mode), f"is set, but auth.mode does not name {mode}"
        if mode in auth.modes and not section:
            yield ("auth", "mode"), f"names {mode}, so auth.{mode} is needed"
    if auth.policies and not auth.is_on:
        yield ("auth", "policies"), "are set, but auth.mode is none, so that everybody may do everything"
    if auth.is_on and not auth.policies:
        yield ("auth",), "without policies nobody may do anything; give auth.policies a role"
    yield from _jwt_problems(auth)
    yield from _key_problems(auth)
    yield from _router_problems(auth, server)
    for role, rules in auth.policies.items():
        # What stands in the file may be one rule, without a list around it; the path of an item finds its line too.
        for place, rule in enumerate(rules):
            yield from _rule_problems(rule, ("auth", "policies", role, place), backends)


def _jwt_problems(auth: AuthSettings) -> Iterator[tuple[Path, str]]:
    jwt = auth.jwt
    if jwt is None:
        return
    if sum(map(bool, (jwt.jwks_url, jwt.jwks_file, jwt.public_keys))) != 1:
        yield ("auth", "jwt"), "expected one of jwks_url, jwks_file and public_keys"
    if not jwt.algorithms:
        yield ("auth", "jwt", "algorithms"), "none are listed, so no token could be accepted"


def _key_problems(auth: AuthSettings) -> Iterator[tuple[Path, str]]:
    for member in ("name", "sha256"):
        seen: set[str] = set()
        for place, key in enumerate(auth.api_keys):
            if getattr(key, member) in seen:
                yield ("auth", "api_keys", place, member), f"another key has this {member} already"
            seen.add(getattr(key, member))
    for place, key in enumerate(auth.api_keys):
        for index, role in enumerate(key.roles):
            if role not in auth.policies:
                path: Path = ("auth", "api_keys", place, "roles", index)
                yield path, f"auth.policies has no such role; {suggestion(role, map(shown_key, auth.policies))}"


def _router_problems(auth: AuthSettings, server: "ServerSettings") -> Iterator[tuple[Path, str]]:
    router = auth.router
    if router is None:
        return
    where: Path = ("auth", "router")
    if router.shared_secret is None and not router.client_names:
        yield where, "anybody could send its header; set shared_secret or client_names"
    if router.client_names and (server.tls is None or server.tls.client_ca is None):
        yield (*where, "client_names"), "nobody checks client certificates; set server.tls.client_ca"
    if len({router.header, router.roles_header, router.secret_header, "authorization", "x-api-key"}) < 5:
        yield where, "each header needs a name of its own"


def _rule_problems(rule: Rule, where: Path, backends: Sequence[str]) -> Iterator[tuple[Path, str]]:
    for place, word in enumerate(rule.operations):
        if word not in WORDS:
            yield (*where, "operations", place), f"unknown operation; {_meant(word)}"
    for place, pattern in enumerate(rule.backends):
        if not any(fnmatchcase(name, pattern) for name in backends):
            yield (*where, "backends", place), f"no backend has such a name; {suggestion(pattern, backends)}"
    gives = rule.operations or rule.raw or rule.audit
    if gives and not rule.backends:
        yield (*where, "backends"), "is missing; list names of backends, or '*'"
    if not gives and not rule.explore and not rule.metrics:
        yield where, "this rule gives nothing; add operations, raw, audit, metrics or explore"


def _meant(word: str) -> str:
    for start, meant in _SPELLED_OTHERWISE.items():
        if word.upper().startswith(start):
            return f"did you mean {meant}?"
    by_lower = {known.lower(): known for known in WORDS}
    words = suggestion(word, by_lower)
    for lower in sorted(by_lower, key=len, reverse=True):
        words = words.replace(f"mean {lower}?", f"mean {by_lower[lower]}?")
    return words if words.startswith("did") else f"known are {', '.join(WORDS)}"
