"""The board's files: what they may run, what they ask, and how small they are. How it behaves is for a browser."""

import gzip
import re
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
from graphql import GraphQLEnumType, GraphQLSchema, GraphQLUnionType, build_schema, parse

from gateway.auth.refusals import Unauthenticated
from gateway.domain.limits import Limits
from gateway.plans import PlannedSchema, check_documents
from gateway.schema.root import build_schema as gateway_schema
from gateway.settings import ServerSettings
from gateway.web import create_web
from gateway.web.board import FOLDER
from tests.support.child_server import REPOSITORY
from tests.support.simulated_gateway import simulated_gateway
from tests.web.conftest import make_context, serving

MODULES = sorted(FOLDER.glob("*.js"))
PAGE = (FOLDER / "index.html").read_text()
LARGEST = 45_000
_CONSTANT = re.compile(r"(?:export )?const (\w+) = `(.*?)`", re.DOTALL)
_STATUSES = ("OtaTaskStatus", "OtaExecutionStatus", "OtaMutationOutcome", "OtaHealthState")


def operations() -> dict[str, str]:
    """The documents of operations.js, by their names, put together as JavaScript does."""
    texts: dict[str, str] = {}
    for name, text in _CONSTANT.findall((FOLDER / "operations.js").read_text()):
        texts[name] = re.sub(r"\$\{(\w+)\}", lambda inside: texts[inside[1]], text)
    return {name: text for name, text in texts.items() if re.match(r"(query|mutation|subscription) ", text)}


@pytest.fixture(scope="module")
def schema() -> GraphQLSchema:
    return gateway_schema()._schema


@pytest.fixture
async def guarded() -> AsyncIterator[httpx.AsyncClient]:
    """A gateway that lets nobody in."""

    def identify(*_: object) -> None:
        raise Unauthenticated("nobody")

    app = create_web(PlannedSchema(gateway_schema()), make_context, server=ServerSettings(), identify=identify)  # type: ignore[arg-type]
    async with (
        serving(app) as port,
        httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", trust_env=False) as client,
    ):
        yield client


async def test_the_page_and_its_files_are_served_to_anybody_and_hold_no_data(guarded: httpx.AsyncClient) -> None:
    page = await guarded.get("/")
    assert page.status_code == 200
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert page.text == PAGE
    policy = page.headers["content-security-policy"]
    for directive in ("default-src 'none'", "script-src 'self'", "style-src 'self'", "connect-src 'self'"):
        assert directive in policy.split("; ")
    assert "unsafe" not in policy
    named = re.findall(r'(?:src|href)="(assets/[^"]+)"', PAGE)
    assert len(named) >= 20
    for address in named:
        assert (await guarded.get(f"/{address}")).status_code == 200, address
    assert (await guarded.post("/graphql", json={"query": "{ backends { name } }"})).status_code == 401


def test_every_module_that_is_imported_is_there_and_loaded_at_once() -> None:
    at_once = set(re.findall(r"assets/board/(\w+\.js)", PAGE))
    assert at_once == {module.name for module in MODULES}
    imported = {name for module in MODULES for name in re.findall(r'from "\./(\w+\.js)"', module.read_text())}
    assert imported == at_once - {"main.js", "theme.js"}


def test_nothing_runs_in_the_page_and_no_text_becomes_markup() -> None:
    assert re.findall(r"<script(?![^>]*\bsrc=)|<style|\sstyle=|\son\w+=|javascript:", PAGE) == []
    markup = re.compile(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|Function\(")
    for module in MODULES:
        text = module.read_text()
        assert markup.findall(text) == [], module
        assert re.findall(r"https?://", text) == [], module


def test_it_weighs_little() -> None:
    weights = {path.name: len(gzip.compress(path.read_bytes(), mtime=0)) for path in FOLDER.iterdir()}
    assert sum(weights.values()) < LARGEST, weights


def test_every_operation_fits_the_contract_and_the_limits(schema: GraphQLSchema) -> None:
    found = operations()
    assert len(found) == len(re.findall(r"^export const", (FOLDER / "operations.js").read_text(), re.MULTILINE)) > 10
    check_documents(found, schema, Limits())
    contract = build_schema((REPOSITORY / "schema.graphql").read_text(), assume_valid_sdl=True)
    check_documents(found, contract, Limits())
    # A vendor of its own, installed beside ours, may add details: the page must not name ours.
    details = [kind for name, kind in contract.type_map.items() if re.fullmatch(r"Ota\w+Details", name)]
    of_vendors = {kind.name for union in details if isinstance(union, GraphQLUnionType) for kind in union.types}
    assert of_vendors
    for text in found.values():
        assert parse(text).definitions
        assert not of_vendors & set(re.findall(r"\w+", text))


def test_no_other_module_asks_anything_of_its_own() -> None:
    for module in MODULES:
        if module.name != "operations.js":
            assert not re.search(r"`\s*(query|mutation|subscription)\b", module.read_text()), module


def test_every_status_has_a_tone(schema: GraphQLSchema) -> None:
    words = set(re.findall(r'"([A-Z_]+)"', (FOLDER / "words.js").read_text()))
    for name in _STATUSES:
        kind = schema.type_map[name]
        assert isinstance(kind, GraphQLEnumType)
        assert set(kind.values) <= words, name


async def test_a_thousand_rows_are_within_the_limits(tmp_path: Path) -> None:
    asked = operations()
    async with simulated_gateway(tmp_path, only=["tuya"], fleet={"tasks": 3}) as gateway:
        board = await gateway.ask(asked["BOARD"], first=1000, filter={})
        assert len(board["tasks"]["nodes"]) == 3
        ids = [task["id"] for task in board["tasks"]["nodes"]]
        await gateway.ask(asked["TASKS_IN_SIGHT"], ids=ids)
        shown = await gateway.ask(asked["TASK"], id=ids[0], first=50)
        assert shown["task"]["id"] == ids[0]
        assert shown["executions"]["nodes"]
