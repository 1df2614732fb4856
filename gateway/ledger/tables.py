"""The ledger's tables as the code uses them. The migrations build them; a test holds the two equal."""

from datetime import UTC, datetime

from sqlalchemy import (
    JSON,
    Column,
    DateTime,
    Dialect,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    PrimaryKeyConstraint,
    String,
    Table,
    Text,
    TypeDecorator,
)

_FIRST = datetime.min.replace(tzinfo=UTC)
_LAST = datetime.max.replace(tzinfo=UTC)


def _in_utc(value: datetime) -> datetime:
    if value.tzinfo is None:
        return value.replace(tzinfo=UTC)
    try:
        return value.astimezone(UTC)
    except OverflowError:
        # Within a day of the calendar's first or last: a filter that asks for "ever".
        return _FIRST if value.year == _FIRST.year else _LAST


class UtcDateTime(TypeDecorator[datetime]):
    """A moment with microseconds. SQLite has no time zones, so there it is stored as UTC without one."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """To what the database stores."""
        if value is None:
            return None
        moment = _in_utc(value)
        return moment.replace(tzinfo=None) if dialect.name == "sqlite" else moment

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """From what the database stores."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if dialect.name == "sqlite" else value.astimezone(UTC)


# Pages continue after an id: both databases must order ids alike, whatever PostgreSQL's locale is.
_ID = Text().with_variant(Text(collation="C"), "postgresql")
_DATA = JSON(none_as_null=True)

metadata = MetaData()

# `instance`: the process that looks after an open entry; see presence.py.
entries = Table(
    "audit_entries",
    metadata,
    Column("id", _ID, primary_key=True),
    Column("at", UtcDateTime, nullable=False),
    Column("closed_at", UtcDateTime),
    Column("state", String(16), nullable=False),
    Column("actor", Text, nullable=False),
    Column("operation", String(64), nullable=False),
    Column("backend", String(64), nullable=False),
    Column("outcome", String(64)),
    Column("reason", Text),
    Column("idempotency_key", Text),
    Column("before", _DATA),
    Column("after", _DATA),
    Column("vendor_request_ids", _DATA),
    Column("result", _DATA),
    Column("instance", String(32)),
    Index("audit_entries_by_time", "at", "id"),
    Index("audit_entries_by_backend", "backend", "at", "id"),
    Index("audit_entries_by_actor", "actor", "at", "id"),
    Index("audit_entries_by_operation", "operation", "at", "id"),
    Index("audit_entries_by_outcome", "outcome", "at", "id"),
    # The migration narrows it to open entries; to say so here would import the dialect of a database not in use.
    Index("audit_entries_open", "at"),
)

# `digest`: a target may be an id of 4096 characters, more than PostgreSQL lets an index row hold.
targets = Table(
    "audit_targets",
    metadata,
    Column("entry_id", _ID, ForeignKey("audit_entries.id"), nullable=False),
    Column("position", Integer, nullable=False),
    Column("target", Text, nullable=False),
    Column("digest", String(64), nullable=False),
    PrimaryKeyConstraint("entry_id", "position"),
    Index("audit_targets_by_target", "digest", "entry_id"),
)

# What was about to be sent to a vendor, and when.
calls = Table(
    "audit_calls",
    metadata,
    Column("entry_id", _ID, ForeignKey("audit_entries.id"), nullable=False),
    Column("number", Integer, nullable=False),
    Column("at", UtcDateTime, nullable=False),
    Column("objects", _DATA, nullable=False),
    Column("wanted", _DATA, nullable=False),
    PrimaryKeyConstraint("entry_id", "number"),
)

# `digest` stands for actor and key together. The entry is written after its claim, hence the deferred reference.
claims = Table(
    "idempotency_claims",
    metadata,
    Column("digest", String(64), primary_key=True),
    Column("input_digest", Text, nullable=False),
    Column("claimed_at", UtcDateTime, nullable=False),
    Column(
        "entry_id",
        _ID,
        ForeignKey("audit_entries.id", deferrable=True, initially="DEFERRED"),
        nullable=False,
    ),
)

# `digest` stands for an object's kind, backend and key; the entry has its turn while it is open.
turns = Table(
    "turns",
    metadata,
    Column("digest", String(64), primary_key=True),
    Column("entry_id", _ID, ForeignKey("audit_entries.id"), nullable=False),
)

# `object_key`: the parts of the native key, percent-encoded and joined by "/".
tombstones = Table(
    "tombstones",
    metadata,
    Column("kind", String(16), nullable=False),
    Column("backend", String(64), nullable=False),
    Column("object_key", Text, nullable=False),
    Column("generation", Text, nullable=False),
    Column("at", UtcDateTime, nullable=False),
    Column("entry_id", _ID, ForeignKey("audit_entries.id"), nullable=False),
    PrimaryKeyConstraint("kind", "backend", "object_key", "generation"),
)
