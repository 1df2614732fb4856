import socket
import sqlite3
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from gateway.vendorkit.manifest import VendorManifest

Run = Callable[..., subprocess.CompletedProcess[str]]

SECRET = "${env.SECRET}"


@pytest.fixture
def config(backends_at: Callable[..., str]) -> str:
    """A ledger of its own, and a backend whose secret the environment holds."""
    ledger = 'ledger: {url: "sqlite+aiosqlite:///own.db"}\n'
    return ledger + backends_at("http://127.0.0.1:1", secret=SECRET)


def test_help_names_every_command(run: Run) -> None:
    answer = run("--help")
    assert answer.returncode == 0
    for command in ("demo", "serve", "check", "simulate", "schema", "config", "ledger", "export"):
        assert command in answer.stdout


def test_an_unknown_vendor_is_answered_with_the_nearest(run: Run, vendor: VendorManifest) -> None:
    answer = run("simulate", vendor.slug[:-1])
    assert answer.returncode == 2
    assert f"did you mean {vendor.slug}?" in answer.stderr


@pytest.mark.parametrize("text", ["- {fault: nonsense}", "[", "3"])
def test_a_bad_fault_file_is_refused(run: Run, vendor: VendorManifest, tmp_path: Path, text: str) -> None:
    (tmp_path / "faults.yaml").write_text(text)
    answer = run("simulate", vendor.slug, "--faults", "faults.yaml")
    assert answer.returncode == 2
    assert "fault file cannot be read" in answer.stderr
    assert "Traceback" not in answer.stderr


def test_a_missing_fault_file_is_refused(run: Run, vendor: VendorManifest) -> None:
    answer = run("simulate", vendor.slug, "--faults", "none.yaml")
    assert (answer.returncode, "none.yaml cannot be read" in answer.stderr) == (2, True)


def test_more_than_one_worker_is_refused_without_a_shared_cache(run: Run, config: str, tmp_path: Path) -> None:
    (tmp_path / "gateway.yaml").write_text(config)
    answer = run("serve", "--workers", "2", SECRET="demo-secret")
    assert answer.returncode == 2
    assert "needs a cache that they share" in answer.stderr


@pytest.mark.parametrize("command", [("serve",), ("check",), ("ledger", "migrate")])
def test_a_bad_configuration_is_told_whole_and_without_secrets(
    run: Run, config: str, tmp_path: Path, command: tuple[str, ...]
) -> None:
    text = "server: {prt: 1, cursor_secret: hunter2}\n" + config
    (tmp_path / "gateway.yaml").write_text(text)
    lines = text.splitlines()
    (at,) = (number for number, line in enumerate(lines, 1) if SECRET in line)
    member = lines[at - 1].split(":")[0].strip()
    answer = run(*command)
    assert answer.returncode == 1
    assert answer.stderr.splitlines() == [
        "gateway.yaml cannot be used: 3 problems.",
        "  line 1, server.cursor_secret: expected at least 16 characters",
        "  line 1, server.prt: unknown key; did you mean port?",
        f"  line {at}, backends[0].credentials.{member}: the environment variable SECRET is not set",
    ]


def test_a_missing_configuration_is_told(run: Run) -> None:
    answer = run("serve", "--config", "none.yaml")
    assert answer.returncode == 1
    assert "none.yaml cannot be used" in answer.stderr
    assert "No such file" in answer.stderr


def test_simulating_on_a_taken_port_is_refused(run: Run, vendor: VendorManifest) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        answer = run("simulate", vendor.slug, "--port", str(taken.getsockname()[1]))
    assert answer.returncode == 1
    assert "Address already in use. Choose another with --port." in answer.stderr


def test_a_demo_on_a_taken_port_or_a_public_address_is_refused(run: Run) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        answer = run("demo", "--port", str(taken.getsockname()[1]))
    assert answer.returncode == 1
    assert "Address already in use. Choose another with --port." in answer.stderr
    public = run("demo", "--host", "192.168.1.1")
    assert (public.returncode, "loopback only" in public.stderr) == (2, True)


def test_the_ledger_is_brought_up_to_date(run: Run, config: str, tmp_path: Path) -> None:
    (tmp_path / "gateway.yaml").write_text(config)
    for _ in range(2):
        answer = run("ledger", "migrate", SECRET="x")
        assert (answer.returncode, answer.stdout) == (0, "The ledger is up to date.\n")
    with sqlite3.connect(tmp_path / "own.db") as database:
        tables = {name for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    database.close()
    assert tables


def test_a_ledger_that_cannot_be_reached_is_told(run: Run, config: str, tmp_path: Path) -> None:
    (tmp_path / "gateway.yaml").write_text(config.replace("own.db", "missing/folder/own.db"))
    answer = run("ledger", "migrate", SECRET="x")
    assert answer.returncode == 1
    assert "ledger" in answer.stderr
    assert "Traceback" not in answer.stderr
