"""Why the keys of cache and single flight name no caller: nothing of a caller reaches a vendor."""

import asyncio
import inspect

from gateway.auth import EVERYTHING, Principal
from gateway.domain.ports import VendorAdapter
from gateway.services.asking import ask
from gateway.services.caller import Caller
from tests.support.lone_backend import HandVendor, lone_stack, settled


def _caller(name: str) -> Caller:
    return Caller(principal=Principal(name=name, rights=EVERYTHING))


async def test_callers_share_what_is_kept_and_what_is_under_way() -> None:
    stack, vendor = lone_stack(), HandVendor()
    vendor.hold()
    askers = [asyncio.create_task(ask(stack, _caller(name), "key", vendor.call)) for name in ("ann", "bob")]
    await settled()
    vendor.may_answer.set()
    assert {(await asker).value for asker in askers} == {1}
    assert (await ask(stack, _caller("eve"), "key", vendor.call)).value == 1
    assert vendor.calls == 1


def test_no_adapter_gets_to_know_who_asks() -> None:
    methods = [method for _, method in inspect.getmembers(VendorAdapter, inspect.isfunction)]
    assert len(methods) > 20
    named = {
        (method.__name__, parameter)
        for method in methods
        for parameter in inspect.signature(method).parameters
        if parameter in {"caller", "actor", "user", "scope", "token"}
    }
    assert not named
    assert not [method for method in methods if "Caller" in str(inspect.signature(method))]


async def test_a_backend_that_ran_out_of_time_still_answers_from_what_is_kept() -> None:
    stack, vendor = lone_stack(timeout="50ms"), HandVendor()
    await ask(stack, Caller(), "kept", vendor.call)
    caller = Caller()
    vendor.hold()
    failures = [await _failure(ask(stack, caller, key, vendor.call)) for key in ("first", "second")]
    assert failures[0] is failures[1]
    assert vendor.calls == 2
    assert (await ask(stack, caller, "kept", vendor.call)).value == 1


async def _failure(asking: object) -> BaseException:
    (failure,) = await asyncio.gather(asking, return_exceptions=True)  # type: ignore[call-overload]
    assert isinstance(failure, Exception)
    return failure
