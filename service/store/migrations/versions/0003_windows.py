"""Signals of parts of a picture beside the whole's: which part."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

TABLES = ("signals", "excluded_signals", "observed_signals")


def upgrade() -> None:
    """Add the column; every signal there is, is of a whole or a frame."""
    for table in TABLES:
        op.add_column(table, sa.Column("window", sa.String(24), nullable=True))


def downgrade() -> None:
    """Forget the signals of parts, which would else pass for those of wholes, and the column."""
    for table in TABLES:
        op.execute(f'DELETE FROM {table} WHERE "window" IS NOT NULL')  # noqa: S608 (names above)
        op.drop_column(table, "window")
