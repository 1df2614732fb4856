"""What a vendor's manifest promises is what its adapter does; its tables know every word they list."""

import pytest

from gateway.backends.stack import BackendStack
from gateway.domain.errors import UnsupportedByVendor
from gateway.domain.ids import Kind, decode
from gateway.domain.operations import BACKEND_OPERATIONS, Operation, Support
from gateway.domain.page import PageRequest
from gateway.vendorkit.discovery import installed_vendors
from gateway.vendorkit.unsupported import UnsupportedUnlessOverridden

METHODS = {
    Operation.LIST_TASKS: ("list_tasks",),
    Operation.LIST_PACKAGES: ("list_packages",),
    Operation.LIST_EXECUTIONS: ("list_executions",),
    Operation.LIST_DEVICE_EXECUTIONS: ("list_device_executions",),
    Operation.CREATE_TASK: ("create_task", "check_draft"),
    Operation.UPDATE_TASK: ("update_task",),
    Operation.CONFIRM_TASK: ("confirm_executions",),
    Operation.RETRY_TASK: ("retry_executions",),
    Operation.CANCEL_TASK: ("cancel_task",),
    Operation.DELETE_TASK: ("delete_task",),
    Operation.DELETE_PACKAGE: ("delete_package",),
    Operation.CANCEL_EXECUTION: ("cancel_executions",),
    Operation.DELETE_EXECUTION: ("delete_execution", "execution_ref"),
}


def test_every_operation_is_declared_once(slug: str) -> None:
    declared = [capability.operation for capability in installed_vendors()[slug].capabilities]
    assert sorted(declared) == sorted(BACKEND_OPERATIONS)


async def test_an_operation_is_written_exactly_where_the_manifest_has_it(stack: BackendStack) -> None:
    for operation, names in METHODS.items():
        declared = stack.backend.capability(operation).support is not Support.NONE
        for name in names:
            mine, refusing = getattr(type(stack.adapter), name), getattr(UnsupportedUnlessOverridden, name)
            assert (mine is not refusing) is declared, name


def test_what_is_not_supported_says_why(slug: str) -> None:
    for capability in installed_vendors()[slug].capabilities:
        if capability.support is Support.NONE:
            assert capability.note, capability.operation
            supported = {
                one.operation for one in installed_vendors()[slug].capabilities if one.support is not Support.NONE
            }
            assert set(capability.alternatives) <= supported, capability.operation


def test_every_listed_word_is_known_and_any_other_is_unknown_and_counted(slug: str) -> None:
    tables = installed_vendors()[slug].status_tables()
    assert {"task", "execution"} <= set(tables)
    for table in tables.values():
        assert table.values
        before = dict(table.unknown_values)
        for value in table.values:
            neutral = table.read(value)
            assert value in table.native([neutral])
        assert dict(table.unknown_values) == before
        unknown = table.read("SPELT_LIKE_NOTHING")
        # Kinds of packages have no UNKNOWN in the schema; OTHER is their word for it.
        assert unknown.value == ("UNKNOWN" if "UNKNOWN" in type(unknown).__members__ else "OTHER")
        assert table.unknown_values["SPELT_LIKE_NOTHING"] == before.get("SPELT_LIKE_NOTHING", 0) + 1


@pytest.mark.parametrize("size", [1, 5, None])
async def test_pages_of_tasks_end_and_their_ids_lead_back(stack: BackendStack, size: int | None) -> None:
    seen: list[str] = []
    after: str | None = None
    for _ in range(100):
        page = await stack.adapter.list_tasks(PageRequest(size or stack.manifest.task_page_size, after))
        assert len(page.rows) <= (size or stack.manifest.task_page_size)
        seen += [task.id for task in page.rows]
        after = page.next
        if after is None:
            break
    assert after is None
    assert len(seen) == len(set(seen)) == 12
    for text in seen:
        ref = decode(text, Kind.TASK)
        assert ref.backend == stack.name
        stack.adapter.check_key(ref)
        found = await stack.adapter.get_task(ref)
        assert found is not None
        assert found.id == text


async def test_pages_of_packages_end_and_their_ids_lead_back(stack: BackendStack) -> None:
    if not stack.backend.supports(Operation.LIST_PACKAGES):
        with pytest.raises(UnsupportedByVendor):
            await stack.adapter.list_packages(PageRequest(5, None))
        return
    seen: list[str] = []
    after: str | None = None
    for _ in range(200):
        page = await stack.adapter.list_packages(PageRequest(2, after))
        seen += [package.id for package in page.rows]
        after = page.next
        if after is None:
            break
    assert after is None
    assert len(seen) == len(set(seen)) > 0
    for text in seen:
        ref = decode(text, Kind.PACKAGE)
        assert ref.backend == stack.name
        found = await stack.adapter.get_package(ref)
        assert found is not None
        assert found.id == text


async def test_pages_of_executions_end_and_their_ids_lead_back(stack: BackendStack) -> None:
    for task in (await stack.adapter.list_tasks(PageRequest(50, None))).rows[:4]:
        seen: list[str] = []
        after: str | None = None
        for _ in range(50):
            page = await stack.adapter.list_executions(task.ref, None, PageRequest(2, after))
            seen += [execution.id for execution in page.rows]
            after = page.next
            if after is None:
                break
        assert after is None
        assert len(seen) == len(set(seen))
        refs = [decode(text, Kind.EXECUTION) for text in seen]
        assert {ref.backend for ref in refs} <= {stack.name}
        found = await stack.adapter.get_executions(refs)
        assert [execution.id for execution in found if execution is not None] == seen
