"""A fingerprint of the secret, so that a store is never opened with another one."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column; the next start with a secret fills it."""
    op.add_column("identity", sa.Column("fingerprint", sa.LargeBinary(32), nullable=True))


def downgrade() -> None:
    """Forget the fingerprint."""
    op.drop_column("identity", "fingerprint")
