"""Packages: one list over all backends, one package, and the tasks that use it."""

from collections.abc import Sequence
from operator import attrgetter

from gateway.backends.snapshot import RowOrder
from gateway.domain.errors import GatewayError
from gateway.domain.ids import ObjectId, same_generation
from gateway.domain.operations import Operation
from gateway.domain.package import Package
from gateway.domain.task import Task
from gateway.services.asking import ask
from gateway.services.backend_lists import BackendLists, Question, each_or_error, remembered
from gateway.services.caller import Caller
from gateway.services.connection import Connection
from gateway.services.cursors import CursorKey, binding
from gateway.services.input_rules import check_first
from gateway.services.inputs import Direction, PackageFilter, PackageOrder, PackageOrderField
from gateway.services.package_users import PackageUsers
from gateway.services.seen_backends import SeenBackends, narrowed_to_seen
from gateway.services.shelves import Shelves
from gateway.services.sort_keys import by_moment, by_text
from gateway.services.together import Together

_KEYS: dict[tuple[PackageOrderField, Direction], RowOrder[Package]] = {
    (PackageOrderField.CREATED_AT, direction): by_moment(attrgetter("created_at"), direction) for direction in Direction
}
_KEYS |= {
    (PackageOrderField.NAME, direction): by_text(lambda package: package.name, direction) for direction in Direction
}


class PackageReads:
    """Reading packages."""

    def __init__(self, backends: SeenBackends, shelves: Shelves, cursors: CursorKey, users: PackageUsers) -> None:
        self._backends = backends
        self._users = users
        self._lists = BackendLists(
            what="packages",
            operation=Operation.LIST_PACKAGES,
            page_size=lambda manifest: manifest.package_page_size,
            list_page=lambda adapter, page: adapter.list_packages(page),
            shelves=shelves.packages,
            cursors=cursors,
        )
        self._together = Together(
            backends=backends,
            shelves=shelves.packages,
            operation=Operation.LIST_PACKAGES,
            lists_from=None,
            kept_as=_kept_as,
            get=self.get,
        )

    async def list(
        self, caller: Caller, first: int, after: str | None, wanted: PackageFilter, order: PackageOrder
    ) -> Connection[Package]:
        """One page of the packages of all backends that the filter names. Raises InvalidInput."""
        check_first(first)
        stacks = self._backends.selected(caller, wanted.backends, wanted.vendors)
        wanted = narrowed_to_seen(caller, wanted, stacks)
        return await self._lists.page(caller, stacks, _question(wanted, order), first, after)

    async def get(self, caller: Caller, ref: ObjectId) -> Package | None:
        """The whole package an id names; None when it does not exist, or another stands under its key by now."""
        stack = self._backends.holding(caller, ref)
        if stack is None:
            return None
        stack.adapter.check_key(ref)
        answer = await ask(stack, caller, _kept_as(ref), lambda: stack.adapter.get_package(ref))
        package = answer.value
        if package is None or (ref.generation and not same_generation(ref.generation, package.ref.generation)):
            return None
        return package

    async def get_many(self, caller: Caller, refs: Sequence[ObjectId]) -> Sequence[Package | GatewayError | None]:
        """Packages by id, in the order asked, as a kept list shows them or whole. What could not be had is an error."""
        return await self._together.read(caller, refs)

    async def describe_many(
        self, caller: Caller, packages: Sequence[Package]
    ) -> Sequence[Package | GatewayError | None]:
        """The same packages, whole. One that could not be had is an error in its place."""
        return await each_or_error(packages, lambda package: self.get(caller, package.ref))

    async def used_by(self, caller: Caller, package: Package, first: int, after: str | None) -> Connection[Task]:
        """The tasks that use a package, finished ones too, newest first. A search cut short shows as FAILED."""
        check_first(first)
        stack = self._backends.of(caller, package.ref)
        return await self._users.page(stack, caller, package, first=first, after=after)


def _kept_as(ref: ObjectId) -> str:
    return f"package|{ref.key}"


@remembered
def _question(wanted: PackageFilter, order: PackageOrder) -> Question[Package]:
    return Question(
        order=(order.field.value, order.direction),
        key_of=_KEYS.get((order.field, order.direction)),
        keep=lambda package: _matches(package, wanted),
        narrowed=any(member is not None for member in (wanted.kind, wanted.text, wanted.product_key)),
        filter_key=binding(wanted).hex(),
        binding=binding("packages", wanted, order),
    )


def _matches(package: Package, wanted: PackageFilter) -> bool:
    if wanted.kind is not None and package.kind not in wanted.kind:
        return False
    if wanted.product_key is not None and package.product_key != wanted.product_key:
        return False
    if wanted.text is None:
        return True
    text = wanted.text.casefold()
    return text in package.name.casefold() or text in (package.description or "").casefold()
