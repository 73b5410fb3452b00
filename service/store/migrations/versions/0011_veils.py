"""What each platform's answers about a stored signal do not depend on."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "veils",
        sa.Column("actor_id", ID, nullable=False),
        sa.Column("signal_id", ID, nullable=False),
        sa.Column("near", sa.LargeBinary(32), nullable=False),
        sa.Column("match", sa.LargeBinary(32), nullable=True),
        sa.Column("asked", sa.LargeBinary(8), nullable=False),
        sa.Column("in_force", sa.Boolean(), nullable=False),
        sa.Column("changed_on", sa.Date(), nullable=False),
        sa.Column("probed_on", sa.Date(), nullable=True),
        sa.ForeignKeyConstraint(["actor_id"], ["actors.id"], name=op.f("fk_veils_actor_id")),
        sa.ForeignKeyConstraint(
            ["signal_id"], ["signals.id"], name=op.f("fk_veils_signal_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("actor_id", "signal_id", name=op.f("pk_veils")),
    )
    op.create_index(op.f("ix_veils_signal_id"), "veils", ["signal_id"], unique=False)
    op.create_index(op.f("ix_veils_changed_on"), "veils", ["changed_on"], unique=False)


def downgrade() -> None:
    """Forget the veils: whoever asks begins anew."""
    op.drop_index(op.f("ix_veils_changed_on"), table_name="veils")
    op.drop_index(op.f("ix_veils_signal_id"), table_name="veils")
    op.drop_table("veils")
