"""Every block of the recipes does what it says: programs are run against a gateway, documents executed, pipelines read.

What needs npm or gql is run by `make prove`; the lists below say which, so that no block is forgotten.
"""

import asyncio
import json
import os
import re
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import yaml
from graphql import parse

from gateway.vendorkit.discovery import installed_vendors
from tests.support.child_server import REPOSITORY
from tests.support.recipes import Block, blocks
from tests.support.simulated_gateway import STILL, SimulatedGateway, simulated_gateway

RECIPES = REPOSITORY / "docs/recipes"
PROVE_CLIENTS = "run by tests/prove/clients"
PROVE_TOOLS = "run by tests/prove/tools"
ELSEWHERE = {
    ("dashboard.md", "js"): PROVE_CLIENTS,
    ("python-client.md", "with_gql.py"): PROVE_CLIENTS,
    ("typescript-client.md", "ts"): PROVE_TOOLS,
    ("typescript-client.md", "json"): PROVE_TOOLS,
    ("typescript-client.md", "sh"): "installs, which takes the npm registry",
}
# Others show what a supergraph is made of, and have proofs of their own.
OURS = ("dashboard.md", "typescript-client.md", "python-client.md", "ci.md")
GOOD, BAD, NEITHER = {"SUCCEEDED"}, {"FAILED", "TIMED_OUT", "REJECTED"}, {"NOT_APPLICABLE", "REMOVED", "CANCELED"}
ROWS = "{ tasks(first: 100) { nodes { id name status executions(first: 100) { nodes { status } } } } }"


def of(page: str, language: str) -> list[Block]:
    """The blocks of a recipe in a language."""
    return [block for block in blocks(RECIPES / page) if block.language == language]


def program(folder: Path, page: str, name: str, *arguments: object, address: str) -> "asyncio.Task[tuple[int, str]]":
    """A Python program of a recipe, running beside the other files of its page: its exit code, and what it prints."""
    for block in of(page, "python"):
        (folder / block.file).write_text(block.text)

    async def run() -> tuple[int, str]:
        process = await asyncio.create_subprocess_exec(
            sys.executable, name, *map(str, arguments), cwd=folder,
            env={"PATH": os.environ["PATH"], "GATEWAY": address, "NO_PROXY": "127.0.0.1"},
            stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
        )  # fmt: skip
        printed, _ = await process.communicate()
        assert process.returncode is not None
        return process.returncode, printed.decode()

    return asyncio.create_task(run())


@pytest.fixture
async def gateway(tmp_path: Path) -> AsyncIterator[SimulatedGateway]:
    async with simulated_gateway(tmp_path, fleet=STILL) as running:
        yield running


def test_every_block_is_run_somewhere() -> None:
    here = {("ci.md", "yaml"), ("dashboard.md", "graphql"), ("ci.md", "python"), ("python-client.md", "python")}
    seen = set()
    for page in OURS:
        for block in blocks(RECIPES / page):
            known = {(page, block.file), (page, block.language)} & (here | set(ELSEWHERE))
            assert known, f"{page}:{block.line} is run nowhere"
            seen |= known
    assert seen == here | set(ELSEWHERE)
    assert {block.file for page in ("ci.md", "python-client.md") for block in of(page, "python")} == {
        *("wait_for_rollout.py", "stop_rollout.py"),
        *("gateway.py", "failing_devices.py", "cancel_device.py", "listen.py", "with_gql.py"),
    }


async def test_the_documents_of_the_dashboard_are_answered(gateway: SimulatedGateway) -> None:
    rows = (await gateway.ask(ROWS))["tasks"]["nodes"]
    task = next(row["id"] for row in rows if row["status"] == "IN_PROGRESS")
    asked = []
    for block in of("dashboard.md", "graphql"):
        (definition,) = parse(block.text).definitions
        asked.append(getattr(definition, "name").value)  # noqa: B009 - not every definition has one
        if "subscription" not in block.text:
            data = await gateway.ask(block.text, id=task, input={"id": task, "dryRun": True})
            assert None not in data.values()
    assert asked == ["Dashboard", "Rollout", "Live", "Stop"]


async def test_the_python_client_reads_changes_and_listens(gateway: SimulatedGateway, tmp_path: Path) -> None:
    address = f"{gateway.url}/graphql"
    ended = await asyncio.gather(
        *(
            program(tmp_path, "python-client.md", name, address=address)
            for name in ("failing_devices.py", "cancel_device.py", "listen.py")
        )
    )
    assert [code for code, _ in ended] == [0, 0, 0], ended
    failing, cancelled, listened = (printed for _, printed in ended)
    assert any(f"  {one.vendor}  " in failing for one in installed_vendors().values())
    assert re.search(r"^A dry run: \{'sideEffects': \[", cancelled), cancelled
    assert re.search(r" (DONE|REQUESTED) \w+$", cancelled.strip()), cancelled
    assert len(listened.splitlines()) >= 6, listened


async def test_a_pipeline_waits_and_judges_by_devices(gateway: SimulatedGateway, tmp_path: Path) -> None:
    address = f"{gateway.url}/graphql"
    rows = (await gateway.ask(ROWS))["tasks"]["nodes"]
    wanted = {}
    for row in rows:
        stands = [one["status"] for one in row["executions"]["nodes"]]
        tried = [one for one in stands if one not in NEITHER]
        share = 100 * sum(one in BAD for one in tried) / len(tried) if tried else 0
        wanted.setdefault((row["status"], share > 20, bool(tried)), row["id"])
    assert {status for status, _, _ in wanted} >= {"COMPLETED", "IN_PROGRESS", "CANCELED", "SCHEDULED"}
    arguments = ("--most-failed", 20, "--timeout", 0.2, "--every", 0.3)
    cases = [(case, program(tmp_path, "ci.md", "wait_for_rollout.py", id_, *arguments, address=address))
             for case, id_ in wanted.items()]  # fmt: skip
    for (status, too_many, tried), running in cases:
        code, printed = await running
        if status == "CANCELED" or too_many or (status == "COMPLETED" and not tried):
            assert code == 1, (status, printed)
        else:
            assert code == (0 if status == "COMPLETED" else 2), (status, printed)
    gone = await program(tmp_path, "ci.md", "wait_for_rollout.py", "no id", *arguments, address=address)
    assert gone[0] == 2
    assert "not a usable id" in gone[1]


async def test_a_pipeline_does_not_take_a_backend_that_is_down_for_an_end(tmp_path: Path) -> None:
    uncached = {"cache_ttl": "0s", "cache_hard_ttl": "0s", "timeout": "300ms"}
    async with simulated_gateway(tmp_path, only=["tuya"], fleet=STILL, pace=uncached) as gateway:
        rows = (await gateway.ask(ROWS))["tasks"]["nodes"]
        task = next(row["id"] for row in rows if row["status"] == "COMPLETED")
        gateway.backends["tuya"].fail("error")
        arguments = (task, "--timeout", 1, "--every", 0.3)
        address = f"{gateway.url}/graphql"
        code, printed = await program(tmp_path, "ci.md", "wait_for_rollout.py", *arguments, address=address)
    assert code == 2, printed
    assert printed.splitlines()[0].startswith("not now: "), printed
    assert printed.splitlines()[-1] == "It is not over after 1 s."


async def test_a_pipeline_stops_a_rollout_once(gateway: SimulatedGateway, tmp_path: Path) -> None:
    address = f"{gateway.url}/graphql"
    rows = await gateway.ask(
        "{ tasks(first: 100) { nodes { id allowedOperations { operation allowed needsForce } } } }"
    )
    free = {"operation": "CANCEL_TASK", "allowed": True, "needsForce": False}
    task = next(row["id"] for row in rows["tasks"]["nodes"] if free in row["allowedOperations"])

    async def stopped(*more: str) -> tuple[int, list[dict[str, object]]]:
        code, printed = await program(
            tmp_path, "ci.md", "stop_rollout.py", task, "--key", "run-1", *more, address=address
        )
        decoder, found = json.JSONDecoder(), []
        while printed := printed.strip():
            one, end = decoder.raw_decode(printed)
            found.append(one)
            printed = printed[end:]
        return code, found

    code, (tried,) = await stopped("--dry-run")
    assert (code, tried["outcome"]) == (0, "PREVIEWED")
    code, (_, done) = await stopped()
    assert code == 0
    assert done["outcome"] in ("DONE", "REQUESTED")
    audited = "{ auditEntries(filter: {operations: [CANCEL_TASK], outcomes: [DONE, REQUESTED]}) { nodes { id } } }"
    assert len((await gateway.ask(audited))["auditEntries"]["nodes"]) == 1


def test_what_the_typescript_client_installs_is_what_it_is_tried_with() -> None:
    (block,) = of("typescript-client.md", "sh")
    named = dict(re.findall(r" (@?[\w/-]+)@(\d+)", block.text))
    tried = json.loads((REPOSITORY / "tests/prove/tools/package.json").read_text())["dependencies"]
    assert len(named) == 9
    assert "[@graphql-tools/batch-execute]=10.2.0" in block.text
    assert named == {name: tried[name].partition(".")[0] for name in named}


def test_the_pipelines_are_yaml_and_run_what_is_there() -> None:
    programs = {block.file for block in of("ci.md", "python")}
    assert programs == {"wait_for_rollout.py", "stop_rollout.py"}
    for block in of("ci.md", "yaml"):
        assert yaml.safe_load(block.text)
        assert set(re.findall(r"rollout/(\w+\.py)", block.text)) == programs
