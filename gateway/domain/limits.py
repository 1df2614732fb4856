"""Limits: how much one document, its variables and its answer may hold."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """The most of each. What fragments hold counts wherever they are spread, but for definitions and directives."""

    characters: int = 50_000
    tokens: int = 4_000
    definitions: int = 200
    depth: int = 40
    selections: int = 5_000
    root_fields: int = 50
    aliases: int = 200
    repeats: int = 50
    directives: int = 100
    value_depth: int = 16
    list_length: int = 1_000
    variables: int = 100
    variable_values: int = 10_000
    objects: int = 50_000
