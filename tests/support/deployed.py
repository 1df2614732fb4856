"""What deploy/ holds, read as its users' tools read it, and gateway configurations out of it as the gateway does."""

import os
import re
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from gateway.settings import Settings, parse
from gateway.vendorkit.discovery import installed_vendors
from tests.support.child_server import REPOSITORY

DEPLOY = REPOSITORY / "deploy"


def documents(file: Path) -> list[dict[str, Any]]:
    """All documents of a YAML file."""
    return [one for one in yaml.safe_load_all(file.read_text(encoding="utf-8")) if one is not None]


def gateway_settings(file: Path, environment: Mapping[str, str]) -> Settings:
    """A gateway's configuration, with the environment it is given. A vendor that was taken out may stay in it."""
    document = yaml.safe_load(file.read_text(encoding="utf-8"))
    document["backends"] = [one for one in document["backends"] if one["vendor"] in installed_vendors()]
    return parse(yaml.safe_dump(document), env=environment)


def names_in_environment(file: Path) -> set[str]:
    """The variables that a gateway's configuration reads."""
    return set(re.findall(r"\$\{env\.(\w+)\}", file.read_text(encoding="utf-8")))


def drawn_secrets(file: Path) -> "subprocess.CompletedProcess[str]":
    """Run secrets.sh, by the command line of this checkout."""
    environment = {**os.environ, "OTA_GATEWAY": f"{sys.executable} -m gateway", "PYTHONPATH": str(REPOSITORY)}
    return subprocess.run(
        ["sh", DEPLOY / "secrets.sh", file], env=environment, capture_output=True, text=True, check=False, timeout=60
    )


def secrets_in(file: Path) -> dict[str, str]:
    """What secrets.sh has written."""
    lines = [line for line in file.read_text().splitlines() if not line.startswith("#")]
    return dict(line.split("=", 1) for line in lines)
