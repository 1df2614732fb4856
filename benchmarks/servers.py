"""The servers compared, and how each is started over the same upstreams. Each is one process."""

import shutil
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from benchmarks import hive
from benchmarks.fleet import BACKENDS
from benchmarks.shapes import Shape
from benchmarks.upstream import Missing

PEERS = Path(__file__).parent / "peers"


@dataclass(frozen=True, slots=True)
class Setting:
    """What a server is started with. It may write into `folder`."""

    upstreams: Sequence[str]
    port: int
    warm: bool
    folder: Path


def _always(shape: Shape, warm: bool) -> str | None:
    return shape.document


def _cold(shape: Shape, warm: bool) -> str | None:
    return None if warm else shape.document


def _unless_it_takes_minutes(shape: Shape, warm: bool) -> str | None:
    # 16 readers' 640 calls in httpx's pool cost seconds of CPU for each query, long after the readers have left.
    return None if shape.nested and not warm else shape.document


def _hive_document(shape: Shape, warm: bool) -> str | None:
    return None if warm else hive.document(shape)


def _read_as_it_is(content: Any) -> Any:
    return content


@dataclass(frozen=True, slots=True)
class Server:
    """One to be measured.

    `command` starts it, `prepare` is run before. `document` is how it is asked for a shape, warm or cold, None where it
    is not; `read` puts its answer into the words of all.
    """

    name: str
    title: str
    command: Callable[[Setting], Sequence[str]]
    prepare: Callable[[Setting], Sequence[str]] | None = None
    document: Callable[[Shape, bool], str | None] = _always
    read: Callable[[Any], Any] = _read_as_it_is


def _strawberry(_setting: Setting) -> Sequence[str]:
    return [sys.executable, str(PEERS / "strawberry_naive.py")]


def _node(file: str, *arguments: str) -> Sequence[str]:
    node = shutil.which("node")
    if node is None or not (PEERS / "node_modules").exists():
        raise Missing(
            "The Node servers are missing. Install Node 20 or newer with npm; then `make bench` installs them, "
            "or `cd benchmarks/peers && npm ci --ignore-scripts`."
        )
    return [node, str(PEERS / file), *arguments]


def _compose(setting: Setting) -> Sequence[str]:
    supergraph = str(setting.folder / "supergraph.graphql")
    return _node("node_modules/.bin/mesh-compose", "-c", str(PEERS / "hive.config.mjs"), "-o", supergraph)


def _hive(setting: Setting) -> Sequence[str]:
    supergraph = str(setting.folder / "supergraph.graphql")
    address = ("--host", "127.0.0.1", "--port", str(setting.port))
    return _node("node_modules/.bin/hive-gateway", *address, "--jit", "supergraph", supergraph)


def _gateway(setting: Setting, **pace: object) -> Sequence[str]:
    defaults = {"calls_per_second": 1_000_000, **({} if setting.warm else {"cache_ttl": "0s"}), **pace}
    backends = [
        {
            "name": name,
            "vendor": "aws-iot",
            "region": "eu-west-1",
            "endpoint": url,
            "credentials": {"access_key_id": "demo", "secret_access_key": "demo-secret"},
        }
        for name, url in zip(BACKENDS, setting.upstreams, strict=True)
    ]
    configuration = setting.folder / "gateway.yaml"
    configuration.write_text(yaml.safe_dump({"defaults": defaults, "backends": backends}), encoding="utf-8")
    program = str(Path(sys.executable).with_name("ota-gateway"))
    return [program, "serve", "--config", str(configuration), "--port", str(setting.port)]


SERVERS: Sequence[Server] = (
    Server("strawberry", "Strawberry, as first written", _strawberry, document=_unless_it_takes_minutes),
    Server(
        "hive",
        "Hive Gateway",
        _hive,
        prepare=_compose,
        document=_hive_document,
        read=hive.in_common_words,
    ),
    Server("apollo", "Apollo Server", lambda _: _node("apollo.mjs")),
    Server("yoga", "GraphQL Yoga", lambda _: _node("yoga.mjs")),
    Server("mercurius", "Mercurius with JIT", lambda _: _node("mercurius.mjs")),
    Server("gateway", "OTA Gateway", _gateway),
    Server(
        "gateway-alone",
        "OTA Gateway, `single_flight: false`",
        lambda setting: _gateway(setting, single_flight=False),
        document=_cold,
    ),
)
