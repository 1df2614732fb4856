"""The explorer: its page, with and without what `make explorer` builds, and the examples that it offers."""

import re
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
import strawberry
from graphql import DocumentNode, GraphQLSchema, OperationDefinitionNode, parse, validate

from gateway.domain.limits import Limits
from gateway.plans import PlannedSchema, check_documents
from gateway.schema.root import build_schema
from gateway.settings import ServerSettings
from gateway.web import create_web
from tests.support.child_server import REPOSITORY
from tests.support.explorer_examples import EXAMPLES, EXPLORER, LOOKUPS
from tests.web.conftest import Query, make_context, serving

AS_A_BROWSER = {"accept": "text/html,application/xhtml+xml,*/*;q=0.8"}
# What an operator asks for; the others are single objects that lists have too, or for machines.
ROOTS = {"tasks", "task", "device", "packages", "backends", "auditEntries"}


@pytest.fixture(params=["built", "unbuilt"])
async def explored(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[tuple[str, httpx.AsyncClient]]:
    bundle = tmp_path / "bundle"
    if request.param == "built":
        bundle.mkdir()
        (bundle / "index.html").write_text('<!doctype html><script src="assets/explorer/main.0a1b2c3d.js"></script>')
        (bundle / "main.0a1b2c3d.js").write_text("/* GraphiQL */")
    app = create_web(PlannedSchema(strawberry.Schema(Query)), make_context, server=ServerSettings(), explorer=bundle)
    async with (
        serving(app) as port,
        httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", trust_env=False) as client,
    ):
        yield request.param, client


async def test_the_page_and_its_files_are_served_and_graphql_beside_them(
    explored: tuple[str, httpx.AsyncClient],
) -> None:
    which, client = explored
    page = await client.get("/graphql", headers=AS_A_BROWSER)
    assert (page.status_code, page.headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert ("make explorer" in page.text) == (which == "unbuilt")
    files = re.findall(r"(?:src|href)=\"(assets/[^\"]+)\"", page.text)
    assert len(files) == 1
    for file in files:
        assert (await client.get(f"/{file}")).status_code == 200
    kept = await client.get("/graphql", headers={**AS_A_BROWSER, "if-none-match": page.headers["etag"]})
    assert (kept.status_code, kept.headers["vary"].split(", ")[:2]) == (304, ["Accept", "Accept-Encoding"])
    answer = await client.post("/graphql", json={"query": "{hello}"})
    assert answer.json() == {"data": {"hello": "hello you"}}


async def test_the_page_may_ask_its_own_origin_only_and_run_no_script_but_its_files(
    explored: tuple[str, httpx.AsyncClient],
) -> None:
    page = await explored[1].get("/graphql", headers=AS_A_BROWSER)
    policy = dict(one.split(" ", 1) for one in page.headers["content-security-policy"].split("; "))
    assert policy["script-src"] == policy["connect-src"] == policy["worker-src"] == "'self'"
    assert policy["default-src"] == policy["frame-ancestors"] == "'none'"
    assert not re.search(r"https?://|//", re.sub(r"http://127\.0\.0\.1:8000/graphql", "", page.text))


@pytest.fixture(scope="module")
def schema() -> GraphQLSchema:
    return build_schema()._schema


def documents() -> dict[str, str]:
    return {**{example.title: example.text for example in EXAMPLES}, **LOOKUPS}


def roots(document: DocumentNode) -> list[tuple[str, str]]:
    """The kind and the name of each root field."""
    return [
        (definition.operation.value, selection.to_dict()["name"]["value"])
        for definition in document.definitions
        if isinstance(definition, OperationDefinitionNode)
        for selection in definition.selection_set.selections
    ]


def test_all_examples_and_lookups_are_valid_and_within_the_limits(schema: GraphQLSchema) -> None:
    found = documents()
    for title, text in found.items():
        assert validate(schema, parse(text)) == [], title
    check_documents(found, schema, Limits())
    assert len(found) >= 20


def test_every_mutation_and_subscription_and_what_operators_ask_for_has_an_example(schema: GraphQLSchema) -> None:
    shown = {root for example in EXAMPLES for root in roots(parse(example.text))}
    changes, events = schema.mutation_type, schema.subscription_type
    assert changes is not None
    assert events is not None
    wanted = {("mutation", name) for name in changes.fields} | {("subscription", name) for name in events.fields}
    assert len(wanted) == 11
    assert wanted | {("query", name) for name in ROOTS} == shown


def test_no_example_changes_anything() -> None:
    changes = [example for example in EXAMPLES if example.kind == "mutation"]
    assert len(changes) == 9
    for example in changes:
        assert example.text.count("dryRun: true") == 1, example.title


def test_each_lookup_is_read_by_the_page() -> None:
    page = (EXPLORER / "src" / "variables.js").read_text()
    assert set(LOOKUPS) == set(re.findall(r"'\.\./lookups/(\w+)\.graphql\?raw'", page))


def test_packages_of_the_explorer_are_locked_without_addresses() -> None:
    lock = (EXPLORER / "package-lock.json").read_text()
    assert '"resolved"' not in lock
    assert lock.count('"integrity"') > 100
    assert "explorer/bundle" in (REPOSITORY / ".gitignore").read_text()
