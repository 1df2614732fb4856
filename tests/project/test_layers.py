"""Each import contract is kept, and breaks when it should; a new vendor needs no line in any of them."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
LINT = Path(sys.executable).with_name("lint-imports")

# Any two will do.
ANOTHER, *_, ONE = sorted(folder.parent.name for folder in (ROOT / "gateway/vendors").glob("*/mapping.py"))

BREACHES = [
    ("domain/task.py", "import gateway.web", "Imports point one way"),
    ("services/watching/watch.py", "import gateway.schema.root", "Imports point one way"),
    ("ledger/ledger.py", "import gateway.backends.stack", "Imports point one way"),
    ("helpers.py", "", "Imports point one way"),
    ("app.py", f"import gateway.vendors.{ONE}", "Nobody imports a vendor"),
    (f"vendors/{ONE}/adapter.py", "import gateway.ledger", "A vendor knows only vendorkit and domain"),
    (f"vendors/{ONE}/mapping.py", f"import gateway.vendors.{ANOTHER}.mapping", "Vendors are independent"),
    (f"vendors/{ONE}/wire.py", f"import gateway.vendors.{ONE}.mapping", "Inside a vendor"),
    (f"vendors/{ONE}/simulator/api.py", f"import gateway.vendors.{ONE}.wire", "A simulator is written"),
    ("domain/device.py", "import pydantic", "The domain is standard library only"),
]


@pytest.fixture(scope="module")
def copied(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the package and its contracts, to be broken and mended."""
    root = tmp_path_factory.mktemp("layers")
    shutil.copytree(ROOT / "gateway", root / "gateway", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", root)
    return root


def _broken(root: Path) -> set[str]:
    """The contracts that do not hold in this tree, by the words before the colon."""
    result = subprocess.run(
        [LINT, "--no-cache"], cwd=root, capture_output=True, text=True, check=False, env={"COLUMNS": "400"}
    )
    assert "Contracts: " in result.stdout, result.stdout + result.stderr
    lines = [line for line in result.stdout.splitlines() if line.rstrip().endswith("BROKEN")]
    return {line.split(":")[0].split(",")[0].strip() for line in lines}


def test_every_contract_is_kept() -> None:
    assert _broken(ROOT) == set()


@pytest.mark.parametrize(("file", "line", "contract"), BREACHES, ids=[f"{file}-{line}" for file, line, _ in BREACHES])
def test_a_breach_breaks_its_contract(copied: Path, file: str, line: str, contract: str) -> None:
    place = copied / "gateway" / file
    text = place.read_text() if place.exists() else None
    place.write_text(f"{text or ''}\n{line}\n")
    try:
        broken = _broken(copied)
    finally:
        if text is None:
            place.unlink()
        else:
            place.write_text(text)
    assert any(name.startswith(contract) for name in broken), broken


def test_a_new_vendors_folder_passes_without_an_edit_and_is_held_at_once(copied: Path) -> None:
    shutil.copytree(copied / "gateway/vendors" / ONE, copied / "gateway/vendors/acme")
    try:
        for file in (copied / "gateway/vendors/acme").rglob("*.py"):
            file.write_text(file.read_text().replace(f"gateway.vendors.{ONE}", "gateway.vendors.acme"))
        assert _broken(copied) == set()
        wire = copied / "gateway/vendors/acme/wire.py"
        wire.write_text(f"{wire.read_text()}\nimport gateway.vendors.acme.mapping\n")
        assert any(name.startswith("Inside a vendor") for name in _broken(copied))
    finally:
        shutil.rmtree(copied / "gateway/vendors/acme")
