"""A Tuya adapter over real HTTP, in front of a scripted vendor."""

import json
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import pytest

from gateway.domain.backend import Backend
from gateway.vendorkit.http import OpenGate, VendorHttp
from gateway.vendorkit.kept_connections import KeptConnections
from gateway.vendorkit.manifest import AdapterContext
from gateway.vendors.tuya import MANIFEST
from gateway.vendors.tuya.adapter import TuyaAdapter
from gateway.vendors.tuya.settings import TuyaSettings
from tests.support.scripted_vendor import ScriptedVendor

COMMON = {"AccessKeyId", "SignatureMethod", "SignatureNonce", "Timestamp", "Signature"}


@pytest.fixture
async def vendor() -> AsyncIterator[ScriptedVendor]:
    async with ScriptedVendor() as scripted:
        yield scripted


@pytest.fixture
def asked(vendor: ScriptedVendor) -> Callable[[], list[dict[str, str]]]:
    """The parameters of each call, without those that every call has."""

    def parameters() -> list[dict[str, str]]:
        queries = [parse_qsl(sent.target.partition("?")[2], keep_blank_values=True) for sent in vendor.requests]
        return [{name: value for name, value in query if name not in COMMON} for query in queries]

    return parameters


@pytest.fixture
async def adapter_with(vendor: ScriptedVendor) -> AsyncIterator[Callable[..., TuyaAdapter]]:
    """An adapter of the scripted vendor, whose nonces end in 0001, 0002 and so on; keywords replace settings."""
    async with KeptConnections() as client:

        def http_for(base: str) -> VendorHttp:
            return VendorHttp(backend="retail", base_url=base, client=client, gate=OpenGate())

        def make(first_nonce: int = 1, **changes: Any) -> TuyaAdapter:
            settings = TuyaSettings.model_validate(
                {
                    "name": "retail",
                    "vendor": "tuya",
                    "endpoint": vendor.url,
                    "credentials": {"access_key_id": "testid", "access_key_secret": "testsecret"},
                    **changes,
                }
            )
            backend = Backend(name="retail", vendor=MANIFEST.vendor, capabilities=MANIFEST.capabilities)
            context = AdapterContext(
                backend=backend,
                http=http_for(vendor.url),
                http_for=http_for,
                now=lambda: datetime(2024, 11, 19, 9, 47, 43, tzinfo=UTC),
            )
            numbers = iter(range(first_nonce, 1000))
            return TuyaAdapter(settings, context, nonce=lambda: f"9e6189124f5a4716ad2de849467b{next(numbers):04d}")

        yield make


@pytest.fixture
def adapter(adapter_with: Callable[..., TuyaAdapter]) -> TuyaAdapter:
    return adapter_with()


@pytest.fixture
def situation() -> Callable[[str], Any]:
    """The vendor's answer to a situation, by the name of its file."""
    return lambda name: json.loads((Path(__file__).parent / "payloads" / f"{name}.json").read_text("utf-8"))
