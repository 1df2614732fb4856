"""Traces, as a collector is handed them: what a caller began, the operation, and the vendor calls it cost."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import orjson
import pytest
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor, SpanExporter, SpanExportResult
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.sdk.trace.sampling import ParentBasedTraceIdRatio
from opentelemetry.trace import SpanKind, StatusCode
from websockets.asyncio.client import connect

from gateway.observability.tracing import Tracing
from tests.observability.conftest import Log
from tests.support.scripted_vendor import ScriptedVendor
from tests.support.simulated_gateway import SimulatedGateway, simulated_gateway

TRACE = "0af7651916cd43dd8448eb211c80319c"
CALLER = "b7ad6b7169203331"
COMES = {"traceparent": f"00-{TRACE}-{CALLER}-01", "tracestate": "vendor=opaque"}
TASKS = "query Overview { tasks { nodes { id } } }"


class BrokenExporter(SpanExporter):
    """A collector that is not there."""

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        raise ConnectionError("nobody collects")


@dataclass
class Traced:
    """A gateway, and the spans that it handed out."""

    gateway: SimulatedGateway
    exporter: InMemorySpanExporter

    def spans(self, kind: SpanKind) -> list[ReadableSpan]:
        return [span for span in self.exporter.get_finished_spans() if span.kind is kind]

    def of_operation(self) -> ReadableSpan:
        (span,) = self.spans(SpanKind.SERVER)
        return span

    async def settled(self, kind: SpanKind, number: int) -> list[ReadableSpan]:
        """The spans of a kind, once there are so many."""
        for _ in range(1000):
            if len(self.spans(kind)) >= number:
                break
            await asyncio.sleep(0.01)
        return self.spans(kind)


Tracer = Callable[..., AbstractAsyncContextManager[Traced]]


@asynccontextmanager
async def traced_gateway(
    folder: Path, exporter: SpanExporter | None = None, sample_ratio: float = 1.0, **options: Any
) -> AsyncIterator[Traced]:
    memory = InMemorySpanExporter()
    provider = TracerProvider(sampler=ParentBasedTraceIdRatio(sample_ratio), shutdown_on_exit=False)
    provider.add_span_processor(SimpleSpanProcessor(exporter or memory))
    options = {"only": ["aws-iot"], "pace": {"retries": 1}, **options}
    async with simulated_gateway(folder, tracing=Tracing(lambda: provider), **options) as gateway:
        yield Traced(gateway, memory)


@pytest.fixture
def traced(tmp_path: Path) -> Tracer:
    return partial(traced_gateway, tmp_path)


def shown(span: ReadableSpan) -> dict[str, Any]:
    return dict(span.attributes or {})


def parent_of(span: ReadableSpan) -> tuple[int, int] | None:
    return None if span.parent is None else (span.parent.trace_id, span.parent.span_id)


def ids_of(span: ReadableSpan) -> tuple[int, int]:
    context = span.get_span_context()
    assert context is not None
    return (context.trace_id, context.span_id)


async def test_an_operation_is_in_its_callers_trace_and_vendor_calls_are_in_the_operation(traced: Tracer) -> None:
    async with traced() as one:
        await one.gateway.ask(TASKS, {**COMES, "x-request-id": "r-1"})
        operation = one.of_operation()
        (call,) = one.spans(SpanKind.CLIENT)
    assert parent_of(operation) == (int(TRACE, 16), int(CALLER, 16))
    assert operation.get_span_context().trace_state.get("vendor") == "opaque"  # type: ignore[union-attr]
    assert operation.name == "query"
    assert shown(operation) == {
        "graphql.operation.type": "query",
        "graphql.operation.name": "Overview",
        "url.path": "/graphql",
        "http.request.method": "POST",
        "http.response.status_code": 200,
        "ota_gateway.transport": "http",
        "ota_gateway.request_id": "r-1",
        "ota_gateway.outcome": "ok",
    }
    assert operation.status.status_code is StatusCode.UNSET
    assert parent_of(call) == ids_of(operation)
    assert call.name == "AWS_IOT ListJobs"
    told = shown(call)
    assert told.pop("ota_gateway.vendor_request_id")
    assert told == {
        "ota_gateway.backend": "lab-aws-iot",
        "ota_gateway.vendor": "AWS_IOT",
        "ota_gateway.vendor_operation": "ListJobs",
        "http.response.status_code": 200,
    }


async def test_without_a_caller_who_traces_each_operation_is_a_trace_of_its_own(traced: Tracer) -> None:
    async with traced() as one:
        for _ in range(2):
            await one.gateway.ask(TASKS)
        first, second = one.spans(SpanKind.SERVER)
        assert (first.parent, second.parent) == (None, None)
        assert ids_of(first)[0] != ids_of(second)[0]
        # The second was answered from memory.
        assert len(one.spans(SpanKind.CLIENT)) == 1


@pytest.mark.parametrize(
    "headers", [{"traceparent": "00-zz-1-01"}, {"traceparent": f"00-{TRACE}-{CALLER}-01" + "0" * 600}]
)
async def test_a_context_that_is_none_is_left_alone(traced: Tracer, headers: dict[str, str]) -> None:
    async with traced() as one:
        await one.gateway.ask(TASKS, headers)
        assert one.of_operation().parent is None


async def test_a_call_that_is_tried_again_is_two_spans_and_the_first_tells_what_was_wrong(traced: Tracer) -> None:
    async with traced() as one:
        one.gateway.backends["aws-iot"].fail("error", "ListJobs", times=1)
        await one.gateway.ask(TASKS)
        operation = one.of_operation()
        failed, repeated = one.spans(SpanKind.CLIENT)
    assert parent_of(failed) == parent_of(repeated) == ids_of(operation)
    assert (shown(failed)["error.type"], failed.status.status_code) == ("BACKEND_UNAVAILABLE", StatusCode.ERROR)
    assert shown(failed)["http.response.status_code"] == 503
    assert shown(repeated)["http.request.resend_count"] == 1
    assert "error.type" not in shown(repeated)


async def test_what_a_client_did_wrong_is_no_error_of_the_gateway(traced: Tracer) -> None:
    async with traced() as one:
        await one.gateway.answer("query Wrong { nothing }")
        operation = one.of_operation()
    assert shown(operation)["ota_gateway.outcome"] == shown(operation)["error.type"] == "refused"
    assert operation.status.status_code is StatusCode.UNSET


async def test_a_websockets_operations_are_spans_of_their_own(traced: Tracer) -> None:
    async with traced() as one:
        address = one.gateway.url.replace("http", "ws") + "/graphql"
        async with connect(
            address, subprotocols=["graphql-transport-ws"], additional_headers={"traceparent": COMES["traceparent"]}
        ) as socket:
            await socket.send('{"type":"connection_init"}')
            await socket.recv()
            for number in (1, 2):
                await socket.send(
                    orjson.dumps({"id": str(number), "type": "subscribe", "payload": {"query": TASKS}}).decode()
                )
                assert orjson.loads(await socket.recv())["type"] == "next"
                assert orjson.loads(await socket.recv())["type"] == "complete"
        first, second = await one.settled(SpanKind.SERVER, 2)
        (call,) = one.spans(SpanKind.CLIENT)
    assert parent_of(first) == parent_of(second) == (int(TRACE, 16), int(CALLER, 16))
    assert parent_of(call) == ids_of(first)
    assert shown(first)["ota_gateway.transport"] == "websocket"
    assert shown(first)["ota_gateway.request_id"] != shown(second)["ota_gateway.request_id"]


async def test_a_stream_is_one_span_until_its_end(traced: Tracer) -> None:
    async with traced() as one:
        (task,) = (await one.gateway.ask("{ tasks(first: 1) { nodes { id } } }"))["tasks"]["nodes"]
        query = "subscription Watch($ids: [ID!]!) { taskUpdated(ids: $ids) { id } }"
        body = {"query": query, "variables": {"ids": [task["id"]]}}
        headers = {**COMES, "accept": "text/event-stream"}
        url = f"{one.gateway.url}/graphql"
        async with one.gateway.http.stream("POST", url, json=body, headers=headers) as events:
            async for line in events.aiter_lines():
                if line.startswith("data: {"):
                    break
            assert len(one.spans(SpanKind.SERVER)) == 1
        _, watched = await one.settled(SpanKind.SERVER, 2)
    assert (watched.name, parent_of(watched)) == ("subscription", (int(TRACE, 16), int(CALLER, 16)))
    assert (shown(watched)["ota_gateway.transport"], shown(watched)["ota_gateway.outcome"]) == ("sse", "ok")
    # What looks on behalf of all who watch is in nobody's trace.
    assert all(parent_of(call) != ids_of(watched) for call in one.spans(SpanKind.CLIENT))


async def test_a_renewal_behind_an_answer_is_in_a_trace_of_its_own(traced: Tracer) -> None:
    async with traced(pace={"cache_ttl": "10ms", "cache_hard_ttl": "60s"}) as one:
        await one.gateway.ask("{ tasks(orderBy: {field: BACKEND}) { nodes { id } } }")
        await asyncio.sleep(0.02)
        await one.gateway.ask("{ tasks(orderBy: {field: BACKEND}) { nodes { id } } }")
        (renewal,) = await one.settled(SpanKind.INTERNAL, 1)
        first, second = one.spans(SpanKind.CLIENT)
    assert (renewal.name, renewal.parent) == ("renewal", None)
    assert parent_of(first) == ids_of(one.spans(SpanKind.SERVER)[0])
    assert parent_of(second) == ids_of(renewal)


async def test_the_log_names_the_trace(traced: Tracer, log: Log) -> None:
    async with traced() as one:
        one.gateway.backends["aws-iot"].fail("drop")
        await one.gateway.ask(TASKS, COMES)
    assert {entry["trace_id"] for entry in log.entries("vendor_call_failed")} == {TRACE}


async def test_what_is_not_sampled_is_not_handed_out_and_a_caller_decides_for_the_trace(traced: Tracer) -> None:
    async with traced(sample_ratio=0.0) as one:
        await one.gateway.ask(TASKS)
        assert one.exporter.get_finished_spans() == ()
        await one.gateway.ask(TASKS, COMES)
        assert one.of_operation().name == "query"


async def test_a_collector_that_is_not_there_is_not_noticed_by_callers(traced: Tracer) -> None:
    async with traced(exporter=BrokenExporter()) as one:
        for _ in range(3):
            assert "errors" not in await one.gateway.answer(TASKS)


async def test_no_span_holds_a_document_a_variable_or_a_secret(traced: Tracer) -> None:
    async with traced() as one:
        query = "query Named($first: Int!) { tasks(first: $first) { nodes { id } } }"
        await one.gateway.ask(query, {"authorization": "Bearer hunter2"}, first=7)
        told = " ".join(span.to_json() for span in one.exporter.get_finished_spans())
    assert "Named" in told
    assert not any(hidden in told for hidden in ("nodes", "hunter2", "first", "demo-secret", "Signature"))


@pytest.mark.parametrize("propagating", [True, False])
async def test_a_backend_is_handed_the_trace_only_if_it_is_configured_so(traced: Tracer, propagating: bool) -> None:
    async with ScriptedVendor() as vendor:
        vendor.answer(200, {"jobs": []}, when="GET /jobs")
        section = {"aws-iot": {"endpoint": vendor.url, "propagate_trace": propagating}}
        async with traced(backends=section) as one:
            await one.gateway.ask(TASKS, COMES)
            (call,) = one.spans(SpanKind.CLIENT)
        (sent,) = vendor.requests
    number = f"{ids_of(call)[1]:016x}"
    assert sent.headers.get("traceparent") == (f"00-{TRACE}-{number}-01" if propagating else None)
    assert "traceparent" not in sent.headers["authorization"]
