"""The whole fault matrix: every read and every change × every vendor × every fault of the simulators and the network.

The cells are asked of gateways that neither retry nor keep answers, so that each fault is met.
"""

from collections.abc import Callable
from pathlib import Path

import pytest

from gateway.vendorkit.discovery import installed_vendors
from tests.support.fault_matrix import FAULTS, Matrix, Plan, fill, name_of

WORLDS = 11


@pytest.mark.timeout(600)
@pytest.mark.parametrize("slug", sorted(installed_vendors()))
async def test_a_faulty_vendor_is_told_of_truly_and_alone(
    slug: str, tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    matrix = Matrix()
    await fill(matrix, slug, FAULTS, tmp_path, Plan(), worlds=WORLDS)
    for line in matrix.lines():
        record_property("figures", line)
    assert matrix.wrong == []
    assert set(matrix.cells) == {(slug, name_of(fault)) for fault in FAULTS}
    assert matrix.count >= 1000
