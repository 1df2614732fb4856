"""A vendor that another package brings is served without touching any file of the gateway's."""

import json
import os
import selectors
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from time import monotonic

import httpx
import pytest
import yaml

ROOT = Path(__file__).parents[2]
PATIENCE_SECONDS = 30
PACKAGE = '''
"""A vendor of two tasks that never asks anybody."""

from dataclasses import dataclass
from datetime import UTC, datetime

from gateway.domain.ids import Kind, ObjectId
from gateway.domain.operations import Capability, Operation, Support
from gateway.domain.page import Page
from gateway.domain.statuses import TaskStatus
from gateway.domain.task import Task
from gateway.vendorkit.manifest import VendorManifest
from gateway.vendorkit.settings import BackendSettings
from gateway.vendorkit.unsupported import UnsupportedUnlessOverridden


@dataclass(frozen=True, slots=True, kw_only=True)
class ToyTaskDetails:
    """What only toys have."""

    colour: str


class ToySettings(BackendSettings):
    """A toy needs a colour."""

    colour: str


class ToyAdapter(UnsupportedUnlessOverridden):
    def __init__(self, settings, context):
        super().__init__(context.backend)
        self.settings = settings
        self.context = context

    def task(self, key, created):
        ref = self.task_ref(key)
        return Task(
            ref=ref, id=str(ref), native_id=key, name=f"toy {key}", backend=self.backend, status=TaskStatus.READY,
            vendor_status="boxed", observed_at=self.context.now(), fingerprint=key, created_at=created,
            vendor_details=ToyTaskDetails(colour=self.settings.colour),
        )

    async def list_tasks(self, page):
        return Page([self.task("undated", None), self.task("old", datetime(1999, 12, 31, tzinfo=UTC))])

    async def get_task(self, ref):
        return next((task for task in (await self.list_tasks(None)).rows if task.ref.key == ref.key), None)

    async def get_executions(self, refs):
        return [None for _ in refs]

    async def find_executions(self, task, device_names):
        return [None for _ in device_names]

    def refusal(self, operation, subject, *, force):
        return None

    def check_key(self, ref):
        return None

    def task_ref(self, native_id):
        return ObjectId(Kind.TASK, self.backend.name, (native_id,))

    async def probe(self):
        return None

    async def aclose(self):
        return None


MANIFEST = VendorManifest(
    slug="toy-box",
    vendor="TOY_BOX",
    title="Toy box",
    capabilities=(Capability(operation=Operation.LIST_TASKS, support=Support.NATIVE),),
    settings=lambda: ToySettings,
    endpoint=lambda settings: "http://127.0.0.1:9",
    adapter=ToyAdapter,
    simulator=lambda options: None,
    demo_settings=lambda url: {"colour": "red"},
    task_page_size=10,
    package_page_size=10,
    execution_page_size=10,
    task_details=ToyTaskDetails,
)
'''
QUESTION = """{
  tasks { nodes { name status vendorStatus createdAt backend { name vendor } vendorDetails { __typename
    ... on ToyTaskDetails { colour } } allowedOperations { operation allowed reason } } backends { name status } }
  packages { nodes { name } backends { status error { __typename message } } }
  __type(name: "OtaVendor") { enumValues { name } } }"""


@pytest.fixture
def outside(tmp_path: Path) -> Path:
    """A folder for PYTHONPATH with the package installed in it, as pip leaves it."""
    folder = tmp_path / "outside"
    info = folder / "toy_vendor-1.0.dist-info"
    (folder / "toy_vendor").mkdir(parents=True)
    info.mkdir()
    (folder / "toy_vendor" / "__init__.py").write_text(PACKAGE)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: toy-vendor\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[ota_gateway.vendors]\ntoy = toy_vendor:MANIFEST\n")
    return folder


@pytest.fixture
def served(outside: Path, tmp_path: Path) -> Iterator[str]:
    """The address of a gateway in a process of its own that serves a toy box."""
    config = tmp_path / "gateway.yaml"
    config.write_text(
        yaml.safe_dump(
            {
                "ledger": {"url": f"sqlite+aiosqlite:///{tmp_path / 'ledger.db'}"},
                "backends": [{"name": "nursery", "vendor": "toy-box", "colour": "blue"}],
            }
        )
    )
    process = subprocess.Popen(
        [sys.executable, "-m", "gateway", "serve", "--config", str(config), "--port", "0"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": f"{ROOT}{os.pathsep}{outside}"},
        stderr=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        text=True,
    )
    try:
        yield _address(process)
    finally:
        process.terminate()
        process.communicate(timeout=PATIENCE_SECONDS)


def _address(process: "subprocess.Popen[str]") -> str:
    assert process.stderr is not None
    lines = []
    until = monotonic() + PATIENCE_SECONDS
    with selectors.DefaultSelector() as ready:
        ready.register(process.stderr, selectors.EVENT_READ)
        while monotonic() < until and ready.select(until - monotonic()):
            line = process.stderr.readline()
            lines.append(line)
            if not line or "serves" in line:
                break
    assert lines
    assert "serves" in lines[-1], "".join(lines)
    return lines[-1].split(" at ")[1].strip()


def test_its_tasks_are_listed_and_the_enum_and_the_details_have_its_values(served: str) -> None:
    answer = httpx.post(served, json={"query": QUESTION}, trust_env=False).json()
    assert "errors" not in answer, json.dumps(answer["errors"])
    data = answer["data"]
    assert [task["name"] for task in data["tasks"]["nodes"]] == ["toy old", "toy undated"]
    old, undated = data["tasks"]["nodes"]
    assert (old["status"], old["vendorStatus"]) == ("READY", "boxed")
    assert undated["createdAt"] is None
    assert old["backend"] == {"name": "nursery", "vendor": "TOY_BOX"}
    assert old["vendorDetails"] == {"__typename": "ToyTaskDetails", "colour": "blue"}
    assert not any(one["allowed"] for one in old["allowedOperations"])
    assert data["tasks"]["backends"] == [{"name": "nursery", "status": "OK"}]
    (packages,) = data["packages"]["backends"]
    assert (packages["status"], packages["error"]["__typename"]) == ("SKIPPED", "OtaUnsupportedByVendor")
    assert "TOY_BOX" in {value["name"] for value in data["__type"]["enumValues"]}


def test_its_settings_are_checked_like_any_other(outside: Path, tmp_path: Path) -> None:
    config = tmp_path / "gateway.yaml"
    config.write_text(yaml.safe_dump({"backends": [{"name": "nursery", "vendor": "toy-box", "color": "blue"}]}))
    result = subprocess.run(
        [sys.executable, "-m", "gateway", "check", "--config", str(config)],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": f"{ROOT}{os.pathsep}{outside}"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode != 0
    assert "colour" in result.stderr + result.stdout
