"""Policies: from the names of roles to rights, as the configuration says."""

from collections.abc import Iterable, Iterator, Mapping, Sequence

from gateway.auth.rights import CHANGES, NOTHING, READ, Grant, Rights
from gateway.auth.settings import ALL, ALL_CHANGES, Rule

_MOST_REMEMBERED = 1024


class Policies:
    """What each role may do. Roles that are not configured give nothing: a token may hold roles of other programs."""

    def __init__(self, policies: Mapping[str, Sequence[Rule]]) -> None:
        self._rules = {role: tuple(rules) for role, rules in policies.items()}
        self._rights: dict[frozenset[str], Rights] = {}

    def rights_of(self, roles: Iterable[str]) -> Rights:
        """The sum of what these roles may do. Callers with equal roles share it, and what it remembers."""
        known = frozenset(role for role in roles if role in self._rules)
        if not known:
            return NOTHING
        rights = self._rights.get(known)
        if rights is None:
            rules = [rule for role in sorted(known) for rule in self._rules[role]]
            rights = Rights(
                map(granted, rules),
                explores=any(rule.explore for rule in rules),
                reads_metrics=any(rule.metrics for rule in rules),
            )
            if len(self._rights) < _MOST_REMEMBERED:
                self._rights[known] = rights
        return rights


def granted(rule: Rule) -> Grant:
    """What a rule gives."""
    return Grant(
        operations=frozenset(_operations(rule.operations)), backends=rule.backends, raw=rule.raw, audit=rule.audit
    )


def _operations(words: Iterable[str]) -> Iterator[str]:
    for word in words:
        if word in (ALL, READ):
            yield READ
        if word in (ALL, ALL_CHANGES):
            yield from (operation.value for operation in CHANGES)
        elif word != READ:
            yield word
