"""Withdrawals that can be undone until a day: which day, and what the entry was before."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the columns; every withdrawal there is, is final."""
    op.add_column("cases", sa.Column("erase_on", sa.Date(), nullable=True))
    op.create_index(op.f("ix_cases_erase_on"), "cases", ["erase_on"], unique=False)
    op.add_column("entries", sa.Column("undo_to", sa.String(12), nullable=True))
    op.add_column("entries", sa.Column("erase_on", sa.Date(), nullable=True))


def downgrade() -> None:
    """Make every withdrawal final, as the versions before know no other; forget the columns."""
    op.execute(
        "DELETE FROM signals WHERE entry_id IN"
        " (SELECT id FROM entries WHERE status = 'withdrawing')"
    )
    op.execute(
        "UPDATE entries SET status = 'withdrawn', reason = NULL, document_hash = NULL"
        " WHERE status = 'withdrawing'"
    )
    op.execute("UPDATE cases SET note = NULL WHERE erase_on IS NOT NULL")
    op.drop_column("entries", "erase_on")
    op.drop_column("entries", "undo_to")
    op.drop_index(op.f("ix_cases_erase_on"), table_name="cases")
    op.drop_column("cases", "erase_on")
