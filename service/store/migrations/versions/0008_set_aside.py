"""Contents that the worker could not reconcile, so that they hold up no other."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "set_aside",
        sa.Column("space", sa.String(8), nullable=False),
        sa.Column("content_id", ID, autoincrement=False, nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("error", sa.String(80), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("again", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("space", "content_id", name=op.f("pk_set_aside")),
    )


def downgrade() -> None:
    """Forget what was set aside."""
    op.drop_table("set_aside")
