"""What a command does not use, it does not import: Python itself writes down what is."""

import re
import signal
import subprocess
import sys
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import httpx
import pytest

from gateway.vendorkit.discovery import installed_vendors

Start = Callable[..., AbstractContextManager[Any]]
Run = Callable[..., subprocess.CompletedProcess[str]]

WRITING_IMPORTS = {"PYTHONPROFILEIMPORTTIME": "1"}
SLOW = {
    "alembic", "asyncio", "asyncpg", "botocore", "graphql", "httpx", "msgspec", "prometheus_client", "pydantic",
    "redis", "rich", "sqlalchemy", "starlette", "strawberry", "structlog", "uvicorn", "uvloop", "yaml",
}  # fmt: skip
NEVER_SERVED = {
    "alembic", "asyncpg", "botocore", "cryptography", "gateway.vendorkit.simulation", "jwt", "mako", "opentelemetry",
    "prometheus_client.multiprocess", "redis",
    "sqlalchemy.dialects.postgresql",
}  # fmt: skip
MANIFESTS = "from gateway.vendorkit.discovery import installed_vendors; installed_vendors()"


def imported(written: str) -> set[str]:
    return set(re.findall(r"^import time: +\d+ \| +\d+ \| +(\S+)$", written, re.M))


def within(modules: set[str], *names: str) -> set[str]:
    return {module for module in modules for name in names if f"{module}.".startswith(f"{name}.")}


def served(start: Start) -> set[str]:
    """What `serve`, in the folder as it is, has imported once it has answered a list of tasks."""
    with start("serve", **WRITING_IMPORTS) as running:
        gateway = running.address("OTA Gateway serves")
        query = {"query": "{ tasks { nodes { id } backends { status } } }"}
        answer = httpx.post(f"{gateway}/graphql", json=query, trust_env=False)
        assert [one["status"] for one in answer.json()["data"]["tasks"]["backends"]] == ["OK"]
        _, printed = running.end(signal.SIGTERM)
    return imported(printed)


def test_help_imports_neither_a_vendor_nor_what_a_command_needs(run: Run) -> None:
    answer = run("--help", **WRITING_IMPORTS)
    modules = imported(answer.stderr)
    assert answer.returncode == 0
    assert "gateway.cli.serve" in modules
    assert within(modules, *SLOW, "gateway.vendors", "gateway.app") == set()


def test_manifests_are_read_without_what_an_adapter_needs() -> None:
    command = [sys.executable, "-X", "importtime", "-c", MANIFESTS]
    modules = imported(subprocess.run(command, capture_output=True, text=True, check=True).stderr)
    assert within(modules, "gateway.vendors")
    assert within(modules, *SLOW) == set()


@pytest.mark.parametrize("slug", installed_vendors())
def test_serve_imports_one_configured_vendor_no_simulator_and_no_migrations(
    slug: str, start: Start, run: Run, tmp_path: Path, backend_of: Callable[..., str]
) -> None:
    with start("simulate", slug) as simulator:
        endpoint = simulator.address("simulated, at")
        (tmp_path / "gateway.yaml").write_text("server: {port: 0}\n" + backend_of(slug, endpoint))
        # Only a ledger's first start builds its tables.
        assert run("ledger", "migrate").returncode == 0
        modules = served(start)
    manifests = subprocess.run(
        [sys.executable, "-X", "importtime", "-c", MANIFESTS], capture_output=True, text=True, check=True
    )
    beside_manifests = within(modules, "gateway.vendors") - imported(manifests.stderr)
    folder = installed_vendors()[slug].adapter.__module__
    assert within(modules, *NEVER_SERVED) == set()
    assert within(beside_manifests, f"{folder}.adapter")
    assert beside_manifests == within(beside_manifests, folder)
    assert within(beside_manifests, f"{folder}.simulator") == set()
