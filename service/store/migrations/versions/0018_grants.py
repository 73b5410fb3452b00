"""Grants of owners, links for an intake, and what organisations keep about cases."""

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
DIGEST = sa.LargeBinary(length=32)


def upgrade() -> None:
    """Make the tables."""
    _grants()
    _links()
    _casework()


def _grants() -> None:
    op.create_table(
        "grants",
        sa.Column("id", ID, nullable=False),
        sa.Column("case_id", ID, nullable=False),
        sa.Column("n", sa.Integer(), nullable=False),
        sa.Column("organisation_id", ID, nullable=True),
        sa.Column("reference", sa.String(length=16), nullable=True),
        sa.Column("code_hash", DIGEST, nullable=True),
        sa.Column("scopes", sa.String(length=80), nullable=False),
        sa.Column("made_on", sa.Date(), nullable=False),
        sa.Column("code_until_on", sa.Date(), nullable=False),
        sa.Column("until_on", sa.Date(), nullable=False),
        sa.Column("held_on", sa.Date(), nullable=True),
        sa.Column("ended_on", sa.Date(), nullable=True),
        sa.Column("by_link", sa.Boolean(), nullable=False),
        sa.Column("confirmed_on", sa.Date(), nullable=True),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_grants_case_id")),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisations.id"], name=op.f("fk_grants_organisation_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_grants")),
        sa.UniqueConstraint("case_id", "n", name=op.f("uq_grants_case_id_n")),
        sa.UniqueConstraint("code_hash", name=op.f("uq_grants_code_hash")),
        sa.UniqueConstraint("reference", name=op.f("uq_grants_reference")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_grants_case_id"), "grants", ["case_id"], unique=False)
    op.create_index(op.f("ix_grants_organisation_id"), "grants", ["organisation_id"], unique=False)


def _links() -> None:
    op.create_table(
        "intake_links",
        sa.Column("id", ID, nullable=False),
        sa.Column("organisation_id", ID, nullable=False),
        sa.Column("member_id", ID, nullable=False),
        sa.Column("code_hash", DIGEST, nullable=False),
        sa.Column("scopes", sa.String(length=80), nullable=False),
        sa.Column("days", sa.Integer(), nullable=False),
        sa.Column("made_on", sa.Date(), nullable=False),
        sa.Column("code_until_on", sa.Date(), nullable=False),
        sa.ForeignKeyConstraint(
            ["member_id"], ["members.id"], name=op.f("fk_intake_links_member_id")
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisations.id"], name=op.f("fk_intake_links_organisation_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_intake_links")),
        sa.UniqueConstraint("code_hash", name=op.f("uq_intake_links_code_hash")),
        sqlite_autoincrement=True,
    )
    op.create_index(
        op.f("ix_intake_links_code_until_on"), "intake_links", ["code_until_on"], unique=False
    )
    op.create_index(
        op.f("ix_intake_links_organisation_id"), "intake_links", ["organisation_id"], unique=False
    )


def _casework() -> None:
    op.create_table(
        "case_looks",
        sa.Column("member_id", ID, nullable=False),
        sa.Column("case_id", ID, nullable=False),
        sa.Column("looked_on", sa.Date(), nullable=False),
        sa.Column("items", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_case_looks_case_id")),
        sa.ForeignKeyConstraint(
            ["member_id"], ["members.id"], name=op.f("fk_case_looks_member_id")
        ),
        sa.PrimaryKeyConstraint("member_id", "case_id", name=op.f("pk_case_looks")),
    )
    op.create_index(op.f("ix_case_looks_case_id"), "case_looks", ["case_id"], unique=False)
    op.create_table(
        "case_notes",
        sa.Column("id", ID, nullable=False),
        sa.Column("case_id", ID, nullable=False),
        sa.Column("organisation_id", ID, nullable=False),
        sa.Column("member_id", ID, nullable=False),
        sa.Column("layer", sa.String(length=8), nullable=False),
        sa.Column("title", sa.LargeBinary(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("written_on", sa.Date(), nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_case_notes_case_id")),
        sa.ForeignKeyConstraint(
            ["member_id"], ["members.id"], name=op.f("fk_case_notes_member_id")
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisations.id"], name=op.f("fk_case_notes_organisation_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_case_notes")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_case_notes_case_id"), "case_notes", ["case_id"], unique=False)
    op.create_index(
        op.f("ix_case_notes_organisation_id"), "case_notes", ["organisation_id"], unique=False
    )
    op.create_table(
        "casework",
        sa.Column("case_id", ID, nullable=False),
        sa.Column("organisation_id", ID, nullable=False),
        sa.Column("assigned_to", ID, nullable=True),
        sa.Column("tags", sa.LargeBinary(), nullable=True),
        sa.Column("due_on", sa.Date(), nullable=True),
        sa.ForeignKeyConstraint(
            ["assigned_to"], ["members.id"], name=op.f("fk_casework_assigned_to")
        ),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_casework_case_id")),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisations.id"], name=op.f("fk_casework_organisation_id")
        ),
        sa.PrimaryKeyConstraint("case_id", "organisation_id", name=op.f("pk_casework")),
    )
    op.create_index(op.f("ix_casework_assigned_to"), "casework", ["assigned_to"], unique=False)
    op.create_index(
        op.f("ix_casework_organisation_id"), "casework", ["organisation_id"], unique=False
    )


def downgrade() -> None:
    """Remove the tables: owners have to grant anew, and what organisations noted is lost."""
    for table in ("case_looks", "case_notes", "casework", "intake_links", "grants"):
        op.drop_table(table)
