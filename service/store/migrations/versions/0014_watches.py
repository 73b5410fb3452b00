"""Addresses that crawlers look at: who asked, the visits, and what they found."""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Make the tables; of observations, say on which visit they were made."""
    op.create_table(
        "watches",
        sa.Column("id", ID, nullable=False),
        sa.Column("reference", sa.String(length=24), nullable=False),
        sa.Column("address", sa.LargeBinary(), nullable=False),
        sa.Column("address_hash", sa.LargeBinary(length=32), nullable=False),
        sa.Column("scope", sa.String(length=8), nullable=False),
        sa.Column("depth", sa.SmallInteger(), nullable=False),
        sa.Column("memory", sa.LargeBinary(), nullable=True),
        sa.Column("basis_id", ID, nullable=True),
        sa.Column("due_at", ID, nullable=False),
        sa.Column("leased_until", ID, nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_watches")),
        sa.UniqueConstraint(
            "address_hash", "scope", "depth", name=op.f("uq_watches_address_hash_scope_depth")
        ),
        sa.UniqueConstraint("reference", name=op.f("uq_watches_reference")),
    )
    op.create_index(op.f("ix_watches_due_at"), "watches", ["due_at"], unique=False)
    op.create_table(
        "withheld_addresses",
        sa.Column("address_hash", sa.LargeBinary(length=32), nullable=False),
        sa.Column("marked_on", sa.Date(), nullable=False),
        sa.PrimaryKeyConstraint("address_hash", name=op.f("pk_withheld_addresses")),
    )
    op.create_table(
        "visits",
        sa.Column("id", ID, nullable=False),
        sa.Column("watch_id", ID, nullable=False),
        sa.Column("actor_id", ID, nullable=False),
        sa.Column("lease", sa.String(length=24), nullable=False),
        sa.Column("begun_on", sa.Date(), nullable=False),
        sa.Column("outcome", sa.String(length=12), nullable=True),
        sa.Column("basis_id", ID, nullable=True),
        sa.ForeignKeyConstraint(["actor_id"], ["actors.id"], name=op.f("fk_visits_actor_id")),
        sa.ForeignKeyConstraint(
            ["watch_id"], ["watches.id"], name=op.f("fk_visits_watch_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_visits")),
        sa.UniqueConstraint("lease", name=op.f("uq_visits_lease")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_visits_begun_on"), "visits", ["begun_on"], unique=False)
    op.create_index(op.f("ix_visits_watch_id"), "visits", ["watch_id"], unique=False)
    op.create_table(
        "watch_requests",
        sa.Column("id", ID, nullable=False),
        sa.Column("watch_id", ID, nullable=False),
        sa.Column("source", sa.String(length=8), nullable=False),
        sa.Column("case_id", ID, nullable=True),
        sa.Column("actor_id", ID, nullable=True),
        sa.Column("n", sa.Integer(), nullable=True),
        sa.Column("asked_on", sa.Date(), nullable=False),
        sa.Column("until_on", sa.Date(), nullable=False),
        sa.Column("after_visit", ID, nullable=False),
        sa.Column("interval_s", sa.Integer(), nullable=False),
        sa.Column("due_at", ID, nullable=False),
        sa.Column("hops", sa.SmallInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["actor_id"], ["actors.id"], name=op.f("fk_watch_requests_actor_id")
        ),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_watch_requests_case_id")),
        sa.ForeignKeyConstraint(
            ["watch_id"], ["watches.id"], name=op.f("fk_watch_requests_watch_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_watch_requests")),
        sa.UniqueConstraint("case_id", "n", name=op.f("uq_watch_requests_case_id_n")),
        sa.UniqueConstraint(
            "watch_id", "actor_id", name=op.f("uq_watch_requests_watch_id_actor_id")
        ),
        sa.UniqueConstraint("watch_id", "case_id", name=op.f("uq_watch_requests_watch_id_case_id")),
    )
    op.create_index(op.f("ix_watch_requests_due_at"), "watch_requests", ["due_at"], unique=False)
    op.create_index(
        op.f("ix_watch_requests_until_on"), "watch_requests", ["until_on"], unique=False
    )
    op.create_index(
        op.f("ix_watch_requests_watch_id"), "watch_requests", ["watch_id"], unique=False
    )
    op.create_table(
        "findings",
        sa.Column("visit_id", ID, nullable=False),
        sa.Column("entry_id", ID, nullable=False),
        sa.ForeignKeyConstraint(["entry_id"], ["entries.id"], name=op.f("fk_findings_entry_id")),
        sa.ForeignKeyConstraint(
            ["visit_id"], ["visits.id"], name=op.f("fk_findings_visit_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("visit_id", "entry_id", name=op.f("pk_findings")),
    )
    op.create_index(op.f("ix_findings_entry_id"), "findings", ["entry_id"], unique=False)
    op.create_table(
        "looks",
        sa.Column("request_id", ID, nullable=False),
        sa.Column("visit_id", ID, nullable=False),
        sa.Column("looked_on", sa.Date(), nullable=False),
        sa.ForeignKeyConstraint(
            ["request_id"],
            ["watch_requests.id"],
            name=op.f("fk_looks_request_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["visit_id"], ["visits.id"], name=op.f("fk_looks_visit_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("request_id", "visit_id", name=op.f("pk_looks")),
    )
    op.create_index(op.f("ix_looks_visit_id"), "looks", ["visit_id"], unique=False)
    op.add_column("observations", sa.Column("visit_id", ID, nullable=True))
    op.add_column(
        "observations",
        sa.Column("declared", sa.Boolean(), server_default=sa.false(), nullable=False),
    )
    op.create_index(op.f("ix_observations_visit_id"), "observations", ["visit_id"], unique=False)


def downgrade() -> None:
    """Forget every watch."""
    op.drop_index(op.f("ix_observations_visit_id"), table_name="observations")
    op.drop_column("observations", "declared")
    op.drop_column("observations", "visit_id")
    op.drop_index(op.f("ix_looks_visit_id"), table_name="looks")
    op.drop_table("looks")
    op.drop_index(op.f("ix_findings_entry_id"), table_name="findings")
    op.drop_table("findings")
    op.drop_index(op.f("ix_watch_requests_watch_id"), table_name="watch_requests")
    op.drop_index(op.f("ix_watch_requests_until_on"), table_name="watch_requests")
    op.drop_index(op.f("ix_watch_requests_due_at"), table_name="watch_requests")
    op.drop_table("watch_requests")
    op.drop_index(op.f("ix_visits_watch_id"), table_name="visits")
    op.drop_index(op.f("ix_visits_begun_on"), table_name="visits")
    op.drop_table("visits")
    op.drop_table("withheld_addresses")
    op.drop_index(op.f("ix_watches_due_at"), table_name="watches")
    op.drop_table("watches")
