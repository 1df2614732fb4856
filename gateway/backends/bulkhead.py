"""The bulkhead: how many calls to one backend may be under way, so that a slow vendor does not take everything."""

from gateway.backends.priority import Priority

# Changes have this part of the slots to themselves.
_KEPT_FOR_CHANGES = 8


class Bulkhead:
    """`most` slots. One in eight is kept for changes, so that no number of slow reads keeps a change out."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._for_reads = most - most // _KEPT_FOR_CHANGES
        self.under_way = 0

    def room(self, priority: Priority) -> int:
        """How many more calls of this priority may go; less than one for none."""
        return (self._most if priority is Priority.MUTATION else self._for_reads) - self.under_way

    def enter(self) -> None:
        """A call goes."""
        self.under_way += 1

    def leave(self) -> None:
        """It is back, or was never made."""
        self.under_way -= 1
