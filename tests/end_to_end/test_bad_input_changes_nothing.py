"""What breaks a rule is refused with the path and the rule, before any vendor is called; nothing is half done."""

from typing import Any

import pytest

from gateway.domain.ids import Kind, ObjectId, decode, encode
from gateway.domain.operations import Operation, Support
from tests.support.simulated_gateway import SimulatedBackend, SimulatedGateway

OBJECTS = """query Objects($names: [String!]) {
  tasks(first: 1, filter: { backends: $names }) { nodes { id executions(first: 1) { nodes { id device { id } } } } }
  packages(first: 1, filter: { backends: $names }) { nodes { id } } }"""
READS = {
    Kind.TASK: "query Read($id: ID!) { task(id: $id) { id } }",
    Kind.PACKAGE: "query Read($id: ID!) { package(id: $id) { id } }",
    Kind.EXECUTION: "query Read($id: ID!) { execution(id: $id) { id } }",
}
TASK_CHANGES = ("updateOtaTask", "confirmOtaTask", "retryOtaTask", "cancelOtaTask", "deleteOtaTask")
GARBAGE = ("", " ", "x", "not an id", "=====", "ü", "MQ", "A" * 5000, "MTp0YXNrOjo6")


async def objects(gateway: SimulatedGateway, backend: SimulatedBackend) -> dict[Kind, str]:
    """An id of each kind in one backend."""
    seen = await gateway.ask(OBJECTS, names=[backend.name])
    task = seen["tasks"]["nodes"][0]
    found = {Kind.TASK: task["id"], Kind.EXECUTION: task["executions"]["nodes"][0]["id"]}
    found[Kind.DEVICE] = task["executions"]["nodes"][0]["device"]["id"]
    if seen["packages"]["nodes"]:
        found[Kind.PACKAGE] = seen["packages"]["nodes"][0]["id"]
    return found


async def refused(gateway: SimulatedGateway, name: str, **members: Any) -> dict[str, Any]:
    """The one error of a change that is refused for its input; no vendor saw a thing."""
    before = gateway.calls
    payload = await gateway.change(name, **members)
    assert payload.get("outcome", "REFUSED") == "REFUSED", payload
    assert len(payload["errors"]) == 1, payload
    (error,) = payload["errors"]
    assert error["__typename"] == "OtaInvalidInput", payload
    assert error["code"] == "INVALID_INPUT"
    assert error["rule"]
    assert not payload.get("results")
    assert gateway.calls == before
    return dict(error)


async def test_reads_of_a_malformed_id_are_bad_user_input(gateway: SimulatedGateway) -> None:
    for text in GARBAGE:
        for query in READS.values():
            assert await gateway.error_codes(query, id=text) == ["BAD_USER_INPUT"], text
        assert await gateway.error_codes("query Read($id: ID!) { node(id: $id) { id } }", id=text) == ["BAD_USER_INPUT"]
    assert gateway.calls == 0


async def test_changes_of_a_malformed_id_are_invalid_input(gateway: SimulatedGateway) -> None:
    for text in GARBAGE:
        for name in TASK_CHANGES:
            more = {"description": "new"} if name == "updateOtaTask" else {}
            assert (await refused(gateway, name, id=text, **more))["path"] == ["id"]
        assert (await refused(gateway, "deleteOtaPackage", id=text))["path"] == ["id"]
        assert (await refused(gateway, "deleteJobExecution", id=text))["path"] == ["id"]
        path = (await refused(gateway, "cancelDeviceUpgrade", executionIds=[text]))["path"]
        assert path == ["executionIds", "0"]


async def test_an_id_of_another_kind_or_an_unknown_backend_is_refused(gateway: SimulatedGateway) -> None:
    for backend in gateway.backends.values():
        found = await objects(gateway, backend)
        for wanted, query in READS.items():
            for kind, text in found.items():
                if kind is not wanted:
                    assert await gateway.error_codes(query, id=text) == ["BAD_USER_INPUT"], (wanted, kind)
            if wanted in found:
                ref = decode(found[wanted])
                elsewhere = encode(ObjectId(ref.kind, "nowhere", ref.key, ref.generation))
                assert await gateway.error_codes(query, id=elsewhere) == ["BAD_USER_INPUT"]
        error = await refused(gateway, "deleteOtaTask", id=found[Kind.EXECUTION])
        assert error["path"] == ["id"]
        ref = decode(found[Kind.TASK])
        elsewhere = encode(ObjectId(ref.kind, "nowhere", ref.key, ref.generation))
        assert "backend" in (await refused(gateway, "deleteOtaTask", id=elsewhere))["message"]


@pytest.mark.parametrize("part", ["", " ", "a b", "x" * 400, "../../things", "a\nb", "ä", "a?b=c", "a%2Fb"])
async def test_a_key_outside_the_vendors_lengths_and_patterns_reaches_no_vendor(
    gateway: SimulatedGateway, part: str
) -> None:
    for backend in gateway.backends.values():
        for kind in (Kind.TASK, Kind.PACKAGE):
            ref = ObjectId(kind, backend.name, (part,) if part else ("", ""), "1")
            name = "deleteOtaTask" if kind is Kind.TASK else "deleteOtaPackage"
            assert (await refused(gateway, name, id=encode(ref)))["path"] == ["id"]
            before = gateway.calls
            assert await gateway.error_codes(READS[kind], id=encode(ref)) == ["BAD_USER_INPUT"]
            assert gateway.calls == before


async def test_a_key_of_too_many_parts_reaches_no_vendor(gateway: SimulatedGateway) -> None:
    for backend in gateway.backends.values():
        ref = ObjectId(Kind.TASK, backend.name, ("1", "2", "3", "4"), "1")
        assert (await refused(gateway, "cancelOtaTask", id=encode(ref)))["path"] == ["id"]


async def test_a_description_or_configuration_outside_its_rules_reaches_no_vendor(gateway: SimulatedGateway) -> None:
    for backend in gateway.backends.values():
        task = (await objects(gateway, backend))[Kind.TASK]
        updating = next(one for one in backend.manifest.capabilities if one.operation is Operation.UPDATE_TASK)
        assert (await refused(gateway, "updateOtaTask", id=task))["rule"]
        if updating.support is Support.NONE:
            continue
        for description in ("", "x" * 2029, "x" * 100_000, "bell \u0007"):
            error = await refused(gateway, "updateOtaTask", id=task, description=description)
            assert error["path"] == ["description"]
        for configuration in ("", "x" * 500, "a b", "../x"):
            error = await refused(gateway, "updateOtaTask", id=task, taskConfigurationId=configuration)
            assert error["path"] == ["taskConfigurationId"]


async def test_lists_of_targets_are_neither_empty_nor_doubled_nor_endless(gateway: SimulatedGateway) -> None:
    for backend in gateway.backends.values():
        found = await objects(gateway, backend)
        execution, task = found[Kind.EXECUTION], found[Kind.TASK]
        assert (await refused(gateway, "cancelDeviceUpgrade", executionIds=[]))["path"] == ["executionIds"]
        error = await refused(gateway, "cancelDeviceUpgrade", executionIds=[execution, execution])
        assert error["path"] == ["executionIds", "1"]
        for names, path in (
            ([], ["devices", "deviceNames"]),
            (["one", "two", "one"], ["devices", "deviceNames", "2"]),
            (["one", "  "], ["devices", "deviceNames", "1"]),
        ):
            error = await refused(gateway, "cancelDeviceUpgrade", devices={"taskId": task, "deviceNames": names})
            assert error["path"] == path
            assert len(error["message"]) < 500


async def test_a_list_of_more_targets_than_a_request_may_hold_is_beyond_a_limit(gateway: SimulatedGateway) -> None:
    names = [f"device-{number}" for number in range(1001)]
    for backend in gateway.backends.values():
        task = (await objects(gateway, backend))[Kind.TASK]
        before = backend.calls
        devices = {"taskId": task, "deviceNames": names}
        query = "mutation C($input: %s!) { %s(input: $input) { errors { code } } }"
        for mutation, given in (
            ("cancelDeviceUpgrade", {"devices": devices}),
            ("createOtaTask", {"backend": backend.name, "targets": names}),
        ):
            kind = f"{mutation[0].upper()}{mutation[1:]}Input"
            assert await gateway.error_codes(query % (kind, mutation), input=given) == ["LIMIT_EXCEEDED"]
        assert backend.calls == before


async def test_exactly_one_of_exclusive_members_is_taken(gateway: SimulatedGateway) -> None:
    backends = [(one, await objects(gateway, one)) for one in gateway.backends.values()]
    backend, found = next((one, found) for one, found in backends if Kind.PACKAGE in found)
    execution, task, package = found[Kind.EXECUTION], found[Kind.TASK], found[Kind.PACKAGE]
    native = {"backend": backend.name, "thingName": "thing", "jobId": "job", "executionNumber": 1}
    by_name = {"taskId": task, "deviceNames": ["one"]}
    await refused(gateway, "deleteJobExecution")
    await refused(gateway, "deleteJobExecution", id=execution, execution=native)
    await refused(gateway, "cancelDeviceUpgrade")
    await refused(gateway, "cancelDeviceUpgrade", executionIds=[execution], devices=by_name)
    await refused(gateway, "cancelDeviceUpgrade", devices={"deviceNames": ["one"]})
    await refused(gateway, "cancelDeviceUpgrade", devices={**by_name, "packageId": package})
    error = await refused(gateway, "cancelDeviceUpgrade", devices={"packageId": package, "deviceNames": ["one"]})
    assert error["path"] == ["devices", "allTasks"]


async def test_targets_of_two_backends_in_one_call_are_refused(gateway: SimulatedGateway) -> None:
    ids = [(await objects(gateway, backend))[Kind.EXECUTION] for backend in gateway.backends.values()]
    for other in ids[1:]:
        error = await refused(gateway, "cancelDeviceUpgrade", executionIds=[ids[0], other])
        assert error["path"] == ["executionIds", "1"]


async def test_reasons_and_keys_have_a_length(gateway: SimulatedGateway) -> None:
    for backend in gateway.backends.values():
        task = (await objects(gateway, backend))[Kind.TASK]
        assert (await refused(gateway, "deleteOtaTask", id=task, reason="x" * 2029))["path"] == ["reason"]
        for key in ("", "x" * 256):
            error = await refused(gateway, "deleteOtaTask", id=task, idempotencyKey=key)
            assert error["path"] == ["idempotencyKey"]


async def test_a_task_is_created_only_in_a_configured_backend_with_targets(gateway: SimulatedGateway) -> None:
    error = await refused(gateway, "createOtaTask", backend="nowhere", targets=["one"])
    assert error["path"] == ["backend"]
    for backend in gateway.backends.values():
        error = await refused(gateway, "createOtaTask", backend=backend.name, targets=[])
        assert error["path"] == ["targets"]
        await refused(gateway, "createOtaTask", backend=backend.name, targets=["one", "one"])
        await refused(gateway, "createOtaTask", backend=backend.name, targets=["one"], vendorOptions=[1])
