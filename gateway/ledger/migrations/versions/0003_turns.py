"""Which entry has an object's turn, so that over all processes one change of it is made at a time."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_ID = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    """Add the table."""
    op.create_table(
        "turns",
        sa.Column("digest", sa.String(64), primary_key=True),
        sa.Column("entry_id", _ID, sa.ForeignKey("audit_entries.id"), nullable=False),
    )


def downgrade() -> None:
    """Refused: an audit is not dropped by a command."""
    raise RuntimeError("The ledger is never taken down by a migration; restore a backup instead.")
