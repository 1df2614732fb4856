"""TrustedDocuments: the documents that were registered before the start, found by their ids."""

import json
from collections.abc import Iterator, Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

from graphql import GraphQLError, GraphQLSchema, GraphQLSyntaxError, parse

from gateway.domain.limits import Limits
from gateway.plans.measuring import measured
from gateway.plans.scanning import check_text
from gateway.plans.validation import errors_of

_APOLLO: Final = "apollo-persisted-query-manifest"


class BrokenManifest(Exception):
    """The manifest cannot be used; the message says which document is at fault."""


class TrustedDocuments:
    """Documents by the ids of their manifest, and by the SHA-256 of their text.

    `only`: nothing else is executed. A text that is in the manifest may be sent as it is, too.
    """

    def __init__(self, texts: Mapping[str, str], *, only: bool) -> None:
        self._texts = {**{sha256(text.encode()).hexdigest(): text for text in texts.values()}, **texts}
        self._known = frozenset(texts.values())
        self.only = only

    def __len__(self) -> int:
        return len(self._known)

    def text(self, query: str | None, document_id: str | None) -> str | None:
        """The document to execute for a request that holds a text, an id, or both; None where there is none."""
        if query is None:
            return None if document_id is None else self._texts.get(document_id)
        return query if not self.only or query in self._known else None


NO_DOCUMENTS: Final = TrustedDocuments({}, only=False)


def documents_in(path: Path) -> dict[str, str]:
    """The documents of a manifest, by their ids. Raises BrokenManifest.

    A file is JSON, in the form of Apollo's persisted query manifests or an object of texts by their ids, as Relay's
    compiler writes it. A folder holds such files, and documents in files of their own that end in .graphql; the id of
    these is the SHA-256 of their text.
    """
    files = sorted(path.iterdir()) if path.is_dir() else [path]
    found: dict[str, str] = {}
    for file in files:
        for name, text in _documents_of(file, alone=file == path):
            if found.setdefault(name, text) != text:
                raise BrokenManifest(f"{file} holds another document under the id {name} than was read before.")
    if not found:
        raise BrokenManifest(f"{path} holds no document.")
    return found


def check_documents(documents: Mapping[str, str], schema: GraphQLSchema, limits: Limits) -> None:
    """Refuse documents that could not be executed. Raises BrokenManifest, which names the first of them."""
    for name, text in documents.items():
        try:
            check_text(text, limits)
            document = parse(text)
            measured(document, limits)
            problem = next(iter(errors_of(schema, text, document)), None)
        except (GraphQLError, GraphQLSyntaxError) as error:
            problem = error
        if problem is not None:
            raise BrokenManifest(f"The document {name} cannot be executed: {problem.message}")


def _documents_of(file: Path, *, alone: bool) -> Iterator[tuple[str, str]]:
    try:
        content = file.read_text(encoding="utf-8") if alone or file.suffix in (".graphql", ".json") else None
    except (OSError, UnicodeDecodeError) as problem:
        raise BrokenManifest(f"{file} cannot be read: {getattr(problem, 'strerror', None) or 'no UTF-8'}.") from None
    if content is None:
        return
    if file.suffix == ".graphql":
        yield sha256(content.encode()).hexdigest(), content
        return
    try:
        manifest = json.loads(content)
    except (ValueError, RecursionError):
        raise BrokenManifest(f"{file} is no JSON.") from None
    for name, text in _entries(file, manifest):
        if not isinstance(name, str) or not isinstance(text, str):
            raise BrokenManifest(f"{file} holds an entry that is no text under an id.")
        yield name, text


def _entries(file: Path, manifest: Any) -> Iterator[tuple[Any, Any]]:
    if not isinstance(manifest, dict):
        raise BrokenManifest(f"{file} is no JSON object.")
    if manifest.get("format") != _APOLLO:
        yield from manifest.items()
        return
    operations = manifest.get("operations")
    for one in operations if isinstance(operations, list) else [None]:
        if not isinstance(one, dict):
            raise BrokenManifest(f"{file} has no list of operations.")
        yield one.get("id"), one.get("body")
