"""Which organisations review what is held or has concerns."""

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add since when. None of them does, until the operator names it."""
    op.add_column("organisations", sa.Column("reviews_since", sa.Date, nullable=True))


def downgrade() -> None:
    """Forget it: the operator alone reviews."""
    op.drop_column("organisations", "reviews_since")
