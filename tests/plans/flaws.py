"""Flaws: what makes a valid request one that is refused, at the place where a client may well make the mistake."""

import re
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

from tests.plans.values import Values

if TYPE_CHECKING:
    from tests.plans.requests import Asked

Flaw = Callable[[Values, str], str]
_WORD = re.compile(r"(?<![$@\w.])[a-z]\w*(?=[ ({])")
_OPEN = re.compile(r"\{ ")
_DEEP = "fields { type { " * 5 + "name" + " } }" * 5


def _at_one(pattern: re.Pattern[str], replacement: str) -> Flaw:
    def apply(values: Values, text: str) -> str:
        found = list(pattern.finditer(text))
        if not found:
            return text + " }"
        chosen = found[values.number(len(found) - 1)]
        return text[: chosen.start()] + chosen.expand(replacement) + text[chosen.end() :]

    return apply


def _cut(values: Values, text: str) -> str:
    return text[: values.number(len(text))]


def _swapped(values: Values, text: str) -> str:
    at = values.number(max(len(text) - 1, 0))
    return text[:at] + values.one_of('{}()!$@:"\\%\0\N{SNOWMAN}1') + text[at + 1 :]


FLAWS: dict[str, Flaw] = {
    "unknown field": _at_one(_WORD, r"\g<0>s"),
    "a field more that nothing has": _at_one(_OPEN, "{ nowhere "),
    "a leaf with a selection": _at_one(_OPEN, "{ __typename { id } "),
    "no selection": _at_one(re.compile(r"\{ (?:[\w ]+) \}"), ""),
    "empty selection": _at_one(re.compile(r"\{ (?:[\w ]+) \}"), "{ }"),
    "conflict": _at_one(_OPEN, "{ clash: __typename clash: id "),
    "unknown argument": _at_one(re.compile(r"\("), "(nothing: 1, "),
    "wrong literal": _at_one(re.compile(r"first: \d+"), 'first: "three"'),
    "undefined variable": _at_one(re.compile(r"(first|id|after): [^,)]+"), r"\1: $undefined"),
    "unused fragment": lambda _, text: f"{text} fragment Unused on OtaTask {{ id }}",
    "unknown fragment": _at_one(_OPEN, "{ ...Unknown "),
    "fragment in a circle": lambda _, text: f"{text} fragment A on OtaTask {{ ...B }} fragment B on OtaTask {{ ...A }}",
    "fragment on a leaf": _at_one(_OPEN, "{ ... on String { id } "),
    "impossible fragment": _at_one(_OPEN, "{ ... on PageInfo { hasNextPage } "),
    "unknown directive": _at_one(_OPEN, "{ __typename @nothing "),
    "directive without its argument": _at_one(_OPEN, "{ __typename @skip "),
    "directive with a text": _at_one(_OPEN, '{ __typename @include(if: "yes") '),
    "directive twice": _at_one(_OPEN, "{ __typename @skip(if: false) @skip(if: false) "),
    "deferred": _at_one(_OPEN, "{ ... @defer { __typename } "),
    "two without a name": lambda _, text: f"{text} query {{ __typename }}",
    "two of a name": lambda _, text: f"{text} query Twice {{ __typename }} query Twice {{ __typename }}",
    "an argument twice": _at_one(re.compile(r"first: \d+"), r"\g<0>, \g<0>"),
    "an input's member twice": _at_one(re.compile(r"field: [A-Z_]+"), r"\g<0>, \g<0>"),
    "a required argument missing": _at_one(_OPEN, "{ node { id } "),
    "introspection without end": lambda _, text: f"{text} query Deep {{ __schema {{ types {{ {_DEEP} }} }} }}",
    "a definition of a type": lambda _, text: f"{text} type Mine {{ id: ID }}",
    "a subscription": lambda _, __: 'subscription { taskUpdated(ids: ["x"]) { id } }',
    "an unused variable": lambda _, text: f"query Unused($never: Int) {text}" if text.startswith("{") else text + "{",
    "a variable of no input type": lambda _, text: f"query ($v: OtaTask) {text}",
    "cut off": _cut,
    "another character": _swapped,
    "nothing": lambda _, __: " ",
    "only a fragment": lambda _, __: "fragment F on OtaTask { id }",
}


def flawed(values: Values, asked: "Asked") -> "Asked":
    """The request with one flaw: most often in its document, sometimes in what it asks of it."""
    if values.chance(12):
        return replace(asked, operation_name=values.one_of(("Nothing", "Op0", "Twice", "")))
    name = values.one_of(list(FLAWS))
    return replace(asked, query=FLAWS[name](values, asked.query))
