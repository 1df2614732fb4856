"""The rest-json protocol: encoded paths and queries, JSON bodies, answers, pages, and refusals as domain errors.

Path labels and query values keep only `A-Za-z0-9-._~`; the bodies are what `json.dumps` writes, as botocore's are.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import Any, Generic, TypeVar

import msgspec

from gateway.domain.errors import InvalidInput, VendorRejected
from gateway.domain.ids import percent_encoded
from gateway.vendorkit.aws.credentials import AwsKeys
from gateway.vendorkit.aws.errors import refusal_of, request_id
from gateway.vendorkit.aws.signing import AwsSigner
from gateway.vendorkit.decoding import Unreadable, in_utf8, read_json
from gateway.vendorkit.http import VendorAnswer, VendorHttp

Shape = TypeVar("Shape")
Outer = TypeVar("Outer")
Understood = TypeVar("Understood")

QueryValue = str | int | bool | None


def path(*segments: str | int) -> str:
    """`/` and the segments, each percent-encoded as one label.

    Raises InvalidInput for an empty label and for `.` and `..`: they would be folded away on the wire, and a DELETE of
    a version would become a DELETE of its package.
    """
    labels = [str(segment) for segment in segments]
    if any(label in {"", ".", ".."} for label in labels):
        rule = "a name that is neither empty nor made of one or two dots"
        raise InvalidInput(f"This name cannot stand in an AWS path. Expected {rule}.", path=("id",), rule=rule)
    return "/" + "/".join(percent_encoded(label) for label in labels)


def target(encoded_path: str, query: Mapping[str, QueryValue]) -> str:
    """Path and query as they are sent. Members that are None are left out; a space is %20, never a plus sign."""
    pairs = "&".join(
        f"{percent_encoded(name)}={percent_encoded(_wire(value))}" for name, value in query.items() if value is not None
    )
    return f"{encoded_path}?{pairs}" if pairs else encoded_path


def _wire(value: str | int | bool) -> str:
    return ("true" if value else "false") if isinstance(value, bool) else str(value)


@dataclass(frozen=True, slots=True)
class Answered(Generic[Shape]):
    """A success. `raw` is the vendor's JSON that `shape` was read from."""

    shape: Shape
    raw: bytes
    request_id: str | None

    @property
    def request_ids(self) -> tuple[str, ...]:
        """The id as receipts carry it."""
        return (self.request_id,) if self.request_id else ()


@dataclass(frozen=True, slots=True)
class ListCall(Generic[Shape]):
    """A paged operation, as data: how it is called and where its rows stand."""

    operation: str
    row: type[Shape]
    items: str
    size: str
    token_in: str
    token_out: str
    _page: "msgspec.json.Decoder[Any]" = field(init=False, repr=False, compare=False)
    _row: "msgspec.json.Decoder[Shape]" = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        members = [
            ("rows", list[msgspec.Raw] | None, None),
            ("token", str | None, None),
        ]
        page = msgspec.defstruct(self.operation, members, rename={"rows": self.items, "token": self.token_out})
        object.__setattr__(self, "_page", msgspec.json.Decoder(page, strict=False))
        object.__setattr__(self, "_row", msgspec.json.Decoder(self.row, strict=False))

    def read(self, body: bytes) -> "WirePage[Shape]":
        """The page in an answer. Raises Unreadable."""
        try:
            page = self._page.decode(in_utf8(body))
            read = self._row.decode
            return WirePage([(read(text), bytes(text)) for text in page.rows or ()], page.token or None)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as problem:
            raise Unreadable(str(problem)) from None


@dataclass(frozen=True, slots=True)
class WirePage(Generic[Shape]):
    """One page: each row with its own JSON. `next` is the vendor's token, None at the end."""

    rows: list[tuple[Shape, bytes]]
    next: str | None


class Nothing(msgspec.Struct):
    """The answer of an operation that documents none: an empty body, or `{}`."""


class RestJson:
    """Calls to one AWS service."""

    def __init__(
        self, http: VendorHttp, keys: AwsKeys, *, service: str, region: str, now: Callable[[], datetime]
    ) -> None:
        self._http = http
        self._signer = AwsSigner(keys, service=service, region=region, base_url=http.base_url, now=now)

    async def call(
        self,
        operation: str,
        shape: type[Shape],
        method: str,
        encoded_path: str,
        *,
        query: Mapping[str, QueryValue] | None = None,
        body: Mapping[str, object] | None = None,
        write: bool = False,
        force_helps: bool = False,
    ) -> Answered[Shape]:
        """One call. `body` None sends none; members of it that are None are left out.

        Raises what errors.refusal_of tells; for an unreadable success VendorRejected, or OutcomeUnknown for a write,
        whose doing is done. Where the answer holds Nothing, its body is not looked at.
        """

        def understand(answer: VendorAnswer) -> Answered[Shape]:
            try:
                return Answered(read_json(answer.body, shape), answer.body, request_id(answer.headers))
            except Unreadable as problem:
                if write and shape is Nothing:
                    return Answered(shape(), b"", request_id(answer.headers))
                if write:
                    raise self._http.lost(operation, "it cannot be read", request_id(answer.headers)) from problem
                raise self._http.unreadable(operation, answer, request_id(answer.headers)) from problem

        return await self._send(
            operation, method, encoded_path, query, body, understand, write=write, force_helps=force_helps
        )

    def inner(
        self, operation: str, answered: Answered[Outer], text: msgspec.Raw, shape: type[Shape]
    ) -> Answered[Shape]:
        """The object inside an answer's envelope, with its own JSON. Raises VendorRejected when it is unreadable."""
        try:
            return Answered(read_json(text, shape), bytes(text), answered.request_id)
        except Unreadable as problem:
            found = VendorAnswer(status=200, headers={}, body=answered.raw)
            raise self._http.unreadable(operation, found, answered.request_id) from problem

    async def page(
        self,
        listing: ListCall[Shape],
        encoded_path: str,
        *,
        size: int,
        token: str | None,
        query: Mapping[str, QueryValue] | None = None,
    ) -> WirePage[Shape]:
        """One page of a list. Raises as `call`, and VendorRejected when the vendor answers the token it was given."""
        asked = {**(query or {}), listing.size: size, listing.token_in: token}

        def understand(answer: VendorAnswer) -> WirePage[Shape]:
            try:
                found = listing.read(answer.body)
            except Unreadable as problem:
                raise self._http.unreadable(listing.operation, answer, request_id(answer.headers)) from problem
            if found.next is not None and found.next == token:
                raise self._standing_still(listing.operation, answer)
            return found

        return await self._send(listing.operation, "GET", encoded_path, asked, None, understand)

    async def _send(
        self,
        operation: str,
        method: str,
        encoded_path: str,
        query: Mapping[str, QueryValue] | None,
        body: Mapping[str, object] | None,
        understand: Callable[[VendorAnswer], Understood],
        *,
        write: bool = False,
        force_helps: bool = False,
    ) -> Understood:
        where = target(encoded_path, query or {})
        content = None
        if body is not None:
            content = json.dumps({name: value for name, value in body.items() if value is not None}).encode()

        def understood(answer: VendorAnswer) -> Understood:
            if not answer.ok:
                raise refusal_of(self._http, operation, answer, write=write, force_helps=force_helps)
            return understand(answer)

        sign = partial(self._signer.sign, method, where, content)
        return await self._http.send(operation, sign, understood, write=write)

    def _standing_still(self, operation: str, answer: VendorAnswer) -> VendorRejected:
        return VendorRejected(
            f"Backend {self._http.backend} answered {operation} with the page token it was given: its list does not "
            "advance and cannot be read to its end. Ask for a larger page.",
            http_status=answer.status,
            request_id=request_id(answer.headers),
            backend=self._http.backend,
        )
