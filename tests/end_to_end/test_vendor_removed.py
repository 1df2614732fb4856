"""A vendor whose folder is taken away is gone without a trace, and all the rest works."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from gateway.vendorkit.discovery import installed_vendors

ROOT = Path(__file__).parents[2]
REMOVED = sorted(installed_vendors())[-1]
IMPORT_ALL = """
import importlib, pkgutil, gateway
names = [one.name for one in pkgutil.walk_packages(gateway.__path__, "gateway.")]
for name in names:
    if not name.endswith(("__main__", "migrations.env")):
        importlib.import_module(name)
print(len(names))
"""


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The repository without the vendor's folder and without its tests."""
    folder = REMOVED.replace("-", "_")
    tree = tmp_path_factory.mktemp("removed") / "tree"

    def left_out(at: str, names: list[str]) -> list[str]:
        return [one for one in names if one == "__pycache__" or (one == folder and Path(at).name == "vendors")]

    for part in ("gateway", "tests"):
        shutil.copytree(ROOT / part, tree / part, ignore=left_out)
    for part in ("pyproject.toml", "schema.graphql"):
        shutil.copy(ROOT / part, tree / part)
    return tree


def run(tree: Path, *arguments: str) -> "subprocess.CompletedProcess[str]":
    """Run Python in the tree, on the tree's own modules."""
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=tree,
        env={**os.environ, "PYTHONPATH": str(tree)},
        capture_output=True,
        text=True,
        check=False,
        timeout=100,
    )


def test_the_schema_is_printed_without_its_value(tree: Path) -> None:
    printed = run(tree, "-m", "gateway", "schema", "print")
    assert printed.returncode == 0, printed.stderr
    value = installed_vendors()[REMOVED].vendor
    enum = printed.stdout.split("enum OtaVendor", 1)[1].split("}", 1)[0].split()
    assert value not in enum
    assert {one.vendor for slug, one in installed_vendors().items() if slug != REMOVED} <= set(enum)


def test_every_module_that_is_left_imports(tree: Path) -> None:
    result = run(tree, "-W", "error::ImportWarning", "-c", IMPORT_ALL)
    assert result.returncode == 0, result.stderr
    assert int(result.stdout) > 100


def test_the_contract_still_holds_for_what_is_left(tree: Path) -> None:
    result = run(tree, "-m", "pytest", "-p", "no:cacheprovider", "tests/project/test_contract.py")
    assert result.returncode == 0, result.stdout


def test_the_tests_of_all_vendors_are_still_collected(tree: Path) -> None:
    result = run(tree, "-m", "pytest", "-p", "no:cacheprovider", "--collect-only", "tests/contract", "tests/end_to_end")
    assert result.returncode == 0, result.stdout
    assert f"[{REMOVED}" not in result.stdout
