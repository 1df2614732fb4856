"""The configured backends by name."""

from collections.abc import Iterable, Iterator, Sequence

from gateway.backends.stack import BackendStack


class BackendRegistry:
    """All backends, in the order of the configuration."""

    def __init__(self, stacks: Iterable[BackendStack]) -> None:
        self._stacks = {stack.name: stack for stack in stacks}
        self.all: Sequence[BackendStack] = tuple(self._stacks.values())

    def __iter__(self) -> Iterator[BackendStack]:
        return iter(self.all)

    def find(self, name: str) -> BackendStack | None:
        """The backend of that name."""
        return self._stacks.get(name)

    def names(self) -> list[str]:
        """The configured names."""
        return list(self._stacks)
