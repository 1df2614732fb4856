"""`ota-gateway check`: all backends at once, on a terminal, in a pipe and for programs."""

import json
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
import yaml

from gateway.vendorkit.discovery import installed_vendors
from gateway.vendorkit.manifest import VendorManifest
from gateway.vendorkit.simulation.options import SimulatorOptions
from gateway.vendorkit.simulation.server import serving_in_thread

Run = Callable[..., subprocess.CompletedProcess[str]]
SECRET = "no-secret-of-theirs"


def configured(folder: Path, **backends: dict[str, Any]) -> None:
    sections = [{"name": name.replace("_", "-"), **members} for name, members in backends.items()]
    (folder / "gateway.yaml").write_text(yaml.safe_dump({"backends": sections}, sort_keys=False))


def section(vendor: VendorManifest, endpoint: str, *, secret: str | None = None, **members: Any) -> dict[str, Any]:
    settings = json.dumps(vendor.demo_settings(endpoint))
    own = json.loads(settings.replace(SimulatorOptions().secret_key, secret) if secret else settings)
    return {"vendor": vendor.slug, "endpoint": endpoint, **own, **members}


@pytest.fixture(scope="module")
def simulated() -> Iterator[dict[str, str]]:
    """Where each vendor's simulator answers."""
    with ExitStack() as running:
        yield {
            slug: running.enter_context(serving_in_thread(one.simulator(SimulatorOptions())))
            for slug, one in installed_vendors().items()
        }


@contextmanager
def silent() -> Iterator[str]:
    """A server that takes connections and never says a word."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"


@contextmanager
def answering(status: str, date: datetime) -> Iterator[str]:
    """A server that refuses everything, by a clock of its own."""
    body = b'{"message": "no"}'
    head = f"HTTP/1.1 {status}\r\nDate: {format_datetime(date, usegmt=True)}\r\nContent-Length: {len(body)}\r\n"
    answer = f"{head}Content-Type: application/json\r\nConnection: close\r\n\r\n".encode() + body

    def serve(listener: socket.socket) -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            with connection:
                connection.recv(65536)
                connection.sendall(answer)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = Thread(target=serve, args=(listener,))
        thread.start()
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            listener.shutdown(socket.SHUT_RDWR)
            thread.join()


def test_every_vendor_is_reached_and_let_in(run: Run, tmp_path: Path, simulated: dict[str, str]) -> None:
    vendors = installed_vendors()
    configured(tmp_path, **{slug: section(vendors[slug], endpoint) for slug, endpoint in simulated.items()})
    done = run("check")
    lines = done.stdout.splitlines()
    assert (done.returncode, done.stderr) == (0, "")
    assert lines[0].split() == ["backend", "vendor", "at", "result", "seconds", "clock", "message"]
    assert [line.split()[:2] for line in lines[1:]] == [[slug, slug] for slug in simulated]
    assert all(" ok " in line and " right " in line and "reached, and let in" in line for line in lines[1:])
    assert not any(sign in done.stdout for sign in ("│", "…", "\x1b"))


def test_all_are_asked_at_once_and_each_within_its_own_timeout(
    run: Run, tmp_path: Path, vendor: VendorManifest
) -> None:
    with ExitStack() as running:
        backends = {
            f"silent_{number}": section(
                vendor, running.enter_context(silent()), timeout="1s", attempt_timeout="1s", retries=0
            )
            for number in range(16)
        }
        configured(tmp_path, **backends)
        began = time.monotonic()
        done = run("check", "--json")
        took = time.monotonic() - began
    checks = json.loads(done.stdout)
    assert done.returncode == 1
    assert [one["name"] for one in checks] == [f"silent-{number}" for number in range(16)]
    assert all(0.9 < one["seconds"] < 5 for one in checks)
    assert took < 16 - 4
    assert {one["code"] for one in checks} == {"BACKEND_UNAVAILABLE"}
    assert all("firewall" in one["advice"] for one in checks)


def test_programs_are_told_what_failed_and_people_what_to_do(
    run: Run, tmp_path: Path, simulated: dict[str, str], vendor: VendorManifest
) -> None:
    endpoint = simulated[vendor.slug]
    now = datetime.now(UTC)
    with answering("403 Forbidden", now - timedelta(hours=1)) as old, answering("500 Oh", now) as broken:
        configured(
            tmp_path,
            good=section(vendor, endpoint),
            wrong=section(vendor, endpoint, secret=SECRET),
            gone=section(vendor, "http://127.0.0.1:1", secret=SECRET),
            late=section(vendor, old, secret=SECRET),
            broken=section(vendor, broken, secret=SECRET, retries=0),
        )
        done = run("check", "--json")
    by_name = {one["name"]: one for one in json.loads(done.stdout)}
    assert done.returncode == 1
    assert by_name["good"] == {
        "name": "good", "vendor": vendor.slug, "region": vendor.demo_settings(endpoint).get("region"),
        "host": endpoint.removeprefix("http://"), "ok": True, "code": None, "message": "reached, and let in",
        "advice": None, "seconds": by_name["good"]["seconds"], "clockAheadSeconds": 0.0,
    }  # fmt: skip
    assert (by_name["wrong"]["code"], by_name["wrong"]["clockAheadSeconds"]) == ("VENDOR_REJECTED", 0.0)
    assert "Check" in by_name["wrong"]["message"]
    assert (by_name["gone"]["code"], by_name["gone"]["clockAheadSeconds"]) == ("BACKEND_UNAVAILABLE", None)
    assert "can resolve and reach it" in by_name["gone"]["advice"]
    assert 3595 < by_name["late"]["clockAheadSeconds"] < 3660
    assert "NTP" in by_name["late"]["advice"]
    assert "status page" in by_name["broken"]["advice"]
    assert SECRET not in done.stdout + done.stderr


def test_on_a_terminal_rows_fill_as_results_come_and_control_c_ends_it_cleanly(
    terminal: Callable[..., Any], tmp_path: Path, simulated: dict[str, str], vendor: VendorManifest
) -> None:
    with silent() as endpoint:
        configured(
            tmp_path,
            quick=section(vendor, simulated[vendor.slug]),
            slow=section(vendor, endpoint, timeout="60s", attempt_timeout="60s"),
        )
        with terminal("check") as seen:
            before = seen.until("asking")
            assert "reached, and let in" not in before
            seen.until("reached, and let in")
            seen.process.send_signal(signal.SIGINT)
            status = seen.end()
    assert status == 130
    assert "Traceback" not in seen.shown
    # The cursor that was hidden is back.
    assert seen.shown.rindex("\x1b[?25h") > seen.shown.rindex("\x1b[?25l")
