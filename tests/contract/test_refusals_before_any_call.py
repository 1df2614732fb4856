"""What is refused without asking the vendor is refused without asking the vendor: its call counter stands still."""

from pathlib import Path
from typing import Any

import pytest

from gateway.domain.operations import Operation, Support
from tests.support.simulated_gateway import SimulatedGateway, simulated_gateway

OBJECTS = """{ tasks(first: 1) { nodes { id executions(first: 1) { nodes { id device { name productKey } } } } }
  packages(first: 1) { nodes { id } } }"""


async def changes(gateway: SimulatedGateway) -> dict[Operation, tuple[str, dict[str, Any]]]:
    """A well-formed change per operation, on objects that exist; one of no package borrows the form of its id."""
    seen = await gateway.ask(OBJECTS)
    task = seen["tasks"]["nodes"][0]
    execution = task["executions"]["nodes"][0]["id"]
    found: dict[Operation, tuple[str, dict[str, Any]]] = {
        Operation.UPDATE_TASK: ("updateOtaTask", {"id": task["id"], "description": "new"}),
        Operation.CONFIRM_TASK: ("confirmOtaTask", {"id": task["id"]}),
        Operation.RETRY_TASK: ("retryOtaTask", {"id": task["id"]}),
        Operation.CANCEL_TASK: ("cancelOtaTask", {"id": task["id"], "force": True}),
        Operation.DELETE_TASK: ("deleteOtaTask", {"id": task["id"], "force": True}),
        Operation.CANCEL_EXECUTION: ("cancelDeviceUpgrade", {"executionIds": [execution], "force": True}),
        Operation.DELETE_EXECUTION: ("deleteJobExecution", {"id": execution, "force": True}),
    }
    if seen["packages"]["nodes"]:
        package = seen["packages"]["nodes"][0]["id"]
        found[Operation.DELETE_PACKAGE] = ("deleteOtaPackage", {"id": package, "force": True})
    return found


@pytest.mark.parametrize("dry_run", [False, True])
async def test_a_read_only_backend_refuses_every_write_and_unsupported_ones_say_so(
    slug: str, tmp_path: Path, dry_run: bool
) -> None:
    async with simulated_gateway(tmp_path, only=[slug], backends={slug: {"read_only": True}}) as gateway:
        backend = gateway.backends[slug]
        supported = {one.operation for one in backend.manifest.capabilities if one.support is not Support.NONE}
        for operation, (name, members) in (await changes(gateway)).items():
            before = dict(backend.simulator.calls)
            payload = await gateway.change(name, dryRun=dry_run, **members)
            (error,) = payload["errors"]
            if operation in supported:
                assert (error["__typename"], error["code"]) == ("OtaConflict", "READ_ONLY"), operation
            else:
                assert error["__typename"] == "OtaUnsupportedByVendor", operation
            assert payload.get("outcome", "REFUSED") == "REFUSED"
            assert dict(backend.simulator.calls) == before, operation


async def test_an_unsupported_operation_is_refused_with_what_there_is_instead_and_audited(
    gateway: SimulatedGateway, slug: str
) -> None:
    backend = gateway.backends[slug]
    lacking = {one.operation: one for one in backend.manifest.capabilities if one.support is Support.NONE}
    for operation, (name, members) in (await changes(gateway)).items():
        if operation not in lacking:
            continue
        before = dict(backend.simulator.calls)
        payload = await gateway.change(
            name, show="raised: errors { ... on OtaUnsupportedByVendor { operation alternatives backend } }", **members
        )
        assert [error["__typename"] for error in payload["errors"]] == ["OtaUnsupportedByVendor"]
        assert payload["raised"] == [
            {
                "operation": operation.value,
                "alternatives": [one.value for one in lacking[operation].alternatives],
                "backend": backend.name,
            }
        ]
        assert dict(backend.simulator.calls) == before
        entry = await gateway.audited(payload["auditEntryId"])
        assert (entry["outcome"], entry["errors"]) == ("REFUSED", [{"code": "UNSUPPORTED_BY_VENDOR"}])
