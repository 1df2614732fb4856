"""One dead backend is data: the others answer, the list says who is missing, and it costs its deadline once."""

import asyncio
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from time import perf_counter

import pytest

from gateway.domain.ids import Kind, ObjectId, encode
from gateway.vendorkit.discovery import installed_vendors
from tests.support.simulated_gateway import simulated_gateway

DEADLINE = 0.8
SEVERAL = """query Several($task: ID!, $package: ID!) {
  a: tasks(first: 5) { nodes { backend { name } executions(first: 1) { backends { status } } } ...who }
  b: tasks(first: 5, orderBy: { field: BACKEND }) { nodes { name } ...who }
  c: tasks(first: 5, filter: { status: [IN_PROGRESS] }) { nodes { name } ...who }
  d: packages(first: 5) { nodes { name } backends { name status error { code retryable } } }
  task(id: $task) { name }
  package(id: $package) { name }
}
fragment who on OtaTaskConnection { backends { name status error { code retryable backend } } }"""


@pytest.fixture
def closed_port() -> Iterator[str]:
    """The address of a port that is held, so that nobody else takes it, and on which nobody listens."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        yield f"http://127.0.0.1:{held.getsockname()[1]}"


@asynccontextmanager
async def black_hole() -> AsyncIterator[str]:
    """A server that takes connections and requests, and never answers."""
    open_connections: set[asyncio.StreamWriter] = set()

    async def swallow(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        open_connections.add(writer)
        while await reader.read(65536):
            pass

    server = await asyncio.start_server(swallow, "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    finally:
        server.close()
        for writer in open_connections:
            writer.close()
        await server.wait_closed()


@pytest.mark.parametrize("slug", sorted(installed_vendors()))
async def test_a_refused_connection_is_told_of_at_once_and_the_others_answer(
    slug: str, closed_port: str, tmp_path: Path
) -> None:
    async with simulated_gateway(tmp_path, backends={slug: {"endpoint": closed_port}}) as gateway:
        started = perf_counter()
        answer = (await gateway.ask("{ tasks(first: 50) { nodes { id } backends { name status error { code } } } }"))[
            "tasks"
        ]
        assert perf_counter() - started < 2
        assert {one["name"]: one["status"] for one in answer["backends"]} == {
            one.name: "FAILED" if one.manifest.slug == slug else "OK" for one in gateway.backends.values()
        }
        (failed,) = (one for one in answer["backends"] if one["error"])
        assert failed["error"]["code"] == "BACKEND_UNAVAILABLE"
        assert len(answer["nodes"]) == 12 * (len(gateway.backends) - 1)


@pytest.mark.parametrize("slug", sorted(installed_vendors()))
@pytest.mark.parametrize("attempt", [DEADLINE / 2, 30])
async def test_a_silent_backend_costs_its_deadline_once_in_a_query_with_several_fields(
    slug: str, attempt: float, tmp_path: Path
) -> None:
    async with black_hole() as silent:
        deaf = {"endpoint": silent, "timeout": f"{DEADLINE}s", "attempt_timeout": f"{attempt}s"}
        async with simulated_gateway(tmp_path, backends={slug: deaf}) as gateway:
            name = gateway.backends[slug].name
            started = perf_counter()
            answer = await gateway.answer(
                SEVERAL, task=_some(slug, name, Kind.TASK), package=_some(slug, name, Kind.PACKAGE)
            )
            took = perf_counter() - started
            data = answer["data"]
            for field in "abc":
                for result in data[field]["backends"]:
                    if result["name"] == name:
                        assert result["status"] == "FAILED"
                        assert result["error"] == {
                            "code": "BACKEND_UNAVAILABLE",
                            "retryable": True,
                            "backend": name,
                        }
                    else:
                        assert result["status"] == "OK"
            if len(gateway.backends) > 1:
                assert data["a"]["nodes"]
            assert took < 2 * DEADLINE, f"{took:.2f} s"
            codes = {error["path"][0]: error["extensions"]["code"] for error in answer.get("errors", ())}
            assert codes["task"] == "BACKEND_UNAVAILABLE"
            assert data["task"] is None


async def test_a_slow_backend_does_not_hold_up_single_reads_of_the_others(tmp_path: Path) -> None:
    slug = sorted(installed_vendors())[0]
    async with black_hole() as silent:
        deaf = {"endpoint": silent, "timeout": "5s", "attempt_timeout": "5s"}
        async with simulated_gateway(tmp_path, backends={slug: deaf}) as gateway:
            others = [one.name for one in gateway.backends.values() if one.manifest.slug != slug]
            started = perf_counter()
            answer = await gateway.ask(
                "query Others($names: [String!]) { tasks(filter: { backends: $names }) { backends { status } } }",
                names=others,
            )
            assert perf_counter() - started < 2
            assert {one["status"] for one in answer["tasks"]["backends"]} <= {"OK"}


def _some(slug: str, backend: str, kind: Kind) -> str:
    """A well-formed id of the backend, found by trying forms that any vendor here may use."""
    return encode(ObjectId(kind, backend, KEYS.get((slug, kind), ("1",)), ""))


KEYS = {("aws-iot", Kind.PACKAGE): ("firmware", "1.0.0")}
