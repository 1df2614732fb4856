"""PersistedQueries: which text an operation means that is sent by a hash or an id, as Apollo's and Relay's clients do.

Trusted documents come from the operator's manifest and are found by either. Beside them clients may register texts of
their own (Apollo's automatic persisted queries): a client sends the SHA-256 of a text, and when that is not known here,
once more with the text. What was registered is kept in this process, within bounds; a client whose text was dropped is
told so and sends it again.
"""

from collections import OrderedDict
from collections.abc import Mapping
from hashlib import sha256
from typing import Any, Final

from gateway.domain.answer_codes import AnswerCode
from gateway.plans import NO_DOCUMENTS, TrustedDocuments
from gateway.web.refusals import RequestRefused

NOT_FOUND: Final = AnswerCode.PERSISTED_QUERY_NOT_FOUND
NOT_TRUSTED: Final = AnswerCode.DOCUMENT_NOT_TRUSTED
UNTRUSTED: Final = "This document is not among those that are trusted here. Add it to the manifest."

_MOST_CHARACTERS = 4 * 1024 * 1024
_DOCUMENT_IDS = ("documentId", "id", "doc_id")


class PersistedQueries:
    """The trusted documents, and what clients have registered. `most_characters` of the latter are kept."""

    def __init__(self, trusted: TrustedDocuments = NO_DOCUMENTS, *, most_characters: int = _MOST_CHARACTERS) -> None:
        self._trusted = trusted
        self._registered: OrderedDict[str, str] = OrderedDict()
        self._most = most_characters
        self._characters = 0

    def text(self, members: Mapping[str, Any]) -> str:
        """The text of the operation to run. `members` are a request's, of the right types. Raises RequestRefused."""
        query = members.get("query")
        persisted = (members.get("extensions") or {}).get("persistedQuery")
        digest = _digest(persisted) if persisted is not None else None
        if query is not None:
            return self._given(query, digest)
        document_id = digest or next((one for key in _DOCUMENT_IDS if (one := _name(members.get(key)))), None)
        if document_id is None:
            raise RequestRefused(400, "A query is missing.")
        text = self._trusted.text(None, document_id)
        if text is not None:
            return text
        if digest is None or self._trusted.only:
            raise RequestRefused(400, UNTRUSTED, NOT_TRUSTED)
        text = self._registered.get(digest)
        if text is None:
            # The words that clients look for; they repeat the request with the text.
            raise RequestRefused(400, "PersistedQueryNotFound", NOT_FOUND)
        self._registered.move_to_end(digest)
        return text

    def _given(self, query: str, digest: str | None) -> str:
        text = self._trusted.text(query, None)
        if text is None:
            raise RequestRefused(400, UNTRUSTED, NOT_TRUSTED)
        if digest is not None and digest not in self._registered:
            if sha256(query.encode("utf-8", "surrogatepass")).hexdigest() != digest:
                raise RequestRefused(400, "The sha256Hash is not that of this query. Send that of the very same text.")
            if not self._trusted.only:
                self._register(digest, query)
        return text

    def _register(self, digest: str, query: str) -> None:
        self._registered[digest] = query
        self._characters += len(query)
        while self._characters > self._most:
            _, dropped = self._registered.popitem(last=False)
            self._characters -= len(dropped)


def names_document(members: Mapping[str, Any]) -> bool:
    """Whether a request says at all which document it means."""
    return any(members.get(key) is not None for key in ("query", "extensions", *_DOCUMENT_IDS))


def _digest(persisted: object) -> str:
    digest = _name(persisted.get("sha256Hash")) if isinstance(persisted, dict) else None
    if digest is None:
        raise RequestRefused(400, "extensions.persistedQuery must be an object with a sha256Hash.")
    return digest


def _name(given: object) -> str | None:
    return given if isinstance(given, str) and given else None
