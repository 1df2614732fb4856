"""Variables: an operation's variables from what a request gives, at once where they are plain scalars.

Most operations take an id, a cursor or a flag. Such a value is its own coerced value if it is of the one class that
JSON makes of it; for anything else, and for all errors, graphql-core coerces the lot.
"""

from collections.abc import Mapping
from typing import Any, Final

from graphql import GraphQLSchema, OperationDefinitionNode, get_nullable_type, specified_scalar_types
from graphql.execution.get_variable_signature import GraphQLVariableSignature, get_variable_signature
from graphql.execution.values import VariableValues, VariableValueSource, get_variable_values

_MOST_ERRORS: Final = 50
_CLASSES: Final = {"ID": str, "String": str, "Boolean": bool}


class Variables:
    """The variables that one operation declares."""

    def __init__(self, schema: GraphQLSchema, operation: OperationDefinitionNode) -> None:
        self._schema = schema
        self._definitions = operation.variable_definitions or ()
        self._plain: list[tuple[str, GraphQLVariableSignature, type]] | None = []
        for definition in self._definitions:
            signature = get_variable_signature(schema, definition)
            kind = _class_of(signature) if isinstance(signature, GraphQLVariableSignature) else None
            if kind is None or not isinstance(signature, GraphQLVariableSignature):
                self._plain = None
                break
            self._plain.append((signature.name, signature, kind))

    def coerced(self, given: Mapping[str, Any] | None) -> VariableValues | None:
        """The variables' values; None where they are not acceptable."""
        values = given or {}
        if self._plain is not None:
            sources: dict[str, VariableValueSource] = {}
            coerced: dict[str, Any] = {}
            for name, signature, kind in self._plain:
                value = values.get(name)
                if value.__class__ is not kind:
                    break
                sources[name] = VariableValueSource(signature, value)
                coerced[name] = value
            else:
                return VariableValues(sources, coerced)
        found = get_variable_values(self._schema, self._definitions, dict(values), max_errors=_MOST_ERRORS)
        return None if isinstance(found, list) else found


def _class_of(signature: GraphQLVariableSignature) -> type | None:
    scalar: Any = get_nullable_type(signature.type)
    name = getattr(scalar, "name", None)
    return _CLASSES.get(name) if name in _CLASSES and scalar is specified_scalar_types.get(name) else None
