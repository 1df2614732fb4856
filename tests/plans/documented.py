"""The operations that documents show: in fenced blocks, in requests to paste, in running text, and in the demo."""

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from graphql import (
    DocumentNode,
    GraphQLError,
    GraphQLSchema,
    OperationDefinitionNode,
    OperationType,
    parse,
    print_ast,
    validate,
)

from gateway.cli.demo_queries import ANY_RUNNING_TASK, example_queries

ROOT = Path(__file__).parents[2]
_BLOCK = re.compile(r"```graphql\n(.*?)```", re.DOTALL)
_IN_JSON = re.compile(r'"query":\s*("(?:[^"\\]|\\.)*")')
_IN_TEXT = re.compile(r"`(\{[^`]+\}|(?:query|mutation)\b[^`]+\})`")


def documented(schema: GraphQLSchema, task_id: str) -> Iterator[tuple[str, str, OperationDefinitionNode]]:
    """Where it stands, the whole document, and the operation: of every query and mutation. Blocks have to be valid."""
    for page in sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")]):
        where = str(page.relative_to(ROOT))
        text = page.read_text(encoding="utf-8")
        for block in _BLOCK.findall(text):
            document = parse(block)
            assert validate(schema, document) == [], (where, block)
            yield from _operations(where, block, document)
        for query in (json.loads(one) for one in _IN_JSON.findall(text)):
            yield from _operations(where, query, parse(query))
        for query in _IN_TEXT.findall(text):
            try:
                document = parse(query)
            except GraphQLError:
                continue  # braces of something else
            if validate(schema, document) == []:
                yield from _operations(where, query, document)
    for query in (ANY_RUNNING_TASK, *(query for _, query in example_queries(task_id))):
        yield from _operations("gateway/cli/demo_queries.py", query, parse(query))


def _operations(where: str, query: str, document: DocumentNode) -> Iterator[tuple[str, str, OperationDefinitionNode]]:
    for definition in document.definitions:
        if isinstance(definition, OperationDefinitionNode) and definition.operation is not OperationType.SUBSCRIPTION:
            yield where, query, definition


def variables_for(operation: OperationDefinitionNode, values: Mapping[str, Any]) -> dict[str, Any]:
    """A value by its type's name for every variable that has no default; those of other types are left out."""
    given = {}
    for one in operation.variable_definitions or ():
        kind = print_ast(one.type).strip("[]!")
        if one.default_value is None and kind in values:
            given[one.variable.name.value] = values[kind]
    return given
