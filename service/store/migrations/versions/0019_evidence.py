"""Evidence: records and files that owners sealed, their chain, and time stamps of it."""

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
DIGEST = sa.LargeBinary(length=32)


def upgrade() -> None:
    """Make the tables."""
    _vaults()
    _items()
    _chain()
    _stamps()
    op.create_table(
        "evidence_discards",
        sa.Column("id", ID, nullable=False),
        sa.Column("path", sa.String(length=80), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_evidence_discards")),
        sqlite_autoincrement=True,
    )


def _of_case(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f(f"fk_{table}_case_id"))


def _vaults() -> None:
    op.create_table(
        "vaults",
        sa.Column("case_id", ID, nullable=False),
        sa.Column("folder", sa.String(length=32), nullable=False),
        sa.Column("sequence", sa.Integer(), nullable=False),
        sa.Column("link", DIGEST, nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("reserved", sa.BigInteger(), nullable=False),
        sa.Column("stored", sa.BigInteger(), nullable=False),
        sa.Column("records", sa.Integer(), nullable=False),
        sa.Column("files", sa.Integer(), nullable=False),
        sa.Column("under_18", sa.Boolean(), nullable=False),
        sa.Column("stamp_at", sa.BigInteger(), nullable=True),
        _of_case("vaults"),
        sa.PrimaryKeyConstraint("case_id", name=op.f("pk_vaults")),
        sa.UniqueConstraint("folder", name=op.f("uq_vaults_folder")),
    )
    op.create_index(op.f("ix_vaults_stamp_at"), "vaults", ["stamp_at"], unique=False)


def _items() -> None:
    op.create_table(
        "evidence_items",
        sa.Column("id", ID, nullable=False),
        sa.Column("case_id", ID, nullable=False),
        sa.Column("item", sa.String(length=32), nullable=False),
        sa.Column("kind", sa.String(length=8), nullable=False),
        sa.Column("state", sa.String(length=8), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("chunks", sa.Integer(), nullable=False),
        sa.Column("digest", DIGEST, nullable=True),
        sa.Column("until_on", sa.Date(), nullable=True),
        _of_case("evidence_items"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_evidence_items")),
        sa.UniqueConstraint("case_id", "item", name=op.f("uq_evidence_items_case_id_item")),
        sqlite_autoincrement=True,
    )
    op.create_index(
        op.f("ix_evidence_items_until_on"), "evidence_items", ["until_on"], unique=False
    )
    op.create_table(
        "evidence_chunks",
        sa.Column("item_id", ID, nullable=False),
        sa.Column("n", sa.Integer(), nullable=False),
        sa.Column("digest", DIGEST, nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["item_id"],
            ["evidence_items.id"],
            name=op.f("fk_evidence_chunks_item_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("item_id", "n", name=op.f("pk_evidence_chunks")),
    )


def _chain() -> None:
    op.create_table(
        "evidence_chain",
        sa.Column("case_id", ID, nullable=False),
        sa.Column("sequence", sa.Integer(), nullable=False),
        sa.Column("act", sa.String(length=8), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("item", sa.String(length=32), nullable=False),
        sa.Column("digest", DIGEST, nullable=False),
        sa.Column("link", DIGEST, nullable=False),
        _of_case("evidence_chain"),
        sa.PrimaryKeyConstraint("case_id", "sequence", name=op.f("pk_evidence_chain")),
    )


def _stamps() -> None:
    op.create_table(
        "evidence_stamps",
        sa.Column("case_id", ID, nullable=False),
        sa.Column("sequence", sa.Integer(), nullable=False),
        sa.Column("authority", sa.String(length=32), nullable=False),
        sa.Column("token", sa.LargeBinary(), nullable=False),
        _of_case("evidence_stamps"),
        sa.PrimaryKeyConstraint(
            "case_id", "sequence", "authority", name=op.f("pk_evidence_stamps")
        ),
    )
    op.create_table(
        "stamps_due",
        sa.Column("case_id", ID, nullable=False),
        sa.Column("authority", sa.String(length=32), nullable=False),
        sa.Column("due_at", sa.BigInteger(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        _of_case("stamps_due"),
        sa.PrimaryKeyConstraint("case_id", "authority", name=op.f("pk_stamps_due")),
    )
    op.create_index(op.f("ix_stamps_due_due_at"), "stamps_due", ["due_at"], unique=False)


def downgrade() -> None:
    """Forget all evidence. Its chunks stay in their folder, which nobody looks at then."""
    for table in (
        "evidence_discards",
        "stamps_due",
        "evidence_stamps",
        "evidence_chain",
        "evidence_chunks",
        "evidence_items",
        "vaults",
    ):
        op.drop_table(table)
