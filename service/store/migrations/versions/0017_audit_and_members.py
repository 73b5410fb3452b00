"""The audit; organisations, members, and how these sign in."""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
DIGEST = sa.LargeBinary(length=32)


def upgrade() -> None:
    """Make the tables, and begin the audit."""
    _audit()
    _members()
    _signing_in()


def _audit() -> None:
    op.create_table(
        "audit",
        sa.Column("n", ID, autoincrement=False, nullable=False),
        sa.Column("day", sa.String(length=10), nullable=False),
        sa.Column("minute", sa.SmallInteger(), nullable=True),
        sa.Column("actor_kind", sa.String(length=12), nullable=False),
        sa.Column("actor_id", ID, nullable=True),
        sa.Column("act", sa.String(length=24), nullable=False),
        sa.Column("object_kind", sa.String(length=12), nullable=False),
        sa.Column("object_id", sa.String(length=64), nullable=False),
        sa.Column("case_tag", DIGEST, nullable=True),
        sa.Column("details", sa.String(length=200), nullable=False),
        sa.Column("previous", DIGEST, nullable=False),
        sa.Column("digest", DIGEST, nullable=False),
        sa.PrimaryKeyConstraint("n", name=op.f("pk_audit")),
    )
    op.create_index(op.f("ix_audit_case_tag"), "audit", ["case_tag"], unique=False)
    chain = op.create_table(
        "audit_chain",
        sa.Column("id", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("head_n", ID, nullable=False),
        sa.Column("head_digest", DIGEST, nullable=False),
        sa.Column("pruned_n", ID, nullable=False),
        sa.Column("pruned_digest", DIGEST, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit_chain")),
    )
    nothing = {"head_n": 0, "head_digest": bytes(32), "pruned_n": 0, "pruned_digest": bytes(32)}
    op.bulk_insert(chain, [{"id": 1, **nothing}])
    op.create_table(
        "audit_cases",
        sa.Column("case_id", ID, nullable=False),
        sa.Column("key", DIGEST, nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_audit_cases_case_id")),
        sa.PrimaryKeyConstraint("case_id", name=op.f("pk_audit_cases")),
    )


def _members() -> None:
    op.create_table(
        "organisations",
        sa.Column("id", ID, nullable=False),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("created_on", sa.Date(), nullable=False),
        sa.Column("disabled_on", sa.Date(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_organisations")),
        sa.UniqueConstraint("name", name=op.f("uq_organisations_name")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "members",
        sa.Column("id", ID, nullable=False),
        sa.Column("organisation_id", ID, nullable=False),
        sa.Column("name", sa.LargeBinary(), nullable=False),
        sa.Column("name_hash", DIGEST, nullable=False),
        sa.Column("role", sa.String(length=8), nullable=False),
        sa.Column("created_on", sa.Date(), nullable=False),
        sa.Column("disabled_on", sa.Date(), nullable=True),
        sa.Column("password_hash", sa.String(length=160), nullable=True),
        sa.Column("totp", sa.LargeBinary(), nullable=True),
        sa.Column("totp_step", ID, nullable=True),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisations.id"], name=op.f("fk_members_organisation_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_members")),
        sa.UniqueConstraint("name_hash", name=op.f("uq_members_name_hash")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_members_organisation_id"), "members", ["organisation_id"])
    op.create_table(
        "invitations",
        sa.Column("member_id", ID, nullable=False),
        sa.Column("code_hash", DIGEST, nullable=False),
        sa.Column("expires_at", ID, nullable=False),
        sa.ForeignKeyConstraint(["member_id"], ["members.id"], name=_of_member("invitations")),
        sa.PrimaryKeyConstraint("member_id", name=op.f("pk_invitations")),
        sa.UniqueConstraint("code_hash", name=op.f("uq_invitations_code_hash")),
    )


def _signing_in() -> None:
    op.create_table(
        "passkeys",
        sa.Column("id", ID, nullable=False),
        sa.Column("member_id", ID, nullable=False),
        sa.Column("credential_id", sa.LargeBinary(), nullable=False),
        sa.Column("public_key", sa.LargeBinary(), nullable=False),
        sa.Column("sign_count", ID, nullable=False),
        sa.Column("added_on", sa.Date(), nullable=False),
        sa.Column("used_on", sa.Date(), nullable=True),
        sa.ForeignKeyConstraint(["member_id"], ["members.id"], name=_of_member("passkeys")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_passkeys")),
        sa.UniqueConstraint("credential_id", name=op.f("uq_passkeys_credential_id")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_passkeys_member_id"), "passkeys", ["member_id"], unique=False)
    op.create_table(
        "recovery_codes",
        sa.Column("code_hash", DIGEST, nullable=False),
        sa.Column("member_id", ID, nullable=False),
        sa.ForeignKeyConstraint(["member_id"], ["members.id"], name=_of_member("recovery_codes")),
        sa.PrimaryKeyConstraint("code_hash", name=op.f("pk_recovery_codes")),
    )
    op.create_index(op.f("ix_recovery_codes_member_id"), "recovery_codes", ["member_id"])
    op.create_table(
        "sessions",
        sa.Column("id", ID, nullable=False),
        sa.Column("token_hash", DIGEST, nullable=False),
        sa.Column("member_id", ID, nullable=False),
        sa.Column("enrolling", sa.Boolean(), nullable=False),
        sa.Column("began_on", sa.Date(), nullable=False),
        sa.Column("began_at", ID, nullable=False),
        sa.Column("seen_at", ID, nullable=False),
        sa.Column("ends_at", ID, nullable=False),
        sa.ForeignKeyConstraint(["member_id"], ["members.id"], name=_of_member("sessions")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sessions")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_sessions_token_hash")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_sessions_member_id"), "sessions", ["member_id"], unique=False)
    op.create_index(op.f("ix_sessions_ends_at"), "sessions", ["ends_at"], unique=False)
    op.create_table(
        "used_challenges",
        sa.Column("challenge", DIGEST, nullable=False),
        sa.Column("expires_at", ID, nullable=False),
        sa.PrimaryKeyConstraint("challenge", name=op.f("pk_used_challenges")),
    )
    op.create_index(op.f("ix_used_challenges_expires_at"), "used_challenges", ["expires_at"])


def _of_member(table: str) -> str:
    return str(op.f(f"fk_{table}_member_id"))


def downgrade() -> None:
    """Remove the tables: members have to be invited again, and the audit is lost."""
    for table in (
        "used_challenges",
        "sessions",
        "recovery_codes",
        "passkeys",
        "invitations",
        "members",
        "organisations",
        "audit_cases",
        "audit_chain",
        "audit",
    ):
        op.drop_table(table)
