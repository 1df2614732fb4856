"""Errors without suggestions: "Did you mean" tells names of the schema to whoever makes mistakes enough."""

import re
from typing import Final

from graphql import GraphQLError

_SUGGESTION: Final = re.compile(r" Did you mean [^?]*\?")


def without_suggestions(error: GraphQLError) -> GraphQLError:
    """The same error without what was suggested, if anything was."""
    message = _SUGGESTION.sub("", error.message)
    if message == error.message:
        return error
    return GraphQLError(
        message, nodes=error.nodes, source=error.source, positions=error.positions, path=error.path,
        original_error=error.original_error, extensions=error.extensions,
    )  # fmt: skip
