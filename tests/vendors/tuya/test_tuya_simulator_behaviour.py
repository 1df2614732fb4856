"""The simulated platform over HTTP: every operation by a hand-signed client, its fleet, states and limits."""

import base64
import hashlib
import hmac
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote

import httpx
import pytest

from gateway.vendorkit.simulation.options import SimulatorOptions
from gateway.vendorkit.simulation.server import serving
from gateway.vendors.tuya.simulator import TuyaSimulator, build

PAGE = {"CurrentPage": "1", "PageSize": "100"}
UNFINISHED = {"CONFIRM", "QUEUED", "NOTIFIED", "IN_PROGRESS"}
EVERY_STATUS = ("CONFIRM", "QUEUED", "NOTIFIED", "IN_PROGRESS", "SUCCEEDED", "FAILED", "CANCELED")


class Clock:
    def __init__(self) -> None:
        self.at = datetime(2026, 3, 4, 5, 6, 7, 891000, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.at

    def advance(self, seconds: float) -> None:
        self.at += timedelta(seconds=seconds)


@dataclass
class World:
    simulator: TuyaSimulator
    clock: Clock
    http: httpx.AsyncClient

    async def ask(self, action: str, method: str = "GET", **parameters: str) -> httpx.Response:
        named = {
            "Action": action,
            "AccessKeyId": "demo",
            "SignatureMethod": "HMAC-SHA1",
            "SignatureNonce": uuid.uuid4().hex,
            "Timestamp": self.clock.at.strftime("%Y-%m-%dT%H:%M:%SZ"),
            **parameters,
        }
        canonical = "&".join(f"{quote(k, safe='')}={quote(v, safe='')}" for k, v in sorted(named.items()))
        text = f"{method}&%2F&{quote(canonical, safe='')}"
        mac = base64.b64encode(hmac.new(b"demo-secret&", text.encode(), hashlib.sha1).digest()).decode()
        return await self.http.request(method, f"/?{canonical}&Signature={quote(mac, safe='')}")

    async def get(self, action: str, **parameters: str) -> Any:
        answer = await self.ask(action, **parameters)
        body = answer.json()
        assert (answer.status_code, body["code"], body["success"]) == (200, "", True), body
        return body

    async def failure(self, action: str, **parameters: str) -> tuple[int, str]:
        answer = await self.ask(action, **parameters)
        body = answer.json()
        assert body["success"] is False
        assert body["errorMessage"]
        return answer.status_code, body["code"]

    async def firmware(self) -> list[Any]:
        listed: list[Any] = (await self.get("ListOTAFirmware", **PAGE))["firmwareInfo"]
        return listed

    async def jobs(self) -> list[Any]:
        found = []
        for firmware in await self.firmware():
            page = await self.get("ListOTAJobByFirmware", FirmwareId=firmware["firmwareId"], **PAGE)
            found += page["data"]
        return found

    async def tasks(self, job_id: str, **more: str) -> list[Any]:
        rows: list[Any] = (await self.get("ListOTATaskByJob", JobId=job_id, **PAGE, **more))["data"]
        return rows

    async def states(self, job_id: str) -> dict[str, str]:
        return {task["deviceName"]: task["taskStatus"] for task in await self.tasks(job_id)}

    async def create(self, *devices: str, **more: str) -> tuple[str, Any]:
        firmware = (await self.firmware())[0]
        answer = await self.get(
            "CreateOTAStaticUpgradeJob",
            FirmwareId=firmware["firmwareId"],
            ProductKey=firmware["productKey"],
            **{"TargetSelection": "SPECIFIC", **more},
            **{f"TargetDeviceName.{n}": name for n, name in enumerate(devices, 1)},
        )
        return answer["data"]["jobId"], firmware


@asynccontextmanager
async def world(**more: Any) -> AsyncIterator[World]:
    clock = Clock()
    simulator = build(SimulatorOptions(**{"quotas": False, "now": clock, **more}))
    async with serving(simulator) as url, httpx.AsyncClient(base_url=url, trust_env=False) as http:
        yield World(simulator, clock, http)


@pytest.mark.parametrize("wrapped", [False, True])
async def test_every_operation_answers_and_lists_have_the_shape_asked_for(wrapped: bool) -> None:
    def rows(answer: Any, member: str, wrapper: str) -> list[Any]:
        found: list[Any] = answer[member][wrapper] if wrapped else answer[member]
        return found

    async with world(speed=0, variants=frozenset({"wrapped_lists"} if wrapped else ())) as here:
        made = await here.get("CreateOTAFirmware", DestVersion="9.0.0", FirmwareName="new", NeedToVerify="false")
        firmware_id = made["data"]["firmwareId"]
        listed = await here.get("ListOTAFirmware", **PAGE, DestVersion="9.0.0")
        assert [one["firmwareId"] for one in rows(listed, "firmwareInfo", "simpleFirmwareInfo")] == [firmware_id]
        whole = (await here.get("QueryOTAFirmware", FirmwareId=firmware_id))["firmwareInfo"]
        assert whole["status"] == -1
        assert whole["utcCreate"] == "2026-03-04T05:06:07.891Z"
        device = {"ProductKey": whole["productKey"], "DeviceName": "till-0001"}
        target = {"ProductKey": whole["productKey"], "TargetSelection": "SPECIFIC", "TargetDeviceName.1": "till-0001"}
        job = (await here.get("CreateOTAStaticUpgradeJob", FirmwareId=firmware_id, NeedConfirm="true", **target))[
            "data"
        ]
        job_id = job["jobId"]
        assert (len(job_id), job_id.isdigit()) == (19, True)
        by_firmware = await here.get("ListOTAJobByFirmware", FirmwareId=firmware_id, **PAGE)
        by_device = await here.get("ListOTAJobByDevice", FirmwareId=firmware_id, **device, **PAGE)
        for answer in (by_firmware, by_device):
            assert [one["jobId"] for one in rows(answer, "data", "simpleOTAJobInfo")] == [job_id]
        assert (await here.get("QueryOTAJob", JobId=job_id))["data"]["needConfirm"] is True
        task = rows(await here.get("ListOTATaskByJob", JobId=job_id), "data", "simpleOTATaskInfo")[0]
        assert task["taskStatus"] == "CONFIRM"
        assert len(task["taskId"]) == 19
        await here.get("ConfirmOTATask", **{"TaskId.1": task["taskId"]})
        for who in (device, {"IotId": task["iotId"]}):
            unfinished = await here.get("ListOTAUnfinishedTaskByDevice", **who, **{"TaskStatusList.1": "QUEUED"})
            found = [one["jobId"] for one in rows(unfinished, "data", "simpleOTATaskInfo")]
            assert found[0] == job_id
        await here.get("CancelOTATaskByDevice", FirmwareId=firmware_id, ProductKey=device["ProductKey"], JobId=job_id,
                       **{"DeviceName.1": "till-0001"})  # fmt: skip
        assert rows(await here.get("ListOTATaskByJob", JobId=job_id), "data", "simpleOTATaskInfo")[0]["taskStatus"] == (
            "CANCELED"
        )
        await here.get("CancelOTATaskByJob", JobId=job_id, CancelQueuedTask="true")
        await here.get("DeleteOTAFirmware", FirmwareId=firmware_id)
        assert await here.failure("QueryOTAFirmware", FirmwareId=firmware_id) == (200, "iot.ota.FirmwareNotFound")
        assert len(here.simulator.calls) == 13


@pytest.mark.parametrize("devices", [1, 3, 6, 300])
@pytest.mark.parametrize("tasks", [4, 12])
async def test_waiting_running_finished_and_deletable_objects_exist_at_any_time(tasks: int, devices: int) -> None:
    async with world(tasks=tasks, devices_per_task=devices) as here:
        for seconds in (0, 30, 3600, 90000):
            here.clock.advance(seconds)
            jobs = await here.jobs()
            assert len(jobs) == tasks
            assert any(job["jobStatus"] == "COMPLETED" for job in jobs)
            states = {task["taskStatus"] for job in jobs for task in await here.tasks(job["jobId"])}
            assert (
                states >= {"CONFIRM", "QUEUED", "IN_PROGRESS", "SUCCEEDED"} if devices < 100 else {"CONFIRM", "QUEUED"}
            )
            live = {job["firmwareId"] for job in jobs if job["jobStatus"] in {"PLANNED", "IN_PROGRESS"}}
            assert {firmware["firmwareId"] for firmware in await here.firmware()} - live


async def test_the_same_seed_makes_the_same_fleet() -> None:
    async with world(seed=7) as one, world(seed=7) as two, world(seed=8) as three:
        assert await one.jobs() == await two.jobs()
        assert await one.firmware() != await three.firmware()


async def test_counts_agree_with_the_devices_at_any_time() -> None:
    async with world(tasks=3) as here:
        job_id, _ = await here.create(*(f"d{n}" for n in range(30)))
        for seconds in (0, 3, 4, 5, 13, 20, 30, 60):
            here.clock.advance(seconds)
            states = list((await here.states(job_id)).values())
            for status in EVERY_STATUS:
                page = await here.get("ListOTATaskByJob", JobId=job_id, TaskStatus=status, **PAGE)
                assert page["total"] == len(page["data"]) == states.count(status)
            if seconds == 5:
                here.simulator.set_execution_status(job_id, "d29", "FAILED")
                await here.get("CancelOTATaskByJob", JobId=job_id, CancelQueuedTask="true")


async def test_a_job_runs_to_its_end_and_rows_carry_progress_and_error_texts() -> None:
    async with world() as here:
        job_id, _ = await here.create(*(f"d{n}" for n in range(9)))
        seen, percents = [], []
        for _ in range(70):
            first = (await here.tasks(job_id))[0]
            seen.append(first["taskStatus"])
            percents.append(int(first["progress"]))
            here.clock.advance(1)
        assert list(dict.fromkeys(seen)) == ["QUEUED", "NOTIFIED", "IN_PROGRESS", "SUCCEEDED"]
        assert percents == sorted(percents)
        failed = await here.tasks(job_id, TaskStatus="FAILED")
        assert [bool(task["taskDesc"]) for task in failed] == [True]
        assert failed[0]["utcModified"] > failed[0]["utcCreate"]
        assert (await here.get("QueryOTAJob", JobId=job_id))["data"]["jobStatus"] == "COMPLETED"


async def test_speed_nought_freezes_everything() -> None:
    async with world(speed=0) as here:
        before = [await here.tasks(job["jobId"]) for job in await here.jobs()]
        here.clock.advance(3600)
        assert [await here.tasks(job["jobId"]) for job in await here.jobs()] == before


async def test_cancel_by_device_leaves_what_is_running_or_over() -> None:
    async with world(speed=0) as here:
        job_id, firmware = await here.create(*EVERY_STATUS)
        for status in EVERY_STATUS:
            here.simulator.set_execution_status(job_id, status, status)
        names = {f"DeviceName.{n}": name for n, name in enumerate((*EVERY_STATUS, "unknown"), 1)}
        await here.get(
            "CancelOTATaskByDevice", ProductKey=firmware["productKey"], FirmwareId=firmware["firmwareId"], **names
        )
        states = await here.states(job_id)
    canceled = {"CONFIRM", "QUEUED", "NOTIFIED", "CANCELED"}
    assert states == {name: "CANCELED" if name in canceled else name for name in EVERY_STATUS}


async def test_cancel_by_device_reaches_every_batch_unless_one_is_named() -> None:
    async with world(speed=0) as here:
        one, firmware = await here.create("a")
        two, _ = await here.create("a")
        which = {"ProductKey": firmware["productKey"], "FirmwareId": firmware["firmwareId"], "DeviceName.1": "a"}
        await here.get("CancelOTATaskByDevice", JobId=one, **which)
        assert [await here.states(job) for job in (one, two)] == [{"a": "CANCELED"}, {"a": "QUEUED"}]
        await here.get("CancelOTATaskByDevice", **which)
        assert await here.states(two) == {"a": "CANCELED"}


async def test_a_strict_cancel_is_all_or_nothing() -> None:
    async with world(speed=0, variants=frozenset({"strict_cancel"})) as here:
        job_id, firmware = await here.create("a", "b")
        which = {"ProductKey": firmware["productKey"], "FirmwareId": firmware["firmwareId"], "JobId": job_id}
        here.simulator.set_execution_status(job_id, "b", "IN_PROGRESS")
        status, _ = await here.failure("CancelOTATaskByDevice", **which, **{"DeviceName.1": "a", "DeviceName.2": "b"})
        assert status == 200
        assert await here.states(job_id) == {"a": "QUEUED", "b": "IN_PROGRESS"}


@pytest.mark.parametrize(
    ("flags", "canceled"),
    [
        ({"CancelQueuedTask": "true"}, {"QUEUED", "CONFIRM"}),
        ({"CancelQueuedTask": "TRUE", "CancelUnconfirmedTask": "False"}, {"QUEUED"}),
        ({"CancelNotifiedTask": "true"}, {"NOTIFIED"}),
        ({"CancelUnconfirmedTask": "true"}, {"CONFIRM"}),
        (
            {"CancelQueuedTask": "true", "CancelNotifiedTask": "true", "CancelUnconfirmedTask": "true"},
            {"QUEUED", "NOTIFIED", "CONFIRM"},
        ),
    ],
)
async def test_cancel_by_job_takes_what_its_flags_say(flags: dict[str, str], canceled: set[str]) -> None:
    async with world(speed=0) as here:
        job_id, _ = await here.create(*EVERY_STATUS)
        for status in EVERY_STATUS:
            here.simulator.set_execution_status(job_id, status, status)
        await here.get("CancelOTATaskByJob", JobId=job_id, **flags)
        assert await here.states(job_id) == {n: "CANCELED" if n in canceled else n for n in EVERY_STATUS}


async def test_a_job_whose_tasks_were_all_canceled_is_canceled() -> None:
    async with world(speed=0) as here:
        job_id, _ = await here.create("a", "b")
        await here.get("CancelOTATaskByJob", JobId=job_id, CancelQueuedTask="true")
        assert (await here.get("QueryOTAJob", JobId=job_id))["data"]["jobStatus"] == "CANCELED"
        assert (await here.failure("CancelOTATaskByJob", JobId=job_id))[0] == 200


async def test_devices_named_override_the_paging() -> None:
    async with world(speed=0) as here:
        job_id, _ = await here.create("a", "b", "c")
        names = {"DeviceNames.1": "c", "DeviceNames.2": "unknown", "DeviceNames.3": "a"}
        page = await here.get("ListOTATaskByJob", JobId=job_id, CurrentPage="2", PageSize="1", **names)
        assert [task["deviceName"] for task in page["data"]] == ["c", "a"]
        second = await here.get("ListOTATaskByJob", JobId=job_id, CurrentPage="2", PageSize="2")
        assert [task["deviceName"] for task in second["data"]] == ["c"]
        assert {name: second[name] for name in ("currentPage", "pageSize", "pageCount", "total")} == {
            "currentPage": 2, "pageSize": 2, "pageCount": 2, "total": 3,
        }  # fmt: skip


@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_a_name_in_the_wrong_case_counts_as_missing(method: str) -> None:
    async with world() as here:
        for action, wrong, code in (
            ("QueryOTAFirmware", {"FirmwareID": "146"}, "MissingFirmwareId"),
            ("QueryOTAJob", {"JobID": "1836340000000000000"}, "MissingJobId"),
            ("ConfirmOTATask", {"TaskID.1": "1"}, "MissingTaskId"),
        ):
            answer = await here.ask(action, method, **wrong)
            assert (answer.status_code, answer.json()["code"]) == (400, code)


async def test_what_is_out_of_range_or_unknown_is_refused_by_the_service() -> None:
    async with world() as here:
        job_id, firmware = await here.create("a")
        firmware_id, product_key = firmware["firmwareId"], firmware["productKey"]
        target = {"FirmwareId": firmware_id, "ProductKey": product_key}
        for action, parameters in (
            ("ListOTAFirmware", {"CurrentPage": "0", "PageSize": "10"}),
            ("ListOTAFirmware", {"CurrentPage": "1", "PageSize": "101"}),
            ("ListOTAJobByFirmware", {"FirmwareId": firmware_id, "CurrentPage": "1", "PageSize": "201"}),
            ("ListOTATaskByJob", {"JobId": job_id, "TaskStatus": "RUNNING"}),
            ("ListOTATaskByJob", {"JobId": "1"}),
            ("QueryOTAJob", {"JobId": "1836340999999000000"}),
            ("ConfirmOTATask", {f"TaskId.{n}": "1" for n in range(1, 12)}),
            ("ConfirmOTATask", {"TaskId.1": "1"}),
            ("CreateOTAStaticUpgradeJob", {**target, "TargetSelection": "GROUP"}),
            (
                "CreateOTAStaticUpgradeJob",
                {**target, "TargetSelection": "ALL", "RetryInterval": "7", "RetryCount": "1"},
            ),
            ("CreateOTAStaticUpgradeJob", {**target, "TargetSelection": "ALL", "TimeoutInMinutes": "1441"}),
            ("CreateOTAStaticUpgradeJob", {**target, "ProductKey": "other", "TargetSelection": "ALL"}),
        ):
            status, code = await here.failure(action, **parameters)
            assert (status, code[:4]) == (200, "iot."), (action, parameters)
        assert await here.failure("NoSuchAction") == (400, "InvalidAction.NotFound")
        assert await here.failure("ListOTAFirmware", CurrentPage="1") == (400, "MissingPageSize")
        assert (await here.failure("CreateOTAStaticUpgradeJob", **target, TargetSelection="GRAY"))[
            1
        ] == "MissingGrayPercent"


@pytest.mark.parametrize(("selection", "count"), [({"TargetSelection": "ALL"}, 48), ({"GrayPercent": "50"}, 24)])
async def test_a_job_for_all_or_a_share_takes_the_products_devices(selection: dict[str, str], count: int) -> None:
    async with world() as here:
        job_id, _ = await here.create(**{"TargetSelection": "GRAY", **selection})
        page = await here.get("ListOTATaskByJob", JobId=job_id)
        assert page["total"] == count
        assert (await here.get("QueryOTAJob", JobId=job_id))["data"].get("grayPercent") == selection.get("GrayPercent")


@pytest.mark.parametrize(("variants", "refused"), [(set(), True), ({"in_use_allowed"}, False)])
async def test_a_package_in_use_is_deleted_or_not_by_variant(variants: set[str], refused: bool) -> None:
    async with world(speed=0, variants=frozenset(variants)) as here:
        _, firmware = await here.create("a")
        answer = (await here.ask("DeleteOTAFirmware", FirmwareId=firmware["firmwareId"])).json()
        assert answer["success"] is not refused
        assert any(one["firmwareId"] == firmware["firmwareId"] for one in await here.firmware()) is refused


async def test_quotas_throttle_the_fifty_first_call_of_a_second() -> None:
    async with world(quotas=True) as here:
        answers = [await here.ask("ListOTAFirmware", **PAGE) for _ in range(51)]
        assert [answer.status_code for answer in answers] == [200] * 50 + [400]
        assert answers[-1].json()["code"] == "Throttling.User"


async def test_two_hundred_thousand_devices_page_at_once() -> None:
    async with world(tasks=1, devices_per_task=200_000) as here:
        job_id = (await here.jobs())[0]["jobId"]
        last = await here.get("ListOTATaskByJob", JobId=job_id, CurrentPage="2000", PageSize="100")
        assert (len(last["data"]), last["total"]) == (100, 200_000)
        totals = [(await here.get("ListOTATaskByJob", JobId=job_id, TaskStatus=s))["total"] for s in EVERY_STATUS]
        assert sum(totals) == 200_000
        await here.get("CancelOTATaskByJob", JobId=job_id, CancelQueuedTask="true", CancelNotifiedTask="true")
        states = {s: (await here.get("ListOTATaskByJob", JobId=job_id, TaskStatus=s))["total"] for s in EVERY_STATUS}
        assert (states["QUEUED"], states["NOTIFIED"]) == (0, 0)
        assert sum(states.values()) == 200_000
