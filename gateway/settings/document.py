"""A YAML document as plain values, with the line of each, and `${env.NAME}` replaced.

YAML's own reader forgets lines and lets the last of two equal keys win, so its nodes are read here. Aliases and merge
keys (`<<`) work; tags of one's own, documents that hold themselves, and several documents in a file are refused. The
environment is put in after parsing, so that what it holds is never read as YAML.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

import yaml

from gateway.settings.problems import ConfigurationError, Path, Problem, dotted, shown_key

_REFERENCE = re.compile(r"\$\{env\.([^}]*)\}?")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_QUOTED = re.compile(r"\s*'[^']*'|\s*\"[^\"]*\"")
_MOST_NODES = 20_000
_STANDARD = "tag:yaml.org,2002:"
_MERGE = f"{_STANDARD}merge"


@dataclass(slots=True)
class Document:
    """`value` is made of dict, list, str, int, float, bool and None; `lines` gives the line of every path in it."""

    value: object
    lines: Mapping[Path, int]

    def line(self, path: Path) -> int:
        """The line of a path, or of the nearest thing around it that stands in the file."""
        while path not in self.lines and path:
            path = path[:-1]
        return self.lines.get(path, 0)


def read_document(text: str, env: Mapping[str, str]) -> tuple[Document, list[Problem]]:
    """Read a document, and list what is wrong in it. Raises ConfigurationError when it is no YAML at all."""
    loader = yaml.SafeLoader("")
    try:
        loader = yaml.SafeLoader(text)
        root = loader.get_single_node()
    except yaml.reader.ReaderError as problem:
        line = text.count("\n", 0, problem.position) + 1
        raise ConfigurationError([Problem(line, "", "YAML does not allow this character")]) from None
    except yaml.MarkedYAMLError as problem:
        mark = problem.problem_mark or problem.context_mark
        # PyYAML quotes what it found, which may be part of a secret.
        what = _QUOTED.sub("", problem.problem or problem.context or "it cannot be read").strip(" ,:")
        raise ConfigurationError(
            [Problem(mark.line + 1 if mark else 0, "", f"this is not YAML: {what}; put quotes around unusual values")]
        ) from None
    except RecursionError:
        raise ConfigurationError([Problem(0, "", "the document is nested too deeply")]) from None
    reader = _Reader(loader, env)
    value = None if root is None else reader.read(root, ())
    return Document(value, reader.lines), reader.problems


@dataclass(slots=True)
class _Reader:
    loader: yaml.SafeLoader
    env: Mapping[str, str]
    lines: dict[Path, int] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    _around: list[int] = field(default_factory=list)
    _nodes: int = 0

    def read(self, node: yaml.Node, path: Path) -> object:
        line = node.start_mark.line + 1
        self.lines.setdefault(path, line)
        self._nodes += 1
        if self._nodes > _MOST_NODES:
            raise ConfigurationError([Problem(line, "", f"the document holds more than {_MOST_NODES} values")])
        if id(node) in self._around:
            self._wrong(line, path, "an alias stands inside what it names")
            return None
        self._around.append(id(node))
        try:
            if isinstance(node, yaml.MappingNode):
                return self._mapping(node, path)
            if isinstance(node, yaml.SequenceNode):
                return [self.read(item, (*path, index)) for index, item in enumerate(node.value)]
            return self._scalar(node, path)
        finally:
            self._around.pop()

    def _wrong(self, line: int, path: Path, message: str) -> None:
        self.problems.append(Problem(line, dotted(path), message))

    def _mapping(self, node: yaml.MappingNode, path: Path) -> dict[str, object]:
        read: dict[str, object] = {}
        merged: dict[str, object] = {}
        seen: dict[str, int] = {}
        # Merge keys first: the lines of what stands here itself must win.
        for key, value in sorted(node.value, key=lambda pair: pair[0].tag != _MERGE):
            line = key.start_mark.line + 1
            if not isinstance(key, yaml.ScalarNode):
                self._wrong(line, path, "a key must be a plain word")
                continue
            if key.tag == _MERGE:
                merged = {**self._merged(value, path), **merged}
                continue
            name: str = key.value
            if name in seen:
                self._wrong(line, path, f"the key {shown_key(name)} stands twice; first in line {seen[name]}")
                continue
            seen[name] = line
            self.lines[(*path, name)] = line
            read[name] = self.read(value, (*path, name))
        return {**merged, **read}

    def _merged(self, node: yaml.Node, path: Path) -> dict[str, object]:
        parts = node.value if isinstance(node, yaml.SequenceNode) else [node]
        found: dict[str, object] = {}
        for part in parts:
            value = self.read(part, path)
            if isinstance(value, dict):
                found = {**value, **found}
            else:
                self._wrong(part.start_mark.line + 1, path, "only mappings can be merged with <<")
        return found

    def _scalar(self, node: yaml.Node, path: Path) -> object:
        line = node.start_mark.line + 1
        text: str = node.value
        kind = node.tag.removeprefix(_STANDARD)
        if kind in ("str", "timestamp", "value"):
            return self._expanded(text, line, path)
        if kind not in ("int", "float", "bool", "null"):
            self._wrong(line, path, "tags (!) are not used in this file")
            return None
        try:
            made: object = self.loader.construct_object(node)
        except (ValueError, KeyError, yaml.YAMLError):
            self._wrong(line, path, f"this is not a usable {kind}")
            return None
        return made

    def _expanded(self, text: str, line: int, path: Path) -> str:
        def replacement(match: re.Match[str]) -> str:
            name = match[1]
            if not _NAME.fullmatch(name) or not match[0].endswith("}"):
                self._wrong(line, path, "a reference to the environment is written ${env.NAME}")
            elif name not in self.env:
                self._wrong(line, path, f"the environment variable {name} is not set")
            elif not self.env[name]:
                self._wrong(line, path, f"the environment variable {name} is empty")
            else:
                return self.env[name]
            # Something must stand here so that the value is not also reported as too short.
            return match[0]

        return _REFERENCE.sub(replacement, text)
