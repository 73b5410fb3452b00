"""Alerts: how owners may be told, the outbox, and what is on its way."""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Make the tables. Nobody is told anything before they have asked for it."""
    op.create_table(
        "contacts",
        sa.Column("case_id", ID, nullable=False),
        sa.Column("preferences", sa.LargeBinary(), nullable=False),
        sa.Column("ask_on", sa.Date(), nullable=False),
        sa.Column("muted_until", sa.Date(), nullable=True),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_contacts_case_id")),
        sa.PrimaryKeyConstraint("case_id", name=op.f("pk_contacts")),
    )
    op.create_table(
        "channels",
        sa.Column("id", ID, nullable=False),
        sa.Column("case_id", ID, nullable=False),
        sa.Column("kind", sa.String(length=8), nullable=False),
        sa.Column("status", sa.String(length=12), nullable=False),
        sa.Column("address", sa.LargeBinary(), nullable=True),
        sa.Column("token_hash", sa.LargeBinary(length=32), nullable=True),
        sa.Column("secret", sa.LargeBinary(), nullable=True),
        sa.Column("test_reference", sa.String(length=24), nullable=True),
        sa.Column("guesses", sa.SmallInteger(), nullable=False),
        sa.Column("set_on", sa.Date(), nullable=False),
        sa.Column("last_at", ID, nullable=True),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_channels_case_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_channels")),
        sa.UniqueConstraint("case_id", "kind", name=op.f("uq_channels_case_id_kind")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_channels_token_hash")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "alerts",
        sa.Column("id", ID, nullable=False),
        sa.Column("case_id", ID, nullable=False),
        sa.Column("cause", sa.String(length=12), nullable=False),
        sa.Column("request_id", ID, nullable=True),
        sa.Column("visit_id", ID, nullable=True),
        sa.Column("after_position", ID, nullable=True),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_alerts_case_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_alerts")),
    )
    op.create_index(op.f("ix_alerts_case_id"), "alerts", ["case_id"], unique=False)
    op.create_table(
        "deliveries",
        sa.Column("id", ID, nullable=False),
        sa.Column("channel_id", ID, nullable=False),
        sa.Column("reference", sa.String(length=24), nullable=False),
        sa.Column("test", sa.Boolean(), nullable=False),
        sa.Column("state", sa.String(length=8), nullable=False),
        sa.Column("due_at", ID, nullable=True),
        sa.Column("claimed_until", ID, nullable=True),
        sa.Column("attempts", sa.SmallInteger(), nullable=False),
        sa.Column("unsure", sa.Boolean(), nullable=False),
        sa.Column("trouble", sa.String(length=24), nullable=True),
        sa.Column("ended_on", sa.Date(), nullable=True),
        sa.ForeignKeyConstraint(
            ["channel_id"],
            ["channels.id"],
            name=op.f("fk_deliveries_channel_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_deliveries")),
        sa.UniqueConstraint("reference", name=op.f("uq_deliveries_reference")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_deliveries_channel_id"), "deliveries", ["channel_id"], unique=False)
    op.create_index("ix_deliveries_state_due_at", "deliveries", ["state", "due_at"], unique=False)
    op.create_table(
        "contact_tests",
        sa.Column("address_hash", sa.LargeBinary(length=32), nullable=False),
        sa.Column("since", sa.Date(), nullable=False),
        sa.Column("count", sa.SmallInteger(), nullable=False),
        sa.PrimaryKeyConstraint("address_hash", name=op.f("pk_contact_tests")),
    )
    op.create_index(op.f("ix_contact_tests_since"), "contact_tests", ["since"], unique=False)


def downgrade() -> None:
    """Forget how anybody may be told, and what was on its way."""
    op.drop_index(op.f("ix_contact_tests_since"), table_name="contact_tests")
    op.drop_table("contact_tests")
    op.drop_index("ix_deliveries_state_due_at", table_name="deliveries")
    op.drop_index(op.f("ix_deliveries_channel_id"), table_name="deliveries")
    op.drop_table("deliveries")
    op.drop_index(op.f("ix_alerts_case_id"), table_name="alerts")
    op.drop_table("alerts")
    op.drop_table("channels")
    op.drop_table("contacts")
