"""The vendor's own SDK, with both of its signing algorithms, against the simulated IoTDA."""

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from huaweicloudsdkcore.auth.credentials import BasicCredentials
from huaweicloudsdkcore.exceptions.exceptions import ClientRequestException
from huaweicloudsdkcore.http.http_config import HttpConfig
from huaweicloudsdkcore.region.region import Region
from huaweicloudsdkiotda import v5 as sdk
from huaweicloudsdkiotda.v5 import IoTDAClient

from gateway.vendorkit.simulation.options import SimulatorOptions
from gateway.vendorkit.simulation.server import serving
from gateway.vendors.huawei_iotda.simulator import HuaweiSimulator, build

OPERATIONS = {
    "ListOtaPackageInfo",
    "ShowOtaPackage",
    "CreateOtaPackage",
    "DeleteOtaPackage",
    "ListBatchTasks",
    "ShowBatchTask",
    "CreateBatchTask",
    "DeleteBatchTask",
    "StopBatchTask",
    "RetryBatchTask",
    "ConfirmBatchTask",
}
PLAIN, DERIVED = "plain", "derived"
SECRET = "demo-secret"


@pytest.fixture(autouse=True)
def _home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # The SDK writes an application id under the home directory.
    monkeypatch.setenv("HOME", str(tmp_path))


@dataclass
class Peer:
    """An SDK client, called off the event loop because it blocks."""

    client: IoTDAClient
    simulator: HuaweiSimulator
    url: str
    signing: str

    async def call(self, name: str, request: object) -> Any:
        return await asyncio.to_thread(getattr(self.client, name), request)


def connect(url: str, signing: str, *, secret: str) -> IoTDAClient:
    credentials = BasicCredentials("demo", secret, "demo")
    if signing == DERIVED:
        credentials.with_derived_predicate(BasicCredentials.get_default_derived_predicate())
    return (
        IoTDAClient.new_builder()
        .with_http_config(HttpConfig(timeout=(3, 5), retry_times=0))
        .with_credentials(credentials)
        .with_region(Region("cn-north-4", url))
        .build()
    )


@pytest.fixture(params=[PLAIN, DERIVED])
async def peer(request: pytest.FixtureRequest) -> AsyncIterator[Peer]:
    simulator = build(SimulatorOptions(quotas=False, speed=0, deletion_seconds=0.0))
    async with serving(simulator) as url:
        yield Peer(connect(url, request.param, secret=SECRET), simulator, url, request.param)


async def refusal(call: Callable[[], Any]) -> ClientRequestException:
    with pytest.raises(ClientRequestException) as caught:
        await asyncio.to_thread(call)
    return caught.value


def new_package(version: str) -> sdk.CreateOtaPackageRequest:
    location = sdk.ObsLocation(
        region_name="cn-north-4", bucket_name="firmware", object_key="a/修复 v2.bin", sign="ab" * 32
    )
    return sdk.CreateOtaPackageRequest(
        instance_id="0f0a1b2c-1111-2222-3333-444455556666",
        body=sdk.CreateOtaPackage(
            app_id="61f7e74d036aca5be29e1ed4",
            package_type="firmwarePackage",
            product_id="5ba24f5ebbe8f56f5a14f605",
            version=version,
            support_source_versions=["V1.0"],
            description="修复 v2",
            file_location=sdk.FileLocation(obs_location=location),
        ),
    )


def new_task(package_id: str, name: str, **more: Any) -> sdk.CreateBatchTaskRequest:
    body = sdk.CreateBatchTask(
        task_name=name,
        task_type="firmwareUpgrade",
        document={"package_ids": [package_id]},
        **{"targets": ["a", "b"], **more},
    )
    return sdk.CreateBatchTaskRequest(body=body)


async def test_every_operation_answers_the_sdk(peer: Peer) -> None:
    created = await peer.call("create_ota_package", new_package("V3.0"))
    assert created.status_code == 201
    package_id = created.package_id
    shown = await peer.call("show_ota_package", sdk.ShowOtaPackageRequest(package_id=package_id))
    assert shown.description == "修复 v2"
    assert shown.file_location.obs_location.object_key == "a/修复 v2.bin"
    listed = await peer.call(
        "list_ota_package_info", sdk.ListOtaPackageInfoRequest(package_type="firmwarePackage", version="V3.0", limit=50)
    )
    assert [one.package_id for one in listed.packages] == [package_id]
    assert listed.page.count == 1

    made = await peer.call("create_batch_task", new_task(package_id, "升级_1", need_confirm=True))
    assert (made.status_code, made.status, made.task_progress.waitting) == (201, "Waitting", 2)
    task_id = made.task_id
    tasks = await peer.call("list_batch_tasks", sdk.ListBatchTasksRequest(task_type="firmwareUpgrade", limit=50))
    assert tasks.batchtasks[0].task_id == task_id
    assert tasks.batchtasks[0].document == {"package_ids": [package_id]}

    one = sdk.BatchTargets(targets=["a", "no-such-device"])
    confirmed = await peer.call("confirm_batch_task", sdk.ConfirmBatchTaskRequest(task_id=task_id, body=one))
    assert [(t.target, t.status) for t in confirmed.targets] == [("a", "success"), ("no-such-device", "failure")]
    assert confirmed.targets[1].error_code == "IOTDA.014219"

    peer.simulator.set_execution_status(task_id, "a", "Fail")
    details = await peer.call(
        "show_batch_task", sdk.ShowBatchTaskRequest(task_id=task_id, task_detail_status="Fail", target="a", limit=10)
    )
    assert [(d.target, d.status) for d in details.task_details] == [("a", "Fail")]
    assert details.task_details[0].error.error_msg
    assert details.batchtask.status == "Processing"
    retried = await peer.call(
        "retry_batch_task", sdk.RetryBatchTaskRequest(task_id=task_id, body=sdk.BatchTargets(targets=["a"]))
    )
    assert retried.targets[0].status == "success"

    stopped = await peer.call("stop_batch_task", sdk.StopBatchTaskRequest(task_id=task_id, body=sdk.BatchTargets()))
    assert {t.target for t in stopped.targets} == {"a", "b"}
    gone = await peer.call("delete_batch_task", sdk.DeleteBatchTaskRequest(task_id=task_id))
    assert gone.status_code == 204
    gone = await peer.call("delete_ota_package", sdk.DeleteOtaPackageRequest(package_id=package_id))
    assert gone.status_code == 204
    assert set(peer.simulator.calls) == OPERATIONS


async def test_a_wrong_secret_is_refused(peer: Peer) -> None:
    client = connect(peer.url, peer.signing, secret="not-it")
    problem = await refusal(lambda: client.list_batch_tasks(sdk.ListBatchTasksRequest(task_type="firmwareUpgrade")))
    assert (problem.status_code, problem.error_code) == (401, "APIGW.0301")
    assert problem.request_id


async def test_what_does_not_exist_is_404_to_the_sdk(peer: Peer) -> None:
    client = peer.client
    for call in (
        lambda: client.show_batch_task(sdk.ShowBatchTaskRequest(task_id="ab" * 12)),
        lambda: client.delete_batch_task(sdk.DeleteBatchTaskRequest(task_id="ab" * 12)),
        lambda: client.show_ota_package(sdk.ShowOtaPackageRequest(package_id="nothing")),
        lambda: client.delete_ota_package(sdk.DeleteOtaPackageRequest(package_id="nothing")),
    ):
        assert (await refusal(call)).status_code == 404


async def test_a_stop_without_a_body_is_refused(peer: Peer) -> None:
    task_id = (
        (await peer.call("list_batch_tasks", sdk.ListBatchTasksRequest(task_type="softwareUpgrade")))
        .batchtasks[0]
        .task_id
    )
    problem = await refusal(lambda: peer.client.stop_batch_task(sdk.StopBatchTaskRequest(task_id=task_id)))
    assert problem.status_code == 400


async def test_markers_walk_all_tasks_once(peer: Peer) -> None:
    seen: list[str] = []
    marker = None
    while True:
        request = sdk.ListBatchTasksRequest(task_type="softwareUpgrade", limit=2, marker=marker)
        answer = await peer.call("list_batch_tasks", request)
        if not answer.batchtasks:
            break
        seen += [task.task_id for task in answer.batchtasks]
        marker = answer.page.marker
    assert len(seen) == len(set(seen)) == answer.page.count
    assert seen == sorted(seen, reverse=True)


async def test_a_derived_instance_turns_plain_signatures_away() -> None:
    simulator = build(SimulatorOptions(variants=frozenset({"derived_only"})))
    request = sdk.ListBatchTasksRequest(task_type="firmwareUpgrade")
    async with serving(simulator) as url:
        plain, derived = connect(url, PLAIN, secret=SECRET), connect(url, DERIVED, secret=SECRET)
        problem = await refusal(lambda: plain.list_batch_tasks(request))
        answer = await asyncio.to_thread(derived.list_batch_tasks, request)
    assert (problem.status_code, problem.error_code) == (401, "IOTDA.000002")
    assert answer.status_code == 200
