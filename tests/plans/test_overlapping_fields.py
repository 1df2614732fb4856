"""Fields that overlap are found where graphql-core's rule finds them, in documents made of little else."""

import random
from collections.abc import Callable

from graphql import GraphQLSchema, build_schema, parse, validate
from graphql.validation import NoFragmentCyclesRule, OverlappingFieldsCanBeMergedRule

from gateway.plans.overlaps import may_overlap

_DOCUMENTS = 1_500
# The rule takes its time over longer ones.
_LONGEST = 1_200
_SCHEMA = build_schema("""
  interface Named { name(long: Boolean, as: As): String  other: Named  all: [Named] }
  input As { a: Int b: [Int] }
  type Cat implements Named { name(long: Boolean, as: As): String other: Cat all: [Named] lives: Int! age: Int! }
  type Dog implements Named { name(long: Boolean, as: As): String other: Named all: [Named] age: Float lives: Int! }
  union Pet = Cat | Dog
  type Query { named: Named cat: Cat dog: Dog pet(at: Int): Pet }
""")
_FIELDS = {
    "Query": ["named", "cat", "dog", "pet", "pet(at: 1)", "pet(at: $at)"],
    "Named": ["name", "other", "all", "name(long: true)", "name(as: {a: 1, b: [2]})", "name(as: {b: [2], a: 1})"],
    "Cat": ["name", "other", "all", "lives", "age"],
    "Dog": ["name", "other", "all", "lives", "age", "name(as: {b: [2, 2], a: 1})"],
    "Pet": ["__typename"],
}
_BELOW = {"named": "Named", "cat": "Cat", "dog": "Dog", "pet": "Pet", "all": "Named"}
_INSIDE = {"Named": ["Cat", "Dog", "Named"], "Pet": ["Cat", "Dog", "Named"], "Cat": ["Named", "Cat"], "Dog": ["Named"]}


class _Writer:
    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)
        self._fragments: dict[str, str] = {}
        # Few aliases where most documents are to be valid, more where not.
        self._aliased = self._random.choice((0.05, 0.1, 0.3))

    def document(self) -> str:
        operation = self._selection("Query", 4)
        return f"query ($at: Int) {operation} {' '.join(self._fragments.values())}"

    def _selection(self, kind: str, depth: int) -> str:
        return "{ " + " ".join(self._one(kind, depth) for _ in range(self._random.randint(1, 4))) + " }"

    def _one(self, kind: str, depth: int) -> str:
        if depth > 0 and kind in _INSIDE and self._random.random() < 0.4:
            inner = self._random.choice(_INSIDE[kind])
            if self._random.random() < 0.5:
                return f"... on {inner} {self._selection(inner, depth - 1)}"
            known = [name for name, text in self._fragments.items() if f" on {inner} " in text]
            if known and self._random.random() < 0.6:
                return f"...{self._random.choice(known)}"
            name = f"F{len(self._fragments)}"
            self._fragments[name] = f"fragment {name} on {inner} {{ __typename }}"
            self._fragments[name] = f"fragment {name} on {inner} {self._selection(inner, depth - 1)}"
            return f"...{name}"
        field = self._random.choice(_FIELDS[kind] if depth > 0 else ["__typename"])
        name = field.partition("(")[0]
        below = ("Cat" if kind == "Cat" else "Named") if name == "other" else _BELOW.get(name)
        alias = f"{self._random.choice('xyz')}: " if self._random.random() < self._aliased else ""
        streamed = " @stream" if name == "all" and self._random.random() < 0.1 else ""
        return f"{alias}{field}{streamed}" + (f" {self._selection(below, depth - 1)}" if below else "")


def _found_by_the_rule(schema: GraphQLSchema, text: str) -> bool:
    return bool(validate(schema, parse(text), [OverlappingFieldsCanBeMergedRule]))


def test_the_same_documents_are_found_as_by_the_rule(record_property: Callable[[str, object], None]) -> None:
    conflicts = compared = 0
    for seed in range(_DOCUMENTS):
        text = _Writer(seed).document()
        document = parse(text)
        if len(text) > _LONGEST or validate(_SCHEMA, document, [NoFragmentCyclesRule]):
            continue
        expected = _found_by_the_rule(_SCHEMA, text)
        assert may_overlap(_SCHEMA, document) == expected, text
        compared += 1
        conflicts += expected
    record_property(
        "figures", f"overlapping fields: {compared} documents judged alike, {conflicts} of them in conflict"
    )
    assert compared > 0.5 * _DOCUMENTS
    assert 0.2 < conflicts / compared < 0.8


def test_a_document_that_takes_too_long_to_look_through_is_left_to_the_rule() -> None:
    levels = 40
    fragments = [
        f"fragment F{at} on Named {{ {' '.join(f'a{one}: other {{ ...F{at + 1} }}' for one in range(2))} }}"
        for at in range(levels)
    ]
    bomb = f"{{ named {{ ...F0 }} }} {' '.join(fragments)} fragment F{levels} on Named {{ name }}"
    # Each set of selections is looked at once, however often it is reached.
    assert not may_overlap(_SCHEMA, parse(bomb))
    wide = "{ " + "named { name } " * 26_000 + "}"
    assert may_overlap(_SCHEMA, parse(wide))
