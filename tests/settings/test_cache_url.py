"""Where answers are kept: in the process, or in a Redis whose address is checked and whose password is never shown."""

from collections.abc import Mapping

import pytest

from gateway.settings import ConfigurationError, Settings, parse
from gateway.vendorkit.manifest import VendorManifest

Vendors = Mapping[str, VendorManifest]


def settings(url: str, vendors: Vendors, **env: str) -> Settings:
    return parse(f"cache: {{url: '{url}'}}\nbackends: [{{name: a, vendor: north-ota, region: r}}]\n", env, vendors)


@pytest.mark.parametrize(
    "url",
    [
        "redis://cache", "redis://cache:6379", "redis://127.0.0.1:6379/3", "rediss://user:pass@cache.example:6380/0",
        "valkey://:p%40ss@cache", "valkeys://[::1]:6379/0",
    ],
)  # fmt: skip
def test_a_redis_or_valkey_is_shared(url: str, vendors: Vendors) -> None:
    assert settings(url, vendors).cache.is_shared


def test_memory_is_not_shared(vendors: Vendors) -> None:
    assert not settings("memory://", vendors).cache.is_shared


@pytest.mark.parametrize(
    "url",
    ["redis://", "redis:///0", "redis://cache:port", "redis://cache/zero", "redis://a@b@cache", "unix:///redis.sock",
     "redis://cache:6379/0?ssl=no", "memory://1"],
)  # fmt: skip
def test_what_names_no_redis_is_refused(url: str, vendors: Vendors) -> None:
    with pytest.raises(ConfigurationError, match=r"cache\.url: expected memory:// or redis://"):
        settings(url, vendors)


def test_its_password_is_shown_nowhere(vendors: Vendors) -> None:
    kept = settings("redis://:${env.PASSWORD}@cache", vendors, PASSWORD="hunter2")
    assert "hunter2" in kept.cache.url
    assert "hunter2" not in repr(kept)
    with pytest.raises(ConfigurationError) as caught:
        settings("redis://:${env.PASSWORD}@cache/x", vendors, PASSWORD="hunter2")
    assert "hunter2" not in str(caught.value)
