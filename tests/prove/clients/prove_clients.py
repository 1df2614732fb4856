"""Clients that others wrote, run against a started gateway: graphql-ws, graphql-sse, an EventSource, Apollo Client,
urql, meros and Python's gql. All watch one rollout at once, and each has to see it to its end.

The vendors are simulators in processes of their own: one whose devices move fast, one that stands still, and one that
answers late.
"""

import asyncio
import itertools
import json
import re
import sys
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import AsyncExitStack, ExitStack, asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from gql import Client, GraphQLRequest, gql
from gql.transport.aiohttp import AIOHTTPTransport
from gql.transport.exceptions import TransportError, TransportQueryError
from gql.transport.httpx import HTTPXAsyncTransport
from gql.transport.websockets import WebsocketsTransport

from gateway.auth.api_keys import digest_of, new_key
from gateway.vendorkit.discovery import installed_vendors
from tests.support.child_server import REPOSITORY, child_server, free_port
from tests.support.gateway_server import RunningGateway, serving_gateway
from tests.support.npm_package import PATH_AND_NO_PROXY, NpmPackage, finished
from tests.support.recipes import blocks

HERE = Path(__file__).parent
# Simulated seconds in a real one: devices begin within four seconds and have ended ten seconds later.
SPEED = 30
SLOW = "- {fault: delay, seconds: 0.4}\n"
DEVICES = 8
STILL_DEVICES = 6
OVER = {"SUCCEEDED", "FAILED", "TIMED_OUT", "REJECTED"}
# How a job execution goes before it ends.
WAY = ("QUEUED", "IN_PROGRESS")
KNOWN = ("client", "events")
WATCH = gql("subscription Watch($task: ID!) { executionUpdated(taskId: $task) { id status device { name } } }")
SCRIPTS = ("graphql_ws", "graphql_sse", "apollo", "urql", "meros")
CLIENTS = {
    "graphql-ws", "graphql-sse", "Apollo Client", "urql by fetch", "urql by graphql-ws", "meros", "gql over websockets",
}  # fmt: skip
pytestmark = pytest.mark.timeout(150)
Record = Callable[[str, object], None]
Courses = dict[str, list[str]]


@dataclass(frozen=True)
class World:
    """The gateway, the configured backends, and the two tasks that clients are told of."""

    gateway: RunningGateway
    backends: Sequence[Mapping[str, object]]
    moving: str
    still: str

    @property
    def address(self) -> str:
        """Where GraphQL is served."""
        return f"{self.gateway.url}/graphql"

    def devices(self) -> dict[str, str]:
        """Where each device of the moving task stands."""
        task = self.gateway.ask(
            "query ($id: ID!) { task(id: $id) { executions(first: 100) { nodes { status device { name } } } } }",
            id=self.moving,
        )["task"]
        return {row["device"]["name"]: row["status"] for row in task["executions"]["nodes"]}


@contextmanager
def simulated(folder: Path, name: str, slug: str, *options: object) -> Iterator[dict[str, object]]:
    """A simulated vendor in a process of its own, while the block runs: its section of a configuration."""
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    # Its output is no .log, which is searched for secrets: it says which key it takes.
    command = [sys.executable, "-m", "gateway", "simulate", slug, "--port", str(port), "--no-quotas"]
    with child_server(
        [*command, *map(str, options)],
        asking=url, log=folder / f"{name}.txt", folder=REPOSITORY, environment={**PATH_AND_NO_PROXY},
    ):  # fmt: skip
        settings = installed_vendors()[slug].demo_settings(url)
        yield {"name": name, "vendor": slug, "endpoint": url, "calls_per_second": 500, **settings}


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    folder = tmp_path_factory.mktemp("clients")
    late = folder / "late.yaml"
    late.write_text(SLOW)
    with ExitStack() as running:
        backends = [
            running.enter_context(simulated(folder, "fleet", "aws-iot", "--speed", SPEED)),
            running.enter_context(simulated(folder, "lab", "huawei-iotda", "--speed", 0)),
            running.enter_context(simulated(folder, "slow", "tuya", "--speed", 0, "--faults", late)),
        ]
        defaults = {"timeout": "30s", "attempt_timeout": "10s", "cache_ttl": "1s"}
        gateway = running.enter_context(serving_gateway(folder, backends, defaults=defaults))
        rows = gateway.ask('{ tasks(filter: {backends: ["lab"], status: [IN_PROGRESS]}) { nodes { id } } }')
        jobs = gateway.ask(
            """{ tasks(filter: {backends: ["fleet"]}) { nodes {
                 vendorDetails { ... on AwsIotJobDetails { targets } } } } }"""
        )["tasks"]["nodes"]
        things = {arn: None for job in jobs for arn in job["vendorDetails"]["targets"] if ":thing/" in arn}
        created = gateway.change(
            "createOtaTask",
            "outcome task { id } errors { message }",
            backend="fleet",
            name="watched-by-all",
            targets=[*things][:DEVICES],
            document="{}",
        )
        assert created["outcome"] == "DONE", created
        yield World(gateway, backends, created["task"]["id"], rows["tasks"]["nodes"][0]["id"])


@asynccontextmanager
async def running(*command: object, folder: Path, told: Mapping[str, str]) -> AsyncIterator[asyncio.StreamReader]:
    """A program while the block runs, by what it prints."""
    process = await asyncio.create_subprocess_exec(
        *map(str, command), cwd=folder, env={**PATH_AND_NO_PROXY, **told}, stdout=asyncio.subprocess.PIPE
    )
    assert process.stdout is not None
    try:
        yield process.stdout
    finally:
        with suppress(ProcessLookupError):
            process.kill()
        await process.wait()


async def scripted(world: World, script: str) -> list[dict[str, Any]]:
    """What a client's script reports, once it has ended well."""
    told = {"GATEWAY": world.address, "MOVING": world.moving, "STILL": world.still}
    process = await asyncio.create_subprocess_exec(
        "node", f"{script}.mjs", cwd=HERE, env={**PATH_AND_NO_PROXY, **told},
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    try:
        printed, problems = await asyncio.wait_for(process.communicate(), 100)
    finally:
        if process.returncode is None:
            process.kill()
            await process.communicate()
    assert process.returncode == 0, f"{script}:\n{printed.decode()}\n{problems.decode()}"
    return [json.loads(line) for line in printed.decode().splitlines()]


@asynccontextmanager
async def over_websocket(address: str) -> AsyncIterator[Any]:
    """A session of gql's over graphql-transport-ws."""
    transport = WebsocketsTransport(url=address.replace("http", "ws", 1))
    async with Client(transport=transport, fetch_schema_from_transport=True) as session:
        yield session


async def watched_by_gql(world: World) -> list[dict[str, Any]]:
    """The rollout as Python's gql sees it, validated against the schema that it fetches first."""
    courses: Courses = {name: [] for name in world.devices()}
    events = 0
    async with over_websocket(world.address) as session:
        query = GraphQLRequest(WATCH, variable_values={"task": world.moving})
        async for result in session.subscribe(query):
            execution = result["executionUpdated"]
            courses[execution["device"]["name"]].append(execution["status"])
            events += 1
            if all(course and course[-1] in OVER for course in courses.values()):
                break
    return [{"client": "gql over websockets", "events": events, "courses": courses}]


def steps(course: Sequence[str]) -> list[str]:
    """The statuses that a device went through, without those in which only its progress changed."""
    return [status for status, _ in itertools.groupby(course)]


async def test_every_client_sees_a_rollout_to_its_end(world: World, record_property: Record) -> None:
    # When one fails, the others are ended.
    async with asyncio.TaskGroup() as at_once:
        told = [at_once.create_task(scripted(world, one)) for one in SCRIPTS]
        told.append(at_once.create_task(watched_by_gql(world)))
    reports = {one["client"]: one for several in told for one in several.result()}
    assert set(reports) == CLIENTS
    ends = world.devices()
    assert len(ends) == DEVICES
    moved = 0
    for client, report in sorted(reports.items()):
        courses: Courses = {device: steps(course) for device, course in report.pop("courses").items()}
        assert set(courses) == set(ends), client
        for device, course in courses.items():
            # Who reads slowly may miss a state in between, never the last one, and never sees one twice.
            assert course in ([*WAY[place:], ends[device]] for place in range(3)) or course == [WAY[0], ends[device]], (
                f"{client} saw {device} go {course}, and it ended {ends[device]}"
            )
        moved += sum(len(course) - 1 for course in courses.values())
        more = "".join(f", {name} {json.dumps(value)}" for name, value in report.items() if name not in KNOWN)
        record_property("figures", f"clients: {client} sees {report['events']} events of {DEVICES} devices{more}")
    assert moved > DEVICES, "hardly anything moved while they watched"


async def listened(address: str, task: str, events: int) -> None:
    """Python's gql, until it has been told of so many executions. Raises TransportError when the stream ends before."""
    async with over_websocket(address) as session:
        async for result in session.subscribe(GraphQLRequest(WATCH, variable_values={"task": task})):
            assert result["executionUpdated"]["id"]
            events -= 1
            if not events:
                return


async def test_clients_listen_again_to_a_gateway_that_comes_back(
    world: World, tmp_path: Path, record_property: Record
) -> None:
    lab = [one for one in world.backends if one["name"] == "lab"]
    port = free_port()
    address = f"http://127.0.0.1:{port}/graphql"
    told = {"GATEWAY": address, "STILL": world.still}
    for block in blocks(REPOSITORY / "docs/recipes/python-client.md"):
        if block.file in ("gateway.py", "listen.py"):
            (tmp_path / block.file).write_text(block.text)
    async with AsyncExitStack() as programs:
        with serving_gateway(tmp_path, lab, port=port):
            node = await programs.enter_async_context(running("node", "back_again.mjs", folder=HERE, told=told))
            never = asyncio.create_task(listened(address, world.still, 1000))
            recipe = await programs.enter_async_context(
                running(sys.executable, "listen.py", world.still, folder=tmp_path, told=told)
            )
            present = sorted([await recipe.readline() for _ in range(STILL_DEVICES)])
            assert await node.readline() == b"present\n"
            assert not never.done()
        with pytest.raises(TransportError):
            await never
        with serving_gateway(tmp_path, lab, port=port):
            assert sorted([await recipe.readline() for _ in range(STILL_DEVICES)]) == present
            report = json.loads(await node.read())
            await listened(address, world.still, STILL_DEVICES)
    names = ", ".join(report["clients"])
    record_property(
        "figures",
        f"clients: {names}, httpx and gql listen again after a restart, to {report['devices']} devices",
    )


def test_clients_show_an_api_key_where_they_can(world: World, tmp_path: Path, record_property: Record) -> None:
    key = new_key()
    auth = {
        "mode": "api_keys",
        "api_keys": [{"name": "page", "sha256": digest_of(key), "roles": ["viewer"]}],
        "policies": {"viewer": {"operations": "READ", "backends": "*", "explore": True}},
    }
    lab = [one for one in world.backends if one["name"] == "lab"]
    with serving_gateway(tmp_path, lab, auth=auth) as gateway:
        told = {"GATEWAY": f"{gateway.url}/graphql", "GATEWAY_KEY": key, "STILL": world.still}
        done = finished(["node", "with_key.mjs"], HERE, 60, told)
        assert done.returncode == 0, done.stderr
        said = json.loads(done.stdout)
        assert gql_recipe(tmp_path, told)[0] == "refused: BAD_USER_INPUT"
    record_property("figures", f"clients: {said['shown']} show a key, the others are refused by {said['refused']}")


@pytest.mark.parametrize("transport", [AIOHTTPTransport, HTTPXAsyncTransport])
async def test_pythons_gql_asks_over_http(world: World, transport: Any, record_property: Record) -> None:
    async with Client(transport=transport(url=world.address), fetch_schema_from_transport=True) as session:
        types = len(session.client.schema.type_map)
        query = gql('{ tasks(filter: {backends: ["lab"]}) { nodes { id status backend { name } } } }')
        rows = (await session.execute(query))["tasks"]["nodes"]
        assert world.still in [row["id"] for row in rows]
        assert {row["backend"]["name"] for row in rows} == {"lab"}
        cancel = gql("mutation ($input: CancelOtaTaskInput!) { cancelOtaTask(input: $input) { outcome } }")
        tried = GraphQLRequest(cancel, variable_values={"input": {"id": world.still, "dryRun": True}})
        assert (await session.execute(tried))["cancelOtaTask"]["outcome"] == "PREVIEWED"
        with pytest.raises(TransportQueryError) as refused:
            await session.execute(gql('{ task(id: "no id at all") { id } }'))
        assert refused.value.errors is not None
        assert refused.value.errors[0]["extensions"]["code"] == "BAD_USER_INPUT"
    record_property("figures", f"clients: gql by {transport.__name__} validates against {types} types")


def test_the_recipes_for_browsers_run(world: World, tmp_path: Path, record_property: Record) -> None:
    page = NpmPackage(HERE, tmp_path)
    programs = [block for block in blocks(REPOSITORY / "docs/recipes/dashboard.md") if block.language == "js"]
    for block in programs:
        (tmp_path / block.file).write_text(block.text)
    browser = ("--import", HERE / "event_source.mjs")
    said = {block.file: page.run("node", *browser, block.file, GATEWAY=world.address).stdout for block in programs}
    assert set(said) == {"poll.mjs", "live.mjs", "defer.mjs"}
    assert re.fullmatch(r"\d+ tasks\n((\d+ tasks|nothing new)\n){2}", said["poll.mjs"]), said["poll.mjs"]
    assert len(said["live.mjs"].splitlines()) >= 3, said["live.mjs"]
    first, *_, last = said["defer.mjs"].splitlines()
    assert first == "streaming 3 backends, no tasks yet", said["defer.mjs"]
    assert re.fullmatch(r"complete 3 backends, \d+ tasks yet", last), said["defer.mjs"]
    record_property("figures", f"clients: {len(programs)} programs of the dashboard's recipe run: {', '.join(said)}")


def gql_recipe(folder: Path, told: Mapping[str, str]) -> list[str]:
    """What the program of the recipe for gql prints."""
    (block,) = (one for one in blocks(REPOSITORY / "docs/recipes/python-client.md") if one.file == "with_gql.py")
    (folder / block.file).write_text(block.text)
    done = finished([sys.executable, block.file], folder, 30, told)
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def test_the_recipe_for_gql_runs(world: World, tmp_path: Path) -> None:
    refused, *tasks = gql_recipe(tmp_path, {"GATEWAY": world.address})
    assert refused == "refused: BAD_USER_INPUT"
    assert len(tasks) >= 3, tasks
