"""`serve --workers`: several processes behind one address, none of them left behind."""

import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from prometheus_client import parser

from gateway.vendorkit.manifest import VendorManifest
from tests.support.redis_server import RedisServer, redis_server

Start = Callable[..., AbstractContextManager[Any]]
Run = Callable[..., Any]

pytestmark = pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="the processes are looked up in /proc")


@pytest.fixture(scope="module")
def redis_of_all(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    with redis_server(tmp_path_factory.mktemp("redis")) as server:
        yield server


@pytest.fixture
def configured(redis_of_all: RedisServer, backends_at: Callable[..., str], tmp_path: Path) -> Callable[..., None]:
    """Write a configuration over a vendor at an endpoint, with a shared cache."""

    def of(endpoint: str, more: str = "") -> None:
        text = f"server: {{port: 0}}\ncache: {{url: '{redis_of_all.url()}'}}\n{more}"
        (tmp_path / "gateway.yaml").write_text(text + backends_at(endpoint))

    return of


def children(pid: int) -> set[int]:
    return {int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()}


def runs(pid: int) -> bool:
    """Whether a process is there and has not ended; nobody may have asked yet how it ended."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def connections(pid: int) -> int:
    """How many sockets a process has."""
    files = Path(f"/proc/{pid}/fd")
    return sum(str(os.readlink(file)).startswith("socket:") for file in files.iterdir())


def until(condition: Callable[[], bool], seconds: float = 20) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it never became so"
        time.sleep(0.02)


def asked(gateway: str, client: httpx.Client) -> Any:
    return client.post(f"{gateway}/graphql", json={"query": "{ tasks(first: 1) { nodes { id } } }"}).json()


@contextmanager
def clients(number: int) -> Iterator[list[httpx.Client]]:
    opened = [httpx.Client(trust_env=False, timeout=20) for _ in range(number)]
    try:
        yield opened
    finally:
        for client in opened:
            client.close()


@contextmanager
def two_workers(
    start: Start, vendor: VendorManifest, configured: Callable[..., None], **env: str
) -> Iterator[tuple[Any, str]]:
    """Two workers over a simulated vendor, and where they are."""
    with start("simulate", vendor.slug) as simulator:
        configured(simulator.address("simulated, at"))
        with start("serve", "--workers", "2", **env) as running:
            yield running, running.address("OTA Gateway serves 1 backends at")


def test_both_workers_serve_one_address_and_end_with_it(
    start: Start, vendor: VendorManifest, configured: Callable[..., None]
) -> None:
    with two_workers(start, vendor, configured) as (running, gateway), clients(24) as callers:
        workers = children(running.pid)
        assert len(workers) == 2
        before = {pid: connections(pid) for pid in workers}
        answers = [asked(gateway, client) for client in callers]
        assert all(answer == answers[0] for answer in answers)
        assert answers[0]["data"]["tasks"]["nodes"]
        assert all(connections(pid) > before[pid] for pid in workers)
        status, printed = running.end(signal.SIGTERM)
        assert (status, "Traceback" in printed) == (0, False)
        assert printed.count("OTA Gateway serves") == 1
        assert not any(runs(pid) for pid in workers)


def test_a_worker_that_dies_is_replaced(start: Start, vendor: VendorManifest, configured: Callable[..., None]) -> None:
    with two_workers(start, vendor, configured) as (running, gateway):
        before = children(running.pid)
        killed = min(before)
        os.kill(killed, signal.SIGKILL)
        until(lambda: len(children(running.pid) - {killed}) == 2)
        # Connections that were given to the one that died wait for the next.
        with clients(12) as callers:
            assert all("data" in asked(gateway, client) for client in callers)
        assert running.end(signal.SIGINT)[0] == 0


def counted(gateway: str, name: str) -> dict[tuple[tuple[str, str], ...], float]:
    """The samples of a name, by their labels, as whichever worker is asked tells them."""
    with httpx.Client(trust_env=False) as client:
        text = client.get(f"{gateway}/metrics").text
    families = parser.text_string_to_metric_families(text)
    samples = [sample for family in families for sample in family.samples if sample.name == name]
    return {tuple(sorted(sample.labels.items())): sample.value for sample in samples}


def test_each_worker_tells_what_all_have_counted_also_those_that_died(
    start: Start, vendor: VendorManifest, configured: Callable[..., None], tmp_path: Path
) -> None:
    with two_workers(start, vendor, configured, TMPDIR=str(tmp_path)) as (running, gateway):
        query = (("operation", "query"), ("outcome", "ok"), ("transport", "http"))

        def requests() -> float:
            return counted(gateway, "ota_gateway_requests_total").get(query, 0.0)

        with clients(24) as callers:
            for client in callers:
                asked(gateway, client)
        # Each tells what the other has counted a second later at the latest.
        until(lambda: all(requests() == 24 for _ in range(8)))
        memory = counted(gateway, "process_resident_memory_bytes")
        assert {dict(labels)["pid"] for labels in memory} == {str(pid) for pid in children(running.pid) | {running.pid}}
        assert all(value > 0 for value in memory.values())
        assert set(counted(gateway, "ota_gateway_circuit_open").values()) == {0.0}

        before = children(running.pid)
        os.kill(min(before), signal.SIGKILL)
        until(lambda: len(children(running.pid) - {min(before)}) == 2)
        until(lambda: requests() == 24)
        assert running.end(signal.SIGTERM)[0] == 0
    assert not list(tmp_path.glob("ota-gateway-metrics-*"))


def test_no_worker_outlives_its_parent(start: Start, vendor: VendorManifest, configured: Callable[..., None]) -> None:
    with two_workers(start, vendor, configured) as (running, _):
        workers = children(running.pid)
        os.kill(running.pid, signal.SIGKILL)
        until(lambda: not any(runs(pid) for pid in workers))


def test_workers_that_cannot_start_say_why_once(run: Run, configured: Callable[..., None], tmp_path: Path) -> None:
    configured("http://127.0.0.1:1", f'ledger: {{url: "sqlite+aiosqlite:///{tmp_path}/missing/own.db"}}\n')
    answer = run("serve", "--workers", "3")
    assert answer.returncode == 1
    assert answer.stderr.count("own.db cannot be used") == 1
    assert "Traceback" not in answer.stderr


def test_an_address_of_one_gateway_is_not_had_by_another(
    start: Start, run: Run, vendor: VendorManifest, configured: Callable[..., None]
) -> None:
    with two_workers(start, vendor, configured) as (_, gateway):
        answer = run("serve", "--workers", "2", "--port", gateway.rsplit(":", 1)[1])
    assert answer.returncode != 0
    assert "Cannot listen on" in answer.stderr
