"""What a vendor call costs: httpx as it comes, over aiohttp, aiohttp alone, and what `serve` uses, by 16 callers."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from time import perf_counter, process_time
from typing import Any

import aiohttp
import httpx
import httpx_aiohttp
import uvloop
import yarl
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest

from benchmarks.upstream import upstream
from gateway.app import build_stack, vendor_client
from gateway.domain.page import PageRequest
from gateway.vendorkit.aws.signing import SignatureV4
from gateway.vendorkit.discovery import installed_vendors
from gateway.vendorkit.http import OpenGate, SignedCall, VendorHttp

NAME = "wire"

CALLERS = 16
JOBS = 25
ROUNDS = 9
CALLS = 2_000

_ENDPOINT = "https://iot.eu-west-1.amazonaws.com"
_TARGET = f"/jobs?maxResults={JOBS}"
_KEYS = {"access_key_id": "AKIDEXAMPLE", "secret_access_key": "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"}

Call = Callable[[], Awaitable[bytes]]


def measure(quick: bool) -> dict[str, Any]:
    """Microseconds a call, of the processor and by the clock: medians over rounds in which each way has its turn."""
    # httpx logs every request, which is no part of carrying it.
    logging.getLogger("httpx").setLevel(logging.WARNING)
    with TemporaryDirectory(prefix="ota-gateway-bench-") as made, upstream(Path(made), JOBS) as urls:
        return uvloop.run(_measured(urls[0], rounds=2 if quick else ROUNDS, calls=CALLERS * 10 if quick else CALLS))


def markdown(content: dict[str, Any]) -> str:
    """The table."""
    lines = [
        "## The wire",
        "",
        f"One ListJobs of {content['jobs']} rows after another, from each of {content['callers']} callers in one "
        f"process (uvloop), over kept connections: microseconds a call, medians over {content['rounds']} rounds of "
        f"{content['calls']} calls in which each way has its turn.",
        "",
        "| way | processor | clock |",
        "| --- | --- | --- |",
        *(f"| {row['way']} | {row['cpu_us']:.0f} | {row['clock_us']:.0f} |" for row in content["ways"]),
        "",
        f"Signing a call (Signature Version 4) takes {content['signing']['ours_us']:.1f}, and "
        f"{content['signing']['botocore_us']:.1f} by botocore.",
    ]
    return "\n".join(lines)


async def _measured(url: str, *, rounds: int, calls: int) -> dict[str, Any]:
    async with AsyncExitStack() as resources:
        ways = await _ways(url, resources)
        bodies = {name: await call() for name, call in ways.items()}
        if len(set(bodies.values())) != 1:
            raise RuntimeError(f"Not all ways bring the same answer: { {name: len(b) for name, b in bodies.items()} }")
        ways["list_tasks: gate, signing, call, reading, mapping"] = await _list_tasks(url, resources)
        found: dict[str, list[tuple[float, float]]] = {name: [] for name in ways}
        for call in ways.values():
            await _loaded(call, calls // 5)
        for _ in range(rounds):
            for name, call in ways.items():
                found[name].append(await _loaded(call, calls))
    return {
        "callers": CALLERS,
        "jobs": JOBS,
        "rounds": rounds,
        "calls": calls,
        "ways": [
            {"way": name, "cpu_us": median(cpu for cpu, _ in times), "clock_us": median(clock for _, clock in times)}
            for name, times in found.items()
        ],
        "signing": _signing(),
    }


async def _ways(url: str, resources: AsyncExitStack) -> dict[str, Call]:
    headers = {"X-Amz-Date": "20250115T120000Z", "Authorization": f"AWS4-HMAC-SHA256 Signature={'0' * 64}"}
    plain = await resources.enter_async_context(
        httpx.AsyncClient(timeout=None, limits=httpx.Limits(max_connections=None, max_keepalive_connections=256))  # noqa: S113
    )
    over_aiohttp = await resources.enter_async_context(httpx_aiohttp.HttpxAiohttpClient(timeout=None))
    transport = await resources.enter_async_context(httpx_aiohttp.AiohttpTransport())
    alone = await resources.enter_async_context(
        aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0), cookie_jar=aiohttp.DummyCookieJar())
    )
    connections = await resources.enter_async_context(vendor_client())
    http = VendorHttp(backend="fleet", base_url=url, client=connections, gate=OpenGate())
    address, raw_address = url + _TARGET, yarl.URL(url + _TARGET, encoded=True)

    async def by_aiohttp() -> bytes:
        async with alone.get(raw_address, headers=headers, allow_redirects=False) as answer:
            return await answer.read()

    async def signed() -> SignedCall:
        return SignedCall(method="GET", target=_TARGET, headers=headers)

    async def by_vendor_http() -> bytes:
        return (await http.send("ListJobs", signed, lambda answer: answer)).body

    return {
        "httpx.AsyncClient as it comes": _by_client(plain, address, headers),
        "httpx.AsyncClient over httpx-aiohttp": _by_client(over_aiohttp, address, headers),
        "httpx-aiohttp's transport alone": _by_transport(transport, address, headers),
        "aiohttp alone": by_aiohttp,
        "KeptConnections as httpx's transport": _by_transport(connections, address, headers),
        "VendorHttp over KeptConnections": by_vendor_http,
    }


def _by_client(client: httpx.AsyncClient, address: str, headers: Mapping[str, str]) -> Call:
    async def call() -> bytes:
        return (await client.get(address, headers=headers)).content

    return call


def _by_transport(transport: httpx.AsyncBaseTransport, address: str, headers: Mapping[str, str]) -> Call:
    async def call() -> bytes:
        return await (await transport.handle_async_request(httpx.Request("GET", address, headers=headers))).aread()

    return call


async def _list_tasks(url: str, resources: AsyncExitStack) -> Call:
    settings = installed_vendors()["aws-iot"].settings()
    backend = settings.model_validate(
        {
            "name": "fleet",
            "vendor": "aws-iot",
            "region": "eu-west-1",
            "endpoint": url,
            "calls_per_second": 1_000_000,
            "credentials": _KEYS,
        }
    )
    stack = build_stack(backend, await resources.enter_async_context(vendor_client()))

    async def call() -> bytes:
        page = await stack.adapter.list_tasks(PageRequest(JOBS))
        if len(page.rows) != JOBS:
            raise RuntimeError(f"{len(page.rows)} tasks came instead of {JOBS}.")
        return b""

    return call


async def _loaded(call: Call, calls: int) -> tuple[float, float]:
    """Microseconds of processor and clock for one of `calls` calls."""

    async def caller() -> None:
        for _ in range(calls // CALLERS):
            await call()

    processor, clock = process_time(), perf_counter()
    await asyncio.gather(*(caller() for _ in range(CALLERS)))
    share = 1e6 / (calls // CALLERS * CALLERS)
    return (process_time() - processor) * share, (perf_counter() - clock) * share


class _Keys:
    access_key = _KEYS["access_key_id"]
    secret_key = _KEYS["secret_access_key"]
    token = None


def _signing() -> dict[str, float]:
    """Microseconds of processor for one signature: ours, and botocore's."""
    signature = SignatureV4(service="iot", region="eu-west-1", base_url=_ENDPOINT)
    keys, now = _Keys(), datetime.now(UTC)

    def by_botocore() -> None:
        request = AWSRequest("GET", _ENDPOINT + _TARGET)
        SigV4Auth(keys, "iot", "eu-west-1").add_auth(request)

    return {
        "ours_us": _repeated(lambda: signature.headers(keys, "GET", _TARGET, None, now)),
        "botocore_us": _repeated(by_botocore),
    }


def _repeated(work: Callable[[], object]) -> float:
    times = []
    for _ in range(50):
        started = process_time()
        for _ in range(200):
            work()
        times.append((process_time() - started) / 200 * 1e6)
    return median(times)
