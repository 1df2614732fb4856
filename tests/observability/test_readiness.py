"""/readyz says whether to send requests, and to operators what stands behind the gateway."""

from pathlib import Path

from tests.observability.conftest import AS_OPERATOR, AS_VIEWER, AUTH
from tests.support.simulated_gateway import simulated_gateway

TASKS = "{ tasks { nodes { id } } }"


def break_ledger(folder: Path) -> None:
    for file in folder.glob("ledger.db*"):
        file.write_bytes(b"this is no database any more" * 1000)


async def test_operators_are_told_what_is_down_and_probes_that_requests_are_taken(tmp_path: Path) -> None:
    pace = {"retries": 0, "cache_ttl": "0s"}
    async with simulated_gateway(tmp_path, only=["aws-iot", "tuya"], pace=pace, sections={"auth": AUTH}) as gateway:
        gateway.backends["tuya"].fail("drop")
        for _ in range(3):
            await gateway.ask(TASKS, AS_OPERATOR)
        answers = [
            await gateway.http.get(f"{gateway.url}/readyz", headers=headers)
            for headers in ({}, {"authorization": "Bearer otag_wrong"}, AS_VIEWER, AS_OPERATOR)
        ]
    assert {answer.status_code for answer in answers} == {200}
    assert [answer.json() for answer in answers[:3]] == [{"status": "ready"}] * 3
    assert answers[3].json() == {
        "status": "ready",
        "backends": {"lab-aws-iot": "UP", "lab-tuya": "DOWN"},
        "ledger": "REACHABLE",
    }


async def test_a_ledger_that_is_gone_is_told_and_reads_go_on(tmp_path: Path) -> None:
    async with simulated_gateway(tmp_path, only=["aws-iot"]) as gateway:
        assert (await gateway.http.get(f"{gateway.url}/readyz")).json()["ledger"] == "REACHABLE"
        break_ledger(tmp_path)
        answer = await gateway.http.get(f"{gateway.url}/readyz")
        assert answer.status_code == 200
        assert (await gateway.ask(TASKS))["tasks"]["nodes"]
    assert answer.json()["status"] == "ready"
    assert answer.json()["ledger"] == "AWAY"
