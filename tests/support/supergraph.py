"""The supergraph of deploy/supergraph, run as its README says: the registry, the composer, and both routers."""

import json
import os
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx

from tests.support.child_server import REPOSITORY, child_server, free_port

FOLDER = REPOSITORY / "deploy" / "supergraph"
_HIVE = FOLDER / "node_modules" / "@graphql-hive" / "gateway" / "dist" / "bin.js"
# A proxy must not stand between any two of them.
_ENVIRONMENT = {"PATH": os.environ["PATH"], "NO_PROXY": "127.0.0.1,localhost", "NODE_ENV": "production"}


def node(script: str | Path, *arguments: str | Path, folder: Path = FOLDER, **environment: str) -> str:
    """What a script of Node prints. Raises AssertionError, with all that it said, unless it ends well."""
    command = ["node", str(script), *map(str, arguments)]
    ended = subprocess.run(
        command, cwd=folder, env={**_ENVIRONMENT, **environment}, capture_output=True, text=True, check=False
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return ended.stdout


@contextmanager
def registry(devices: list[Mapping[str, str]], folder: Path) -> Iterator[str]:
    """The second subgraph, over these devices; gives its URL."""
    file = folder / "devices.json"
    file.write_text(json.dumps(devices))
    with _serving("devices", [str(FOLDER / "devices.mjs"), str(file)], folder) as url:
        yield url


def composed(subgraphs: Mapping[str, str], folder: Path, authorization: str = "") -> Path:
    """The file of the supergraph that compose.mjs makes of what these subgraphs say of themselves."""
    listed, made = folder / "subgraphs.json", folder / "supergraph.graphql"
    listed.write_text(json.dumps(subgraphs))
    node("compose.mjs", listed, made, AUTHORIZATION=authorization)
    return made


@contextmanager
def apollo(supergraph: Path, folder: Path, port: int | None = None) -> Iterator[str]:
    """@apollo/gateway over it; gives its URL."""
    with _serving("apollo", [str(FOLDER / "apollo.mjs"), str(supergraph)], folder, port) as url:
        yield url


@contextmanager
def hive(supergraph: Path, folder: Path, *, subscriptions: str) -> Iterator[str]:
    """Hive Gateway over it, which asks the gateway for subscriptions by `sse` or `ws`; gives its URL."""
    command = [str(_HIVE), "supergraph"]
    more = {"SUPERGRAPH": str(supergraph), "SUBSCRIPTIONS": subscriptions}
    with _serving(f"hive-{subscriptions}", command, folder, **more) as url:
        yield f"{url}graphql"


@contextmanager
def judging_hive(supergraph: Path, folder: Path, *, jwks_url: str, issuer: str, audience: str) -> Iterator[str]:
    """Hive Gateway that judges tokens and scopes by itself; gives its URL."""
    command = [str(_HIVE), "supergraph", "--config-path", "judging.config.mjs"]
    more = {"SUPERGRAPH": str(supergraph), "JWKS_URL": jwks_url, "ISSUER": issuer, "AUDIENCE": audience}
    with _serving("hive-judging", command, folder, **more) as url:
        yield f"{url}graphql"


@contextmanager
def started(subgraphs: Path, folder: Path) -> Iterator[str]:
    """All of it by `npm start`'s script; gives the URL of Hive Gateway."""
    with _serving("start", ["start.mjs", "hive", str(subgraphs)], folder) as url:
        yield f"{url}graphql"


@contextmanager
def _serving(name: str, command: list[str], folder: Path, port: int | None = None, **environment: str) -> Iterator[str]:
    at = port or free_port()
    url = f"http://127.0.0.1:{at}/"
    with child_server(
        ["node", *command],
        asking=url,
        log=folder / f"{name}.log",
        folder=FOLDER,
        environment={**_ENVIRONMENT, **environment, "PORT": str(at)},
    ):
        yield url


def asked(
    http: httpx.Client, url: str, query: str, headers: Mapping[str, str] | None = None, **variables: Any
) -> dict[str, Any]:
    """The whole answer of a router."""
    answer: dict[str, Any] = http.post(url, json={"query": query, "variables": variables}, headers=headers).json()
    return answer
