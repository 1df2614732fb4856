"""The simulated IoTDA over HTTP: its fleet, its states, its limits. Calls carry an IAM token, so nothing is signed."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from gateway.vendorkit.simulation.options import SimulatorOptions
from gateway.vendorkit.simulation.server import serving
from gateway.vendors.huawei_iotda.simulator import HuaweiSimulator, build

SECRET = "demo-secret"
TYPES = ("softwareUpgrade", "firmwareUpgrade", "moduleUpgrade")
TERMINAL = {"Success", "PartialSuccess", "Fail", "Stopped"}
DOCUMENTED_FAILURES = {
    "Waiting for the device online timeout",
    "Integrity check failure for new downloaded package",
    "Connection lost during downloading process",
    "Waiting for report device firmware version timeout",
    "Not enough storage for the new firmware package",
    "Firmware update failed",
}

BROKEN_TASKS: list[dict[str, Any]] = [
    {"task_name": "a-b"},
    {"task_name": "a b"},
    {"task_name": ""},
    {"task_type": "createDevices"},
    {"task_type": "softwareUpgrade"},
    {"document": None},
    {"document": {"package_ids": ["unknown"]}},
    {"targets": []},
    {"targets": None},
    {"targets": ["a b"]},
    {"targets": None, "targets_filter": {"group_ids": ["unknown"]}},
    {"task_policy": {"retry_count": 2}},
    {"task_policy": {"retry_count": 6, "retry_interval": 5}},
    {"task_policy": {"schedule_time": "20260312T050607Z"}},
    {"task_policy": {"schedule_time": "20260303T050607Z"}},
    {"task_policy": {"schedule_time": "tomorrow"}},
    {"task_mode": "CLOUD"},
]

BAD_QUERIES: list[tuple[dict[str, Any], str]] = [
    ({"limit": 0}, "IOTDA.000017"),
    ({"limit": 51}, "IOTDA.000017"),
    ({"limit": "many"}, "IOTDA.000017"),
    ({"marker": "xyz"}, "IOTDA.000018"),
    ({"offset": 501}, "IOTDA.000006"),
    ({"status": "Waiting"}, "IOTDA.000006"),
    ({"task_type": ""}, "IOTDA.000006"),
]


class Clock:
    def __init__(self) -> None:
        self.at = datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.at

    def advance(self, seconds: float) -> None:
        self.at += timedelta(seconds=seconds)


@dataclass
class World:
    simulator: HuaweiSimulator
    clock: Clock
    http: httpx.AsyncClient

    async def log_in(self, *, password: str) -> httpx.Response:
        user = {"name": "demo", "password": password, "domain": {"name": "account"}}
        auth = {
            "identity": {"methods": ["password"], "password": {"user": user}},
            "scope": {"project": {"name": "cn-north-4"}},
        }
        answer = await self.http.post("/v3/auth/tokens", json={"auth": auth})
        self.http.headers["X-Auth-Token"] = answer.headers.get("X-Subject-Token", "none")
        return answer

    async def get(self, path: str, **query: Any) -> Any:
        answer = await self.http.get(f"/v5/iot/demo/{path}", params=query)
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def ask(self, method: str, path: str, body: Any = None, **query: Any) -> httpx.Response:
        return await self.http.request(method, f"/v5/iot/demo/{path}", json=body, params=query)

    async def tasks(self) -> list[Any]:
        return [
            task for kind in TYPES for task in (await self.get("batchtasks", task_type=kind, limit=50))["batchtasks"]
        ]

    async def create(self, targets: list[str] | None = None, **more: Any) -> Any:
        package = (await self.get("ota-upgrades/packages", package_type="firmwarePackage"))["packages"][0]["package_id"]
        body = {"task_name": "t", "task_type": "firmwareUpgrade", "document": {"package_ids": [package]}, **more}
        if targets is not None:
            body["targets"] = targets
        return await self.ask("POST", "batchtasks", body)


@asynccontextmanager
async def world(**more: Any) -> AsyncIterator[World]:
    clock = Clock()
    simulator = build(SimulatorOptions(**{"quotas": False, "now": clock, **more}))
    async with serving(simulator) as url, httpx.AsyncClient(base_url=url, trust_env=False) as http:
        made = World(simulator, clock, http)
        await made.log_in(password=SECRET)
        yield made


async def test_a_token_lives_for_a_day() -> None:
    async with world() as here:
        answer = await here.log_in(password=SECRET)
        assert answer.status_code == 201
        assert answer.json()["token"]["expires_at"] == "2026-03-05T05:06:07.000000Z"
        here.clock.advance(86399)
        assert (await here.ask("GET", "batchtasks", task_type="firmwareUpgrade")).status_code == 200
        here.clock.advance(1)
        dead = await here.ask("GET", "batchtasks", task_type="firmwareUpgrade")
        assert dead.status_code == 401
        assert "The token must be updated" in dead.json()["error_msg"]


async def test_expired_tokens_are_replaced_by_new_ones() -> None:
    async with world() as here:
        here.simulator.expire_tokens()
        assert (await here.ask("GET", "batchtasks", task_type="firmwareUpgrade")).status_code == 401
        await here.log_in(password=SECRET)
        assert (await here.ask("GET", "batchtasks", task_type="firmwareUpgrade")).status_code == 200


async def test_a_wrong_password_gets_no_token() -> None:
    async with world() as here:
        answer = await here.log_in(password="other")
        assert answer.status_code == 401
        assert answer.json()["error"]["code"] == 401
        assert "X-Subject-Token" not in answer.headers


async def test_every_answer_has_a_request_id_and_another_project_is_refused() -> None:
    async with world() as here:
        for answer in (
            await here.ask("GET", "batchtasks", task_type="firmwareUpgrade"),
            await here.ask("GET", "batchtasks"),
            await here.ask("GET", "no-such-path"),
            await here.http.get("/v5/iot/another/batchtasks"),
        ):
            assert answer.headers["X-Request-Id"]
        assert (answer.status_code, answer.json()["error_code"]) == (403, "APIGW.0302")


@pytest.mark.parametrize("devices", [1, 2, 6, 300])
@pytest.mark.parametrize("tasks", [4, 12])
async def test_waiting_running_finished_and_deletable_objects_exist_at_any_time(tasks: int, devices: int) -> None:
    async with world(tasks=tasks, devices_per_task=devices) as here:
        for seconds in (0, 30, 3600, 80000):
            here.clock.advance(seconds)
            await here.log_in(password=SECRET)
            seen = await here.tasks()
            assert len(seen) == tasks
            assert any(task["status"] in TERMINAL for task in seen)
            assert any(task["status"] == "Waitting" and task["need_confirm"] for task in seen)
            assert any(task["status"] == "Processing" and task["task_progress"]["processing"] for task in seen)
            live = {p for t in seen if t["status"] not in TERMINAL for p in t["document"]["package_ids"]}
            packages = (await here.get("ota-upgrades/packages", package_type="firmwarePackage", limit=50))["packages"]
            assert {package["package_id"] for package in packages} - live


async def test_the_same_seed_makes_the_same_fleet() -> None:
    async with world(seed=7) as one, world(seed=7) as two, world(seed=8) as three:
        assert await one.tasks() == await two.tasks()
        assert await one.tasks() != await three.tasks()


async def test_seeded_tasks_are_spaced_as_told_and_ids_rise_with_creation() -> None:
    async with world(tasks=8, task_spacing=60.0, creation_offset=5.0) as here:
        seen = sorted(await here.tasks(), key=lambda task: task["create_time"])
        assert [task["task_id"] for task in seen] == sorted(task["task_id"] for task in seen)
        assert [task["create_time"] for task in seen[-2:]] == ["20260304T050502Z", "20260304T050602Z"]
        assert {task["task_type"] for task in seen} == set(TYPES)


async def test_a_list_query_out_of_range_is_refused() -> None:
    async with world() as here:
        for query, code in BAD_QUERIES:
            answer = await here.ask("GET", "batchtasks", **{"task_type": "firmwareUpgrade", **query})
            assert (answer.status_code, answer.json()["error_code"]) == (400, code), query
        assert (await here.ask("GET", "ota-upgrades/packages")).status_code == 400


async def test_offset_skips_after_the_marker() -> None:
    async with world(tasks=20) as here:
        whole = (await here.get("batchtasks", task_type="softwareUpgrade", limit=50))["batchtasks"]
        page = await here.get("batchtasks", task_type="softwareUpgrade", limit=2, offset=3, marker=whole[1]["task_id"])
        assert [task["task_id"] for task in page["batchtasks"]] == [task["task_id"] for task in whole[5:7]]
        assert page["page"] == {"count": len(whole), "marker": whole[6]["task_id"]}


async def test_counters_agree_with_the_devices_at_any_time() -> None:
    names = {"Waitting": "waitting", "FailWaitRetry": "fail_wait_retry"}
    async with world(tasks=0) as here:
        policy = {"retry_count": 1, "retry_interval": 5}
        made = (await here.create([f"d{n}" for n in range(30)], task_policy=policy)).json()
        path = f"batchtasks/{made['task_id']}"
        for seconds in (0, 3, 2, 7, 11, 7, 170, 200, 240):
            here.clock.advance(seconds)
            shown = await here.get(path, limit=50)
            states = [detail["status"] for detail in shown["task_details"]]
            progress = shown["batchtask"]["task_progress"]
            for state in ("Waitting", "Processing", "FailWaitRetry", "Success", "Fail", "Stopped"):
                part = await here.get(path, limit=50, task_detail_status=state)
                assert part["page"]["count"] == len(part["task_details"]) == states.count(state)
                assert progress[names.get(state, state.lower())] == states.count(state)
            if seconds == 11:
                here.simulator.set_execution_status(made["task_id"], "d3", "Stopped")
                here.simulator.set_execution_status(made["task_id"], "d29", "Success")


async def test_a_created_task_runs_to_its_end_and_failures_carry_documented_texts() -> None:
    async with world() as here:
        made = (await here.create([f"d{n}" for n in range(9)])).json()
        path = f"batchtasks/{made['task_id']}"
        seen = []
        for _ in range(20):
            seen.append((await here.get(path))["batchtask"]["status"])
            here.clock.advance(4)
        assert list(dict.fromkeys(seen)) == ["Waitting", "Processing", "PartialSuccess"]
        failed = await here.get(path, task_detail_status="Fail")
        assert [detail["error"]["error_msg"] in DOCUMENTED_FAILURES for detail in failed["task_details"]] == [True]


async def test_speed_nought_freezes_everything() -> None:
    async with world(speed=0) as here:
        made = (await here.create(["a"])).json()
        before = await here.tasks()
        here.clock.advance(3600)
        assert await here.tasks() == before
        assert made["status"] == "Waitting"


async def test_a_stopped_task_goes_through_stopping_and_only_then_can_be_deleted() -> None:
    async with world(deletion_seconds=1.0) as here:
        made = (await here.create(["a", "b"])).json()
        path = f"batchtasks/{made['task_id']}"
        stopped = await here.ask("POST", f"{path}/stop", {})
        assert {t["target"] for t in stopped.json()["targets"]} == {"a", "b"}
        assert (await here.get(path))["batchtask"]["status"] == "Stopping"
        for verb in ("stop", "retry", "confirm"):
            assert (await here.ask("POST", f"{path}/{verb}", {})).status_code == 400
        assert (await here.ask("DELETE", path)).status_code == 400
        here.clock.advance(1)
        shown = await here.get(path)
        assert shown["batchtask"]["status"] == "Stopped"
        assert {detail["status"] for detail in shown["task_details"]} == {"Stopped"}
        assert (await here.ask("POST", f"{path}/retry", {})).status_code == 400
        assert (await here.ask("DELETE", path)).status_code == 204
        assert (await here.ask("GET", path)).status_code == 404


@pytest.mark.parametrize(
    ("states", "task", "stop", "retry", "confirm", "delete"),
    [
        (("Waitting", "Waitting"), "Waitting", True, False, True, False),
        (("Processing", "Waitting"), "Processing", True, True, True, False),
        (("FailWaitRetry", "Success"), "Processing", True, True, True, False),
        (("Success", "Success"), "Success", False, False, False, True),
        (("Success", "Fail"), "PartialSuccess", False, True, False, True),
        (("Fail", "Fail"), "Fail", False, True, False, True),
        (("Stopped", "Fail"), "Fail", False, True, False, True),
        (("Stopped", "Stopped"), "Stopped", False, False, False, True),
    ],
)
async def test_what_a_state_allows(
    states: tuple[str, str], task: str, stop: bool, retry: bool, confirm: bool, delete: bool
) -> None:
    async with world(tasks=0, speed=0) as here:
        for path, allowed in (("/stop", stop), ("/retry", retry), ("/confirm", confirm), ("", delete)):
            made = (await here.create(["a", "b"])).json()
            for name, state in zip("ab", states, strict=True):
                here.simulator.set_execution_status(made["task_id"], name, state)
            where = f"batchtasks/{made['task_id']}"
            assert (await here.get(where))["batchtask"]["status"] == task
            answer = await here.ask("POST" if path else "DELETE", where + path, {} if path else None)
            assert answer.status_code == ((200 if path else 204) if allowed else 400), path


async def test_devices_stop_one_by_one_and_each_has_its_own_result() -> None:
    async with world(speed=0) as here:
        made = (await here.create(["a", "b", "c"])).json()
        path = f"batchtasks/{made['task_id']}"
        here.simulator.set_execution_status(made["task_id"], "b", "Success")
        answer = await here.ask("POST", f"{path}/stop", {"targets": ["a", "b", "x"]})
        assert [(t["target"], t["status"], t.get("error_code")) for t in answer.json()["targets"]] == [
            ("a", "success", None),
            ("b", "failure", "IOTDA.014219"),
            ("x", "failure", "IOTDA.014219"),
        ]
        shown = await here.get(path)
        assert [d["status"] for d in shown["task_details"]] == ["Waitting", "Success", "Stopped"]
        retried = await here.ask("POST", f"{path}/retry", {"targets": ["a"]})
        assert retried.json()["targets"] == [{"target": "a", "status": "success"}]


async def test_an_unconfirmed_task_waits_until_it_is_confirmed() -> None:
    async with world() as here:
        made = (await here.create(["a", "b"], need_confirm=True)).json()
        path = f"batchtasks/{made['task_id']}"
        here.clock.advance(3600)
        assert (await here.get(path))["batchtask"]["status"] == "Waitting"
        confirmed = await here.ask("POST", f"{path}/confirm", {})
        assert len(confirmed.json()["targets"]) == 2
        here.clock.advance(3600)
        assert (await here.get(path))["batchtask"]["status"] == "Success"


async def test_targets_that_are_none_or_too_many_are_refused() -> None:
    too_many = b'{"targets": ["%s"]}' % b'","'.join([b"d"] * 101)
    async with world() as here:
        made = (await here.create(["d"])).json()
        for verb in ("stop", "retry", "confirm"):
            for content in (b"", b"{", b'{"targets": []}', b'{"targets": null}', too_many):
                answer = await here.http.post(f"/v5/iot/demo/batchtasks/{made['task_id']}/{verb}", content=content)
                assert answer.status_code == 400, (verb, content)


async def test_a_task_that_breaks_a_rule_is_refused() -> None:
    async with world() as here:
        for change in BROKEN_TASKS:
            answer = await here.create(**{"targets": ["a"], **change})
            assert answer.status_code == 400, change
            assert answer.json()["error_code"].startswith("IOTDA.")


async def test_a_scheduled_task_waits_for_its_time() -> None:
    async with world() as here:
        made = (await here.create(["a"], task_policy={"schedule_time": "20260306T050607Z"})).json()
        here.clock.advance(86400)
        await here.log_in(password=SECRET)
        assert (await here.get(f"batchtasks/{made['task_id']}"))["batchtask"]["status"] == "Waitting"
        here.clock.advance(86400 + 60)
        await here.log_in(password=SECRET)
        assert (await here.get(f"batchtasks/{made['task_id']}"))["batchtask"]["status"] == "Success"


async def test_a_group_stands_for_its_devices() -> None:
    async with world(devices_per_task=5) as here:
        full = (await here.create(targets_filter={"group_ids": [here.simulator.group_ids[0]]})).json()
        empty = (await here.create(targets_filter={"group_ids": [here.simulator.group_ids[-1]]})).json()
        assert (full["targets"], full["task_progress"]["total"]) == (None, 5)
        assert (empty["status"], empty["task_progress"]["total"]) == ("Fail", 0)
        assert empty["status_desc"]


async def test_a_new_task_may_be_initializing_first() -> None:
    async with world(variants=frozenset({"starts_initializing"})) as here:
        made = (await here.create(["a"])).json()
        assert made["status"] == "Initializing"
        here.clock.advance(1)
        assert (await here.get(f"batchtasks/{made['task_id']}"))["batchtask"]["status"] == "Waitting"


@pytest.mark.parametrize(("variants", "status"), [(set(), 204), ({"package_in_use_refused"}, 400)])
async def test_a_package_in_use_is_deleted_or_not_by_variant(variants: set[str], status: int) -> None:
    async with world(speed=0, variants=frozenset(variants)) as here:
        made = (await here.create(["a"])).json()
        package = f"ota-upgrades/packages/{made['document']['package_ids'][0]}"
        assert (await here.ask("DELETE", package)).status_code == status


async def test_quotas_throttle_the_fifty_first_call_of_a_second() -> None:
    async with world(quotas=True) as here:
        answers = [await here.ask("GET", "batchtasks", task_type="firmwareUpgrade") for _ in range(50)]
        assert [answer.status_code for answer in answers] == [200] * 49 + [429]
        assert answers[-1].json()["error_code"] == "APIGW.0308"
        here.clock.advance(1)
        assert (await here.ask("GET", "batchtasks", task_type="firmwareUpgrade")).status_code == 200


async def test_thirty_thousand_devices_are_walked_by_marker() -> None:
    async with world(tasks=1, devices_per_task=30000) as here:
        task = (await here.tasks())[0]
        path = f"batchtasks/{task['task_id']}"
        progress = task["task_progress"]
        assert task["targets_filter"]
        assert progress["total"] == 30000
        assert sum(count for name, count in progress.items() if name != "total") == 30000
        seen: list[str] = []
        query: dict[str, Any] = {"limit": 50, "task_detail_status": "Processing"}
        while (page := await here.get(path, **query))["task_details"]:
            seen += [detail["target"] for detail in page["task_details"]]
            query["marker"] = page["page"]["marker"]
        assert len(seen) == len(set(seen)) == progress["processing"] == page["page"]["count"]
