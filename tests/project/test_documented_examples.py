"""The examples of the documents do what the text says: queries are executed, configurations read, JSON is JSON."""

import json
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml
from graphql import OperationDefinitionNode, OperationType, validate
from graphql import parse as parse_graphql

from gateway.schema.root import build_schema
from gateway.settings import Settings, parse
from gateway.vendorkit.discovery import installed_vendors
from tests.support.simulated_gateway import SimulatedGateway, simulated_gateway

ROOT = Path(__file__).parents[2]
# Those in docs/recipes and deploy are executed where they are, with what they need around them.
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")), *sorted((ROOT / "docs/vendors").glob("*.md"))]
# What stands as graphqls is composed by tests/prove/federation.
SHOWN_ONLY = {"graphqls", "js", "sh"}


@dataclass(frozen=True)
class Example:
    page: str
    language: str
    text: str

    def __str__(self) -> str:
        return f"{self.page}: {self.text.strip().splitlines()[0]}"


def _examples(language: str | None = None) -> list[Example]:
    found = []
    for page in PAGES:
        blocks = re.findall(r"^ *```(\w+)\n(.*?)^ *```", page.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)
        found += [Example(str(page.relative_to(ROOT)), name, text) for name, text in blocks]
    return [one for one in found if language is None or one.language == language]


def _is_configuration(example: Example) -> bool:
    document = yaml.safe_load(example.text)
    return isinstance(document, dict) and set(document) <= set(Settings.model_fields)


@pytest.fixture
async def gateway(tmp_path: Path) -> AsyncIterator[SimulatedGateway]:
    async with simulated_gateway(tmp_path) as running:
        yield running


def test_every_example_is_of_a_kind_that_is_tried_or_only_shown() -> None:
    kinds = {one.language for one in _examples()}
    assert {"graphql", "yaml", "json"} <= kinds
    assert kinds - {"graphql", "yaml", "json"} <= SHOWN_ONLY


async def test_every_operation_is_executed_without_an_error(gateway: SimulatedGateway) -> None:
    schema = build_schema()._schema
    running = await gateway.ask("{ tasks(first: 1, filter: {status: [IN_PROGRESS]}) { nodes { id } } }")
    task = running["tasks"]["nodes"][0]["id"]
    taken_out = {page.stem for page in (ROOT / "docs/vendors").glob("*.md")} - set(installed_vendors())
    executed = 0
    for example in _examples("graphql"):
        document = parse_graphql(example.text)
        problems = validate(schema, document)
        if taken_out and any("in 'OtaVendor' enum" in one.message for one in problems):
            continue
        assert problems == [], str(example)
        operations = [one for one in document.definitions if isinstance(one, OperationDefinitionNode)]
        for operation in operations:
            if operation.operation is OperationType.SUBSCRIPTION:
                continue
            assert operation.operation is OperationType.QUERY or "dryRun: true" in example.text, str(example)
            names = {one.variable.name.value for one in operation.variable_definitions or ()}
            given: dict[str, Any] = {"id": task, "ids": [task], "first": 5}
            assert names <= set(given), str(example)
            answer = await gateway.answer(example.text, **{name: given[name] for name in names})
            assert "errors" not in answer, (str(example), answer["errors"])
            executed += 1
    assert executed >= 2


def test_every_configuration_is_accepted() -> None:
    tried = 0
    for example in _examples("yaml"):
        if not _is_configuration(example):
            continue
        document = yaml.safe_load(example.text)
        listed = document.get("backends", [{"name": "any", "vendor": next(iter(installed_vendors()))}])
        kept = [one for one in listed if one["vendor"] in installed_vendors()]
        if document.get("backends") and kept:
            names = re.findall(r"\$\{env\.(\w+)\}", example.text)
            text = yaml.safe_dump({**document, "backends": kept})
            parse(text, env=dict.fromkeys(names, "a-value-long-enough"))
            tried += 1
    assert tried >= 1 + len([slug for slug in installed_vendors() if (ROOT / f"docs/vendors/{slug}.md").exists()])


def test_every_example_of_json_is_json() -> None:
    examples = _examples("json")
    assert len(examples) >= 3
    for example in examples:
        json.loads(example.text)


def test_every_vendor_has_a_page_with_what_an_operator_has_to_know() -> None:
    for slug in installed_vendors():
        page = ROOT / f"docs/vendors/{slug}.md"
        # A vendor from elsewhere brings its own.
        if slug in {"aws-iot", "aws-managed-integrations", "huawei-iotda", "tuya"}:
            headings = re.findall(r"^## (.*)$", page.read_text(encoding="utf-8"), re.MULTILINE)
            assert headings == ["Credentials", "Least privilege", "What it can do", "Traps"], slug
