import signal
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import httpx
import pytest

from gateway.vendorkit.discovery import installed_vendors
from gateway.vendorkit.manifest import VendorManifest

Start = Callable[..., AbstractContextManager[Any]]
Run = Callable[..., Any]
ConfigFor = Callable[..., str]


@pytest.fixture
def config_for(backends_at: Callable[..., str]) -> ConfigFor:
    """A gateway on a free port, over one backend at an endpoint."""
    return lambda endpoint, **secret: "server: {port: 0}\n" + backends_at(endpoint, **secret)


@pytest.mark.parametrize("by", [signal.SIGINT, signal.SIGTERM])
def test_the_demo_serves_and_ends_leaving_nothing(start: Start, tmp_path: Path, by: signal.Signals) -> None:
    with start("demo", "--port", "0", TMPDIR=str(tmp_path)) as running:
        gateway = running.address("at http://127.0.0.1")
        simulators = [running.address(vendor.title) for vendor in installed_vendors().values()]
        running.read_until("Ctrl-C")
        introduced = "".join(running.lines)
        answer = httpx.post(f"{gateway}/graphql", json={"query": "{ __typename }"}, trust_env=False)
        assert answer.json() == {"data": {"__typename": "Query"}}
        assert httpx.get(f"{gateway}/readyz", trust_env=False).status_code == 200
        assert any(tmp_path.glob("ota-gateway-demo-*"))
        status, printed = running.end(by)
    assert status == 0
    assert "Traceback" not in printed
    assert not any(tmp_path.glob("ota-gateway-demo-*"))
    for query in ("tasks(first: 10)", "executions(first: 3)", "packages(first: 10)", "dryRun: true"):
        assert query in introduced
    assert len(set(simulators)) == len(installed_vendors())
    for simulator in simulators:
        with pytest.raises(httpx.ConnectError):
            httpx.get(simulator, trust_env=False)


def test_a_configured_gateway_serves_until_told_to_end(
    start: Start, vendor: VendorManifest, config_for: ConfigFor, tmp_path: Path
) -> None:
    with start("simulate", vendor.slug) as simulator:
        endpoint = simulator.address("simulated, at")
        (tmp_path / "gateway.yaml").write_text(config_for(endpoint))
        with start("serve") as running:
            gateway = running.address("OTA Gateway serves 1 backends at")
            answer = httpx.post(f"{gateway}/graphql", json={"query": "{ __typename }"}, trust_env=False)
            status, printed = running.end(signal.SIGTERM)
    assert answer.json() == {"data": {"__typename": "Query"}}
    assert (status, "Traceback" in printed) == (0, False)


def test_serving_on_a_public_address_is_refused(run: Run, config_for: ConfigFor, tmp_path: Path) -> None:
    (tmp_path / "gateway.yaml").write_text(config_for("http://127.0.0.1:1"))
    answer = run("serve", "--host", "192.168.1.1")
    assert answer.returncode == 1
    assert "only loopback may be bound; use 127.0.0.1" in answer.stderr


def test_check_says_of_each_backend_whether_it_is_reached(
    start: Start, run: Run, vendor: VendorManifest, config_for: ConfigFor, tmp_path: Path
) -> None:
    with start("simulate", vendor.slug) as simulator:
        endpoint = simulator.address("simulated, at")
        (tmp_path / "gateway.yaml").write_text(config_for(endpoint))
        reached = run("check")
        (tmp_path / "gateway.yaml").write_text(config_for(endpoint, secret="wrong-secret"))
        refused = run("check")
    assert reached.returncode == 0, reached.stdout + reached.stderr
    assert all(word in reached.stdout for word in ("fleet", vendor.slug, "ok"))
    assert refused.returncode == 1
    assert "failed" in refused.stdout
    assert "wrong-secret" not in refused.stdout + refused.stderr


def test_a_gateway_without_its_ledger_does_not_start_and_says_why(
    run: Run, config_for: ConfigFor, tmp_path: Path
) -> None:
    ledger = f'ledger: {{url: "sqlite+aiosqlite:///{tmp_path}/missing/own.db"}}\n'
    (tmp_path / "gateway.yaml").write_text(ledger + config_for("http://127.0.0.1:1"))
    answer = run("serve")
    assert answer.returncode == 1
    assert "own.db cannot be used" in answer.stderr
    assert "Traceback" not in answer.stderr
