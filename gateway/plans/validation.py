"""Validation by graphql-core's rules, without those that have nothing to look at in the document at hand.

Most documents have no fragments, no variables or no directives, and half the rules are about these. A rule left out
here visits only what cannot stand in a text that lacks certain characters, so it could find nothing. Whether fields
that overlap can be merged is looked up in `overlaps`. A document in which anything is found is validated once more for
its errors, with that rule among the others.
"""

from functools import lru_cache
from typing import Any, Final

from graphql import DocumentNode, GraphQLError, GraphQLSchema, specified_rules, validate
from graphql.validation import (
    ASTValidationRule,
    DeferStreamDirectiveLabel,
    DeferStreamDirectiveOnRootField,
    DeferStreamDirectiveOnValidOperationsRule,
    FragmentsOnCompositeTypesRule,
    KnownDirectivesRule,
    KnownFragmentNamesRule,
    KnownTypeNamesRule,
    MaxIntrospectionDepthRule,
    NoFragmentCyclesRule,
    NoUndefinedVariablesRule,
    NoUnusedFragmentsRule,
    NoUnusedVariablesRule,
    OverlappingFieldsCanBeMergedRule,
    PossibleFragmentSpreadsRule,
    SingleFieldSubscriptionsRule,
    StreamDirectiveOnListField,
    UniqueDirectivesPerLocationRule,
    UniqueFragmentNamesRule,
    UniqueVariableNamesRule,
    VariablesAreInputTypesRule,
    VariablesInAllowedPositionRule,
)
from graphql.validation.rules import overlapping_fields_can_be_merged as _overlapping
from strawberry.schema.schema import validate_document
from strawberry.schema.validation_rules.maybe_null import MaybeNullValidationRule
from strawberry.schema.validation_rules.one_of import OneOfInputValidationRule

from gateway.plans.overlaps import may_overlap

Rule = type[ASTValidationRule]

# The rule counts its comparisons and gives up at half a million, which takes it a second. Documents of ordinary size
# need some hundreds.
_overlapping.MAX_COMPLEXITY_BUDGET = 25_000

_ALL: Final[tuple[Rule, ...]] = tuple(specified_rules)
_OF_STRAWBERRY: Final[tuple[Rule, ...]] = (MaybeNullValidationRule, OneOfInputValidationRule)
"""What `validate_document` adds to the rules that it is given."""
_FRAGMENT: Final = ("...", "fragment")
_NEEDS: Final[dict[Rule, tuple[str, ...]]] = {
    **dict.fromkeys(
        (
            KnownDirectivesRule,
            UniqueDirectivesPerLocationRule,
            DeferStreamDirectiveOnRootField,
            DeferStreamDirectiveOnValidOperationsRule,
            DeferStreamDirectiveLabel,
            StreamDirectiveOnListField,
        ),
        ("@",),
    ),
    **dict.fromkeys(
        (
            UniqueVariableNamesRule,
            NoUndefinedVariablesRule,
            NoUnusedVariablesRule,
            VariablesAreInputTypesRule,
            VariablesInAllowedPositionRule,
        ),
        ("$",),
    ),
    **dict.fromkeys(
        (
            FragmentsOnCompositeTypesRule,
            UniqueFragmentNamesRule,
            KnownFragmentNamesRule,
            NoUnusedFragmentsRule,
            PossibleFragmentSpreadsRule,
            NoFragmentCyclesRule,
        ),
        _FRAGMENT,
    ),
    KnownTypeNamesRule: (*_FRAGMENT, "$"),
    SingleFieldSubscriptionsRule: ("subscription",),
    MaxIntrospectionDepthRule: ("__",),
}
"""What stands in every text in which a rule can find something: one of these at least."""

_MARKS: Final = tuple(dict.fromkeys(mark for marks in _NEEDS.values() for mark in marks))


def errors_of(schema: GraphQLSchema, text: str, document: DocumentNode) -> list[GraphQLError]:
    """What is wrong with a document, which was parsed from `text`; nothing if it is valid."""
    rules = _rules_for(tuple(mark in text for mark in _MARKS))
    quick = [rule for rule in rules if rule is not OverlappingFieldsCanBeMergedRule]
    found = validate(schema, document, [*quick, *_OF_STRAWBERRY], max_errors=1, hide_suggestions=True)
    if not found and not may_overlap(schema, document):
        return []
    errors: list[GraphQLError] = validate_document(schema, document, rules)
    return errors


@lru_cache(maxsize=128)
def _rules_for(there: tuple[bool, ...]) -> tuple[Any, ...]:
    marks = {mark for mark, is_there in zip(_MARKS, there, strict=True) if is_there}
    return tuple(rule for rule in _ALL if rule not in _NEEDS or marks.intersection(_NEEDS[rule]))
