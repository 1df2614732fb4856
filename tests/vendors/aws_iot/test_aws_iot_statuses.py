"""Every value that botocore's model knows is mapped, and nothing else is."""

import pytest
from botocore.loaders import Loader

from gateway.domain.statuses import ExecutionStatus, PackageStatus, TaskStatus
from gateway.vendorkit.statuses import StatusTable
from gateway.vendors.aws_iot import MANIFEST

SHAPES = Loader().load_service_model("iot", "service-2")["shapes"]


@pytest.mark.parametrize(
    ("table", "shape"),
    [("task", "JobStatus"), ("execution", "JobExecutionStatus"), ("package", "PackageVersionStatus")],
)
def test_every_modelled_status_is_mapped(table: str, shape: str) -> None:
    assert MANIFEST.status_tables()[table].values == frozenset(SHAPES[shape]["enum"])


@pytest.mark.parametrize("table", ["task", "execution", "package"])
def test_no_known_status_reads_as_unknown(table: str) -> None:
    statuses: StatusTable = MANIFEST.status_tables()[table]

    assert all(statuses.read(value).value != "UNKNOWN" for value in statuses.values)


def test_words_keep_their_meaning() -> None:
    tables = MANIFEST.status_tables()

    assert tables["task"].read("DELETION_IN_PROGRESS") is TaskStatus.DELETING
    assert tables["execution"].read("REMOVED") is ExecutionStatus.REMOVED
    assert tables["package"].read("PUBLISHED") is PackageStatus.AVAILABLE
