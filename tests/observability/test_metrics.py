"""/metrics, as a Prometheus server reads it."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from prometheus_client import Counter, Gauge, Histogram, parser
from prometheus_client.openmetrics import parser as openmetrics

from gateway.observability import metrics
from tests.observability.conftest import AS_OPERATOR, AS_VIEWER, AUTH, Log, more, samples
from tests.support.scripted_vendor import ScriptedVendor
from tests.support.simulated_gateway import SimulatedGateway, simulated_gateway

TASKS = "{ tasks(first: 20) { nodes { id backend { name } } } }"
CHANGED = "subscription ($ids: [ID!]!) { taskUpdated(ids: $ids) { id } }"
FRESH = {"cache-control": "no-cache"}
# A vendor of today may know a status that nobody here has heard of.
NEW_STATUS = {
    "jobs": [
        {
            "jobId": "one",
            "jobArn": "arn:aws:iot:us-east-1:123456789012:job/one",
            "status": "HIBERNATING",
            "createdAt": 1760000000.0,
            "lastUpdatedAt": 1760000000.0,
            "targetSelection": "SNAPSHOT",
        }
    ]
}
DECLARED = {name: one for name, one in vars(metrics).items() if isinstance(one, Counter | Gauge | Histogram)}


@pytest.fixture
async def gateway(tmp_path: Path) -> AsyncIterator[SimulatedGateway]:
    async with simulated_gateway(tmp_path, only=["aws-iot", "tuya"]) as gateway:
        yield gateway


async def test_everything_declared_is_shown_and_counted_once_it_has_happened(tmp_path: Path) -> None:
    async with ScriptedVendor() as scripted:
        scripted.answer(200, NEW_STATUS, when="GET /jobs")
        pace = {"retries": 1, "cache_ttl": "0s"}
        vendors = {"aws-iot": {"endpoint": scripted.url}, "huawei-iotda": {"cache_ttl": "60s"}}
        async with simulated_gateway(
            tmp_path, only=["aws-iot", "huawei-iotda", "tuya"], pace=pace, backends=vendors, sections={"auth": AUTH}
        ) as gateway:
            await gateway.http.post(f"{gateway.url}/graphql", json={"query": TASKS}, headers={"x-api-key": "otag_no"})
            tasks = await gateway.ask(TASKS, AS_OPERATOR)
            await gateway.ask(TASKS, AS_OPERATOR)
            one = next(task["id"] for task in tasks["tasks"]["nodes"] if task["backend"]["name"] == "lab-huawei-iotda")
            gateway.backends["tuya"].fail("drop")
            for _ in range(4):
                await gateway.ask(TASKS, {**AS_OPERATOR, **FRESH})
            change = "mutation ($id: ID!) { cancelOtaTask(input: {id: $id, dryRun: true}) { outcome } }"
            await gateway.ask(change, AS_OPERATOR, id=one)
            body = {"query": CHANGED, "variables": {"ids": [one]}}
            accept = {**AS_OPERATOR, "accept": "text/event-stream"}
            async with gateway.http.stream("POST", f"{gateway.url}/graphql", json=body, headers=accept) as events:
                async for line in events.aiter_lines():
                    if line.startswith("data: {"):
                        watched = await samples(gateway.http, gateway.url, AS_OPERATOR)
                        break
            found = await samples(gateway.http, gateway.url, AS_OPERATOR)
    shown: dict[str, float] = {}
    for (name, *_), value in (*watched.items(), *found.items()):
        shown[name] = max(shown.get(name, 0.0), value)
    assert len(DECLARED) >= 19
    for name, one in DECLARED.items():
        (family,) = one.describe()
        suffix = {"counter": "_total", "histogram": "_count", "gauge": ""}[family.type]
        assert family.name + suffix in shown, name
        if name not in ("CALLS_UNDER_WAY", "CALLS_WAITING"):
            assert shown[family.name + suffix] > 0, name


async def test_both_formats_are_read_by_prometheus_own_parsers(gateway: SimulatedGateway) -> None:
    await gateway.ask(TASKS)
    text = await gateway.http.get(f"{gateway.url}/metrics")
    assert text.headers["content-type"].startswith("text/plain; version=")
    accept = {"accept": "application/openmetrics-text; version=1.0.0"}
    opened = await gateway.http.get(f"{gateway.url}/metrics", headers=accept)
    assert opened.headers["content-type"].startswith("application/openmetrics-text; version=1.0.0")
    families = {family.name for family in parser.text_string_to_metric_families(text.text)}
    assert families == {family.name for family in openmetrics.text_string_to_metric_families(opened.text)}
    assert {"ota_gateway_requests", "process_resident_memory_bytes"} <= families


async def test_requests_and_the_calls_they_cost_are_counted_by_what_became_of_them(gateway: SimulatedGateway) -> None:
    async def now() -> dict[Any, float]:
        return await samples(gateway.http, gateway.url)

    before = await now()
    await gateway.ask(TASKS)
    await gateway.ask(TASKS)
    after = await now()
    counted = {"transport": "http", "operation": "query"}
    assert more(before, after, "ota_gateway_requests_total", **counted, outcome="ok") == 2
    assert more(before, after, "ota_gateway_request_seconds_count", operation="query") == 2
    aws = {"backend": "lab-aws-iot"}
    assert more(before, after, "ota_gateway_vendor_calls_total", **aws, operation="ListJobs", outcome="ok") == 1
    assert more(before, after, "ota_gateway_answers_total", **aws, source="vendor") == 1
    assert more(before, after, "ota_gateway_answers_total", **aws, source="memory") == 1

    for query, outcome in (
        ("{ nothing }", "refused"),
        ("{", "refused"),
        ('{ node(id: "no id") { id } }', "errors"),
        ("query A { __typename } query B { __typename }", "refused"),
    ):
        before = after
        await gateway.answer(query)
        after = await now()
        assert more(before, after, "ota_gateway_requests_total", outcome=outcome) == 1, query
        assert more(before, after, "ota_gateway_requests_total") == 1, query


async def test_pages_probes_and_preflights_are_no_operations(gateway: SimulatedGateway) -> None:
    before = await samples(gateway.http, gateway.url)
    await gateway.http.get(f"{gateway.url}/graphql", headers={"accept": "text/html"})
    await gateway.http.options(f"{gateway.url}/graphql")
    await gateway.http.get(f"{gateway.url}/healthz")
    after = await samples(gateway.http, gateway.url)
    assert more(before, after, "ota_gateway_requests_total") == 0


async def test_a_call_that_is_tried_again_is_two_attempts_and_a_retry(gateway: SimulatedGateway) -> None:
    gateway.backends["aws-iot"].fail("error", "ListJobs", times=1)
    before = await samples(gateway.http, gateway.url)
    await gateway.ask(TASKS)
    after = await samples(gateway.http, gateway.url)
    aws = {"backend": "lab-aws-iot"}
    assert more(before, after, "ota_gateway_vendor_calls_total", **aws, outcome="BACKEND_UNAVAILABLE") == 1
    assert more(before, after, "ota_gateway_vendor_calls_total", **aws, outcome="ok") == 1
    assert more(before, after, "ota_gateway_vendor_retries_total", **aws) == 1
    assert more(before, after, "ota_gateway_vendor_call_seconds_count", **aws) == 2


async def test_a_value_that_nobody_knows_is_counted_each_time_and_written_down_once(tmp_path: Path, log: Log) -> None:
    rows = {"jobs": [{**NEW_STATUS["jobs"][0], "status": "DREAMING"}]}
    async with ScriptedVendor() as scripted:
        scripted.answer(200, rows, when="GET /jobs")
        vendors = {"aws-iot": {"endpoint": scripted.url, "cache_ttl": "0s"}}
        async with simulated_gateway(tmp_path, only=["aws-iot"], backends=vendors) as gateway:
            before = await samples(gateway.http, gateway.url)
            for _ in range(2):
                found = await gateway.ask("{ tasks { nodes { status vendorStatus } } }")
                assert found["tasks"]["nodes"] == [{"status": "UNKNOWN", "vendorStatus": "DREAMING"}]
            after = await samples(gateway.http, gateway.url)
    assert more(before, after, "ota_gateway_unknown_values_total", vendor="AWS_IOT", kind="task") >= 2
    (entry,) = (one for one in log.entries("unknown_value") if one["value"] == "DREAMING")
    assert (entry["vendor"], entry["kind"], entry["level"]) == ("AWS_IOT", "task", "warning")


async def test_metrics_are_for_those_who_may_read_them(tmp_path: Path) -> None:
    async with simulated_gateway(tmp_path, only=["aws-iot"], sections={"auth": AUTH}) as gateway:
        answers = [
            await gateway.http.get(f"{gateway.url}/metrics", headers=headers)
            for headers in ({}, {"authorization": "Bearer otag_wrong"}, AS_VIEWER, AS_OPERATOR)
        ]
        assert [answer.status_code for answer in answers] == [401, 401, 403, 200]
        assert [answer.json()["errors"][0]["extensions"]["code"] for answer in answers[:3]] == [
            "UNAUTHENTICATED", "UNAUTHENTICATED", "FORBIDDEN",
        ]  # fmt: skip
        assert "metrics: true" in answers[2].text
        assert not any("lab-aws-iot" in answer.text for answer in answers[:3])
        assert "lab-aws-iot" in answers[3].text


async def test_metrics_may_be_left_out(tmp_path: Path) -> None:
    sections = {"observability": {"metrics": False}}
    async with simulated_gateway(tmp_path, only=["aws-iot"], sections=sections) as gateway:
        assert (await gateway.http.get(f"{gateway.url}/metrics")).status_code == 404
