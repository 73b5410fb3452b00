"""The first tables."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Make every table."""
    op.create_table(
        "actors",
        sa.Column("id", ID, nullable=False),
        sa.Column("role", sa.String(length=12), nullable=False),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("key_id", sa.String(length=16), nullable=False),
        sa.Column("key_hash", sa.LargeBinary(length=32), nullable=False),
        sa.Column("created_on", sa.Date(), nullable=False),
        sa.Column("revoked_on", sa.Date(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_actors")),
        sa.UniqueConstraint("key_id", name=op.f("uq_actors_key_id")),
    )
    op.create_table(
        "cases",
        sa.Column("id", ID, nullable=False),
        sa.Column("number", sa.String(length=12), nullable=False),
        sa.Column("access_hash", sa.LargeBinary(length=32), nullable=False),
        sa.Column("document_hash", sa.LargeBinary(length=32), nullable=False),
        sa.Column("subject", sa.String(length=16), nullable=False),
        sa.Column("note", sa.LargeBinary(), nullable=True),
        sa.Column("opened_on", sa.Date(), nullable=False),
        sa.Column("withdrawn_on", sa.Date(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_cases")),
        sa.UniqueConstraint("access_hash", name=op.f("uq_cases_access_hash")),
        sa.UniqueConstraint("number", name=op.f("uq_cases_number")),
    )
    op.create_table(
        "changes",
        sa.Column("position", ID, autoincrement=True, nullable=False),
        sa.Column("space", sa.String(length=8), nullable=False),
        sa.Column("change", sa.String(length=8), nullable=False),
        sa.Column("signal_id", ID, nullable=False),
        sa.PrimaryKeyConstraint("position", name=op.f("pk_changes")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "excluded_signals",
        sa.Column("id", ID, nullable=False),
        sa.Column("type", sa.String(length=8), nullable=False),
        sa.Column("value", sa.LargeBinary(length=32), nullable=False),
        sa.Column("quality", sa.SmallInteger(), nullable=True),
        sa.Column("at_ms", sa.Integer(), nullable=True),
        sa.Column("until_ms", sa.Integer(), nullable=True),
        sa.Column("added_on", sa.Date(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_excluded_signals")),
        sa.UniqueConstraint("type", "value", name=op.f("uq_excluded_signals_type_value")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "progress",
        sa.Column("name", sa.String(length=16), nullable=False),
        sa.Column("position", ID, nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_progress")),
    )
    op.create_table(
        "entries",
        sa.Column("id", ID, nullable=False),
        sa.Column("case_id", ID, nullable=False),
        sa.Column("n", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=8), nullable=False),
        sa.Column("status", sa.String(length=12), nullable=False),
        sa.Column("reason", sa.String(length=16), nullable=True),
        sa.Column("reviewed", sa.Boolean(), nullable=False),
        sa.Column("added_on", sa.Date(), nullable=False),
        sa.Column("document_hash", sa.LargeBinary(length=32), nullable=True),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_entries_case_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_entries")),
        sa.UniqueConstraint(
            "case_id", "document_hash", name=op.f("uq_entries_case_id_document_hash")
        ),
        sa.UniqueConstraint("case_id", "n", name=op.f("uq_entries_case_id_n")),
    )
    op.create_index(op.f("ix_entries_status"), "entries", ["status"], unique=False)
    op.create_table(
        "observations",
        sa.Column("id", ID, nullable=False),
        sa.Column("actor_id", ID, nullable=False),
        sa.Column("kind", sa.String(length=8), nullable=False),
        sa.Column("address", sa.LargeBinary(), nullable=False),
        sa.Column("document_hash", sa.LargeBinary(length=32), nullable=False),
        sa.Column("seen_on", sa.Date(), nullable=False),
        sa.Column("expires_on", sa.Date(), nullable=False),
        sa.ForeignKeyConstraint(["actor_id"], ["actors.id"], name=op.f("fk_observations_actor_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_observations")),
        sa.UniqueConstraint(
            "actor_id",
            "document_hash",
            "seen_on",
            name=op.f("uq_observations_actor_id_document_hash_seen_on"),
        ),
    )
    op.create_index(
        op.f("ix_observations_expires_on"), "observations", ["expires_on"], unique=False
    )
    op.create_table(
        "feedback",
        sa.Column("entry_id", ID, nullable=False),
        sa.Column("actor_id", ID, nullable=False),
        sa.Column("value", sa.String(length=16), nullable=False),
        sa.Column("given_on", sa.Date(), nullable=False),
        sa.ForeignKeyConstraint(["actor_id"], ["actors.id"], name=op.f("fk_feedback_actor_id")),
        sa.ForeignKeyConstraint(["entry_id"], ["entries.id"], name=op.f("fk_feedback_entry_id")),
        sa.PrimaryKeyConstraint("entry_id", "actor_id", name=op.f("pk_feedback")),
    )
    op.create_table(
        "observed_signals",
        sa.Column("id", ID, nullable=False),
        sa.Column("type", sa.String(length=8), nullable=False),
        sa.Column("value", sa.LargeBinary(length=32), nullable=False),
        sa.Column("quality", sa.SmallInteger(), nullable=True),
        sa.Column("at_ms", sa.Integer(), nullable=True),
        sa.Column("until_ms", sa.Integer(), nullable=True),
        sa.Column("observation_id", ID, nullable=False),
        sa.ForeignKeyConstraint(
            ["observation_id"], ["observations.id"], name=op.f("fk_observed_signals_observation_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_observed_signals")),
        sqlite_autoincrement=True,
    )
    op.create_index(
        op.f("ix_observed_signals_observation_id"),
        "observed_signals",
        ["observation_id"],
        unique=False,
    )
    op.create_index(
        "ix_observed_signals_type_value", "observed_signals", ["type", "value"], unique=False
    )
    op.create_table(
        "sightings",
        sa.Column("id", ID, nullable=False),
        sa.Column("entry_id", ID, nullable=False),
        sa.Column("actor_id", ID, nullable=False),
        sa.Column("seen_on", sa.Date(), nullable=False),
        sa.Column("source", sa.String(length=12), nullable=False),
        sa.Column("verdict", sa.String(length=8), nullable=False),
        sa.Column("reference", sa.String(length=24), nullable=False),
        sa.Column("observation_id", ID, nullable=True),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["actor_id"], ["actors.id"], name=op.f("fk_sightings_actor_id")),
        sa.ForeignKeyConstraint(["entry_id"], ["entries.id"], name=op.f("fk_sightings_entry_id")),
        sa.ForeignKeyConstraint(
            ["observation_id"],
            ["observations.id"],
            name=op.f("fk_sightings_observation_id"),
            ondelete="SET NULL",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sightings")),
        sa.UniqueConstraint(
            "entry_id",
            "actor_id",
            "seen_on",
            "source",
            "verdict",
            name=op.f("uq_sightings_entry_id_actor_id_seen_on_source_verdict"),
        ),
    )
    op.create_index(
        "ix_sightings_actor_id_reference", "sightings", ["actor_id", "reference"], unique=False
    )
    op.create_table(
        "signals",
        sa.Column("id", ID, nullable=False),
        sa.Column("type", sa.String(length=8), nullable=False),
        sa.Column("value", sa.LargeBinary(length=32), nullable=False),
        sa.Column("quality", sa.SmallInteger(), nullable=True),
        sa.Column("at_ms", sa.Integer(), nullable=True),
        sa.Column("until_ms", sa.Integer(), nullable=True),
        sa.Column("entry_id", ID, nullable=False),
        sa.ForeignKeyConstraint(["entry_id"], ["entries.id"], name=op.f("fk_signals_entry_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_signals")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_signals_entry_id"), "signals", ["entry_id"], unique=False)
    op.create_index("ix_signals_type_value", "signals", ["type", "value"], unique=False)


def downgrade() -> None:
    """Remove every table, and all that is in them."""
    op.drop_index("ix_signals_type_value", table_name="signals")
    op.drop_index(op.f("ix_signals_entry_id"), table_name="signals")
    op.drop_table("signals")
    op.drop_index("ix_sightings_actor_id_reference", table_name="sightings")
    op.drop_table("sightings")
    op.drop_index("ix_observed_signals_type_value", table_name="observed_signals")
    op.drop_index(op.f("ix_observed_signals_observation_id"), table_name="observed_signals")
    op.drop_table("observed_signals")
    op.drop_table("feedback")
    op.drop_index(op.f("ix_observations_expires_on"), table_name="observations")
    op.drop_table("observations")
    op.drop_index(op.f("ix_entries_status"), table_name="entries")
    op.drop_table("entries")
    op.drop_table("progress")
    op.drop_table("excluded_signals")
    op.drop_table("changes")
    op.drop_table("cases")
    op.drop_table("actors")
