"""Rows as bytes and back, by their types: whoever can write to Redis can put wrong rows there, and run nothing here.

For each dataclass of the domain and of a vendor's details there is a msgspec struct with the same fields, made from the
annotations. Left out are what others keep with a row (`init=False`) and the backend, which every row here shares and
which is put back as it is configured. A field that is not compared holds a call; that it was bound is noted, and the
adapter binds it again.
"""

import types
from collections.abc import Callable, Mapping
from dataclasses import Field, dataclass, fields, is_dataclass
from datetime import datetime
from functools import lru_cache, reduce
from hashlib import sha256
from operator import or_
from typing import Any, NewType, Union, get_args, get_origin, get_type_hints

import msgspec

from gateway.backends.changes import Left, Outcome
from gateway.backends.shared.whole_list import Held, WholeList
from gateway.domain.backend import Backend
from gateway.domain.execution import Execution
from gateway.domain.ids import ObjectId
from gateway.domain.package import Package
from gateway.domain.page import Page
from gateway.domain.task import Task

MOST_BYTES = 8 * 1024 * 1024

Convert = Callable[[Any], Any]


class Unshareable(Exception):
    """The value stays in the process: it is too large, or not made of what is known here."""


class Undecodable(Exception):
    """These bytes are not of this version, or of nobody's."""


@dataclass(frozen=True, slots=True)
class _Form:
    """How one annotation travels: the type on the wire, and what turns values into it and back; None leaves them."""

    wire: Any
    pack: Convert | None = None
    unpack: Convert | None = None


class RowCodec:
    """The codec of one backend. `details` are its vendor's, by the class that holds them."""

    def __init__(self, backend: Backend, details: Mapping[type, type | None], revived: Callable[[Task], Task]) -> None:
        self._backend = backend
        self._details = details
        self._revived = revived
        self._shapes: list[str] = []
        self._forms: dict[type, _Form] = {}
        rows: dict[type, _Form] = {one: self._class_form(one) for one in (Task, Package, Execution)}
        self._packs = {one: form.pack for one, form in rows.items()}
        self._unpacks = {form.wire: form.unpack for form in rows.values()}
        row: Any = reduce(or_, (form.wire for form in rows.values()))
        rows_of: Any = list[row]
        page: Any = msgspec.defstruct("Page", [("rows", rows_of), ("next", str | None)], array_like=True, tag="page")
        many: Any = msgspec.defstruct("List", [("rows", rows_of)], array_like=True, tag="list")
        self._page, self._many = page, many
        self._ref = self._class_form(ObjectId)
        self._encoder = msgspec.msgpack.Encoder()
        self._answer = _decoder(datetime, float, row | page | many | None)
        self._whole = _decoder(Held, datetime, float, float, rows_of)
        self._outcome = _decoder(Left, row | None, self._ref.wire | None)
        self.version = sha256("\n".join(sorted(self._shapes)).encode()).hexdigest()[:12]

    def answer(self, fetched_at: datetime, hard_seconds: float, value: object) -> bytes:
        """An answer with when it was had and how long it may be kept. Raises Unshareable."""
        return self._encoded((fetched_at, hard_seconds, self._pack_value(value)))

    def read_answer(self, data: bytes) -> tuple[datetime, float, Any]:
        """The same again. Raises Undecodable."""
        fetched_at, hard, value = self._decoded(self._answer, data)
        return fetched_at, hard, self._unpack_value(value)

    def whole_list(self, whole: WholeList) -> bytes:
        """A whole list. Raises Unshareable."""
        rows = [self._pack_row(row) for row in whole.rows]
        return self._encoded((whole.held, whole.fetched_at, whole.took, whole.hard, rows))

    def read_whole_list(self, data: bytes) -> WholeList:
        """The same again. Raises Undecodable."""
        held, fetched_at, took, hard, packed = self._decoded(self._whole, data)
        rows = [self._unpack_row(row) for row in packed]
        return WholeList(held=held, fetched_at=fetched_at, took=took, hard=hard, rows=rows)

    def outcome(self, outcome: Outcome) -> bytes:
        """What a change left. Raises Unshareable."""
        row = None if outcome.row is None else self._pack_row(outcome.row)
        ref = None if outcome.ref is None else _applied(self._ref.pack, outcome.ref)
        return self._encoded((outcome.left, row, ref))

    def read_outcome(self, data: bytes) -> Outcome:
        """The same again. Raises Undecodable."""
        left, row, ref = self._decoded(self._outcome, data)
        return Outcome(
            left,
            None if row is None else self._unpack_row(row),
            None if ref is None else _applied(self._ref.unpack, ref),
        )

    # ------------------------------------------------------------------ values

    def _encoded(self, value: object) -> bytes:
        try:
            data = self._encoder.encode(value)
        except (TypeError, ValueError, OverflowError) as problem:
            raise Unshareable from problem
        if len(data) > MOST_BYTES:
            raise Unshareable
        return data

    @staticmethod
    def _decoded(decoder: "msgspec.msgpack.Decoder[Any]", data: bytes) -> Any:
        try:
            return decoder.decode(data)
        except (msgspec.DecodeError, ValueError, RecursionError) as problem:
            raise Undecodable from problem

    def _pack_value(self, value: object) -> Any:
        if value is None:
            return None
        if isinstance(value, Page):
            return self._page([self._pack_row(row) for row in value.rows], value.next)
        if isinstance(value, list):
            return self._many([self._pack_row(row) for row in value])
        return self._pack_row(value)

    def _unpack_value(self, value: Any) -> Any:
        if value is None:
            return None
        if isinstance(value, self._page):
            return Page([self._unpack_row(row) for row in value.rows], value.next)
        if isinstance(value, self._many):
            return [self._unpack_row(row) for row in value.rows]
        return self._unpack_row(value)

    def _pack_row(self, row: object) -> Any:
        if type(row) not in self._packs:
            raise Unshareable
        return _applied(self._packs[type(row)], row)

    def _unpack_row(self, row: Any) -> Any:
        return _applied(self._unpacks[type(row)], row)

    # ------------------------------------------------------------------ forms

    def _class_form(self, cls: type) -> _Form:
        known = self._forms.get(cls)
        if known is not None:
            return known
        hints = get_type_hints(cls)
        members = [one for one in fields(cls) if one.init and hints[one.name] is not Backend]
        backends = [one.name for one in fields(cls) if one.init and hints[one.name] is Backend]
        calls = {one.name for one in members if not one.compare}
        forms = {one.name: self._member_form(cls, one, hints[one.name]) for one in members}
        wire = msgspec.defstruct(
            f"{cls.__name__}Wire", [(name, form.wire) for name, form in forms.items()], array_like=True,
            tag=cls.__name__, gc=False,
        )  # fmt: skip
        self._shapes.append(f"{cls.__name__} {[(name, str(form.wire)) for name, form in forms.items()]}")
        packs = [(name, form.pack) for name, form in forms.items()]
        unpacks = [(name, form.unpack) for name, form in forms.items() if name not in calls]
        backend, revived = self._backend, self._revived

        def pack(value: Any) -> Any:
            for name in backends:
                if getattr(value, name) != backend:
                    raise Unshareable
            return wire(*[_applied(convert, getattr(value, name)) for name, convert in packs])

        def unpack(value: Any) -> Any:
            members = {name: _applied(convert, getattr(value, name)) for name, convert in unpacks}
            for name in backends:
                members[name] = backend
            return cls(**members)

        def unpack_task(value: Any) -> Any:
            task = unpack(value)
            details = value.vendor_details
            return revived(task) if details and any(getattr(details, name) for name in bound) else task

        details = self._details.get(cls)
        bound = [] if details is None else [one.name for one in fields(details) if one.init and not one.compare]
        form = self._forms[cls] = _Form(wire, pack, unpack_task if bound and cls is Task else unpack)
        return form

    def _member_form(self, cls: type, member: "Field[Any]", hint: Any) -> _Form:
        if not member.compare:
            return _Form(bool, lambda value: value is not None)
        if member.name == "vendor_details":
            details = self._details.get(cls)
            return _Form(None) if details is None else self._optional(self._class_form(details))
        return self._form(hint)

    def _form(self, hint: Any) -> _Form:
        if isinstance(hint, NewType):
            return self._form(hint.__supertype__)
        if hint is object:
            return _Form(Any)
        origin, arguments = get_origin(hint), get_args(hint)
        if origin in (Union, types.UnionType):
            (inner,) = (one for one in arguments if one is not types.NoneType)
            return self._optional(self._form(inner))
        if origin in (list, tuple):
            item = self._form(arguments[0])
            wire = origin[item.wire] if origin is list else origin[item.wire, ...]
            return _Form(wire, _each(origin, item.pack), _each(origin, item.unpack))
        if origin is frozenset:
            return _Form(hint, None, _shared_set)
        return self._class_form(hint) if is_dataclass(hint) and isinstance(hint, type) else _Form(hint)

    @staticmethod
    def _optional(form: _Form) -> _Form:
        wire = form.wire | None
        return _Form(wire, _unless_none(form.pack), _unless_none(form.unpack))


def _decoder(*types: Any) -> "msgspec.msgpack.Decoder[Any]":
    return msgspec.msgpack.Decoder(tuple[types])  # type: ignore[valid-type]


@lru_cache(maxsize=256)
def _shared_set(value: frozenset[str]) -> frozenset[str]:
    """One set for all that are equal: each row says what it lacks, and most lack the same."""
    return value


def _applied(convert: Convert | None, value: Any) -> Any:
    return value if convert is None else convert(value)


def _unless_none(convert: Convert | None) -> Convert | None:
    return None if convert is None else lambda value: None if value is None else convert(value)


def _each(make: Callable[[Any], Any], convert: Convert | None) -> Convert | None:
    return None if convert is None else lambda values: make([convert(value) for value in values])
