"""The gateway as a subgraph, judged by what others wrote: Apollo's suite, three composers, and two routers.

The routers serve deploy/supergraph: `serve` in a process of its own over simulated vendors, and a registry of devices.
"""

import json
import os
import re
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from uuid import uuid4

import boto3
import httpx
import pytest
from botocore.config import Config

from gateway.auth.settings import AuthSettings
from gateway.vendorkit.discovery import installed_vendors
from gateway.vendorkit.simulation.options import SimulatorOptions
from gateway.vendorkit.simulation.server import serving_in_thread
from tests.support.child_server import REPOSITORY, child_server, free_port
from tests.support.gateway_server import RunningGateway, serving_gateway
from tests.support.identity_provider import AUDIENCE, ISSUER, claims, jwk_of, key_of, signed
from tests.support.supergraph import FOLDER, apollo, asked, composed, hive, judging_hive, node, registry, started

HERE = Path(__file__).parent
SUITE = (HERE / "node_modules" / "@apollo" / "federation-subgraph-compatibility-tests").resolve()
SUITES_ROUTER = 4000  # written in the suite's tests; its subgraphs go wherever they are told
SLUGS = ("aws-iot", "huawei-iotda")
DEVICES = 6
WATCHING = {"fastest": "100ms", "slowest": "300ms"}
SDL = "{ _service { sdl } }"

pytestmark = pytest.mark.timeout(240)
Record = Callable[[str, object], None]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    for needed in (SUITE, FOLDER / "node_modules" / "@apollo"):
        assert needed.exists(), f"{needed} is missing: make prove installs it."
    return tmp_path_factory.mktemp("federation")


@pytest.fixture(scope="module")
def vendors() -> Iterator[list[dict[str, Any]]]:
    """Sections of backends over simulated vendors where nothing moves by itself."""
    with ExitStack() as running:
        sections = []
        for slug in SLUGS:
            manifest = installed_vendors()[slug]
            options = SimulatorOptions(tasks=8, devices_per_task=DEVICES, speed=0.0, quotas=False)
            url = running.enter_context(serving_in_thread(manifest.simulator(options)))
            section = {"name": f"fleet-{slug}", "vendor": slug, "endpoint": url, "calls_per_second": 1000}
            sections.append(section | dict(manifest.demo_settings(url)))
        yield sections


@pytest.fixture(scope="module")
def ota(folder: Path, vendors: list[dict[str, Any]]) -> Iterator[RunningGateway]:
    server = {"cursor_secret": "signs cursors in this proof, and nothing else"}
    with published({}) as collector:
        told = {"log_requests": True, "tracing": {"otlp_endpoint": collector}}
        with serving_gateway(folder, vendors, server=server, watching=WATCHING, observability=told) as running:
            yield running


@dataclass(frozen=True)
class Fleet:
    """A running task of AWS IoT, its devices, and the vendor itself, by its own client."""

    task: str
    job: str
    urns: list[str]
    vendor: Any

    def happens(self, urn: str) -> None:
        """Something happens at the vendor that the gateway has no part in."""
        thing = urn.partition("/")[2]
        self.vendor.cancel_job_execution(jobId=self.job, thingName=thing, force=True)

    def states(self) -> dict[str, str]:
        """Where each device stands, as the vendor says."""
        listed = self.vendor.list_job_executions_for_job(jobId=self.job)["executionSummaries"]
        return {
            f"fleet-aws-iot/{one['thingArn'].rpartition('/')[2]}": one["jobExecutionSummary"]["status"]
            for one in listed
        }


@pytest.fixture(scope="module")
def vendor(vendors: list[dict[str, Any]]) -> Any:
    return boto3.client(
        "iot", endpoint_url=vendors[0]["endpoint"], region_name=vendors[0].get("region", "eu-west-1"),
        aws_access_key_id="demo", aws_secret_access_key="demo-secret", config=Config(proxies={}),
    )  # fmt: skip


RUNNING = """{ tasks(first: 50, filter: {backends: ["fleet-aws-iot"], status: [IN_PROGRESS]}) { nodes {
  id nativeId executions(first: 50) { nodes { status device { urn } } } } } }"""
LIVE = ("QUEUED", "IN_PROGRESS")


@pytest.fixture
def fleet(ota: RunningGateway, vendor: Any) -> Fleet:
    """The running task with most devices under way: each test takes what others have left."""
    rows = ota.ask(RUNNING)["tasks"]["nodes"]
    live = {row["id"]: [one for one in row["executions"]["nodes"] if one["status"] in LIVE] for row in rows}
    row = max(rows, key=lambda one: len(live[one["id"]]))
    urns = [one["device"]["urn"] for one in live[row["id"]]]
    assert len(urns) >= 3
    return Fleet(row["id"], row["nativeId"], urns, vendor)


@pytest.fixture(scope="module")
def supergraph(folder: Path, ota: RunningGateway) -> Iterator[Path]:
    rows = ota.ask("{ tasks(first: 50) { nodes { executions(first: 50) { nodes { device { urn } } } } } }")
    urns = sorted({one["device"]["urn"] for row in rows["tasks"]["nodes"] for one in row["executions"]["nodes"]})
    known = [
        {"urn": urn, "label": f"Device {place}", "site": f"site-{place % 3}", "owner": "ann"}
        for place, urn in enumerate(urns)
    ]
    known.append({"urn": "elsewhere/d-1", "label": "Not ours", "site": "site-x", "owner": "bob"})
    with registry(known, folder) as url:
        yield composed({"ota": f"{ota.url}/graphql", "devices": url}, folder)


@pytest.fixture(scope="module", params=["apollo", "hive-sse", "hive-ws"])
def router(request: pytest.FixtureRequest, supergraph: Path, folder: Path) -> Iterator[str]:
    name, _, how = request.param.partition("-")
    with apollo(supergraph, folder) if name == "apollo" else hive(supergraph, folder, subscriptions=how) as url:
        yield url


@pytest.fixture(scope="module")
def http() -> Iterator[httpx.Client]:
    with httpx.Client(timeout=30, trust_env=False) as client:
        yield client


JOINED = """query Joined($site: String) { registeredDevices(site: $site) { label owner ota { id urn
  executions(first: 20) { nodes { vendorStatus task { id name } device { urn registered { label } } }
    backends { status } } } } }"""
REVERSE = """{ tasks(first: 8) { nodes { name executions(first: 50) { nodes { vendorStatus device {
  urn name registered { urn site owner } } } } } backends { name status } } }"""


def test_queries_go_across_both_subgraphs_in_both_directions(
    router: str, ota: RunningGateway, http: httpx.Client
) -> None:
    there = asked(http, router, JOINED, site="site-1")
    assert "errors" not in there, there
    rows = there["data"]["registeredDevices"]
    assert len(rows) > 3
    # What the gateway tells of each of these devices when it is asked itself.
    for row in rows:
        backend, _, name = row["ota"]["urn"].partition("/")
        direct = ota.ask(
            """query D($b: String!, $n: String!) { device(backend: $b, name: $n) { id urn executions(first: 20) {
              nodes { vendorStatus task { id name } device { urn } } backends { status } } } }""",
            b=backend, n=name.replace("%3A", ":"),
        )["device"]  # fmt: skip
        for one in row["ota"]["executions"]["nodes"]:
            assert one["device"].pop("registered") == {"label": row["label"]}
        assert row["ota"] == direct
    assert any(row["ota"]["executions"]["nodes"] for row in rows)

    back = asked(http, router, REVERSE)
    assert "errors" not in back, back
    executions = [one for row in back["data"]["tasks"]["nodes"] for one in row["executions"]["nodes"]]
    assert len(executions) >= 8 * DEVICES
    assert all(one["device"]["registered"]["urn"] == one["device"]["urn"] for one in executions)
    assert {one["name"] for one in back["data"]["tasks"]["backends"]} == {f"fleet-{slug}" for slug in SLUGS}


def test_the_trace_of_a_request_goes_on_behind_the_router(
    router: str, ota: RunningGateway, folder: Path, http: httpx.Client
) -> None:
    trace = uuid4().hex
    sent = {"traceparent": f"00-{trace}-00f067aa0ba902b7-01"}
    assert "errors" not in asked(http, router, JOINED, sent, site="site-2")
    log = (folder / "gateway.log").read_text()
    assert any(json.loads(line).get("trace_id") == trace for line in log.splitlines() if line.startswith("{"))


def test_a_device_of_no_backend_is_its_own_error(router: str, http: httpx.Client) -> None:
    query = "{ registeredDevices { label ota { name } } }"
    answer = asked(http, router, query)
    rows = (answer["data"] or {}).get("registeredDevices")
    assert rows is not None, answer
    assert [row["label"] for row in rows if row["ota"] is None or row["ota"]["name"] is None] == ["Not ours"]
    assert {error["extensions"]["code"] for error in answer["errors"]} == {"BAD_USER_INPUT"}


CANCEL = """mutation Cancel($input: CancelDeviceUpgradeInput!) { cancelDeviceUpgrade(input: $input) {
  summary { requested done } results { deviceName execution { vendorStatus device { registered { owner } } } }
  auditEntryId errors { code message } } }"""


def test_a_mutation_is_carried_out_and_its_answer_joined(router: str, fleet: Fleet, http: httpx.Client) -> None:
    urn = fleet.urns[0]
    device = {"taskId": fleet.task, "deviceNames": [urn.partition("/")[2].replace("%3A", ":")]}
    tried = asked(http, router, CANCEL, input={"devices": device, "force": True, "dryRun": True})
    assert "errors" not in tried, tried
    assert fleet.states()[_native(urn)] in LIVE
    answer = asked(http, router, CANCEL, input={"devices": device, "force": True})
    assert "errors" not in answer, answer
    payload = answer["data"]["cancelDeviceUpgrade"]
    assert (payload["errors"], payload["summary"]) == ([], {"requested": 1, "done": 1})
    (result,) = payload["results"]
    assert result["execution"] == {"vendorStatus": "CANCELED", "device": {"registered": {"owner": "ann"}}}
    assert fleet.states()[_native(urn)] == "CANCELED"


def _native(urn: str) -> str:
    return urn.replace("%3A", ":")


WATCH = """subscription Watch($task: ID!) { executionUpdated(taskId: $task) {
  vendorStatus device { urn registered { label } } } }"""


@dataclass
class Heard:
    """The events of one subscription, read by a thread of its own."""

    events: list[tuple[str, str]] = field(default_factory=list)
    joined: list[bool] = field(default_factory=list)
    errors: list[Any] = field(default_factory=list)

    def wait(self, number: int, seconds: float = 20) -> None:
        """Until so many events have come."""
        end = time.monotonic() + seconds
        while len(self.events) < number:
            assert not self.errors, self.errors
            assert time.monotonic() < end, f"{len(self.events)} of {number} events: {self.events}"
            time.sleep(0.02)


@contextmanager
def listening(url: str, query: str, headers: dict[str, str] | None = None, **variables: Any) -> Iterator[Heard]:
    """A subscription at a router, by server-sent events."""
    heard = Heard()
    client = httpx.Client(timeout=60, trust_env=False)
    sent = {"accept": "text/event-stream", **(headers or {})}
    stream = client.send(
        client.build_request("POST", url, json={"query": query, "variables": variables}, headers=sent), stream=True
    )

    def read() -> None:
        try:
            for line in stream.iter_lines():
                if line.startswith("data: ") and line[6:].strip():
                    _hear(heard, json.loads(line[6:]))
        except (httpx.HTTPError, httpx.StreamError):
            pass  # it is ended below

    thread = threading.Thread(target=read, daemon=True)
    thread.start()
    try:
        yield heard
    finally:
        # Whoever reads is woken by nothing else.
        stream.extensions["network_stream"].get_extra_info("socket").shutdown(socket.SHUT_RDWR)
        thread.join(10)
        stream.close()
        client.close()


def _hear(heard: Heard, answer: dict[str, Any]) -> None:
    if answer.get("errors"):
        heard.errors.append(answer["errors"])
        return
    event = answer["data"]["executionUpdated"]
    heard.joined.append(event["device"]["registered"] is not None)
    heard.events.append((event["device"]["urn"].replace("%3A", ":"), event["vendorStatus"]))


@pytest.mark.parametrize("how", ["sse", "ws"])
def test_a_subscription_through_hive_tells_all_that_happens_at_the_vendor(
    how: str, supergraph: Path, folder: Path, fleet: Fleet, record_property: Record
) -> None:
    before = fleet.states()
    happened = []
    with hive(supergraph, folder, subscriptions=how) as url, listening(url, WATCH, task=fleet.task) as heard:
        heard.wait(len(before))
        assert dict(heard.events) == before
        for urn in fleet.urns[:2]:
            fleet.happens(_native(urn))
            happened.append((_native(urn), "CANCELED"))
            heard.wait(len(before) + len(happened))
        time.sleep(1)  # nothing else comes
    assert heard.events[len(before) :] == happened
    assert all(heard.joined)
    assert heard.errors == []
    figures = f"{len(heard.events)} events by {how}: {len(before)} present states, {len(happened)} changes, none else"
    record_property("figures", figures)


@pytest.fixture(scope="module")
def guarded(folder: Path, vendors: list[dict[str, Any]]) -> Iterator[tuple[RunningGateway, Callable[[str], str]]]:
    """A gateway that asks for tokens, whose roles are scopes, and what signs them."""
    own = folder / "guarded"
    own.mkdir()
    keys = own / "keys.json"
    keys.write_text(json.dumps({"keys": [jwk_of(key_of("RSA"), "one")]}))
    auth = {
        "mode": "jwt",
        "jwt": {"issuer": ISSUER, "audience": AUDIENCE, "jwks_file": str(keys), "roles_claim": "scope"},
        "policies": {
            "see": {"operations": "READ", "backends": "fleet-aws-*", "explore": True},
            "operate": {"operations": ["READ", "CANCEL_EXECUTION"], "backends": "*"},
        },
    }
    AuthSettings.model_validate(auth)

    def bearer(scope: str) -> str:
        return f"Bearer {signed(key_of('RSA'), {'alg': 'RS256', 'kid': 'one'}, claims(scope=scope))}"

    with serving_gateway(own, vendors, auth=auth, watching=WATCHING) as running:
        yield running, bearer


@dataclass(frozen=True)
class Callers:
    """Tokens, the composed graph over the gateway that judges them, and what they ask."""

    supergraph: Path
    viewer: dict[str, str]
    operator: dict[str, str]
    change: dict[str, Any]


@pytest.fixture
def callers(folder: Path, guarded: tuple[RunningGateway, Callable[[str], str]], fleet: Fleet) -> Iterator[Callers]:
    gateway, bearer = guarded
    own = folder / "guarded"
    viewer, operator = ({"authorization": bearer(scope)} for scope in ("see", "operate"))
    known = [{"urn": urn, "label": urn, "site": "s", "owner": "ann"} for urn in fleet.urns]
    known.append({"urn": "fleet-huawei-iotda/press-0006", "label": "hidden", "site": "s", "owner": "ann"})
    names = [_native(fleet.urns[0]).partition("/")[2]]
    change = {"devices": {"taskId": fleet.task, "deviceNames": names}, "force": True, "dryRun": True}
    with registry(known, own) as url:
        subgraphs = {"ota": f"{gateway.url}/graphql", "devices": url}
        supergraph = composed(subgraphs, own, authorization=viewer["authorization"])
        assert '@requiresScopes(scopes: [["operate"]])' in supergraph.read_text()
        yield Callers(supergraph, viewer, operator, change)


BACKENDS = "{ backends { name } }"


def test_rights_hold_for_callers_who_come_by_a_router(
    folder: Path, callers: Callers, fleet: Fleet, http: httpx.Client
) -> None:
    viewer, operator = callers.viewer, callers.operator
    with hive(callers.supergraph, folder / "guarded", subscriptions="ws") as router:
        assert asked(http, router, BACKENDS, viewer)["data"]["backends"] == [{"name": "fleet-aws-iot"}]
        assert len(asked(http, router, BACKENDS, operator)["data"]["backends"]) == len(SLUGS)
        assert asked(http, router, BACKENDS)["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"
        hidden = asked(http, router, "{ registeredDevices { label ota { name } } }", viewer)
        assert [row["label"] for row in hidden["data"]["registeredDevices"] if row["ota"] is None] == ["hidden"]
        refused = asked(http, router, CANCEL, viewer, input=callers.change)["data"]["cancelDeviceUpgrade"]
        assert [error["code"] for error in refused["errors"]] == ["PERMISSION_DENIED"]
        allowed = asked(http, router, CANCEL, operator, input=callers.change)["data"]["cancelDeviceUpgrade"]
        assert allowed["errors"] == []
        with listening(router, WATCH, viewer, task=fleet.task) as heard:
            heard.wait(len(fleet.states()))
        # Hive's client of websockets tries half a minute more before it tells that it was refused.
        with listening(router, WATCH, task=fleet.task) as heard:
            time.sleep(2)
            assert heard.events == []


def test_a_router_that_judges_scopes_refuses_by_itself_whom_the_gateway_would(
    folder: Path, callers: Callers, guarded: tuple[RunningGateway, Callable[[str], str]], http: httpx.Client
) -> None:
    viewer, operator = callers.viewer, callers.operator
    keys = {"keys": [jwk_of(key_of("RSA"), "one")]}
    with (
        published(keys) as jwks_url,
        judging_hive(
            callers.supergraph, folder / "guarded", jwks_url=jwks_url, issuer=ISSUER, audience=AUDIENCE
        ) as router,
    ):
        for query, variables in ((CANCEL, {"input": callers.change}), ("{ auditEntries { nodes { id } } }", {})):
            assert _codes(asked(http, router, query, viewer, **variables)) == {"UNAUTHORIZED_FIELD_OR_TYPE"}
        assert _codes(asked(http, router, BACKENDS)) == {"UNAUTHORIZED_FIELD_OR_TYPE"}
        for caller, number in ((viewer, 1), (operator, len(SLUGS))):
            assert len(asked(http, router, BACKENDS, caller)["data"]["backends"]) == number
        allowed = asked(http, router, CANCEL, operator, input=callers.change)["data"]["cancelDeviceUpgrade"]
        assert allowed["errors"] == []
        # It asks for no more than the gateway does: an object by its id takes no right but to call.
        node_of = "query N($id: ID!) { node(id: $id) { id } }"
        assert asked(http, router, node_of, viewer, id=callers.change["devices"]["taskId"])["data"]["node"]


def _codes(answer: dict[str, Any]) -> set[str]:
    return {error["extensions"]["code"] for error in answer.get("errors", ())}


@contextmanager
def published(keys: dict[str, Any]) -> Iterator[str]:
    """These keys at an address on loopback, which takes whatever it is sent."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = json.dumps(keys).encode()
            self.send_response(200)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/keys"
    finally:
        server.shutdown()
        server.server_close()


def test_the_two_commands_of_the_readme_lead_to_its_queries(
    folder: Path, http: httpx.Client, record_property: Record
) -> None:
    own = folder / "readme"
    own.mkdir()
    demo, devices = (f"http://127.0.0.1:{free_port()}" for _ in range(2))
    (own / "subgraphs.json").write_text(json.dumps({"ota": f"{demo}/graphql", "devices": f"{devices}/"}))
    command = [sys.executable, "-m", "gateway", "demo", "--port", demo.rpartition(":")[2]]
    environment = {"PATH": os.environ["PATH"], "HOME": str(own)}
    began = time.monotonic()
    with (
        child_server(
            command, asking=f"{demo}/readyz", log=own / "demo.log", folder=REPOSITORY, environment=environment
        ),
        started(own / "subgraphs.json", own) as url,
    ):
        queries = re.findall(r"```graphql\n(.*?)```", (FOLDER / "README.md").read_text(), re.DOTALL)
        answers = [asked(http, url, query) for query in queries]
        seconds = time.monotonic() - began
    assert len(answers) == 2
    assert all("errors" not in answer for answer in answers), answers
    devices_there = answers[0]["data"]["registeredDevices"]
    assert {device["ota"]["backend"]["name"] for device in devices_there} > {"demo-aws-iot", "demo-tuya"}
    assert any(device["ota"]["executions"]["nodes"] for device in devices_there)
    owners = [one["device"]["registered"] for task in answers[1]["data"]["tasks"]["nodes"]
              for one in task["executions"]["nodes"]]  # fmt: skip
    assert any(owners)
    record_property("figures", f"{seconds:.1f} s from nothing running to the first joined answer")


@pytest.mark.parametrize("printed", ["as it is", "with scopes"])
def test_three_composers_compose_the_schema_with_the_registrys(
    printed: str,
    folder: Path,
    ota: RunningGateway,
    guarded: tuple[RunningGateway, Callable[[str], str]],
    http: httpx.Client,
    record_property: Record,
) -> None:
    gateway, bearer = (ota, None) if printed == "as it is" else guarded
    headers = {} if bearer is None else {"authorization": bearer("see")}
    own = folder / f"composed {printed}"
    own.mkdir()
    with registry([], own) as devices:
        for name, url in (("ota", f"{gateway.url}/graphql"), ("devices", devices)):
            sdl = asked(http, url, SDL, headers)["data"]["_service"]["sdl"]
            (own / f"{name}.graphql").write_text(sdl)
    assert ("@requiresScopes" in (own / "ota.graphql").read_text()) is (bearer is not None)
    found = json.loads(node("composers.mjs", own / "ota.graphql", own / "devices.graphql", folder=HERE))
    assert [one["errors"] for one in found.values()] == [[], [], []]
    types = [set(one["types"]) - {"Scope", "federation__Scope"} for one in found.values()]
    assert types[0] == types[1] == types[2]
    assert {"OtaTask", "OtaDevice", "Device"} <= types[0]
    record_property("figures", f"{', '.join(found)} {printed}: {len(types[0])} types each")


def test_the_types_of_the_recipe_compose(folder: Path, ota: RunningGateway, http: httpx.Client) -> None:
    own = folder / "recipe"
    own.mkdir()
    page = (REPOSITORY / "docs" / "federation.md").read_text()
    (types,) = re.findall(r"```graphqls\n(.*?)```", page, re.DOTALL)
    link = 'extend schema @link(url: "https://specs.apollo.dev/federation/v2.9", import: ["@key"])'
    (own / "yours.graphql").write_text(f"{link}\ntype Query {{ devices: [Device!]! }}\n{types}")
    sdl = asked(http, f"{ota.url}/graphql", SDL)["data"]["_service"]["sdl"]
    (own / "ota.graphql").write_text(sdl)
    found = json.loads(node("composers.mjs", own / "ota.graphql", own / "yours.graphql", folder=HERE))
    assert [one["errors"] for one in found.values()] == [[], [], []]


def test_apollos_suite_passes_whole_on_its_template_over_our_federation(folder: Path, record_property: Record) -> None:
    own = folder / "suite"
    own.mkdir()
    environment = {"PATH": os.environ["PATH"], "NO_PROXY": "127.0.0.1,localhost"}
    preloaded = {**environment, "NODE_OPTIONS": f"--require {HERE / 'loopback.cjs'}"}
    ports = {name: free_port() for name in ("products", "users", "inventory")}
    urls = {name: f"http://127.0.0.1:{port}/" for name, port in ports.items()}
    urls["products"] += "graphql"
    with ExitStack() as running:
        command = [sys.executable, "-m", "tests.prove.federation.products", str(ports["products"])]
        running.enter_context(
            child_server(
                command, asking=urls["products"], log=own / "products.log", folder=REPOSITORY, environment=environment
            )
        )
        for name in ("users", "inventory"):
            port = {f"{name.upper()}_PORT": str(ports[name])}
            running.enter_context(
                child_server(
                    ["node", "index.js"], asking=urls[name], log=own / f"{name}.log",
                    folder=SUITE / "dist" / "subgraphs" / name, environment={**preloaded, **port},
                )
            )  # fmt: skip
        running.enter_context(apollo(composed(urls, own), own, port=SUITES_ROUTER))
        report = own / "report.json"
        jest = HERE / "node_modules" / "jest" / "bin" / "jest.js"
        configured = ["--rootDir", SUITE, "--ci", "--config", SUITE / "federation-jest.config.js"]
        node(
            jest, *configured, "--json", "--outputFile", report, SUITE / "dist" / "tests", folder=HERE,
            PRODUCTS_URL=urls["products"], NODE_OPTIONS="--dns-result-order=ipv4first",
        )  # fmt: skip
    result = json.loads(report.read_text())
    assert (result["numPassedTests"], result["numTotalTests"]) == (23, 23)
    sdl = (SUITE / "dist" / "tests" / "link.test.js").read_text()
    assert re.search(r"2\\.3", sdl), "the suite knows other versions by now: link the template at its newest"
    record_property(
        "figures", f"{result['numPassedTests']} of {result['numTotalTests']} of Apollo's tests of subgraphs"
    )
