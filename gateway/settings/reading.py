"""From the file to Settings. Every section is read on its own, so that one run finds everything that is wrong."""

import os
import re
import types
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path as FilePath
from typing import Any, TypeVar, cast, get_args

from pydantic import BaseModel, ValidationError

from gateway.auth.settings import AuthSettings
from gateway.settings.access import access_problems
from gateway.settings.document import Document, read_document
from gateway.settings.limits import LimitSettings
from gateway.settings.model import (
    CacheSettings,
    LedgerSettings,
    ServerSettings,
    Settings,
    exposure,
    repeated,
)
from gateway.settings.observability import ObservabilitySettings
from gateway.settings.problems import ConfigurationError, Path, Problem, dotted, shown_key, suggestion
from gateway.settings.watching import WatchSettings
from gateway.vendorkit.discovery import installed_vendors
from gateway.vendorkit.manifest import VendorManifest
from gateway.vendorkit.settings import BackendSettings, Pace, Strict

Section = TypeVar("Section", bound=Strict)

_SECTIONS: Mapping[str, type[Strict]] = types.MappingProxyType(
    {
        "server": ServerSettings,
        "defaults": Pace,
        "cache": CacheSettings,
        "watching": WatchSettings,
        "ledger": LedgerSettings,
        "auth": AuthSettings,
        "limits": LimitSettings,
        "observability": ObservabilitySettings,
    }
)


def load(path: str | os.PathLike[str], env: Mapping[str, str] | None = None) -> Settings:
    """Read a configuration file; `env` is the process's environment unless given. Raises ConfigurationError."""
    source = os.fspath(path)
    try:
        text = FilePath(path).read_text(encoding="utf-8")
    except UnicodeDecodeError:
        raise ConfigurationError([Problem(0, "", "the file is not UTF-8")], source) from None
    except OSError as problem:
        raise ConfigurationError([Problem(0, "", f"the file cannot be read: {problem.strerror}")], source) from None
    try:
        return parse(text, os.environ if env is None else env)
    except ConfigurationError as problem:
        raise ConfigurationError(problem.problems, source) from None


def parse(text: str, env: Mapping[str, str], vendors: Mapping[str, VendorManifest] | None = None) -> Settings:
    """Read a configuration. `vendors` are the installed ones unless given. Raises ConfigurationError."""
    document, problems = read_document(text, env)
    reading = _Reading(document, installed_vendors() if vendors is None else vendors, problems)
    settings = reading.settings()
    if settings is None or reading.problems:
        raise ConfigurationError(reading.problems)
    return settings


@dataclass(slots=True)
class _Reading:
    document: Document
    vendors: Mapping[str, VendorManifest]
    problems: list[Problem]
    told: frozenset[str] = field(init=False)

    def __post_init__(self) -> None:
        # What could not be read at all is not also of the wrong kind.
        self.told = frozenset(problem.path for problem in self.problems if problem.path)

    def settings(self) -> Settings | None:
        root = self.document.value
        if not isinstance(root, dict):
            self._wrong((), "the file must hold sections, and at least backends")
            return None
        known = [*_SECTIONS, "backends"]
        for key, value in root.items():
            if key not in known:
                self._unknown_key((key,), value, known)
        server = self._section(ServerSettings, root, "server")
        auth = self._section(AuthSettings, root, "auth")
        limits = self._section(LimitSettings, root, "limits")
        observability = self._section(ObservabilitySettings, root, "observability")
        defaults = self._section(Pace, root, "defaults")
        cache = self._section(CacheSettings, root, "cache")
        watching = self._section(WatchSettings, root, "watching")
        ledger = self._section(LedgerSettings, root, "ledger")
        shared = root.get("defaults") if defaults is not None else None
        backends = self._backends(root, shared if isinstance(shared, dict) else {})
        if server is not None and auth is not None:
            exposed = exposure(server.host, authenticated=auth.is_on)
            if exposed is not None:
                self._wrong(("server", "host"), exposed)
            if backends:
                for where, message in access_problems(auth, server, [backend.name for backend in backends]):
                    self._wrong(_in_document(where, root, missing=isinstance(where[-1], str)), message)
        if self.problems:
            return None
        if not (server and auth and limits and observability and defaults and cache and watching and ledger):
            return None
        return Settings(
            server=server,
            defaults=defaults,
            cache=cache,
            watching=watching,
            ledger=ledger,
            auth=auth,
            limits=limits,
            observability=observability,
            backends=tuple(backends),
        )

    def _wrong(self, path: Path, message: str) -> None:
        self.problems.append(Problem(self.document.line(path), dotted(path), message))

    def _unknown_key(self, path: Path, value: object, known: Iterable[str]) -> None:
        key = str(path[-1])
        # A key without a value may be a secret without its key.
        if value is None or shown_key(key) != key:
            meant = f"unknown key (not shown: it may be a value); {suggestion(key, known)}"
            self.problems.append(Problem(self.document.line(path), dotted(path[:-1]), meant))
        else:
            self._wrong(path, f"unknown key; {suggestion(key, known)}")

    def _section(self, model: type[Section], root: Mapping[str, object], name: str) -> Section | None:
        value = root.get(name)
        return self._read(model, {} if value is None else value, (name,))

    def _backends(self, root: Mapping[str, object], shared: Mapping[str, object]) -> list[BackendSettings]:
        listed = root.get("backends")
        if not isinstance(listed, list) or not listed:
            self._wrong(("backends",), "at least one backend is needed, as a list of name and vendor")
            return []
        names = [entry.get("name") if isinstance(entry, dict) else None for entry in listed]
        texts = [name if isinstance(name, str) else f"\0{place}" for place, name in enumerate(names)]
        for place in repeated(texts):
            first = self.document.line(("backends", texts.index(texts[place]), "name"))
            self._wrong(("backends", place, "name"), f"another backend has this name already, in line {first}")
        read = (self._backend(entry, ("backends", place), shared) for place, entry in enumerate(listed))
        return [backend for backend in read if backend is not None]

    def _backend(self, entry: object, path: Path, shared: Mapping[str, object]) -> BackendSettings | None:
        if not isinstance(entry, dict):
            self._wrong(path, "a backend is a mapping with at least name and vendor")
            return None
        slug = entry.get("vendor")
        if not isinstance(slug, str):
            self._wrong((*path, "vendor"), f"is missing; known are {', '.join(self.vendors)}")
            return None
        manifest = self.vendors.get(slug)
        if manifest is None:
            self._wrong((*path, "vendor"), f"unknown vendor; {suggestion(slug, self.vendors)}")
            return None
        return self._read(manifest.settings(), {**shared, **entry}, path)

    def _read(self, model: type[Section], value: object, path: Path) -> Section | None:
        if not isinstance(value, dict):
            self._wrong(path, "expected keys and values here")
            return None
        try:
            return model.model_validate(value)
        except ValidationError as refused:
            for error in _closest_branches(refused.errors(include_url=False), value):
                self._explain(model, path, value, error)
            return None

    def _explain(self, model: type[BaseModel], root: Path, value: object, error: Mapping[str, Any]) -> None:
        inside = _in_document(error["loc"], value, missing=error["type"] == "missing")
        path = (*root, *inside)
        if dotted(path) in self.told:
            return
        if error["type"] == "extra_forbidden":
            self._unknown_key(path, error["input"], _known_keys(model, inside[:-1]))
        elif error["type"] == "missing":
            self._wrong(path, "is missing")
        elif error["type"] == "string_type":
            self._wrong(path, "expected text; put quotes around a number, a date, yes or no")
        elif error["type"] in ("too_short", "string_too_short") and isinstance(error["input"], str):
            self._wrong(path, f"expected at least {error['ctx']['min_length']} characters")
        else:
            message = str(error["msg"]).removeprefix("Value error, ")
            self._wrong(path, "this is not accepted here" if _echoes(message, error["input"]) else message)


def _closest_branches(errors: Sequence[Any], value: object) -> list[Any]:
    """Of a choice between shapes, only what is wrong with the shape that fits best."""
    kept: list[Any] = []
    choices: dict[tuple[Any, ...], dict[object, list[Any]]] = {}
    for error in errors:
        branch = _branch(error["loc"], value, missing=error["type"] == "missing")
        if branch is None:
            kept.append(error)
        else:
            where = error["loc"][:branch]
            choices.setdefault(where, {}).setdefault(error["loc"][branch], []).append(error)
    for branches in choices.values():
        fitting: list[Any] = min(branches.values(), key=len)
        kept += fitting
    return kept


def _branch(where: tuple[str | int, ...], value: object, *, missing: bool) -> int | None:
    """The place in an error's path of a name that stands not in the file: the branch of a union."""
    for place, part in enumerate(where):
        if _holds(value, part):
            value = cast("Any", value)[part]
        elif not (missing and place == len(where) - 1):
            return place
    return None


def _holds(value: object, part: str | int) -> bool:
    if isinstance(value, list):
        return isinstance(part, int) and part < len(value)
    return isinstance(value, dict) and part in value


def _in_document(where: tuple[str | int, ...], value: object, *, missing: bool) -> Path:
    """Where in the file an error lies: pydantic also names the branches of unions, which nobody wrote."""
    path: list[str | int] = []
    for place, part in enumerate(where):
        if _holds(value, part):
            value = cast("Any", value)[part]
            path.append(part)
        elif missing and place == len(where) - 1:
            path.append(part)
    return tuple(path)


def _models(annotation: object) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for argument in get_args(annotation):
        yield from _models(argument)


def _known_keys(model: type[BaseModel], path: Path) -> set[str]:
    models = [model]
    for part in path:
        fields = [found.model_fields[part] for found in models if isinstance(part, str) and part in found.model_fields]
        if fields:
            models = [inner for info in fields for inner in _models(info.annotation)]
    return {info.alias or name for found in models for name, info in found.model_fields.items()}


def _echoes(message: str, value: object) -> bool:
    """Whether a message repeats something that stands in the file."""
    if isinstance(value, Mapping):
        return any(_echoes(message, inner) for inner in value.values())
    if isinstance(value, list | tuple):
        return any(_echoes(message, inner) for inner in value)
    text = str(value)
    return bool(text) and re.search(rf"(?<!\w){re.escape(text)}(?!\w)", message) is not None
