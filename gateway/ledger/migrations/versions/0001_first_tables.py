"""Audit entries with their targets, idempotency claims, tombstones."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

_ID = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
_MOMENT = sa.DateTime(timezone=True)
_IS_OPEN = sa.text("state = 'OPEN'")


def upgrade() -> None:
    """Build the tables."""
    op.create_table(
        "audit_entries",
        sa.Column("id", _ID, primary_key=True),
        sa.Column("at", _MOMENT, nullable=False),
        sa.Column("closed_at", _MOMENT),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("actor", sa.Text, nullable=False),
        sa.Column("operation", sa.String(64), nullable=False),
        sa.Column("backend", sa.String(64), nullable=False),
        sa.Column("outcome", sa.String(64)),
        sa.Column("reason", sa.Text),
        sa.Column("idempotency_key", sa.Text),
        sa.Column("before", sa.JSON),
        sa.Column("after", sa.JSON),
        sa.Column("vendor_request_ids", sa.JSON),
        sa.Column("result", sa.JSON),
    )
    op.create_index("audit_entries_by_time", "audit_entries", ["at", "id"])
    op.create_index("audit_entries_by_backend", "audit_entries", ["backend", "at", "id"])
    op.create_index("audit_entries_by_actor", "audit_entries", ["actor", "at", "id"])
    op.create_index("audit_entries_by_operation", "audit_entries", ["operation", "at", "id"])
    op.create_index("audit_entries_by_outcome", "audit_entries", ["outcome", "at", "id"])
    op.create_index("audit_entries_open", "audit_entries", ["at"], sqlite_where=_IS_OPEN, postgresql_where=_IS_OPEN)
    op.create_table(
        "audit_targets",
        sa.Column("entry_id", _ID, sa.ForeignKey("audit_entries.id"), nullable=False),
        sa.Column("position", sa.Integer, nullable=False),
        sa.Column("target", sa.Text, nullable=False),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.PrimaryKeyConstraint("entry_id", "position"),
    )
    op.create_index("audit_targets_by_target", "audit_targets", ["digest", "entry_id"])
    op.create_table(
        "idempotency_claims",
        sa.Column("digest", sa.String(64), primary_key=True),
        sa.Column("input_digest", sa.Text, nullable=False),
        sa.Column("claimed_at", _MOMENT, nullable=False),
        sa.Column(
            "entry_id",
            _ID,
            sa.ForeignKey("audit_entries.id", deferrable=True, initially="DEFERRED"),
            nullable=False,
        ),
    )
    op.create_table(
        "tombstones",
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("backend", sa.String(64), nullable=False),
        sa.Column("object_key", sa.Text, nullable=False),
        sa.Column("generation", sa.Text, nullable=False),
        sa.Column("at", _MOMENT, nullable=False),
        sa.Column("entry_id", _ID, sa.ForeignKey("audit_entries.id"), nullable=False),
        sa.PrimaryKeyConstraint("kind", "backend", "object_key", "generation"),
    )


def downgrade() -> None:
    """Refused: an audit is not dropped by a command."""
    raise RuntimeError("The ledger is never taken down by a migration; restore a backup instead.")
