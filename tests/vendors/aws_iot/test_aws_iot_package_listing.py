"""Packages and their versions, folded into one list."""

from collections.abc import Callable
from typing import Any

import pytest

from gateway.domain.errors import InvalidInput
from gateway.domain.page import PageRequest
from tests.support.scripted_vendor import ScriptedVendor

AnswerOf = Callable[[str], Any]


async def read_all(adapter: Any, size: int) -> tuple[list[Any], list[int]]:
    rows, sizes, after = [], [], None
    while True:
        page = await adapter.list_packages(PageRequest(size, after))
        rows += page.rows
        sizes.append(len(page.rows))
        if page.next is None:
            return rows, sizes
        after = page.next


def versions(*names: str, token: str | None = None) -> dict[str, Any]:
    return {
        "packageVersionSummaries": [{"versionName": name, "status": "PUBLISHED"} for name in names],
        "nextToken": token,
    }


async def test_a_row_knows_the_default_and_lacks_the_rest(
    vendor: ScriptedVendor, adapter: Any, answer_of: AnswerOf
) -> None:
    vendor.answer(200, answer_of("list_packages_one"))
    vendor.answer(200, answer_of("list_package_versions_one"))

    page = await adapter.list_packages(PageRequest(100))

    (package,) = page.rows
    assert vendor.lines == ["GET /packages?maxResults=10", "GET /packages/fw-main/versions?maxResults=100"]
    assert (package.native_id, package.vendor_details.is_default) == ("fw-main/2.1.0", False)
    assert package.lacks == {"description", "vendor_details"}
    assert page.next is None


async def test_every_version_comes_once_whatever_the_page_size(vendor: ScriptedVendor, adapter: Any) -> None:
    vendor.answer(200, {"packageSummaries": [{"packageName": "c"}]}, when="GET /packages?maxResults=10&nextToken=p2")
    vendor.answer(
        200,
        {
            "packageSummaries": [{"packageName": "a", "defaultVersionName": "2"}, {"packageName": "b"}],
            "nextToken": "p2",
        },
        when="GET /packages?",
    )
    vendor.answer(200, versions("3"), when="GET /packages/a/versions?maxResults=1&nextToken=v2")
    vendor.answer(200, versions("3"), when="GET /packages/a/versions?maxResults=2&nextToken=v2")
    vendor.answer(200, versions("1", "2", token="v2"), when="GET /packages/a/")
    vendor.answer(200, versions(), when="GET /packages/b/")
    vendor.answer(200, versions("9"), when="GET /packages/c/")

    rows, sizes = await read_all(adapter, 2)

    assert [row.native_id for row in rows] == ["a/1", "a/2", "a/3", "c/9"]
    assert [row.vendor_details.is_default for row in rows] == [False, True, False, False]
    assert max(sizes) <= 2


async def test_a_package_deleted_meanwhile_is_passed_over(vendor: ScriptedVendor, adapter: Any) -> None:
    vendor.answer(200, {"packageSummaries": [{"packageName": "a"}, {"packageName": "b"}]})
    vendor.answer(404, {"message": "no"}, headers={"x-amzn-ErrorType": "ResourceNotFoundException"})
    vendor.answer(200, versions("1"))

    rows, _ = await read_all(adapter, 100)

    assert [row.native_id for row in rows] == ["b/1"]


async def test_a_page_costs_few_calls_and_goes_on(vendor: ScriptedVendor, adapter: Any) -> None:
    names = [{"packageName": f"p{number}"} for number in range(10)]
    vendor.answer(200, {"packageSummaries": names}, when="GET /packages?")
    vendor.answer(200, versions("1"), when="GET /packages/")

    first = await adapter.list_packages(PageRequest(100))

    assert len(vendor.requests) == 5
    assert [row.name for row in first.rows] == ["p0", "p1", "p2", "p3"]
    assert first.next is not None


async def test_a_broken_continuation_is_refused(adapter: Any) -> None:
    with pytest.raises(InvalidInput):
        await adapter.list_packages(PageRequest(10, "{nonsense"))
