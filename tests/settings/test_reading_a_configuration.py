from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path

import pytest

from gateway.settings import ConfigurationError, load, parse
from gateway.vendorkit.manifest import VendorManifest

Vendors = Mapping[str, VendorManifest]

BACKENDS = "backends: [{name: a, vendor: north-ota, region: r}]\n"


def test_what_is_left_out_has_defaults(vendors: Vendors) -> None:
    settings = parse(BACKENDS, {}, vendors)
    assert (settings.server.host, settings.server.port, settings.server.cors_origins) == ("127.0.0.1", 8000, ())
    assert settings.server.cursor_secret is None
    assert settings.cache.url == "memory://"
    assert settings.ledger.url == "sqlite+aiosqlite:///ota-gateway.db"
    assert settings.auth.mode == "none"
    assert settings.defaults.timeout == timedelta(seconds=5)


def test_empty_sections_are_as_left_out(vendors: Vendors) -> None:
    assert parse("server:\ndefaults:\ncache:\n" + BACKENDS, {}, vendors) == parse(BACKENDS, {}, vendors)


def test_a_backend_is_its_vendors_own_settings(vendors: Vendors) -> None:
    backend = parse(BACKENDS, {}, vendors).backends[0]
    assert (type(backend).__name__, backend.name, backend.vendor) == ("NorthSettings", "a", "north-ota")


def test_defaults_hold_for_backends_that_do_not_say_otherwise(vendors: Vendors) -> None:
    text = """
defaults: {timeout: 3s, cache_ttl: 0s, calls_per_second: 4}
backends:
  - {name: a, vendor: north-ota, region: r}
  - {name: b, vendor: north-ota, region: r, timeout: 700ms}
"""
    first, second = parse(text, {}, vendors).backends
    assert (first.timeout, first.cache_ttl, first.calls_per_second) == (timedelta(seconds=3), timedelta(0), 4)
    assert (second.timeout, second.calls_per_second) == (timedelta(milliseconds=700), 4)
    assert second.attempt_timeout == timedelta(seconds=2)


def test_the_environment_is_put_in_anywhere(vendors: Vendors) -> None:
    text = """
server: {port: "${env.PORT}", cursor_secret: "${env.SECRET}"}
defaults: {timeout: "${env.SECONDS}s", single_flight: "${env.FLIGHT}"}
backends:
  - name: fleet-${env.STAGE}
    vendor: north-ota
    region: "${env.AREA}-${env.STAGE}-1"
"""
    env = {"PORT": "81", "SECRET": "s" * 16, "SECONDS": "9", "FLIGHT": "false", "STAGE": "dev", "AREA": "eu"}
    settings = parse(text, env, vendors)
    assert settings.server.port == 81
    assert settings.server.cursor_secret is not None
    assert settings.server.cursor_secret.get_secret_value() == "s" * 16
    assert (settings.defaults.timeout, settings.defaults.single_flight) == (timedelta(seconds=9), False)
    assert settings.backends[0].name == "fleet-dev"
    assert settings.backends[0].model_dump()["region"] == "eu-dev-1"


def test_what_the_environment_holds_is_never_read_as_yaml(vendors: Vendors) -> None:
    text = "backends: [{name: a, vendor: north-ota, region: '${env.R}'}]"
    assert (
        parse(text, {"R": "x, read_only: true}"}, vendors).backends[0].model_dump()["region"] == "x, read_only: true}"
    )


def test_anchors_and_merge_keys_work(vendors: Vendors) -> None:
    text = """
backends:
  - &first {name: a, vendor: north-ota, region: r, timeout: 7s}
  - <<: *first
    name: b
"""
    first, second = parse(text, {}, vendors).backends
    assert (second.name, second.timeout) == ("b", first.timeout)


def test_secrets_do_not_print(vendors: Vendors) -> None:
    text = """
server: {cursor_secret: sixteen-letters-or-more}
ledger: {url: "postgresql+asyncpg://user:geheim@db/ota"}
backends:
  - {name: a, vendor: south-ota, project_id: abcd, credentials: {access_key: k, secret_key: hunter2}}
"""
    printed = repr(parse(text, {}, vendors))
    assert not any(secret in printed for secret in ("sixteen", "geheim", "hunter2"))


def test_a_file_is_read_with_the_environment_given(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"gateway\.yaml cannot be used") as missing:
        load(tmp_path / "gateway.yaml")
    assert [str(problem) for problem in missing.value.problems] == [
        "the file cannot be read: No such file or directory"
    ]
    (tmp_path / "gateway.yaml").write_bytes(b"\xff")
    with pytest.raises(ConfigurationError, match="not UTF-8"):
        load(tmp_path / "gateway.yaml")


def test_another_address_may_be_given_but_none_that_is_exposed(vendors: Vendors) -> None:
    settings = parse(BACKENDS, {}, vendors)
    moved = settings.listening("::1", 9000)
    assert (moved.server.host, moved.server.port, moved.backends) == ("::1", 9000, settings.backends)
    assert settings.listening(None, None) == settings
    with pytest.raises(ConfigurationError, match=r"127\.0\.0\.1"):
        settings.listening("192.168.1.1", None)
