"""What the gateway writes down of its own: changes, failing vendor calls, and requests where it is asked to."""

from pathlib import Path

from gateway.observability.few_lines import FewLines
from tests.observability.conftest import AS_OPERATOR, AS_VIEWER, AUTH, Log, more, samples
from tests.support.simulated_gateway import simulated_gateway

TASKS = "query Overview { tasks { nodes { id } } }"


async def test_each_change_is_one_line_with_its_entry_and_the_vendors_request(tmp_path: Path, log: Log) -> None:
    async with simulated_gateway(tmp_path, only=["aws-iot"]) as gateway:
        tasks = (await gateway.ask("{ tasks { nodes { id allowedOperations { operation allowed } } } }"))["tasks"]
        cancellable = {"operation": "CANCEL_TASK", "allowed": True}
        task = next(one["id"] for one in tasks["nodes"] if cancellable in one["allowedOperations"])
        before = await samples(gateway.http, gateway.url)
        planned = await gateway.change("cancelOtaTask", id=task, dryRun=True)
        done = await gateway.change("cancelOtaTask", id=task, reason="a secret reason", idempotencyKey="once")
        again = await gateway.change("cancelOtaTask", id=task, reason="a secret reason", idempotencyKey="once")
        after = await samples(gateway.http, gateway.url)
    first, second, third = log.entries("change")
    assert [first["outcome"], second["outcome"]] == [planned["outcome"], done["outcome"]] == ["PREVIEWED", "DONE"]
    assert second["entry"] == done["auditEntryId"]
    assert (second["operation"], second["backend"], second["targets"]) == ("CANCEL_TASK", "lab-aws-iot", 1)
    assert (second["actor"], second["level"]) == ("anonymous", "info")
    assert len(second["vendor_request_ids"]) == 1
    assert second["request_id"] != first["request_id"]
    assert (third["replayed"], third["outcome"], again["outcome"]) == (True, "DONE", "DONE")
    assert "secret" not in log.stream.getvalue()
    counted = {"backend": "lab-aws-iot", "operation": "CANCEL_TASK"}
    assert more(before, after, "ota_gateway_mutations_total", **counted, outcome="DONE") == 2
    assert more(before, after, "ota_gateway_mutations_total", **counted, outcome="PREVIEWED") == 1


async def test_a_change_of_which_nobody_knows_whether_it_was_made_is_a_warning(tmp_path: Path, log: Log) -> None:
    async with simulated_gateway(tmp_path, only=["aws-iot"]) as gateway:
        tasks = (await gateway.ask("{ tasks { nodes { id allowedOperations { operation allowed } } } }"))["tasks"]
        cancellable = {"operation": "CANCEL_TASK", "allowed": True}
        task = next(one["id"] for one in tasks["nodes"] if cancellable in one["allowedOperations"])
        gateway.backends["aws-iot"].fail("answer_lost", "CancelJob")
        await gateway.change("cancelOtaTask", id=task)
    (call,) = log.entries("vendor_call_failed")
    assert (call["code"], call["operation"]) == ("OUTCOME_UNKNOWN", "CancelJob")
    (entry,) = log.entries("change")
    assert entry["request_id"] == call["request_id"]
    assert entry["level"] == ("info" if entry["outcome"] in ("DONE", "REQUESTED") else "warning")


async def test_a_failing_vendor_call_is_one_line_with_the_vendors_words_and_of_many_there_are_few(
    tmp_path: Path, log: Log
) -> None:
    async with simulated_gateway(tmp_path, only=["aws-iot"], pace={"retries": 0, "cache_ttl": "0s"}) as gateway:
        gateway.backends["aws-iot"].fail("throttle")
        before = await samples(gateway.http, gateway.url)
        for _ in range(25):
            await gateway.answer(TASKS)
        after = await samples(gateway.http, gateway.url)
    entries = log.entries("vendor_call_failed")
    assert len(entries) == 10
    first = entries[0]
    assert (first["backend"], first["operation"], first["code"]) == ("lab-aws-iot", "ListJobs", "THROTTLED")
    assert (first["level"], first["logger"]) == ("warning", "gateway.backends.attempts")
    assert first["vendor_request_id"]
    assert "resent" not in first
    counted = more(before, after, "ota_gateway_vendor_calls_total", backend="lab-aws-iot", outcome="THROTTLED")
    assert counted + more(before, after, "ota_gateway_vendor_calls_kept_back_total", backend="lab-aws-iot") == 25


async def test_requests_are_written_down_where_that_is_asked_for(tmp_path: Path, log: Log) -> None:
    sections = {"auth": AUTH, "observability": {"log_requests": True}}
    async with simulated_gateway(tmp_path, only=["aws-iot"], sections=sections) as gateway:
        await gateway.ask(TASKS, {**AS_OPERATOR, "x-request-id": "one"})
        await gateway.answer("{ nothing }", AS_VIEWER)
        await gateway.http.post(f"{gateway.url}/graphql", json={"query": TASKS})
    answered, refused, unknown = log.entries("request")
    assert answered.pop("seconds") > 0
    told = {key: answered[key] for key in ("request_id", "transport", "operation", "name", "outcome", "status")}
    assert told == {
        "request_id": "one", "transport": "http", "operation": "query", "name": "Overview", "outcome": "ok",
        "status": 200,
    }  # fmt: skip
    assert (answered["principal"], refused["principal"], unknown["principal"]) == ("key:operator", "key:viewer", None)
    assert (refused["outcome"], refused["operation"]) == ("refused", "query")
    assert (unknown["outcome"], unknown["status"]) == ("refused", 401)


async def test_requests_are_not_written_down_otherwise(tmp_path: Path, log: Log) -> None:
    async with simulated_gateway(tmp_path, only=["aws-iot"]) as gateway:
        await gateway.ask(TASKS)
    assert log.entries("request") == []


def test_what_is_left_out_is_told_with_the_next_line() -> None:
    moment = 0.0
    lines = FewLines(2, lambda: moment)
    assert [lines.next() for _ in range(5)] == [{}, {}, None, None, None]
    moment = 61.0
    assert [lines.next() for _ in range(3)] == [{"left_out": 3}, {}, None]
    moment = 122.0
    assert lines.next() == {"left_out": 1}
