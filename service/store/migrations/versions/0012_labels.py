"""What an owner calls an entry, as only the owner can read it."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column; entries that there are have no label."""
    op.add_column("entries", sa.Column("sealed_label", sa.LargeBinary(268), nullable=True))


def downgrade() -> None:
    """Forget the labels."""
    op.drop_column("entries", "sealed_label")
