"""Concerns, which take no protection from anyone, in place of holds that others could bring about.

Also: the day of a review, and which excluded signals are of one content.
"""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
CHANGES_LOCK = 0x7461_6B65
"""As in service.store.database: positions of `changes` are committed in their order."""


def _table(name: str, *columns: str) -> sa.TableClause:
    return sa.table(name, *(sa.column(column) for column in columns))


entries = _table("entries", "id", "status", "undo_to", "reason", "reviewed", "added_on")
signals = _table("signals", "id", "entry_id")
changes = _table("changes", "space", "change", "signal_id")
concerns = _table("concerns", "entry_id", "concern", "raised_on")
BY_OTHERS = entries.c.reason.in_(["many_cases", "many_matches", "disputed"])


def upgrade() -> None:
    """Make the table and columns; match again what others' cases, lookups or feedback held."""
    op.create_table(
        "concerns",
        sa.Column("entry_id", ID, nullable=False),
        sa.Column("concern", sa.String(16), nullable=False),
        sa.Column("raised_on", sa.Date(), nullable=False),
        sa.ForeignKeyConstraint(["entry_id"], ["entries.id"], name=op.f("fk_concerns_entry_id")),
        sa.PrimaryKeyConstraint("entry_id", "concern", name=op.f("pk_concerns")),
    )
    op.add_column("entries", sa.Column("reviewed_on", sa.Date(), nullable=True))
    op.add_column("excluded_signals", sa.Column("exclusion_id", ID, nullable=True))
    op.execute("UPDATE excluded_signals SET exclusion_id = id")
    _release()
    kept = sa.update(entries).where(BY_OTHERS)  # the rest: a person has decided, and it stays so
    op.execute(kept.values(reason="review"))


def _release() -> None:
    """As a review releases: active, and announced to every index. Disputes are in `feedback`."""
    if op.get_bind().dialect.name == "postgresql":
        op.execute(sa.select(sa.func.pg_advisory_xact_lock(CHANGES_LOCK)))
    held = entries.c.status == "quarantined"
    before_withdrawal = (entries.c.status == "withdrawing") & (entries.c.undo_to == "quarantined")
    waiting = sa.and_(BY_OTHERS, entries.c.reviewed == sa.false(), held | before_withdrawal)
    columns = (entries.c.id, entries.c.reason, entries.c.added_on)
    recorded = sa.select(*columns).where(waiting, entries.c.reason != "disputed")
    names = ["entry_id", "concern", "raised_on"]
    op.execute(sa.insert(concerns).from_select(names, recorded))
    of_held = signals.c.entry_id.in_(sa.select(entries.c.id).where(waiting, held))
    added = sa.select(sa.literal("bank"), sa.literal("add"), signals.c.id)
    added = added.where(of_held).order_by(signals.c.id)
    op.execute(sa.insert(changes).from_select(["space", "change", "signal_id"], added))
    undone = sa.update(entries).where(waiting, before_withdrawal)
    op.execute(undone.values(undo_to="active", reason=None))
    op.execute(sa.update(entries).where(waiting, held).values(status="active", reason=None))


def downgrade() -> None:
    """Forget the concerns; what a person holds keeps a reason that earlier versions know."""
    held = sa.update(entries).where(entries.c.reason == "review")
    op.execute(held.values(reason="disputed"))
    op.drop_column("excluded_signals", "exclusion_id")
    op.drop_column("entries", "reviewed_on")
    op.drop_table("concerns")
