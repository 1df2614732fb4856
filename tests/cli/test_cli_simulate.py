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


def test_a_simulator_says_where_it_is_and_how_to_get_in_but_not_a_secret_of_ones_own(
    start: Start, vendor: VendorManifest
) -> None:
    own = ("--access-key", "mine", "--secret-key", "own", "--host", "localhost")
    with start("simulate", vendor.slug, *own, "--no-quotas") as running:
        endpoint = running.address(f"{vendor.title}, simulated, at")
        assert endpoint.startswith("http://localhost:")
        hint = running.read_until("Access key")
        assert httpx.get(endpoint, trust_env=False).status_code
        status, _ = running.end(signal.SIGTERM)
    assert "mine" in hint
    assert "own" not in hint
    assert status == 0


@pytest.mark.parametrize("slug", installed_vendors())
@pytest.mark.parametrize("by", [signal.SIGINT, signal.SIGTERM])
def test_a_simulator_with_faults_breaks_as_told_and_ends_when_told(
    start: Start, tmp_path: Path, by: signal.Signals, slug: str
) -> None:
    (tmp_path / "faults.yaml").write_text("- {fault: drop}")
    with start("simulate", slug, "--faults", "faults.yaml", "--variant", "left_open") as running:
        endpoint = running.address("simulated, at")
        with pytest.raises(httpx.RemoteProtocolError):
            httpx.get(f"{endpoint}/?Action=Any", trust_env=False)
        status, printed = running.end(by)
    assert status == 0
    assert "Traceback" not in printed
