"""Until when the lease of a watch may be renewed."""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Add it. Leases that somebody has now cannot be renewed: they end as they would have."""
    op.add_column("watches", sa.Column("renewable_until", ID, nullable=True))


def downgrade() -> None:
    """Forget it."""
    op.drop_column("watches", "renewable_until")
