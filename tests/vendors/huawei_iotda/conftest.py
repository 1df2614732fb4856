"""A Huawei IoTDA adapter over real HTTP, in front of a scripted vendor."""

import json
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

from gateway.domain.backend import Backend
from gateway.vendorkit.http import OpenGate, VendorHttp
from gateway.vendorkit.kept_connections import KeptConnections
from gateway.vendorkit.manifest import AdapterContext
from gateway.vendors.huawei_iotda import MANIFEST
from gateway.vendors.huawei_iotda.adapter import HuaweiIotdaAdapter
from gateway.vendors.huawei_iotda.settings import HuaweiIotdaSettings
from tests.support.scripted_vendor import ScriptedVendor

PROJECT = "0a1b2c3d4e5f60718293a4b5c6d7e8f9"
CREDENTIALS = {"access_key": "AKEXAMPLE0123456789", "secret_key": "SKexample0123456789abcdefghijklmnopqrstuv"}


class Clock:
    """A time that only a test moves."""

    def __init__(self) -> None:
        self.at = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.at


class ToLoopback(httpx.AsyncHTTPTransport):
    """Carries requests for any host to one local address, headers untouched, as a name server could."""

    def __init__(self, url: str) -> None:
        super().__init__()
        self._port = httpx.URL(url).port

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        request.url = request.url.copy_with(scheme="http", host="127.0.0.1", port=self._port)
        return await super().handle_async_request(request)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def vendor() -> AsyncIterator[ScriptedVendor]:
    async with ScriptedVendor() as scripted:
        yield scripted


@pytest.fixture
async def iam() -> AsyncIterator[ScriptedVendor]:
    async with ScriptedVendor() as scripted:
        yield scripted


@pytest.fixture
async def http_to(vendor: ScriptedVendor) -> AsyncIterator[Callable[[str], VendorHttp]]:
    """A VendorHttp for any base URL; whatever its host, the scripted vendor answers."""
    async with httpx.AsyncClient(transport=ToLoopback(vendor.url)) as client:
        yield lambda base: VendorHttp(backend="factory", base_url=base, client=client, gate=OpenGate())


def build(http_for: Callable[[str], VendorHttp], clock: Clock, changes: dict[str, Any]) -> HuaweiIotdaAdapter:
    wanted = {
        "name": "factory",
        "vendor": "huawei-iotda",
        "region": "cn-north-4",
        "project_id": PROJECT,
        "credentials": CREDENTIALS,
        **changes,
    }
    settings = HuaweiIotdaSettings.model_validate({key: value for key, value in wanted.items() if value is not None})
    backend = Backend(name="factory", vendor=MANIFEST.vendor, capabilities=MANIFEST.capabilities)
    context = AdapterContext(backend=backend, http=http_for(settings.endpoint), http_for=http_for, now=clock)
    return HuaweiIotdaAdapter(settings, context)


@pytest.fixture
def adapter_named(http_to: Callable[[str], VendorHttp], clock: Clock) -> Callable[..., HuaweiIotdaAdapter]:
    """An adapter that believes itself at any address, while the scripted vendor answers."""
    return lambda endpoint, **changes: build(http_to, clock, {"endpoint": endpoint, **changes})


@pytest.fixture
async def adapter_with(vendor: ScriptedVendor, clock: Clock) -> AsyncIterator[Callable[..., HuaweiIotdaAdapter]]:
    """An adapter of the scripted vendor; keywords replace settings, None leaves one out."""
    async with KeptConnections() as client:

        def http_for(base: str) -> VendorHttp:
            return VendorHttp(backend="factory", base_url=base, client=client, gate=OpenGate())

        yield lambda **changes: build(http_for, clock, {"endpoint": vendor.url, **changes})


@pytest.fixture
def adapter(adapter_with: Callable[..., HuaweiIotdaAdapter]) -> HuaweiIotdaAdapter:
    return adapter_with()


@pytest.fixture
def situation() -> Callable[[str], Any]:
    """The vendor's answer to a situation, by the name of its file."""
    return lambda name: json.loads((Path(__file__).parent / "payloads" / f"{name}.json").read_text("utf-8"))
