"""AWS adapters for tests: built from their manifests, with fixed keys and a fixed clock, over real HTTP."""

import hashlib
import hmac
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote

from gateway.domain.backend import Backend
from gateway.domain.ports import VendorAdapter
from gateway.vendorkit.http import OpenGate, VendorHttp
from gateway.vendorkit.kept_connections import KeptConnections
from gateway.vendorkit.manifest import AdapterContext, VendorManifest
from tests.support.scripted_vendor import SentRequest

NOON = datetime(2025, 1, 15, 12, 0, tzinfo=UTC)
ACCESS_KEY = "AKIDEXAMPLE"
SECRET_KEY = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
REQUEST_ID = "b0c5f1de-5f3a-4b0e-9a53-6e2f4d7c8a10"


@asynccontextmanager
async def aws_adapter(manifest: VendorManifest, url: str, region: str, name: str = "fleet") -> AsyncIterator[Any]:
    """The adapter of a backend at `url`."""
    settings = manifest.settings().model_validate(
        {
            "name": name,
            "vendor": manifest.slug,
            "endpoint": url,
            "region": region,
            "credentials": {"access_key_id": ACCESS_KEY, "secret_access_key": SECRET_KEY},
        }
    )
    backend = Backend(name=name, vendor=manifest.vendor, region=region, capabilities=manifest.capabilities)
    async with KeptConnections() as client:

        def open_http(base_url: str) -> VendorHttp:
            return VendorHttp(backend=name, base_url=base_url, client=client, gate=OpenGate())

        context = AdapterContext(
            backend=backend, http=open_http(manifest.endpoint(settings)), http_for=open_http, now=lambda: NOON
        )
        adapter: VendorAdapter = manifest.adapter(settings, context)
        yield adapter
        await adapter.aclose()


def payload(folder: Path, situation: str) -> Any:
    """The vendor's answer to a situation, from the file named for it."""
    return json.loads((folder / "payloads" / f"{situation}.json").read_text())


def expected_authorization(request: SentRequest, *, region: str, service: str) -> str:
    """What SigV4 asks for, from the request as it came over the wire. Written from the specification, stdlib only."""
    names = ["content-type"] if "content-type" in request.headers else []
    names += ["host", "x-amz-date"]
    where, _, text = request.target.partition("?")
    pairs = sorted((key, value) for key, _, value in (pair.partition("=") for pair in text.split("&") if pair))
    canonical = "\n".join(
        [
            request.method,
            quote(where, safe="/~"),
            "&".join(f"{key}={value}" for key, value in pairs),
            "".join(f"{name}:{' '.join(request.headers[name].split())}\n" for name in names),
            ";".join(names),
            hashlib.sha256(request.body).hexdigest(),
        ]
    )
    stamp = request.headers["x-amz-date"]
    scope = f"{stamp[:8]}/{region}/{service}/aws4_request"
    to_sign = "\n".join(["AWS4-HMAC-SHA256", stamp, scope, hashlib.sha256(canonical.encode()).hexdigest()])
    key = f"AWS4{SECRET_KEY}".encode()
    for part in (stamp[:8], region, service, "aws4_request"):
        key = hmac.new(key, part.encode(), hashlib.sha256).digest()
    signature = hmac.new(key, to_sign.encode(), hashlib.sha256).hexdigest()
    return f"AWS4-HMAC-SHA256 Credential={ACCESS_KEY}/{scope}, SignedHeaders={';'.join(names)}, Signature={signature}"
