"""Which journals of sightings are in the store, so that none is copied twice."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "drained",
        sa.Column("name", sa.String(32), nullable=False),
        sa.Column("drained_on", sa.Date(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_drained")),
    )
    op.create_index(op.f("ix_drained_drained_on"), "drained", ["drained_on"], unique=False)


def downgrade() -> None:
    """Forget the names."""
    op.drop_index(op.f("ix_drained_drained_on"), table_name="drained")
    op.drop_table("drained")
