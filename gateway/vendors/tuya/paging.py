"""Continuations: Tuya pages by number, so the size of a walk's pages must stay what it was at its start."""

from dataclasses import dataclass

from gateway.domain.errors import InvalidInput
from gateway.domain.page import PageRequest


@dataclass(frozen=True, slots=True)
class Numbered:
    """A place in a list paged by number: `page.size`."""

    page: int
    size: int

    @classmethod
    def of(cls, request: PageRequest, largest: int) -> "Numbered":
        """The place a request asks for. Raises InvalidInput for a text that is no continuation."""
        if request.after is None:
            return cls(1, min(request.size, largest))
        page, size = _numbers(request.after, 2)
        return cls(max(page, 1), min(max(size, 1), largest))

    def following(self, *, more: bool) -> str | None:
        """The continuation, where another page follows."""
        return f"{self.page + 1}.{self.size}" if more else None


@dataclass(frozen=True, slots=True)
class PackageWalk:
    """A place in the walk over products, their packages, and each package's batches.

    `product` counts the configured products. `packages` are the ids still to visit of the page of packages last
    read, the first of them at page `page` of its batches; `next_page` is the page of packages to read after them,
    0 when the product has no more. Carrying the ids saves reading their page again for each package.
    """

    product: int
    next_page: int
    page: int
    size: int
    packages: tuple[str, ...] = ()

    @classmethod
    def of(cls, request: PageRequest, largest: int) -> "PackageWalk":
        """The place a request asks for. Raises InvalidInput for a text that is no continuation."""
        if request.after is None:
            return cls(0, 1, 1, min(request.size, largest))
        numbers, _, ids = request.after.partition(":")
        product, next_page, page, size = _numbers(numbers, 4)
        packages = tuple(ids.split(",")) if ids else ()
        return cls(product, next_page, max(page, 1), min(max(size, 1), largest), packages)

    def with_packages(self, ids: tuple[str, ...], *, more: bool) -> "PackageWalk":
        """The walk after reading a page of packages."""
        return PackageWalk(self.product, self.next_page + 1 if more else 0, 1, self.size, ids)

    def after_batches(self, *, more: bool) -> "PackageWalk":
        """The walk after reading a page of the first package's batches."""
        if more:
            return PackageWalk(self.product, self.next_page, self.page + 1, self.size, self.packages)
        return PackageWalk(self.product, self.next_page, 1, self.size, self.packages[1:])

    def continuation(self, products: int) -> str | None:
        """Where to go on; None at the end of the last product."""
        product, next_page = self.product, self.next_page
        if not self.packages and not next_page:
            product, next_page = product + 1, 1
            if product >= products:
                return None
        return f"{product}.{next_page}.{self.page}.{self.size}:{','.join(self.packages)}"


def _numbers(text: str, count: int) -> list[int]:
    parts = text.split(".")
    if len(parts) != count or not all(part.isascii() and part.isdecimal() and len(part) < 10 for part in parts):
        raise stale_continuation()
    return [int(part) for part in parts]


def stale_continuation() -> InvalidInput:
    """The error for a continuation that does not fit this list."""
    rule = "a continuation of this list as it is configured now; begin again"
    return InvalidInput("This cursor no longer fits.", path=("after",), rule=rule)
