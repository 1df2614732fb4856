"""The tools that frontends run over a schema, run over ours as a started gateway tells it.

Relay's compiler, GraphQL ESLint, GraphQL Inspector and GraphQL Codegen; and the typed client of
docs/recipes/typescript-client.md, compiled in TypeScript's strict mode and run.
"""

import json
import re
import shutil
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from graphql import FieldDefinitionNode, ObjectTypeDefinitionNode, parse

from tests.support.child_server import REPOSITORY
from tests.support.demo_process import demo_process
from tests.support.npm_package import NpmPackage
from tests.support.recipes import blocks

HERE = Path(__file__).parent
RECIPE = REPOSITORY / "docs/recipes/typescript-client.md"
OPERATIONS = REPOSITORY / "explorer/operations"
# Names and bare definitions that the federation specification fixes; routers read them, nobody else.
FEDERATION = re.compile(
    r"_Any|_Entity|_FieldSet|_Service|Query\._entities|Query\._service|(link|federation)__\w+"
    r"|@(link|key|shareable|authenticated|requiresScopes|policy)"
)
FEDERATION_RULES = {"naming-convention", "require-description", "no-unreachable-types"}
pytestmark = pytest.mark.timeout(180)
Record = Callable[[str, object], None]


@pytest.fixture(scope="module")
def gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with demo_process(tmp_path_factory.mktemp("demo")) as address:
        yield address


@pytest.fixture(scope="module")
def tools(tmp_path_factory: pytest.TempPathFactory) -> NpmPackage:
    return NpmPackage(HERE, tmp_path_factory.mktemp("tools"))


@pytest.fixture(scope="module")
def schema(gateway: str, tools: NpmPackage) -> Path:
    """The schema as introspection tells it, in SDL."""
    tools.run("graphql-inspector", "introspect", gateway, "--write", "schema.graphql")
    return tools.folder / "schema.graphql"


def test_relay_compiles_a_connection_refetches_mutations_and_a_subscription(
    tools: NpmPackage, schema: Path, record_property: Record
) -> None:
    shutil.copytree(HERE / "relay", tools.folder / "relay")
    (tools.folder / "artifacts").mkdir()
    configuration = {
        "src": "./relay",
        "language": "typescript",
        "artifactDirectory": "./artifacts",
        "eagerEsModules": True,
    }
    for name, sdl in (("introspected", schema), ("federated", REPOSITORY / "schema.graphql")):
        shutil.copy(sdl, tools.folder / f"{name}.sdl.graphql")
        relay = {**configuration, "schema": f"./{name}.sdl.graphql"}
        (tools.folder / f"{name}.json").write_text(json.dumps(relay))
    said = tools.run("relay-compiler", "introspected.json").stdout
    counted = re.search(r"compiled documents: (.*)", said)
    assert counted is not None, said
    record_property("figures", f"tools: relay-compiler wrote {counted[1]}")
    assert len(list((tools.folder / "artifacts").iterdir())) == 11
    # The committed SDL, federation and all, compiles to the very same artifacts.
    tools.run("relay-compiler", "federated.json", "--validate")


def test_relays_runtime_pages_refetches_changes_and_listens_with_them(
    gateway: str, tools: NpmPackage, record_property: Record
) -> None:
    relay = NpmPackage(HERE, tools.folder / "runtime")
    (relay.folder / "src").mkdir()
    shutil.copy(HERE / "relay/fragments.ts", relay.folder / "src/fragments.js")
    shutil.copy(REPOSITORY / "schema.graphql", relay.folder)
    shutil.copy(HERE / "runtime/run.cjs", relay.folder)
    (relay.folder / "artifacts").mkdir()
    # Artifacts in JavaScript are imported as CommonJS, which Node finds without a bundler.
    configuration = {
        "src": "./src",
        "schema": "./schema.graphql",
        "language": "javascript",
        "artifactDirectory": "./artifacts",
        "eagerEsModules": False,
    }
    (relay.folder / "relay.config.json").write_text(json.dumps(configuration))
    relay.run("relay-compiler", "relay.config.json")
    said = relay.run("node", "run.cjs", "artifacts", GATEWAY=gateway).stdout
    record_property("figures", f"tools: relay-runtime has {said.strip()}")


def place(sdl: str, line: int) -> str:
    """What is defined at a line: a type, a type's field, or a directive with an @."""
    for node in parse(sdl).definitions:
        if node.loc is None or not node.loc.start_token.line <= line <= node.loc.end_token.line:
            continue
        name: str = getattr(node, "name").value  # noqa: B009 - not every definition has one
        if isinstance(node, ObjectTypeDefinitionNode):
            for field in node.fields:
                if holds(field, line):
                    return f"{name}.{field.name.value}" if not FEDERATION.fullmatch(name) else name
        return f"@{name}" if node.kind == "directive_definition" else name
    return "nothing"


def holds(field: FieldDefinitionNode, line: int) -> bool:
    """Whether a field's definition has this line."""
    return field.loc is not None and field.loc.start_token.line <= line <= field.loc.end_token.line


def test_eslint_finds_nothing_but_the_names_that_federation_fixes(
    tools: NpmPackage, schema: Path, record_property: Record
) -> None:
    arguments = ("--config", HERE / "eslint.config.mjs", "--format", "json", schema.name)
    found = json.loads(tools.run("eslint", *arguments, fails=True, SCHEMA=str(schema)).stdout)
    assert len(found) == 1
    sdl = schema.read_text()
    findings = [(place(sdl, one["line"]), one["ruleId"].rpartition("/")[2], one) for one in found[0]["messages"]]
    ours = [
        f"{where}: {rule}: {one['message']}"
        for where, rule, one in findings
        if not FEDERATION.fullmatch(where) or rule not in FEDERATION_RULES
    ]
    assert ours == []
    rules = Counter(rule for _, rule, _ in findings)
    record_property("figures", f"tools: eslint finds nothing in our types; of federation's own {dict(rules)}")


def test_eslint_would_find_what_is_wrong(tools: NpmPackage, schema: Path) -> None:
    broken = tools.folder / "broken.graphql"
    broken.write_text(
        schema.read_text()
        .replace('"""The rows with their cursors."""', "", 1)
        .replace("type OtaTaskEdge {", "type OtaTaskEdge { task_row: OtaTask", 1)
        .replace("hasNextPage: Boolean!", "hasNextPage: Boolean", 1)
    )
    arguments = ("--config", HERE / "eslint.config.mjs", "--format", "json", broken.name)
    found = json.loads(tools.run("eslint", *arguments, fails=True, SCHEMA=str(broken)).stdout)[0]["messages"]
    text = broken.read_text()
    ours = {one["ruleId"].rpartition("/")[2] for one in found if not FEDERATION.fullmatch(place(text, one["line"]))}
    assert ours == {"naming-convention", "require-description", "relay-page-info"}


def test_inspector_accepts_every_operation_of_the_explorer(
    gateway: str, tools: NpmPackage, schema: Path, record_property: Record
) -> None:
    shutil.copytree(OPERATIONS, tools.folder / "operations")
    documents = list((tools.folder / "operations").glob("**/*.graphql"))
    tools.run("graphql-inspector", "validate", "operations/**/*.graphql", gateway)
    tools.run("graphql-inspector", "coverage", "operations/**/*.graphql", schema.name, "--write", "coverage.json")
    covered = json.loads((tools.folder / "coverage.json").read_text())["types"]
    for root in ("Query", "Mutation", "Subscription"):
        missing = {name for name, field in covered[root]["children"].items() if not field["hits"]}
        assert root == "Query" or missing == set(), f"no example of {root}: {missing}"
    count = sum(len(parse(one.read_text()).definitions) for one in documents)
    record_property("figures", f"tools: inspector accepts {count} operations and fragments of the explorer")


def test_inspector_finds_no_breaking_difference_from_the_contract(gateway: str, tools: NpmPackage) -> None:
    said = tools.run("graphql-inspector", "diff", REPOSITORY / "tests/project/contract.graphql", gateway).stdout
    assert "No breaking changes detected" in said


@pytest.fixture(scope="module")
def typed(gateway: str, tools: NpmPackage) -> NpmPackage:
    """The files of the recipe, beside the types that its own configuration makes for them."""
    client = NpmPackage(HERE, tools.folder / "typed")
    (client.folder / "src").mkdir()
    (client.folder / "package.json").write_text('{"type": "module"}')
    for block in blocks(RECIPE):
        if block.language in ("json", "ts"):
            (client.folder / (block.file or "tsconfig.json")).write_text(block.text)
    client.run("graphql-codegen", GATEWAY=gateway)
    return client


def test_the_recipes_typed_client_compiles_strictly_and_runs(
    gateway: str, typed: NpmPackage, record_property: Record
) -> None:
    typed.run("tsc")
    programs = {file.stem for file in (typed.folder / "src").glob("*.ts")} - {"gateway"}
    assert programs == {"list", "cancel", "listen", "listen-ws"}
    said = {name: typed.run("node", f"dist/{name}.js", GATEWAY=gateway).stdout for name in programs}
    assert len(said["list"].splitlines()) > 4, said["list"]
    assert ": PREVIEWED {" in said["cancel"]
    assert re.search(r": (DONE|REQUESTED), now \w+", said["cancel"]), said["cancel"]
    assert len(said["listen"].splitlines()) >= 3, said["listen"]
    assert len(said["listen-ws"].splitlines()) >= 6, said["listen-ws"]
    record_property(
        "figures",
        f"tools: codegen, tsc --strict and node on {len(programs)} programs of the recipe, which print "
        f"{sum(len(one.splitlines()) for one in said.values())} lines",
    )


def test_a_field_that_is_not_there_does_not_compile(gateway: str, typed: NpmPackage) -> None:
    listing = typed.folder / "src/list.ts"
    good = listing.read_text()
    try:
        listing.write_text(good.replace("task.progress?.percent", "task.progress.percent"))
        assert "possibly 'null'" in typed.run("tsc", "--noEmit", fails=True).stdout
        listing.write_text(good.replace("vendorStatus", "vendorState"))
        said = typed.run("graphql-codegen", fails=True, GATEWAY=gateway)
        assert 'Cannot query field "vendorState" on type "OtaTask"' in said.stdout + said.stderr
    finally:
        listing.write_text(good)


def test_the_schema_in_the_repository_serves_where_introspection_is_off(typed: NpmPackage) -> None:
    typed.run("graphql-codegen", GATEWAY=str(REPOSITORY / "schema.graphql"))
    typed.run("tsc", "--noEmit")


def test_codegen_writes_types_of_the_whole_schema(gateway: str, tools: NpmPackage) -> None:
    whole = NpmPackage(HERE, tools.folder / "whole")
    configuration = {
        "schema": gateway,
        "documents": str(OPERATIONS / "**/*.graphql"),
        "generates": {
            "schema.ts": {"plugins": ["typescript"], "config": {"useTypeImports": True}},
            "operations.ts": {"plugins": ["typescript-operations"], "config": {"useTypeImports": True}},
        },
    }
    (whole.folder / "codegen.json").write_text(json.dumps(configuration))
    whole.run("graphql-codegen", "--config", "codegen.json")
    assert "export type OtaTaskConnection = {" in (whole.folder / "schema.ts").read_text()
    checking = ("--noEmit", "--strict", "--skipLibCheck", "--types", "node", "--module", "nodenext")
    whole.run("tsc", *checking, "schema.ts", "operations.ts")
