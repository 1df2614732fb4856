"""Whether something is within its limit, and how a request beyond one is told."""

from collections.abc import Collection, Mapping
from typing import Any

from graphql import GraphQLError, Node

from gateway.domain.answer_codes import AnswerCode
from gateway.domain.limits import Limits

_WHAT = {
    "characters": ("characters in the document", "Ask for less, or in several requests"),
    "tokens": ("tokens in the document", "Ask for less, or in several requests"),
    "definitions": ("operations and fragments in the document", "Send the operation that is run, and its fragments"),
    "depth": ("selections inside one another, those of fragments included", "Ask for the inner objects by their ids"),
    "selections": ("fields, each fragment's counted wherever it is spread", "Ask in several requests"),
    "root_fields": ("fields at the operation's root", "Ask in several requests"),
    "aliases": ("aliases, each fragment's counted wherever it is spread", "Ask in several requests, or use `nodes`"),
    "repeats": ("fields of one name in one selection", "Name each field once"),
    "directives": ("directives in the document", "Use variables in fewer places"),
    "value_depth": ("lists and objects inside one another in a value", "Send flatter values"),
    "list_length": ("entries in one list", "Split the list over several requests"),
    "variables": ("variables", "Send only those that the operation declares"),
    "variable_values": ("values in all variables together", "Split them over several requests"),
    "objects": ("objects that may come back, as `first` and lists of ids have it", "Ask for fewer with `first`"),
}
"""What each limit counts, and what to do about too many."""


def exceeded(name: str, most: int, found: int | None = None, *, where: Collection[Node] | None = None) -> GraphQLError:
    """The error that tells which limit a request is beyond. `found` is left out where counting stopped before."""
    what, advice = _WHAT[name]
    extensions: dict[str, Any] = {"code": AnswerCode.LIMIT_EXCEEDED, "limit": name, "maximum": most}
    number = ""
    if found is not None:
        # Numbers in JSON are floats to most clients.
        extensions["found"] = min(found, 2**53)
        number = f", and not {found}" if found < 2**53 else ""
    return GraphQLError(f"Too many {what}: at most {most}{number}. {advice}.", where, extensions=extensions)


def check(limits: Limits, name: str, found: int, *, where: Collection[Node] | None = None) -> None:
    """Refuse more than there may be. Raises GraphQLError."""
    most: int = getattr(limits, name)
    if found > most:
        raise exceeded(name, most, found, where=where)


def check_variables(limits: Limits, given: Mapping[str, Any]) -> None:
    """Refuse variables that are too many, too deep or too long. Raises GraphQLError."""
    check(limits, "variables", len(given))
    for value in given.values():
        if value.__class__ is list or value.__class__ is dict:
            _check_nested(limits, given)
            return


def _check_nested(limits: Limits, given: Mapping[str, Any]) -> None:
    level: list[Any] = list(given.values())
    seen = depth = 0
    while level:
        seen += len(level)
        below: list[Any] = []
        nested = False
        for value in level:
            if value.__class__ is list:
                check(limits, "list_length", len(value))
                below += value
            elif value.__class__ is dict:
                below += value.values()
            else:
                continue
            nested = True
            if seen + len(below) > limits.variable_values:
                raise exceeded("variable_values", limits.variable_values)
        depth += nested
        if depth > limits.value_depth:
            raise exceeded("value_depth", limits.value_depth)
        level = below
