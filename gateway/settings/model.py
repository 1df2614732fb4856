"""Settings: what the configuration file says, section by section. Vendors' own keys are declared in their folders."""

import re
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from typing import Annotated

from pydantic import Field, SecretStr, SerializeAsAny, StringConstraints, field_validator, model_validator

from gateway.auth.settings import AuthSettings
from gateway.settings.access import access_problems
from gateway.settings.limits import LimitSettings
from gateway.settings.observability import ObservabilitySettings
from gateway.settings.problems import ConfigurationError, Problem, dotted
from gateway.settings.watching import WatchSettings
from gateway.vendorkit.loopback import is_loopback
from gateway.vendorkit.settings import BackendSettings, Duration, Pace, Strict

_REDIS = re.compile(r"(redis|valkey)s?://([^/@\s]*@)?(\[[0-9A-Fa-f:.]+\]|[^/@:?#\s\[\]]+)(:\d{1,5})?(/\d{0,4})?")

Origin = Annotated[str, StringConstraints(pattern=r"^https?://[^/\s?#@*]+$")]


class TlsSettings(Strict):
    """TLS of the gateway's own port, version 1.2 at least. Files are read at the start."""

    certificate: Path = Field(description="The certificate and what leads to its issuer, as PEM.")
    private_key: Path = Field(description="The certificate's key, as PEM, not encrypted.")
    client_ca: Path | None = Field(
        default=None, description="Issuers of client certificates, as PEM. Set, what a client presents is verified."
    )
    require_client_certificate: bool = Field(
        default=False, description="Refuse connections without a client certificate. Needs client_ca."
    )

    @model_validator(mode="after")
    def _verifies_what_it_requires(self) -> "TlsSettings":
        if self.require_client_certificate and self.client_ca is None:
            raise ValueError("require_client_certificate needs client_ca, which says whose certificates count")
        return self


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
    tls: TlsSettings | None = Field(
        default=None,
        description="Serve HTTPS. Without it, let something in front do so: tokens are not to travel in clear.",
    )
    plans: bool = Field(
        default=True,
        description="Execute operations by plans made once for each. false leaves all execution to graphql-core.",
    )
    read_timeout: Duration = Field(
        default=timedelta(seconds=20),
        gt=timedelta(0),
        description="A client has so long to send one request, head and body, once it has begun.",
    )
    max_connections: int = Field(
        default=1000, ge=1, description="Connections that one process holds; further ones are closed unanswered."
    )
    shutdown_delay: Duration = Field(
        default=timedelta(0),
        description="When told to end, /readyz answers 503 and all is still served for so long: what a load balancer "
        "needs to notice.",
    )
    shutdown_timeout: Duration = Field(
        default=timedelta(seconds=30),
        gt=timedelta(0),
        description="From the signal to the end of the process at the latest, shutdown_delay included.",
    )

    @model_validator(mode="after")
    def _has_time_to_finish(self) -> "ServerSettings":
        if self.shutdown_delay >= self.shutdown_timeout:
            raise ValueError("expected shutdown_delay to be shorter than shutdown_timeout, which includes it")
        return self


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
    watching: WatchSettings = Field(
        default_factory=WatchSettings, description="How changes are found for subscriptions."
    )
    ledger: LedgerSettings = Field(default_factory=LedgerSettings, description="What must survive a crash.")
    auth: AuthSettings = Field(default_factory=AuthSettings, description="Who may call.")
    limits: LimitSettings = Field(
        default_factory=LimitSettings, description="What one request, and one principal, may ask for."
    )
    observability: ObservabilitySettings = Field(
        default_factory=ObservabilitySettings, description="What is told of the running gateway, and where."
    )
    backends: tuple[SerializeAsAny[BackendSettings], ...] = Field(
        min_length=1, description="The vendor accounts, regions and instances to ask."
    )

    @model_validator(mode="after")
    def _agrees_with_itself(self) -> "Settings":
        exposed = exposure(self.server.host, authenticated=self.auth.is_on)
        if exposed is not None:
            raise ValueError(exposed)
        names = [backend.name for backend in self.backends]
        if repeated(names):
            raise ValueError("two backends have one name")
        for path, message in access_problems(self.auth, self.server, names):
            raise ValueError(f"{dotted(path)}: {message}")
        return self

    def listening(self, host: str | None, port: int | None) -> "Settings":
        """The same settings with another address, where one is given. Raises ConfigurationError."""
        given = {key: value for key, value in (("host", host), ("port", port)) if value is not None}
        exposed = exposure(host, authenticated=self.auth.is_on) if host is not None else None
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
            watching=self.watching,
            ledger=self.ledger,
            auth=self.auth,
            limits=self.limits,
            observability=self.observability,
            backends=self.backends,
        )


def exposure(host: str, *, authenticated: bool) -> str | None:
    """Why this address must not be bound, or None."""
    if authenticated or is_loopback(host):
        return None
    return "without authentication (auth.mode: none) only loopback may be bound; use 127.0.0.1"


def repeated(names: Sequence[str]) -> list[int]:
    """The places of names that stand further up already."""
    return [place for place, name in enumerate(names) if name in names[:place]]
