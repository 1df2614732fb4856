"""Spans go to a collector by OTLP over HTTP, behind the requests, and the end of the process waits for them a while."""

import asyncio
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from time import monotonic

import pytest

from gateway.observability.exporting import provider_by
from gateway.observability.tracing import Tracing
from tests.observability.conftest import Log
from tests.support.scripted_vendor import ScriptedVendor
from tests.support.simulated_gateway import simulated_gateway

TASKS = "query Overview { tasks { nodes { id } } }"


async def test_spans_are_handed_out_at_the_end_at_the_latest(tmp_path: Path) -> None:
    async with ScriptedVendor() as collector:
        collector.answer(200, {}, when="POST /v1/traces")
        tracing = Tracing(provider_by(collector.url, 1.0, "fleet-gateway", {}))
        async with simulated_gateway(tmp_path, only=["aws-iot"], tracing=tracing) as gateway:
            await gateway.ask(TASKS)
        bodies = b"".join(request.body for request in collector.requests)
    for told in (b"fleet-gateway", b"graphql.operation.name", b"Overview", b"AWS_IOT ListJobs"):
        assert told in bodies


@asynccontextmanager
async def silent_collector() -> AsyncIterator[str]:
    """One that takes everything and says nothing; whoever waits for it does so for a second at most."""
    held: list[asyncio.StreamWriter] = []

    async def hold(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        held.append(writer)

    server = await asyncio.start_server(hold, "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        for thread in threading.enumerate():
            if thread.name == "spans-handed-out":
                await asyncio.to_thread(thread.join)
    finally:
        server.close()
        for writer in held:
            writer.close()
            await writer.wait_closed()


async def test_a_collector_that_does_not_answer_is_not_waited_for(log: Log, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_TIMEOUT", "1")
    async with silent_collector() as url:
        tracing = Tracing(provider_by(url, None, None, {}))
        async with tracing.open(lambda: 0.2):
            span = tracing.operation([])
            assert span is not None
            span.end()
            ending = monotonic()
        assert monotonic() - ending < 0.9
        assert [entry["level"] for entry in log.entries("spans_left")] == ["warning"]


@pytest.mark.parametrize(
    ("endpoint", "env", "on"),
    [
        (None, {}, False),
        ("http://127.0.0.1:4318", {}, True),
        (None, {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:4318"}, True),
        (None, {"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "http://127.0.0.1:4318/v1/traces"}, True),
        (None, {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:4318", "OTEL_TRACES_EXPORTER": "none"}, False),
        ("http://127.0.0.1:4318", {"OTEL_TRACES_EXPORTER": "none"}, True),
        ("http://127.0.0.1:4318", {"OTEL_SDK_DISABLED": "true"}, False),
    ],
)
def test_traces_are_off_until_a_collector_is_named(endpoint: str | None, env: dict[str, str], on: bool) -> None:
    assert (provider_by(endpoint, None, None, env) is not None) == on


@pytest.mark.parametrize(
    ("configured", "env", "named"),
    [
        (None, {}, "ota-gateway"),
        (None, {"OTEL_SERVICE_NAME": "of-the-environment"}, "of-the-environment"),
        ("of-the-file", {"OTEL_SERVICE_NAME": "of-the-environment"}, "of-the-file"),
    ],
)
def test_the_file_wins_over_the_environment(
    configured: str | None, env: dict[str, str], named: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in env.items():
        monkeypatch.setenv(name, value)
    make = provider_by("http://127.0.0.1:4318", 0.25, configured, env)
    assert make is not None
    provider = make()
    try:
        assert provider.resource.attributes["service.name"] == named
        assert "0.25" in provider.sampler.get_description()
    finally:
        provider.shutdown()
