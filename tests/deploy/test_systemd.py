"""The unit for one machine without containers."""

import configparser
import shlex
import subprocess
import sys

from gateway.settings import ServerSettings
from tests.support.child_server import REPOSITORY
from tests.support.deployed import DEPLOY


def test_the_unit_starts_a_command_that_there_is_and_gives_it_time_to_end() -> None:
    unit = configparser.ConfigParser(strict=True, interpolation=None)
    unit.optionxform = str  # type: ignore[assignment,method-assign]
    unit.read(DEPLOY / "systemd/ota-gateway.service")
    service = unit["Service"]
    program, *arguments = shlex.split(service["ExecStart"])
    assert program.endswith("/bin/ota-gateway")
    here = [sys.executable, "-m", "gateway", *arguments[:1], "--help"]
    shown = subprocess.run(here, cwd=REPOSITORY, capture_output=True, text=True, check=True).stdout
    assert all(option in shown for option in arguments if option.startswith("--"))
    server = ServerSettings()
    assert 0 < int(service["TimeoutStopSec"]) - server.shutdown_timeout.total_seconds() <= 10
    assert int(service["LimitNOFILE"]) > 2 * server.max_connections
    assert (service["DynamicUser"], service["ProtectSystem"], service["CapabilityBoundingSet"]) == ("yes", "strict", "")
    assert service["StateDirectory"] in service["WorkingDirectory"]
