"""A name of its own for each store, so that an index is never taken for another one's."""

import secrets

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table and give this store its name."""
    identity = op.create_table(
        "identity",
        sa.Column("name", sa.String(32), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_identity")),
    )
    op.bulk_insert(identity, [{"name": secrets.token_hex(16)}])


def downgrade() -> None:
    """Forget the name."""
    op.drop_table("identity")
