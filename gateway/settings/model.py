"""Settings: what the configuration file says, section by section. Vendors' own keys are declared in their folders."""

import re
from collections.abc import Sequence
from ipaddress import ip_address
from typing import Annotated

from pydantic import Field, SecretStr, SerializeAsAny, StringConstraints, field_validator, model_validator

from gateway.auth.settings import AuthSettings
from gateway.settings.limits import LimitSettings
from gateway.settings.problems import ConfigurationError, Problem
from gateway.vendorkit.settings import BackendSettings, Pace, Strict

_REDIS = re.compile(r"(redis|valkey)s?://([^/@\s]*@)?(\[[0-9A-Fa-f:.]+\]|[^/@:\s\[\]]+)(:\d{1,5})?(/\d{0,4})?")

Origin = Annotated[str, StringConstraints(pattern=r"^https?://[^/\s?#@*]+$")]


class ServerSettings(Strict):
    """Where the gateway listens."""

    host: str = Field(
        default="127.0.0.1", min_length=1, description="The address to bind. Without authentication: loopback."
    )
    port: int = Field(default=8000, ge=0, le=65535, description="The port to bind; 0 takes any free one.")
    cors_origins: tuple[Origin, ...] = Field(
        default=(), description="Origins of web pages that may call, as scheme://host:port; loopback ones always may."
    )
    cursor_secret: Annotated[SecretStr, Field(min_length=16)] | None = Field(
        default=None,
        description="Signs cursors. Without it cursors end with the process: a secret is drawn at each start.",
    )
    plans: bool = Field(
        default=True,
        description="Execute operations by plans made once for each. false leaves all execution to graphql-core.",
    )


class CacheSettings(Strict):
    """Where answers are kept for a moment."""

    url: str = Field(
        default="memory://",
        repr=False,
        description="memory:// keeps them in the process. redis://USER:PASSWORD@HOST:PORT/DATABASE shares them, the "
        "call budgets and what is changed with other processes; rediss:// does so over TLS. valkey:// and valkeys:// "
        "are the same.",
    )

    @field_validator("url")
    @classmethod
    def _known(cls, url: str) -> str:
        if url == "memory://" or _REDIS.fullmatch(url):
            return url
        raise ValueError("expected memory:// or redis://USER:PASSWORD@HOST:PORT/DATABASE")

    @property
    def is_shared(self) -> bool:
        """Whether other processes see what this one keeps."""
        return self.url != "memory://"


class LedgerSettings(Strict):
    """Where audit entries, idempotency keys and tombstones are kept."""

    url: str = Field(
        default="sqlite+aiosqlite:///ota-gateway.db",
        repr=False,
        description="An SQLAlchemy URL: sqlite+aiosqlite:///FILE or postgresql+asyncpg://USER:PASSWORD@HOST/DATABASE.",
    )

    @field_validator("url")
    @classmethod
    def _known(cls, url: str) -> str:
        if url.startswith(("sqlite+aiosqlite:///", "postgresql+asyncpg://")):
            return url
        raise ValueError("expected sqlite+aiosqlite:///FILE or postgresql+asyncpg://USER:PASSWORD@HOST/DATABASE")


class Settings(Strict):
    """The whole file. `backends` hold their vendors' own settings classes."""

    server: ServerSettings = Field(default_factory=ServerSettings, description="Where the gateway listens.")
    defaults: Pace = Field(
        default_factory=lambda: Pace.model_validate({}),
        description="What every backend keeps to unless it says otherwise.",
    )
    cache: CacheSettings = Field(default_factory=CacheSettings, description="Where answers are kept for a moment.")
    ledger: LedgerSettings = Field(default_factory=LedgerSettings, description="What must survive a crash.")
    auth: AuthSettings = Field(default_factory=AuthSettings, description="Who may call.")
    limits: LimitSettings = Field(
        default_factory=LimitSettings, description="What one request, and one principal, may ask for."
    )
    backends: tuple[SerializeAsAny[BackendSettings], ...] = Field(
        min_length=1, description="The vendor accounts, regions and instances to ask."
    )

    @model_validator(mode="after")
    def _agrees_with_itself(self) -> "Settings":
        exposed = exposure(self.server.host, self.auth.mode)
        if exposed is not None:
            raise ValueError(exposed)
        if repeated([backend.name for backend in self.backends]):
            raise ValueError("two backends have one name")
        return self

    def listening(self, host: str | None, port: int | None) -> "Settings":
        """The same settings with another address, where one is given. Raises ConfigurationError."""
        given = {key: value for key, value in (("host", host), ("port", port)) if value is not None}
        exposed = exposure(host, self.auth.mode) if host is not None else None
        if exposed is not None:
            raise ConfigurationError([Problem(0, "server.host", exposed)], "The address")
        return self._with_server(**given)

    def with_cursor_secret(self, secret: str) -> "Settings":
        """The same settings with cursors signed by this."""
        return self._with_server(cursor_secret=secret)

    def _with_server(self, **given: object) -> "Settings":
        server = ServerSettings.model_validate({**self.server.model_dump(), **given})
        return Settings(
            server=server,
            defaults=self.defaults,
            cache=self.cache,
            ledger=self.ledger,
            auth=self.auth,
            limits=self.limits,
            backends=self.backends,
        )


def is_loopback(host: str) -> bool:
    """Whether a host name or address, without a port, can only be this machine."""
    name = host.strip("[]").lower()
    if name == "localhost" or name.endswith(".localhost"):
        return True
    try:
        return ip_address(name).is_loopback
    except ValueError:
        return False


def exposure(host: str, mode: str) -> str | None:
    """Why this address must not be bound, or None."""
    if mode != "none" or is_loopback(host):
        return None
    return "without authentication (auth.mode: none) only loopback may be bound; use 127.0.0.1"


def repeated(names: Sequence[str]) -> list[int]:
    """The places of names that stand further up already."""
    return [place for place, name in enumerate(names) if name in names[:place]]
