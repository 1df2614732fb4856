"""What a reader meets in the explorer says what it is."""

from collections.abc import Iterator

from graphql import GraphQLInputObjectType, GraphQLInterfaceType, GraphQLObjectType, GraphQLSchema

from gateway.schema.root import build_schema

# Federation's own come without: they are for routers. Enum values whose name says it all may, too.
FEDERATION = ("_", "link__", "federation__")
AT_LEAST = 550


def described(schema: GraphQLSchema) -> Iterator[tuple[str, str | None]]:
    """Each type, field and argument of ours, with its description."""
    for kind in schema.type_map.values():
        if kind.name.startswith(FEDERATION):
            continue
        yield kind.name, kind.description
        if isinstance(kind, GraphQLObjectType | GraphQLInterfaceType):
            for name, field in kind.fields.items():
                if not name.startswith(FEDERATION):
                    yield f"{kind.name}.{name}", field.description
                    yield from ((f"{kind.name}.{name}({each}:)", one.description) for each, one in field.args.items())
        elif isinstance(kind, GraphQLInputObjectType):
            yield from ((f"{kind.name}.{name}", one.description) for name, one in kind.fields.items())


def test_every_type_field_and_argument_is_described() -> None:
    found = dict(described(build_schema()._schema))
    assert [name for name, description in found.items() if not description and not name.startswith("__")] == []
    assert len([name for name in found if not name.startswith("__")]) > AT_LEAST
