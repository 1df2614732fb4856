"""schema.graphql at the root is what the code serves, and the schema survives the loss of a vendor."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from graphql import GraphQLEnumType
from strawberry.printer import print_schema

from gateway.schema.root import build_schema
from gateway.vendorkit.discovery import installed_vendors

ROOT = Path(__file__).parents[2]
LOOK = """
from gateway.schema.root import build_schema
print(sorted(build_schema()._schema.type_map["OtaVendor"].values))
"""


def test_the_schema_in_the_repository_is_the_one_the_code_serves() -> None:
    assert (ROOT / "schema.graphql").read_text() == print_schema(build_schema()) + "\n"


def test_the_vendor_enum_is_what_is_installed() -> None:
    enum = build_schema()._schema.type_map["OtaVendor"]
    assert isinstance(enum, GraphQLEnumType)
    assert sorted(enum.values) == sorted(one.vendor for one in installed_vendors().values())


@pytest.mark.parametrize("slug", sorted(installed_vendors()))
def test_removing_a_vendors_folder_leaves_a_working_schema(slug: str, tmp_path: Path) -> None:
    folder = slug.replace("-", "_")
    shutil.copytree(
        ROOT / "gateway",
        tmp_path / "gateway",
        ignore=lambda at, names: [name for name in names if name == "__pycache__" or _is_vendor(at, name, folder)],
    )
    result = subprocess.run(
        [sys.executable, "-c", LOOK],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    left = sorted(one.vendor for one in installed_vendors().values() if one.slug != slug)
    assert result.stdout.strip() == str(left), result.stderr


def _is_vendor(at: str, name: str, folder: str) -> bool:
    return name == folder and Path(at).name == "vendors"
