"""A sample of the fault matrix: each vendor under a few faults of its own and of the network.

`make prove` asks every read and every change under every fault.
"""

from collections.abc import Callable
from pathlib import Path

import pytest

from gateway.vendorkit.discovery import installed_vendors
from gateway.vendorkit.simulation.faults import FaultKind
from tests.support.fault_matrix import Fault, Matrix, Plan, fill
from tests.support.tcp_proxy import Trouble

SAMPLE: tuple[Fault, ...] = (
    (FaultKind.ANSWER_LOST, 0),
    (FaultKind.HTML, 200),
    Trouble.REFUSED,
    Trouble.BODY_CORRUPTED,
)
ASKED = Plan(
    lists=("tasks, order BACKEND", "packages"),
    single=("task", "execution"),
    watched=(),
    changes=("createOtaTask", "deleteOtaTask"),
)


@pytest.mark.parametrize("slug", sorted(installed_vendors()))
async def test_a_faulty_vendor_is_told_of_truly_and_alone(
    slug: str, tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    matrix = Matrix()
    await fill(matrix, slug, SAMPLE, tmp_path, ASKED)
    record_property("figures", f"{slug}: {matrix.total()}")
    assert matrix.wrong == []
    assert matrix.count == len(SAMPLE) * (4 + 2 * 2)
    assert matrix.struck > 0
