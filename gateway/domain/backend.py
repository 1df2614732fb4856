"""A backend: one configured vendor account, region or instance, under the operator's own name."""

from dataclasses import dataclass, field

from gateway.domain.operations import Capability, Operation, Support


@dataclass(frozen=True, slots=True, kw_only=True)
class Backend:
    """Who a backend is and what it can do.

    `vendor` is the value its manifest supplies to the OtaVendor enum, such as AWS_IOT. `name` is the operator's
    alias; it stands in ids, so that no account number does.
    """

    name: str
    vendor: str
    region: str | None = None
    read_only: bool = False
    capabilities: tuple[Capability, ...] = ()
    _by_operation: dict[Operation, Capability] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_by_operation", {c.operation: c for c in self.capabilities})

    def capability(self, operation: Operation) -> Capability:
        """The vendor's stand on `operation`; one the manifest does not name is NONE."""
        known = self._by_operation.get(operation)
        return known or Capability(operation=operation, support=Support.NONE)

    def supports(self, operation: Operation) -> bool:
        """Whether the vendor has `operation` at all."""
        return self.capability(operation).support is not Support.NONE
