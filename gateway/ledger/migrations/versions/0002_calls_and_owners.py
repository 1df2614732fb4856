"""What was about to be sent to a vendor, which process looks after an open entry, and an audit that only grows.

From here on the database itself refuses to delete or rewrite: see docs/audit.md for what may still be updated.
"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_ID = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
_FIXED = ("id", "at", "actor", "operation", "backend", "reason", "idempotency_key")
_RESULT = ("closed_at", "outcome", "after", "vendor_request_ids", "result")
_GROWS_ONLY = ("audit_targets", "audit_calls", "tombstones")


def upgrade() -> None:
    """Add the tables' new parts, then the triggers."""
    op.add_column("audit_entries", sa.Column("instance", sa.String(32)))
    op.create_table(
        "audit_calls",
        sa.Column("entry_id", _ID, sa.ForeignKey("audit_entries.id"), nullable=False),
        sa.Column("number", sa.Integer, nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("objects", sa.JSON, nullable=False),
        sa.Column("wanted", sa.JSON, nullable=False),
        sa.PrimaryKeyConstraint("entry_id", "number"),
    )
    # Entries that an older gateway left open say what was there, not what was sent: it may have been a call each.
    op.execute(
        "INSERT INTO audit_calls (entry_id, number, at, objects, wanted) SELECT id, 0, at, '{}', '{}' "
        "FROM audit_entries WHERE state = 'OPEN' AND before IS NOT NULL"
    )
    if op.get_bind().dialect.name == "postgresql":
        _guard_postgresql()
    else:
        _guard_sqlite()


def downgrade() -> None:
    """Refused: an audit is not dropped by a command."""
    raise RuntimeError("The ledger is never taken down by a migration; restore a backup instead.")


def _unlawful(differs: str, cast: str = "") -> str:
    """Whether an update of an entry is none of: a note in an open one, its closing, a better word than UNKNOWN."""

    def any_of(columns: tuple[str, ...]) -> str:
        return " OR ".join(f'NEW."{one}"{cast} {differs} OLD."{one}"{cast}' for one in columns)

    return (
        f"({any_of(_FIXED)})"
        " OR NEW.state NOT IN ('OPEN', 'CLOSED')"
        f" OR (NEW.state = 'OPEN' AND (OLD.state <> 'OPEN' OR {any_of(_RESULT)}))"
        f" OR (OLD.state = 'CLOSED' AND ({any_of(('before', 'instance'))}))"
        f" OR (OLD.state = 'CLOSED' AND OLD.outcome <> 'UNKNOWN' AND ({any_of(_RESULT)}))"
    )


def _guard_sqlite() -> None:
    # REPLACE deletes without asking the triggers on DELETE.
    op.execute(
        "CREATE TRIGGER audit_entries_inserted BEFORE INSERT ON audit_entries "
        "WHEN EXISTS (SELECT 1 FROM audit_entries WHERE id = NEW.id) "
        "BEGIN SELECT RAISE(ABORT, 'audit entries are never replaced'); END"
    )
    op.execute(
        f"CREATE TRIGGER audit_entries_updated BEFORE UPDATE ON audit_entries WHEN {_unlawful('IS NOT')} "
        "BEGIN SELECT RAISE(ABORT, 'audit entries are never rewritten'); END"
    )
    keys = {
        "audit_targets": ("entry_id", "position"),
        "audit_calls": ("entry_id", "number"),
        "tombstones": ("kind", "backend", "object_key", "generation"),
    }
    for table, key in keys.items():
        same = " AND ".join(f"{one} = NEW.{one}" for one in key)
        op.execute(
            f"CREATE TRIGGER {table}_inserted BEFORE INSERT ON {table} "  # noqa: S608 - our own constants
            f"WHEN EXISTS (SELECT 1 FROM {table} WHERE {same}) BEGIN SELECT RAISE(IGNORE); END"
        )
        op.execute(
            f"CREATE TRIGGER {table}_updated BEFORE UPDATE ON {table} "
            f"BEGIN SELECT RAISE(ABORT, '{table} only grows'); END"
        )
    for table in ("audit_entries", *_GROWS_ONLY):
        op.execute(
            f"CREATE TRIGGER {table}_deleted BEFORE DELETE ON {table} "
            f"BEGIN SELECT RAISE(ABORT, '{table} only grows'); END"
        )


def _guard_postgresql() -> None:
    op.execute(
        "CREATE FUNCTION ota_audit_only_grows() RETURNS trigger LANGUAGE plpgsql AS $$ "
        "BEGIN RAISE EXCEPTION '% only grows', TG_TABLE_NAME USING ERRCODE = 'insufficient_privilege'; END $$"
    )
    op.execute(
        "CREATE FUNCTION ota_audit_entry_updated() RETURNS trigger LANGUAGE plpgsql AS $$ "
        f"BEGIN IF {_unlawful('IS DISTINCT FROM', '::text')} THEN "
        "RAISE EXCEPTION 'audit entries are never rewritten' USING ERRCODE = 'insufficient_privilege'; "
        "END IF; RETURN NEW; END $$"
    )
    op.execute(
        "CREATE TRIGGER audit_entries_updated BEFORE UPDATE ON audit_entries "
        "FOR EACH ROW EXECUTE FUNCTION ota_audit_entry_updated()"
    )
    for table in ("audit_entries", *_GROWS_ONLY):
        refused = "DELETE OR TRUNCATE" if table == "audit_entries" else "UPDATE OR DELETE OR TRUNCATE"
        op.execute(
            f"CREATE TRIGGER {table}_kept BEFORE {refused} ON {table} "
            "FOR EACH STATEMENT EXECUTE FUNCTION ota_audit_only_grows()"
        )
