"""A managed integrations adapter over real HTTP, in front of a scripted vendor."""

from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest

from gateway.vendors.aws_managed_integrations import MANIFEST
from tests.support.aws_backends import aws_adapter, payload
from tests.support.scripted_vendor import ScriptedVendor


@pytest.fixture
async def vendor() -> AsyncIterator[ScriptedVendor]:
    async with ScriptedVendor() as scripted:
        yield scripted


@pytest.fixture
async def adapter(vendor: ScriptedVendor) -> AsyncIterator[Any]:
    async with aws_adapter(MANIFEST, vendor.url, "eu-west-1") as built:
        yield built


@pytest.fixture
def answer_of() -> Callable[[str], Any]:
    """The vendor's answer to a situation, by the name of its file."""
    return lambda situation: payload(Path(__file__).parent, situation)
