"""The section `auth` of the configuration: who may call, and what each may do.

What has to agree with other sections (roles, names of backends, TLS) is checked in `gateway.settings.access`.
"""

from datetime import datetime, timedelta
from pathlib import Path
from typing import Annotated, Final, Literal, get_args
from urllib.parse import urlsplit

from pydantic import AwareDatetime, BeforeValidator, Field, SecretStr, StringConstraints, field_validator

from gateway.auth.rights import CHANGES, READ
from gateway.vendorkit.loopback import is_loopback
from gateway.vendorkit.settings import Duration, Strict

Mode = Literal["jwt", "api_keys", "router"]
MODES: Final[tuple[str, ...]] = get_args(Mode)
Algorithm = Literal["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"]

ALL: Final = "*"
ALL_CHANGES: Final = "changes"
WORDS: Final = (READ, ALL_CHANGES, ALL, *sorted(operation.value for operation in CHANGES))
"""What may stand under a rule's operations."""

Word = Annotated[str, StringConstraints(min_length=1, max_length=200)]
HeaderName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9-]{1,64}$", to_lower=True)]


def _modes(value: object) -> object:
    # `mode: none` and an unquoted null are easily confused.
    if value == "none":
        return value
    words = [value] if isinstance(value, str) else value
    if (
        not isinstance(words, list | tuple)
        or not words
        or len(set(map(str, words))) < len(words)
        or any(word not in MODES for word in words)
    ):
        raise ValueError(f"expected none, or one or several of {', '.join(MODES)}")
    return tuple(words)


def _listed(value: object) -> object:
    return [value] if isinstance(value, dict) else value


def _words(value: object) -> object:
    return [value] if isinstance(value, str) else value


class JwtSettings(Strict):
    """Tokens of an identity provider."""

    issuer: Word = Field(description="What `iss` has to say, letter by letter.")
    audience: Word = Field(description="What `aud` has to name: this gateway.")
    jwks_url: str | None = Field(
        default=None,
        description="Where the provider publishes its keys: https, or http on loopback. Read again as they change.",
    )
    jwks_file: Path | None = Field(default=None, description="Or a file that holds its keys as JWKS.")
    public_keys: tuple[Path, ...] = Field(default=(), description="Or files that hold a public key each, as PEM.")
    algorithms: tuple[Algorithm, ...] = Field(
        default=("RS256", "ES256", "EdDSA"),
        description="Signatures that are accepted, of RS, PS and ES with 256, 384 or 512, and EdDSA.",
    )
    leeway: Duration = Field(timedelta(seconds=30), description="How far clocks may differ; at most 5m.")
    refresh: Duration = Field(
        default=timedelta(minutes=5),
        description="How often jwks_url is read: a key that was withdrawn there is refused after this. 1s to 24h.",
    )
    name_claim: Word = Field(default="sub", description="The claim that names the caller, for the audit.")
    roles_claim: Word = Field(
        default="roles",
        description="The claim that lists the caller's roles, or holds them in one text, with spaces between; a dotted "
        "path leads into claims within claims.",
    )

    @field_validator("jwks_url")
    @classmethod
    def _not_in_clear(cls, url: str | None) -> str | None:
        if url is None:
            return None
        try:
            parts = urlsplit(url)
            host, _ = parts.hostname, parts.port
        except ValueError:
            raise ValueError("expected https://HOST/PATH") from None
        if not host or "@" in parts.netloc or parts.scheme not in ("https", "http"):
            raise ValueError("expected https://HOST/PATH")
        if parts.scheme == "http" and not is_loopback(host):
            raise ValueError("expected https: who can change keys on their way can sign in as anybody")
        return url

    @field_validator("leeway")
    @classmethod
    def _bounded(cls, value: timedelta) -> timedelta:
        if value > timedelta(minutes=5):
            raise ValueError("expected at most 5m: tokens would be accepted long after their end")
        return value

    @field_validator("refresh")
    @classmethod
    def _within(cls, value: timedelta) -> timedelta:
        if not timedelta(seconds=1) <= value <= timedelta(hours=24):
            raise ValueError("expected 1s to 24h")
        return value


class ApiKeySettings(Strict):
    """One key, by its digest. `ota-gateway keys new` makes it."""

    name: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._@-]{0,63}$")] = Field(
        description="Whose key it is. The audit shows it as key:NAME."
    )
    sha256: str = Field(
        pattern=r"^[0-9a-f]{64}$",
        repr=False,
        description="The SHA-256 of the key, in hexadecimal. Never the key itself.",
    )
    roles: tuple[Word, ...] = Field(min_length=1, description="Roles of auth.policies.")
    expires: AwareDatetime | None = Field(
        default=None, description="When it ends, such as 2026-12-31T00:00:00Z. Without it: when it is taken out."
    )

    @field_validator("expires", mode="before")
    @classmethod
    def _a_moment(cls, value: object) -> object:
        if value is None or isinstance(value, datetime):
            return value
        try:
            moment = datetime.fromisoformat(value) if isinstance(value, str) else None
        except ValueError:
            moment = None
        if moment is None or moment.tzinfo is None:
            raise ValueError("expected a moment with its offset, such as 2026-12-31T00:00:00Z")
        return moment


class RouterSettings(Strict):
    """A router in front that has found out who calls, and says so in a header. Each proof that is set is asked for."""

    header: HeaderName = Field(default="x-ota-principal", description="The header that names the caller.")
    roles_header: HeaderName = Field(
        default="x-ota-roles", description="The header that lists the caller's roles, with commas between."
    )
    shared_secret: Annotated[SecretStr, Field(min_length=32)] | None = Field(
        default=None, description="Proves the router: it sends this in secret_header. At least 32 characters."
    )
    secret_header: HeaderName = Field(default="x-ota-router-secret", description="The header of the shared secret.")
    client_names: tuple[Word, ...] = Field(
        default=(),
        description="Proves the router: its client certificate, signed by server.tls.client_ca, bears one of these as "
        "DNS name, URI or common name.",
    )


class Rule(Strict):
    """Operations on backends."""

    operations: Annotated[
        tuple[Annotated[str, Field(json_schema_extra={"enum": list(WORDS)})], ...],
        BeforeValidator(_words, json_schema_input_type=str | tuple[str, ...]),
    ] = Field(default=(), description="READ, changes by name such as CANCEL_TASK, `changes` for all of them, or `*`.")
    backends: Annotated[tuple[Word, ...], BeforeValidator(_words, json_schema_input_type=str | tuple[str, ...])] = (
        Field(default=(), description="Names of backends, with `*` for any characters.")
    )
    raw: bool = Field(default=False, description="The vendors' own JSON of what may be read.")
    audit: bool = Field(default=False, description="The audit entries of these backends.")
    metrics: bool = Field(default=False, description="/metrics, and what /readyz tells of backends.")
    explore: bool = Field(
        default=False, description="The schema's own description: introspection, suggestions and `_service`."
    )


class AuthSettings(Strict):
    """Who may call."""

    mode: Annotated[
        Literal["none"] | tuple[Mode, ...],
        BeforeValidator(_modes, json_schema_input_type=Literal["none"] | Mode | tuple[Mode, ...]),
    ] = Field(
        default="none",
        description="How callers show who they are: jwt, api_keys, router, or a list of these. none: whoever reaches "
        "the loopback address may do everything.",
    )
    jwt: JwtSettings | None = Field(default=None, description="Tokens of an identity provider (mode jwt).")
    api_keys: tuple[ApiKeySettings, ...] = Field(default=(), description="Keys of programs (mode api_keys).")
    router: RouterSettings | None = Field(default=None, description="A router that says who calls (mode router).")
    policies: dict[
        Word, Annotated[tuple[Rule, ...], BeforeValidator(_listed, json_schema_input_type=Rule | tuple[Rule, ...])]
    ] = Field(default_factory=dict, description="What each role may do: a rule or a list of rules by the role's name.")
    directives: bool | None = Field(
        default=None,
        description="Tell federation routers in `_service` who may what: @authenticated, and the roles that open a "
        "field in @requiresScopes or @policy. Unless set: where mode is jwt and roles_claim is `scope`, which all "
        "routers judge alike but @apollo/gateway, which takes no such schema.",
    )

    @property
    def is_on(self) -> bool:
        """Whether callers have to show who they are."""
        return self.mode != "none"

    @property
    def modes(self) -> frozenset[str]:
        """How they may."""
        return frozenset() if self.mode == "none" else frozenset(self.mode)
