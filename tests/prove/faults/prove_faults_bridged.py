"""The lists of the fault matrix once more, before a gateway that tries again and falls back on its last answers."""

from collections.abc import Callable
from pathlib import Path

import pytest

from gateway.vendorkit.discovery import installed_vendors
from tests.support.fault_matrix import FAULTS, Matrix, Plan, fill

WORLDS = 11
BRIDGED = Plan(
    single=("task", "execution", "package"),
    watched=(),
    changes=(),
    # Answers age at once, so that the vendor is asked again for each cell.
    pace={"timeout": "900ms", "attempt_timeout": "250ms", "drain_timeout": "900ms", "cache_ttl": "10ms"},
)


@pytest.mark.timeout(600)
@pytest.mark.parametrize("slug", sorted(installed_vendors()))
async def test_so_it_is_with_retries_and_last_answers(
    slug: str, tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    matrix = Matrix()
    await fill(matrix, slug, FAULTS, tmp_path, BRIDGED, worlds=WORLDS)
    record_property("figures", f"{slug}, bridged: {matrix.total()}")
    assert matrix.wrong == []
    assert matrix.count >= 300
