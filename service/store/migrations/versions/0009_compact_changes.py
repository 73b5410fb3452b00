"""A change of many signals is one row, and rows that every follower has passed are deleted."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Add the columns and the table; a change there is, is one of the signal it names."""
    op.add_column("changes", sa.Column("last_id", ID, nullable=True))
    op.create_table(
        "followers",
        sa.Column("name", sa.String(32), nullable=False),
        sa.Column("position", ID, nullable=False),
        sa.Column("seen_on", sa.Date(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_followers")),
    )
    op.add_column("cases", sa.Column("undone_on", sa.Date(), nullable=True))
    op.add_column("cases", sa.Column("undone", sa.Integer(), nullable=True))


def downgrade() -> None:
    """Forget the columns. Versions before read the whole store if the identity is another.

    They know no changes of many signals, so the changes are deleted. A row is left, because
    they take the newest position for that of the store.
    """
    op.execute("DELETE FROM changes WHERE position < (SELECT MAX(position) FROM changes)")
    op.execute("UPDATE progress SET position = (SELECT COALESCE(MAX(position), 0) FROM changes)")
    op.drop_column("cases", "undone")
    op.drop_column("cases", "undone_on")
    op.drop_table("followers")
    op.drop_column("changes", "last_id")
