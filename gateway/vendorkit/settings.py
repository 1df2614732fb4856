"""The part of a backend's configuration that every vendor shares. A vendor's own part stands in its folder."""

import re
from collections.abc import Iterator
from datetime import timedelta
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    SecretStr,
    ValidationInfo,
    WithJsonSchema,
    field_validator,
    model_validator,
)

from gateway.vendorkit.loopback import is_loopback

_DURATION = re.compile(r"(\d+(?:\.\d+)?)(ms|s|m|h)")
_UNIT_SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0}


def _parse_duration(value: object) -> object:
    if isinstance(value, timedelta):
        return value
    match = _DURATION.fullmatch(value.strip()) if isinstance(value, str) else None
    if match is None:
        raise ValueError("expected a duration such as 5s, 300ms, 2m or 1h")
    return timedelta(seconds=float(match[1]) * _UNIT_SECONDS[match[2]])


Duration = Annotated[
    timedelta,
    BeforeValidator(_parse_duration),
    PlainSerializer(lambda value: f"{value.total_seconds():g}s", return_type=str),
    WithJsonSchema({"type": "string", "pattern": r"^\d+(\.\d+)?(ms|s|m|h)$", "examples": ["5s", "300ms"]}),
]


class Strict(BaseModel):
    """Unknown keys are refused; secrets print as stars."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True, str_strip_whitespace=True)


class Pace(Strict):
    """How hard and how long a backend is asked. Stands under `defaults`; every backend may override each."""

    timeout: Duration = Field(timedelta(seconds=5), description="A whole read of one backend, retries included.")
    attempt_timeout: Duration = Field(timedelta(seconds=2), description="One call to the vendor.")
    drain_timeout: Duration = Field(
        timedelta(seconds=120), description="Reading a whole backend that promises no order into a sorted snapshot."
    )
    cache_ttl: Duration = Field(
        timedelta(seconds=5), description="How long a kept answer is served as it is. 0s turns the cache off."
    )
    cache_hard_ttl: Duration | None = Field(
        None,
        description="How long it is served at all: after cache_ttl one read renews it behind the answers, after this "
        "callers wait. Twice the cache_ttl unless set, and never shorter than it.",
    )
    single_flight: bool = Field(
        True, description="Equal reads under way are answered by one call. Off, each asker reads on its own."
    )
    calls_per_second: float = Field(10.0, gt=0, description="The budget of the vendor account, writes included.")
    max_concurrent_calls: int = Field(
        32,
        ge=1,
        description="Calls to the vendor under way at once; more wait, changes first. One in eight is kept for "
        "changes.",
    )
    retries: int = Field(
        2,
        ge=0,
        le=10,
        description="How often a read that got no answer, or was asked to slow down, is tried again, while `timeout` "
        "lasts. Changes never are. 0 turns it off.",
    )
    stale_if_error: Duration = Field(
        timedelta(minutes=5),
        description="While the backend cannot be asked, lists show its last answer up to this age, marked STALE. "
        "Single objects never do. 0s turns it off; so does a cache_ttl of 0s.",
    )

    @field_validator("cache_hard_ttl")
    @classmethod
    def _not_before_the_soft_one(cls, value: timedelta | None, info: ValidationInfo) -> timedelta | None:
        soft = info.data.get("cache_ttl")
        if value is not None and soft is not None and value < soft:
            raise ValueError("expected at least the cache_ttl that applies here")
        return value

    @property
    def hard_ttl(self) -> timedelta:
        """The cache_hard_ttl in effect."""
        return 2 * self.cache_ttl if self.cache_hard_ttl is None else self.cache_hard_ttl


class BackendSettings(Pace):
    """One backend. Its vendor's folder adds what signing and addressing need."""

    name: str = Field(
        pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$",
        description="Your own name for it. It stands in ids: do not reuse it.",
    )
    vendor: str = Field(description="Which cloud speaks there.")
    read_only: bool = Field(False, description="Refuse every write to this backend.")
    endpoint: str | None = Field(
        None,
        pattern=r"^https?://[^/\s?#@]+/?$",
        description="Scheme, host and port, where it is not the vendor's own: a simulator or a private instance.",
    )
    propagate_trace: bool = Field(
        False,
        description="Send the W3C traceparent along with calls, unsigned, for what stands at `endpoint` and traces as "
        "well. Clouds have no use for it.",
    )
    allow_plain_http: bool = Field(
        False, description="Take an endpoint of http that is not on loopback. What is signed for it travels in clear."
    )

    @model_validator(mode="after")
    def _not_in_clear(self) -> "BackendSettings":
        if not self.allow_plain_http and self.plain_endpoints():
            raise ValueError(
                "by http, credentials and what they sign would travel in clear; use https in the endpoint, or say "
                "allow_plain_http: true"
            )
        return self

    def plain_endpoints(self) -> list[str]:
        """The endpoints, its own and those of what stands in it, that are http and not on loopback."""
        return [url for url in _endpoints(self) if url.startswith("http://") and not is_loopback(_host(url))]

    def secrets(self) -> tuple[str, ...]:
        """What must be told nobody: the values of all that is secret here."""
        return tuple(_secrets(self))


def _secrets(settings: BaseModel) -> Iterator[str]:
    for _, value in settings:
        if isinstance(value, SecretStr):
            yield value.get_secret_value()
        elif isinstance(value, BaseModel):
            yield from _secrets(value)


def _endpoints(settings: BaseModel) -> Iterator[str]:
    for name, value in settings:
        if name == "endpoint" and isinstance(value, str):
            yield value
        elif isinstance(value, BaseModel):
            yield from _endpoints(value)


def _host(url: str) -> str:
    try:
        return urlsplit(url).hostname or ""
    except ValueError:
        return ""


class AwsCredentials(Strict):
    """Static AWS keys. Without them the usual AWS chain is asked."""

    access_key_id: str = Field(description="The key's public half.")
    secret_access_key: SecretStr = Field(description="Its secret half.")
    session_token: SecretStr | None = Field(None, description="Goes with temporary keys.")
