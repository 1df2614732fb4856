"""The gateway's own memory: audit entries, idempotency keys and tombstones, in SQLite or PostgreSQL."""

from gateway.ledger.ledger import Ledger, Replay, Started, Tombstone
from gateway.ledger.upgrading import migrate

__all__ = ["Ledger", "Replay", "Started", "Tombstone", "migrate"]
