"""Tokens from a scripted IAM: bought once, renewed in time, and never printed."""

import asyncio
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from gateway.domain.errors import BackendUnavailable, OutcomeUnknown, Throttled, VendorRejected
from gateway.domain.ids import Kind, ObjectId
from gateway.domain.page import PageRequest
from tests.support.scripted_vendor import ScriptedVendor

TASK = ObjectId(Kind.TASK, "factory", ("5c8ba99030344005c02316ad",))
RUNNING = {"batchtask": {"task_id": TASK.key[0], "status": "Processing", "task_type": "firmwareUpgrade"}}
PASSWORD = "tr0ub4dor"


@pytest.fixture
def adapter(adapter_with: Callable[..., Any], iam: ScriptedVendor) -> Any:
    user = {"domain": "ACCOUNT_NAME", "user": "IAM_USER", "password": PASSWORD, "endpoint": iam.url}
    return adapter_with(credentials=None, iam=user)


def grant(iam: ScriptedVendor, token: str, expires_at: str = "2026-01-03T03:04:05.701000Z", **more: Any) -> None:
    iam.answer(201, {"token": {"expires_at": expires_at}}, headers={"X-Subject-Token": token}, **more)


async def test_a_token_is_asked_for_as_iam_documents_it_and_sent_with_each_call(
    vendor: ScriptedVendor, iam: ScriptedVendor, adapter: Any
) -> None:
    grant(iam, "t1")
    vendor.answer(200, {}, when="GET")
    await adapter.probe()
    await adapter.probe()

    assert iam.lines == ["POST /v3/auth/tokens?nocatalog=true"]
    assert iam.requests[0].json() == {
        "auth": {
            "identity": {
                "methods": ["password"],
                "password": {"user": {"name": "IAM_USER", "password": PASSWORD, "domain": {"name": "ACCOUNT_NAME"}}},
            },
            "scope": {"project": {"name": "cn-north-4"}},
        }
    }
    assert [sent.headers["x-auth-token"] for sent in vendor.requests] == ["t1", "t1"]
    assert "authorization" not in vendor.requests[0].headers


async def test_a_token_is_renewed_before_it_ends(
    vendor: ScriptedVendor, iam: ScriptedVendor, adapter: Any, clock: Any
) -> None:
    grant(iam, "t1")
    grant(iam, "t2", "2026-01-04T03:04:05.701000Z")
    vendor.answer(200, {}, when="GET")

    await adapter.probe()
    clock.at += timedelta(hours=23, minutes=45)
    await adapter.probe()
    clock.at += timedelta(minutes=6)
    await adapter.probe()

    assert [sent.headers["x-auth-token"] for sent in vendor.requests] == ["t1", "t1", "t2"]


async def test_many_callers_wait_for_one_renewal(vendor: ScriptedVendor, iam: ScriptedVendor, adapter: Any) -> None:
    grant(iam, "t1", delay=0.05)
    vendor.answer(200, {}, when="GET")
    await asyncio.gather(*(adapter.probe() for _ in range(8)))
    assert len(iam.requests) == 1


async def test_a_refused_token_is_renewed_once_for_a_read(
    vendor: ScriptedVendor, iam: ScriptedVendor, adapter: Any
) -> None:
    grant(iam, "t1")
    grant(iam, "t2")
    vendor.answer(401, {"error_code": "APIGW.0301", "error_msg": "The token must be updated"})
    vendor.answer(200, {})
    await adapter.list_tasks(PageRequest(1))
    assert [sent.headers["x-auth-token"] for sent in vendor.requests] == ["t1", "t2"]


async def test_a_refused_token_is_renewed_once_for_a_write_since_nothing_was_done(
    vendor: ScriptedVendor, iam: ScriptedVendor, adapter: Any
) -> None:
    grant(iam, "t1")
    grant(iam, "t2")
    vendor.answer(200, RUNNING, when="GET")
    vendor.answer(401, {"error_code": "APIGW.0301"})
    vendor.answer(200, {"targets": []})

    task = await adapter.get_task(TASK)
    await adapter.cancel_task(task, force=False, reason=None)

    assert [sent.method for sent in vendor.requests] == ["GET", "POST", "POST"]
    assert vendor.requests[2].headers["x-auth-token"] == "t2"


async def test_a_second_refusal_is_final(vendor: ScriptedVendor, iam: ScriptedVendor, adapter: Any) -> None:
    grant(iam, "t1")
    grant(iam, "t2")
    vendor.answer(401, {"error_code": "APIGW.0301"}, when="GET")
    with pytest.raises(VendorRejected) as refused:
        await adapter.probe()
    assert (len(vendor.requests), refused.value.http_status, refused.value.vendor_code) == (2, 401, "APIGW.0301")


async def test_a_write_whose_answer_was_lost_is_not_sent_again(
    vendor: ScriptedVendor, iam: ScriptedVendor, adapter: Any
) -> None:
    grant(iam, "t1")
    vendor.answer(200, RUNNING, when="GET")
    vendor.hang_up()
    task = await adapter.get_task(TASK)
    with pytest.raises(OutcomeUnknown):
        await adapter.cancel_task(task, force=False, reason=None)
    assert [sent.method for sent in vendor.requests] == ["GET", "POST"]


@pytest.mark.parametrize(
    ("status", "error"), [(401, VendorRejected), (201, VendorRejected), (429, Throttled), (503, BackendUnavailable)]
)
async def test_what_iam_refuses_is_told_without_the_password_and_changes_nothing(
    vendor: ScriptedVendor, iam: ScriptedVendor, adapter: Any, status: int, error: type[Exception]
) -> None:
    iam.answer(status, {"error": {"message": PASSWORD}})
    with pytest.raises(error) as refused:
        await adapter.probe()
    assert PASSWORD not in str(refused.value)
    assert vendor.requests == []


@pytest.mark.parametrize("ends", ["0001-01-01T00:00:00Z", "2020-01-01T00:00:00Z", "9999-12-31T23:59:59Z", "soon", ""])
async def test_a_token_whose_end_makes_no_sense_is_kept_until_it_is_turned_away(
    vendor: ScriptedVendor, iam: ScriptedVendor, adapter: Any, ends: str
) -> None:
    grant(iam, "t1", ends)
    vendor.answer(200, {}, when="GET")
    await adapter.probe()
    await adapter.probe()
    assert len(iam.requests) == 1
