"""compose.yaml without an engine: its gateways, its balancer, its Prometheus, its secrets, over a cache and a ledger.

The files are those that are mounted; only addresses are of this machine. nginx and Prometheus are Debian's.
"""

import asyncio
import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
import websockets
import yaml

from gateway.vendorkit.discovery import installed_vendors
from gateway.vendorkit.simulation.options import SimulatorOptions
from gateway.vendorkit.simulation.server import serving_in_thread
from tests.support.child_server import REPOSITORY, child_server, free_port
from tests.support.debian_package import program
from tests.support.deployed import DEPLOY, documents, drawn_secrets, secrets_in
from tests.support.postgres_server import postgres_server
from tests.support.redis_server import redis_server

# Beside what else the Makefile brings.
DEBIAN = REPOSITORY / ".peers/debian"
REPLICAS = 3
TASKS = "{ tasks(first: 8) { nodes { id } backends { name status } } }"
WATCH = "subscription Watch($id: ID!) { taskUpdated(ids: [$id]) { id status } }"
CANCEL = "mutation Cancel($id: ID!) { cancelOtaTask(input: {id: $id, dryRun: true}) { outcome } }"
# Nothing happens here that would make them count.
SILENT = {"ota_gateway_unknown_values_total", "ota_gateway_vendor_retries_total",
          "ota_gateway_vendor_calls_kept_back_total"}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Stack:
    url: str
    prometheus: str
    replicas: list["subprocess.Popen[bytes]"]
    addresses: list[str]
    secrets: Mapping[str, str]

    @property
    def key(self) -> dict[str, str]:
        return {"authorization": f"Bearer {self.secrets['OPERATOR_KEY']}"}

    def query(self, expression: str) -> list[Any]:
        answer = httpx.get(f"{self.prometheus}/api/v1/query", params={"query": expression}, trust_env=False).json()
        assert answer["status"] == "success", (expression, answer)
        found: list[Any] = answer["data"]["result"]
        return found


@contextmanager
def gateway(folder: Path, number: int, config: Mapping[str, Any], secrets: Mapping[str, str]) -> Iterator[Any]:
    port = config["server"]["port"]
    file = folder / f"gateway-{number}.yaml"
    file.write_text(yaml.safe_dump(config))
    with child_server(
        [sys.executable, "-m", "gateway", "serve", "--config", file], asking=f"http://127.0.0.1:{port}/readyz",
        log=folder / f"gateway-{number}.log", folder=REPOSITORY,
        environment={"PATH": os.environ["PATH"], "HOME": str(folder), **secrets},
    ) as process:  # fmt: skip
        yield process


def gateway_config(ports: list[int], cache: int, ledger: str, vendors: Mapping[str, str]) -> Iterator[dict[str, Any]]:
    text = (DEPLOY / "compose/gateway.yaml").read_text()
    text = text.replace("@valkey:6379", f"@127.0.0.1:{cache}")
    for port in ports:
        config = yaml.safe_load(text)
        config["server"] |= {"host": "127.0.0.1", "port": port}
        config["ledger"] = {"url": ledger}
        config["backends"] = [
            {**one, "endpoint": vendors[one["vendor"]]} for one in config["backends"] if one["vendor"] in vendors
        ]
        yield config


@contextmanager
def balancer(folder: Path, ports: list[int]) -> Iterator[str]:
    port = free_port()
    text = (DEPLOY / "compose/nginx.conf").read_text()
    (server,) = re.findall(r"server gateway:8000 ([^;]*);", text)
    text = text.replace(
        f"server gateway:8000 {server};", " ".join(f"server 127.0.0.1:{one} {server};" for one in ports)
    )
    text = text.replace("listen 8080;", f"listen 127.0.0.1:{port};").replace("/tmp/", f"{folder}/")  # noqa: S108
    (folder / "nginx.conf").write_text(text)
    command = [program("nginx", package="nginx", folder=DEBIAN), "-c", folder / "nginx.conf", "-p", folder]
    url = f"http://127.0.0.1:{port}"
    with child_server(
        [*command, "-g", "daemon off; user root;" if os.geteuid() == 0 else "daemon off;"], asking=f"{url}/readyz",
        log=folder / "nginx.log", folder=folder, environment={"PATH": os.environ["PATH"]},
    ):  # fmt: skip
        yield url


@contextmanager
def prometheus(folder: Path, ports: list[int], key: str) -> Iterator[str]:
    port = free_port()
    (config,) = documents(DEPLOY / "compose/prometheus.yml")
    (folder / "key").write_text(key)
    (job,) = config["scrape_configs"]
    del job["dns_sd_configs"]
    job["static_configs"] = [{"targets": [f"127.0.0.1:{one}" for one in ports]}]
    job["authorization"]["credentials_file"] = str(folder / "key")
    config["rule_files"] = [str(DEPLOY / "monitoring/alerts.yml")]
    config["global"] = {"scrape_interval": "1s", "evaluation_interval": "1s"}
    (folder / "prometheus.yml").write_text(yaml.safe_dump(config))
    own = program("prometheus", package="prometheus", folder=DEBIAN)
    with child_server(
        [own, f"--config.file={folder}/prometheus.yml", f"--storage.tsdb.path={folder}/tsdb",
         f"--web.listen-address=127.0.0.1:{port}"],
        asking=f"http://127.0.0.1:{port}/-/ready", log=folder / "prometheus.log", folder=folder,
        environment={"PATH": os.environ["PATH"]},
    ):  # fmt: skip
        yield f"http://127.0.0.1:{port}"


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    folder = tmp_path_factory.mktemp("stack")
    assert drawn_secrets(folder / ".env").returncode == 0
    secrets = secrets_in(folder / ".env")
    ports = [free_port() for _ in range(REPLICAS)]
    with ExitStack() as running:
        vendors = {
            slug: running.enter_context(
                serving_in_thread(one.simulator(SimulatorOptions(seed=seed, quotas=False, speed=20.0)))
            )
            for seed, (slug, one) in enumerate(installed_vendors().items())
        }
        cache = running.enter_context(redis_server(folder))
        with cache.client() as client:
            client.config_set("requirepass", secrets["CACHE_PASSWORD"])
        ledger = asyncio.run(running.enter_context(postgres_server()).new_database())
        replicas = [
            running.enter_context(gateway(folder, number, config, secrets))
            for number, config in enumerate(gateway_config(ports, cache.port, ledger, vendors))
        ]
        url = running.enter_context(balancer(folder, ports))
        watching = running.enter_context(prometheus(folder, ports, secrets["PROMETHEUS_KEY"]))
        yield Stack(url, watching, replicas, [f"http://127.0.0.1:{port}" for port in ports], secrets)


def asked(stack: Stack, http: httpx.Client, query: str, **variables: Any) -> Any:
    answer = http.post("/graphql", json={"query": query, "variables": variables}, headers=stack.key)
    assert answer.status_code == 200, answer.text
    return answer.json()["data"]


async def first_by_websocket(stack: Stack, task: str) -> Any:
    async with websockets.connect(
        stack.url.replace("http", "ws") + "/graphql",
        subprotocols=["graphql-transport-ws"],
        proxy=None,  # type: ignore[list-item]
    ) as socket:
        await socket.send(json.dumps({"type": "connection_init", "payload": {"apiKey": stack.secrets["OPERATOR_KEY"]}}))
        assert json.loads(await socket.recv())["type"] == "connection_ack"
        operation = {"query": WATCH, "variables": {"id": task}}
        await socket.send(json.dumps({"id": "1", "type": "subscribe", "payload": operation}))
        return json.loads(await asyncio.wait_for(socket.recv(), 30))["payload"]["data"]["taskUpdated"]


def first_by_events(stack: Stack, http: httpx.Client, task: str) -> str:
    """What comes of a stream while it stands; a balancer that held it back would give nothing until its end."""
    with watching(stack, http, task) as answer:
        got = ""
        for piece in answer.iter_text():
            got += piece
            if "taskUpdated" in got:
                break
    return got


@contextmanager
def watching(stack: Stack, http: httpx.Client, task: str) -> Iterator[httpx.Response]:
    body = {"query": WATCH, "variables": {"id": task}}
    headers = {**stack.key, "accept": "text/event-stream"}
    with http.stream("POST", "/graphql", json=body, headers=headers, timeout=30) as answer:
        assert answer.status_code == 200
        yield answer


def promtool(*arguments: str | Path) -> "subprocess.CompletedProcess[str]":
    own = program("promtool", package="prometheus", folder=DEBIAN)
    return subprocess.run([own, *arguments], capture_output=True, text=True, check=False, timeout=60)


@pytest.mark.timeout(300)
def test_all_gateways_answer_by_one_address_streams_unheld_and_one_may_go_at_any_time(
    stack: Stack, record_property: Callable[[str, object], None]
) -> None:
    with httpx.Client(base_url=stack.url, trust_env=False, timeout=20) as http:
        tasks = asked(stack, http, TASKS)["tasks"]
        assert {one["status"] for one in tasks["backends"]} == {"OK"}
        task = tasks["nodes"][0]["id"]
        assert http.get("/metrics").status_code == 404
        assert http.post("/graphql", json={"query": TASKS}).status_code == 401
        began = time.monotonic()
        assert asyncio.run(first_by_websocket(stack, task))["id"] == task
        assert task in first_by_events(stack, http, task)
        streaming = time.monotonic() - began
        statuses: list[int] = []
        going = threading.Event()

        def ask_on() -> None:
            with httpx.Client(base_url=stack.url, trust_env=False, timeout=20) as own:
                while not going.is_set():
                    statuses.append(own.post("/graphql", json={"query": TASKS}, headers=stack.key).status_code)
                    # A principal may ask a hundred times a second.
                    time.sleep(0.05)

        askers = [threading.Thread(target=ask_on) for _ in range(4)]
        for asker in askers:
            asker.start()
        time.sleep(1)
        leaving = stack.replicas[0]
        leaving.send_signal(signal.SIGTERM)
        assert leaving.wait(30) == 0
        time.sleep(1)
        going.set()
        for asker in askers:
            asker.join()
    assert len(statuses) > 50
    assert set(statuses) == {200}
    record_property(
        "figures",
        f"stack: first events by websocket and by server-sent events within {streaming:.2f} s through nginx; "
        f"{len(statuses)} queries while one of {REPLICAS} gateways was ended: none failed",
    )


@pytest.mark.timeout(300)
def test_prometheus_reads_every_gateway_and_answers_every_query_of_dashboard_and_alerts(
    stack: Stack, record_property: Callable[[str, object], None]
) -> None:
    for address in stack.addresses[1:]:
        assert httpx.get(f"{address}/metrics", trust_env=False).status_code == 401
    ends = time.monotonic() + 30
    while len(stack.query('up{job="ota-gateway"} == 1')) < REPLICAS - 1:
        assert time.monotonic() < ends
        time.sleep(0.5)
    with httpx.Client(base_url=stack.url, trust_env=False, timeout=20) as http:
        tasks = [node["id"] for node in asked(stack, http, TASKS)["tasks"]["nodes"]]
        with ExitStack() as streams:
            for task in tasks:
                streams.enter_context(watching(stack, http, task))
            for _ in range(4):
                for task in tasks:
                    asked(stack, http, CANCEL, id=task)
                time.sleep(2)
    empty, number = [], 0
    for panel in json.loads((DEPLOY / "monitoring/dashboard.json").read_text())["panels"]:
        for target in panel.get("targets", ()):
            expression = target["expr"].replace("$__rate_interval", "1m").replace("$backend", ".*")
            number += 1
            if not stack.query(expression):
                empty.append(expression)
    assert [one for one in empty if not any(name in one for name in SILENT | {'outcome!="ok"'})] == []
    rules = httpx.get(f"{stack.prometheus}/api/v1/rules", trust_env=False).json()["data"]["groups"][0]["rules"]
    assert {rule["health"] for rule in rules} == {"ok"}
    # Only the one that was ended above has a reason, and not for long enough.
    assert {rule["name"] for rule in rules if rule["state"] == "firing"} == set()
    record_property(
        "figures", f"Prometheus: {number} queries of the dashboard answered, {len(empty)} of them by nothing to show; "
        f"{len(rules)} alerts evaluated"
    )  # fmt: skip


def test_the_rules_are_promtools_and_fire_when_they_should(tmp_path: Path) -> None:
    checked = promtool("check", "rules", DEPLOY / "monitoring/alerts.yml")
    assert checked.returncode == 0, checked.stdout + checked.stderr
    tests = (Path(__file__).parent / "alerts_test.yml").read_text()
    (tmp_path / "tests.yml").write_text(tests.replace("RULES", str(DEPLOY / "monitoring/alerts.yml")))
    fired = promtool("test", "rules", tmp_path / "tests.yml")
    assert fired.returncode == 0, fired.stdout + fired.stderr
    named = set(re.findall(r'alertname="(\w+)"', tests))
    (alerts,) = documents(DEPLOY / "monitoring/alerts.yml")
    assert named == {rule["alert"] for group in alerts["groups"] for rule in group["rules"]}
