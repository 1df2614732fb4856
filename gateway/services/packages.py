"""Packages: one list over all backends, one package, and the tasks that use it."""

import asyncio
from collections.abc import Sequence

from gateway.backends.cache import Answer
from gateway.backends.registry import BackendRegistry
from gateway.backends.snapshot import Snapshot
from gateway.backends.stack import BackendStack
from gateway.domain.errors import GatewayError
from gateway.domain.ids import ObjectId, same_generation
from gateway.domain.operations import Operation
from gateway.domain.package import Package
from gateway.domain.page import Page, PageRequest
from gateway.domain.task import Task
from gateway.services.asking import ask, remembering, stack_of, unsupported
from gateway.services.caller import Caller
from gateway.services.connection import Connection
from gateway.services.cursors import CursorKey, binding
from gateway.services.input_rules import check_first
from gateway.services.inputs import Direction, PackageFilter, PackageOrder, PackageOrderField
from gateway.services.merged_list import Whole, merged
from gateway.services.package_users import PackageUsers
from gateway.services.selection import selected
from gateway.services.shelves import Shelves
from gateway.services.sort_keys import by_moment, by_text
from gateway.services.streamed_list import Source, streamed

_KEYS = {
    (PackageOrderField.CREATED_AT, direction): by_moment(lambda package: package.created_at, direction)
    for direction in Direction
}
_KEYS |= {
    (PackageOrderField.NAME, direction): by_text(lambda package: package.name, direction) for direction in Direction
}


class PackageReads:
    """Reading packages."""

    def __init__(self, registry: BackendRegistry, shelves: Shelves, cursors: CursorKey, users: PackageUsers) -> None:
        self._registry = registry
        self._shelves = shelves
        self._cursors = cursors
        self._users = users

    async def list(
        self, caller: Caller, first: int, after: str | None, wanted: PackageFilter, order: PackageOrder
    ) -> Connection[Package]:
        """One page of the packages of all backends that the filter names. Raises InvalidInput."""
        check_first(first)
        stacks = selected(self._registry, wanted.backends, wanted.vendors)
        bound = binding("packages", wanted, order)
        if order.field is PackageOrderField.BACKEND:
            sources = [self._source(stack, caller, wanted) for stack in stacks]
            return await streamed(sources, first=first, after=after, key=self._cursors, binding=bound)
        return await merged(
            [self._whole(stack, caller, wanted) for stack in stacks],
            order=(order.field.value, order.direction),
            key_of=_KEYS[order.field, order.direction],
            keep=lambda package: _matches(package, wanted),
            first=first,
            after=after,
            key=self._cursors,
            binding=bound,
        )

    async def get(self, caller: Caller, ref: ObjectId) -> Package | None:
        """The whole package an id names; None when it does not exist, or another stands under its key by now."""
        stack = stack_of(self._registry, ref)
        stack.adapter.check_key(ref)
        answer = await ask(stack, caller, f"package|{ref.key}", lambda: stack.adapter.get_package(ref))
        package = answer.value
        if package is None or (ref.generation and not same_generation(ref.generation, package.ref.generation)):
            return None
        return package

    async def describe_many(
        self, caller: Caller, packages: Sequence[Package]
    ) -> Sequence[Package | GatewayError | None]:
        """The same packages, whole. One that could not be had is an error in its place."""

        async def one(package: Package) -> Package | GatewayError | None:
            try:
                return await self.get(caller, package.ref)
            except GatewayError as error:
                return error

        return await asyncio.gather(*(one(package) for package in packages))

    async def used_by(self, caller: Caller, package: Package, first: int, after: str | None) -> Connection[Task]:
        """The tasks that use a package, finished ones too, newest first. A search cut short shows as FAILED."""
        check_first(first)
        stack = stack_of(self._registry, package.ref)
        return await self._users.page(stack, caller, package, first=first, after=after)

    def _source(self, stack: BackendStack, caller: Caller, wanted: PackageFilter) -> Source[Package]:
        async def fetch(page: PageRequest) -> Answer[Page[Package]]:
            return await ask(stack, caller, f"packages|{page}", lambda: stack.adapter.list_packages(page))

        return Source(
            name=stack.name,
            largest=stack.manifest.package_page_size,
            what="packages",
            fetch=fetch,
            keep=lambda package: _matches(package, wanted),
            skipped=_skipped(stack),
        )

    def _whole(self, stack: BackendStack, caller: Caller, wanted: PackageFilter) -> Whole[Package]:
        shelf = self._shelves.packages[stack.name]

        async def snapshot() -> Snapshot[Package]:
            return await remembering(
                stack,
                caller,
                lambda: shelf.get(
                    filter_key=binding(wanted).hex(),
                    keep=lambda package: _matches(package, wanted),
                    narrowed=any(member is not None for member in (wanted.kind, wanted.text, wanted.product_key)),
                    fresh=caller.fresh,
                ),
            )

        return Whole(name=stack.name, snapshot=snapshot, skipped=_skipped(stack))


def _skipped(stack: BackendStack) -> GatewayError | None:
    return None if stack.backend.supports(Operation.LIST_PACKAGES) else unsupported(stack, Operation.LIST_PACKAGES)


def _matches(package: Package, wanted: PackageFilter) -> bool:
    if wanted.kind is not None and package.kind not in wanted.kind:
        return False
    if wanted.product_key is not None and package.product_key != wanted.product_key:
        return False
    if wanted.text is None:
        return True
    text = wanted.text.casefold()
    return text in package.name.casefold() or text in (package.description or "").casefold()
