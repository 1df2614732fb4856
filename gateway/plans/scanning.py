"""A look at a document's text before it is parsed: how much it holds, and how deep its brackets go.

graphql-core's parser calls itself for each bracket and makes an object for each token. What would make it do too much
of either is refused here, in one pass that keeps nothing.
"""

import re
from typing import Final

from graphql import GraphQLError

from gateway.domain.answer_codes import AnswerCode
from gateway.domain.limits import Limits
from gateway.plans.limits import check, exceeded

# Each alternative takes what it began, ended or not, so that no character is looked at twice.
_PART: Final = re.compile(
    r"(?P<gap>[\s,\ufeff]++)|(?P<open>[{\[(])|(?P<close>[)\]}])|(?P<at>@)"
    r"|[_A-Za-z]\w*+|(?P<number>-?\d++(?:\.\d++)?+(?:[eE][+-]?\d++)?+)|\.\.\.|#[^\n\r]*+"
    r'|"""(?:[^"\\]++|\\"""|\\|"(?!""))*+(?:""")?|"(?:[^"\\\n\r]++|\\.)*+"?|.',
    re.ASCII | re.DOTALL,
)


# Python converts no longer ones than of 4300 digits, and says so by an error of its own.
_LONGEST_NUMBER: Final = 400
_TOO_LONG: Final = f"A number has more than {_LONGEST_NUMBER} characters. No field takes such a number."


def check_text(text: str, limits: Limits) -> None:
    """Refuse a text that is not worth parsing. Raises GraphQLError."""
    check(limits, "characters", len(text))
    tokens = directives = nested = 0
    # One selection opens at most one bracket; arguments and the values inside them stand in the innermost.
    deepest = limits.depth + limits.value_depth + 1
    for part in _PART.finditer(text):
        kind = part.lastgroup
        if kind == "gap":
            continue
        tokens += 1
        if kind == "open":
            nested += 1
            if nested > deepest:
                raise exceeded("depth", limits.depth)
        elif kind == "close":
            nested -= 1
        elif kind == "at":
            directives += 1
        elif kind == "number" and part.end() - part.start() > _LONGEST_NUMBER:
            raise GraphQLError(_TOO_LONG, extensions={"code": AnswerCode.GRAPHQL_VALIDATION_FAILED})
        if tokens > limits.tokens:
            raise exceeded("tokens", limits.tokens)
    check(limits, "directives", directives)
