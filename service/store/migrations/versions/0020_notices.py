"""Notices of removal, and which platforms ask for them."""

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0018"
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "notices",
        sa.Column("id", ID, nullable=False),
        sa.Column("case_id", ID, nullable=False),
        sa.Column("n", sa.Integer(), nullable=False),
        sa.Column("reference", sa.String(length=24), nullable=False),
        sa.Column("regime", sa.String(length=16), nullable=False),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("about", sa.LargeBinary(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=True),
        sa.Column("actor_id", ID, nullable=True),
        sa.Column("receipt", sa.String(length=24), nullable=True),
        sa.Column("made_on", sa.Date(), nullable=False),
        sa.Column("changed_on", sa.Date(), nullable=False),
        sa.Column("sent_at", ID, nullable=True),
        sa.Column("clock_from", ID, nullable=True),
        sa.Column("reason", sa.String(length=16), nullable=True),
        sa.Column("says", sa.LargeBinary(), nullable=True),
        sa.ForeignKeyConstraint(["actor_id"], ["actors.id"], name=op.f("fk_notices_actor_id")),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_notices_case_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notices")),
        sa.UniqueConstraint("case_id", "n", name=op.f("uq_notices_case_id_n")),
        sa.UniqueConstraint("receipt", name=op.f("uq_notices_receipt")),
        sa.UniqueConstraint("reference", name=op.f("uq_notices_reference")),
    )
    for column in ("actor_id", "case_id", "changed_on"):
        op.create_index(op.f(f"ix_notices_{column}"), "notices", [column], unique=False)
    op.create_table(
        "notice_takers",
        sa.Column("actor_id", ID, autoincrement=False, nullable=False),
        sa.Column("asked_on", sa.Date(), nullable=False),
        sa.ForeignKeyConstraint(
            ["actor_id"], ["actors.id"], name=op.f("fk_notice_takers_actor_id")
        ),
        sa.PrimaryKeyConstraint("actor_id", name=op.f("pk_notice_takers")),
    )


def downgrade() -> None:
    """Remove the tables: drafts, clocks and outcomes are lost."""
    op.drop_table("notice_takers")
    op.drop_table("notices")
