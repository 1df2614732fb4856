"""The wheel is the whole product: built as anybody builds it, installed where nothing else is, it serves everything."""

import os
import re
import shutil
import subprocess
import sys
import venv
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest

from tests.support.child_server import REPOSITORY
from tests.support.running_demo import running_demo

BUILT_FROM = ("pyproject.toml", "setup.py", "README.md", "LICENSE", "requirements.lock")
ANSWERED = "{ tasks(first: 4) { nodes { name } backends { name status } } }"
BUNDLE = Path("gateway", "web", "explorer", "bundle")
MEGABYTE = 1e6


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """What a package is built from, in a folder of its own."""
    tree = tmp_path / "tree"
    shutil.copytree(REPOSITORY / "gateway", tree / "gateway", ignore=shutil.ignore_patterns("__pycache__"))
    for name in BUILT_FROM:
        shutil.copy(REPOSITORY / name, tree)
    return tree


def built(tree: Path, *kinds: str) -> str:
    """Build, and give what was said of it."""
    command = [sys.executable, "-m", "build", "--no-isolation", *kinds]
    done = subprocess.run(command, cwd=tree, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


@pytest.mark.timeout(300)
def test_the_wheel_serves_the_demo_and_the_explorer_from_an_empty_venv(
    tree: Path, tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    assert (tree / BUNDLE / "index.html").is_file(), "make explorer builds what is to be packed"
    assert "The explorer is not built" not in built(tree)
    [wheel] = (tree / "dist").glob("*.whl")
    place = tmp_path / "venv"
    venv.create(place, with_pip=True)
    bare = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "VIRTUAL_ENV", "COV"))}
    install = [place / "bin" / "pip", "install", "--quiet", "--disable-pip-version-check"]
    locked = ["--require-hashes", "--only-binary", ":all:", "-r", tree / "requirements.lock"]
    subprocess.run([*install, *locked], env=bare, check=True)
    subprocess.run([*install, "--no-deps", "--no-index", wheel], env=bare, check=True)
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()

    with (
        running_demo(elsewhere, [place / "bin" / "ota-gateway"], bare) as origin,
        httpx.Client(base_url=origin, trust_env=False) as client,
    ):
        data = client.post("/graphql", json={"query": ANSWERED}).json()["data"]
        page = client.get("/graphql", headers={"accept": "text/html"})
        board = client.get("/", headers={"accept": "text/html"})
        files = re.findall(r"(?:src|href)=\"(assets/explorer/[^\"]+)\"", page.text)
        served = [client.get(f"/{file}") for file in files]

    assert len(data["tasks"]["nodes"]) == 4
    assert {one["status"] for one in data["tasks"]["backends"]} == {"OK"}
    assert "The explorer is being loaded" in page.text
    assert len(served) >= 2
    assert all(answer.status_code == 200 for answer in (page, board, *served))
    told = subprocess.run(
        [place / "bin" / "python", "-m", "gateway", "--help"],
        check=False,
        cwd=elsewhere,
        env=bare,
        capture_output=True,
        text=True,
    )
    assert told.returncode == 0
    assert "demo" in told.stdout
    record_property("figures", f"the wheel: {wheel.stat().st_size / MEGABYTE:.1f} MB, the explorer included")


def test_who_builds_a_wheel_without_the_explorer_is_told_so(tree: Path) -> None:
    shutil.rmtree(tree / BUNDLE)
    assert "The explorer is not built" in built(tree, "--wheel")
