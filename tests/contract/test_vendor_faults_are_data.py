"""Whatever a vendor or the network does to a read, the answer is a typed result and never an exception."""

from pathlib import Path

import pytest

from gateway.domain.operations import Operation
from gateway.vendorkit.simulation.faults import FaultKind
from tests.support.simulated_gateway import SimulatedBackend, SimulatedGateway, simulated_gateway

RESULT = "backends { name status fetchedAt error { __typename code message retryable backend } }"
TASKS = f"query List($order: OtaTaskOrder) {{ list: tasks(first: 5, orderBy: $order) {{ nodes {{ id }} {RESULT} }} }}"
PACKAGES = f"query List {{ list: packages(first: 5) {{ nodes {{ id }} {RESULT} }} }}"
EXPECTED = {
    FaultKind.DELAY: None,
    FaultKind.REBORN: None,
    FaultKind.THROTTLE: {"OtaThrottled"},
    FaultKind.ERROR: {"OtaBackendUnavailable", "OtaVendorRejected"},
    FaultKind.HTML: {"OtaBackendUnavailable", "OtaVendorRejected"},
    FaultKind.CUT: {"OtaBackendUnavailable"},
    FaultKind.DROP: {"OtaBackendUnavailable"},
    FaultKind.ANSWER_LOST: {"OtaBackendUnavailable"},
}


def test_every_kind_of_fault_is_expected() -> None:
    assert set(EXPECTED) == set(FaultKind)


@pytest.mark.parametrize("field", ["CREATED_AT", "BACKEND"])
async def test_a_fault_on_a_list_is_told_of_and_forgotten_when_it_ends(
    gateway: SimulatedGateway, backend: SimulatedBackend, field: str
) -> None:
    fresh = {"Cache-Control": "no-cache"}
    for kind, types in EXPECTED.items():
        backend.faults.rules.clear()
        backend.fail(kind, seconds=0.05)
        (result,) = (await gateway.ask(TASKS, fresh, order={"field": field}))["list"]["backends"]
        assert result["name"] == backend.name
        if types is None:
            assert result["status"] == "OK", (kind, result)
            assert result["error"] is None
            continue
        assert result["status"] == "FAILED", (kind, result)
        assert result["error"]["__typename"] in types, (kind, result)
        assert result["error"]["backend"] == backend.name
        assert result["error"]["message"]
        backend.faults.rules.clear()
        answer = (await gateway.ask(TASKS, order={"field": field}))["list"]
        assert answer["backends"][0]["status"] == "OK", kind
        assert len(answer["nodes"]) == 5


async def test_packages_that_cannot_be_listed_are_skipped_with_a_reason_and_failed_ones_told_of(
    gateway: SimulatedGateway, backend: SimulatedBackend
) -> None:
    listed = next(one for one in backend.manifest.capabilities if one.operation is Operation.LIST_PACKAGES)
    backend.fail(FaultKind.DROP)
    answer = (await gateway.ask(PACKAGES))["list"]
    (result,) = answer["backends"]
    if listed.support == "NONE":
        assert result["status"] == "SKIPPED"
        assert result["error"]["__typename"] == "OtaUnsupportedByVendor"
        assert backend.calls == 0
    else:
        assert result["status"] == "FAILED"
        assert result["error"]["code"] == "BACKEND_UNAVAILABLE"
    assert answer["nodes"] == []


async def test_a_lost_object_is_null_with_an_error_and_a_missing_one_is_null_alone(
    gateway: SimulatedGateway, backend: SimulatedBackend
) -> None:
    (node,) = (await gateway.ask("{ tasks(first: 1) { nodes { id } } }"))["tasks"]["nodes"]
    query = "query One($id: ID!) { task(id: $id) { id } }"
    backend.fail(FaultKind.DROP)
    answer = await gateway.answer(query, id=node["id"])
    assert answer["data"] == {"task": None}
    (error,) = answer["errors"]
    assert error["path"] == ["task"]
    assert error["extensions"]["code"] == "BACKEND_UNAVAILABLE"
    backend.faults.rules.clear()
    assert (await gateway.ask(query, id=node["id"]))["task"] == node


async def test_wrong_credentials_are_a_typed_error_that_holds_no_secret(slug: str, tmp_path: Path) -> None:
    keys = {"access_key": "another-key", "secret_key": "another-secret"}
    async with simulated_gateway(tmp_path, only=[slug], fleet=keys) as gateway:
        (result,) = (await gateway.ask(TASKS))["list"]["backends"]
        assert result["status"] == "FAILED"
        assert result["error"]["__typename"] in {"OtaPermissionDenied", "OtaVendorRejected"}, result
        assert "demo-secret" not in str(result)
        assert "another" not in str(result)


async def test_a_wrong_secret_alone_is_a_typed_error(slug: str, tmp_path: Path) -> None:
    async with simulated_gateway(tmp_path, only=[slug], fleet={"secret_key": "another-secret"}) as gateway:
        (result,) = (await gateway.ask(TASKS))["list"]["backends"]
        assert result["status"] == "FAILED"
        assert result["error"]["__typename"] in {"OtaPermissionDenied", "OtaVendorRejected"}, result
        assert "another" not in str(result)
