"""Which backends a list asks, by the filter's names and vendors."""

from collections.abc import Sequence

from gateway.backends.registry import BackendRegistry
from gateway.backends.stack import BackendStack
from gateway.services.asking import named_stack


def selected(
    registry: BackendRegistry, backends: Sequence[str] | None, vendors: Sequence[str] | None
) -> Sequence[BackendStack]:
    """The backends a filter lets through, in configuration order. Raises InvalidInput for a name that is none."""
    if backends is None and vendors is None:
        return registry.all
    for index, name in enumerate(backends or ()):
        named_stack(registry, name, path=("filter", "backends", str(index)))
    wanted_names = None if backends is None else set(backends)
    wanted_vendors = None if vendors is None else {str(vendor) for vendor in vendors}
    return [
        stack
        for stack in registry
        if (wanted_names is None or stack.name in wanted_names)
        and (wanted_vendors is None or stack.backend.vendor in wanted_vendors)
    ]
