"""The command line as its users meet it: a process of its own, its output and its exit status."""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from functools import partial
from pathlib import Path
from typing import IO

import pytest
import yaml

from gateway.vendorkit.discovery import installed_vendors
from gateway.vendorkit.manifest import VendorManifest
from gateway.vendorkit.simulation.options import SimulatorOptions
from tests.support.terminal import Terminal, on_a_terminal

_ROOT = Path(__file__).parents[2]
_ADDRESS = re.compile(r"http://[0-9a-z.:\[\]]+")

Run = Callable[..., subprocess.CompletedProcess[str]]
Start = Callable[..., AbstractContextManager["Running"]]
Backends = Callable[..., str]

_DEMO_SECRET = SimulatorOptions().secret_key


class Running:
    """A command that goes on until it is told to end."""

    def __init__(self, process: subprocess.Popen[str], output: IO[str]) -> None:
        self._process = process
        self._output = output
        self.pid = process.pid
        self.lines: list[str] = []

    def read_until(self, text: str) -> str:
        """Read lines up to the one that holds `text`, and give it."""
        while line := self._output.readline():
            self.lines.append(line)
            if text in line:
                return line
        raise AssertionError(f"{text!r} was never printed:\n{''.join(self.lines)}")

    def address(self, text: str) -> str:
        """The address in the line that holds `text`."""
        found = _ADDRESS.search(self.read_until(text))
        assert found is not None
        return found[0].removesuffix("/graphql")

    def end(self, by: signal.Signals) -> tuple[int, str]:
        """Tell it to end; its exit status and all that it printed."""
        self._process.send_signal(by)
        self.lines += self._output.readlines()
        return self._process.wait(20), "".join(self.lines)


def _command(arguments: tuple[str, ...]) -> list[str]:
    return [sys.executable, "-m", "gateway", *arguments]


def _environment(env: dict[str, str]) -> dict[str, str]:
    paths = [str(_ROOT), os.environ.get("PYTHONPATH", "")]
    own = {"PYTHONPATH": os.pathsep.join(path for path in paths if path), "PYTHONUNBUFFERED": "1", "COLUMNS": "200"}
    return {**os.environ, **own, **env}


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """Run a command to its end, in an empty folder."""

    def of(*arguments: str, **env: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            _command(arguments), cwd=tmp_path, env=_environment(env), capture_output=True, text=True, timeout=60,
            check=False,
        )  # fmt: skip

    return of


@pytest.fixture
def start(tmp_path: Path) -> Start:
    """Start a command, in an empty folder; it is ended with the block at the latest."""

    @contextmanager
    def of(*arguments: str, **env: str) -> Iterator[Running]:
        process = subprocess.Popen(
            _command(arguments), cwd=tmp_path, env=_environment(env), text=True, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )  # fmt: skip
        assert process.stdout is not None
        try:
            yield Running(process, process.stdout)
        finally:
            process.kill()
            process.wait()
            process.stdout.close()

    return of


@pytest.fixture
def terminal(tmp_path: Path) -> Callable[..., AbstractContextManager[Terminal]]:
    """Start a command on a terminal, in an empty folder; it is ended with the block at the latest."""

    def of(*arguments: str, stdout: int | None = None, **env: str) -> AbstractContextManager[Terminal]:
        environment = {name: value for name, value in _environment(env).items() if name != "COLUMNS"}
        return on_a_terminal(_command(arguments), folder=tmp_path, environment=environment, stdout=stdout)

    return of


def _with_secret(value: object, secret: str) -> object:
    if isinstance(value, Mapping):
        return {key: _with_secret(member, secret) for key, member in value.items()}
    return secret if value == _DEMO_SECRET else value


@pytest.fixture
def vendor() -> VendorManifest:
    """A vendor to be named where any will do: the first that is installed."""
    return next(iter(installed_vendors().values()))


@pytest.fixture
def backend_of() -> Backends:
    """The `backends` section of a configuration file: `fleet`, a vendor at an endpoint, each member on its line."""

    def of(slug: str, endpoint: str, *, secret: str = _DEMO_SECRET) -> str:
        settings = installed_vendors()[slug].demo_settings(endpoint)
        backend = {"name": "fleet", "vendor": slug, "endpoint": endpoint, **settings}
        return yaml.safe_dump({"backends": [_with_secret(backend, secret)]}, sort_keys=False)

    return of


@pytest.fixture
def backends_at(vendor: VendorManifest, backend_of: Backends) -> Backends:
    """The same of the vendor where any will do."""
    return partial(backend_of, vendor.slug)
