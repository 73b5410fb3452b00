"""Feedback is on matches of an entry, or on what was only near; references displace none."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

BEFORE = ["entry_id", "actor_id", "seen_on", "source", "verdict"]
NAME = "uq_sightings_" + "_".join(BEFORE)

feedback = sa.table(
    "feedback", *map(sa.column, ("entry_id", "actor_id", "verdict", "value", "given_on"))
)
sightings = sa.table("sightings", *map(sa.column, ("id", *BEFORE, "count", "reference")))


def _seen(verdict: str) -> sa.Exists:
    of_entry = sightings.c.entry_id == feedback.c.entry_id
    same = of_entry & (sightings.c.actor_id == feedback.c.actor_id)
    return sa.exists().where(same, sightings.c.verdict == verdict)


def upgrade() -> None:
    """What was said before counts for both, as it did, wherever there were such sightings."""
    with op.batch_alter_table("feedback") as table:
        table.add_column(sa.Column("verdict", sa.String(8), nullable=False, server_default="match"))
        table.drop_constraint(op.f("pk_feedback"), type_="primary")
        table.create_primary_key(op.f("pk_feedback"), ["entry_id", "actor_id", "verdict"])
    with op.batch_alter_table("feedback") as table:
        table.alter_column("verdict", existing_type=sa.String(8), server_default=None)
    columns = [feedback.c[name] for name in ("entry_id", "actor_id", "value", "given_on")]
    near = sa.select(*columns, sa.literal("near")).where(_seen("near"))
    names = ["entry_id", "actor_id", "value", "given_on", "verdict"]
    op.execute(sa.insert(feedback).from_select(names, near))
    alone = (feedback.c.verdict == "match") & _seen("near") & ~_seen("match")
    op.execute(sa.delete(feedback).where(alone))
    with op.batch_alter_table("sightings") as table:
        table.drop_constraint(op.f(NAME), type_="unique")
        table.create_unique_constraint(op.f(f"{NAME}_reference"), [*BEFORE, "reference"])


def downgrade() -> None:
    """Of two words of a platform on an entry, that on matches stays; of references, the last."""
    connection = op.get_bind()
    other = feedback.alias()
    same_pair = (other.c.entry_id == feedback.c.entry_id) & (
        other.c.actor_id == feedback.c.actor_id
    )
    both = sa.exists().where(same_pair, other.c.verdict == "match")
    op.execute(sa.delete(feedback).where(feedback.c.verdict == "near", both))
    with op.batch_alter_table("feedback") as table:
        table.drop_constraint(op.f("pk_feedback"), type_="primary")
        table.create_primary_key(op.f("pk_feedback"), ["entry_id", "actor_id"])
        table.drop_column("verdict")
    same = [sightings.c[name] for name in BEFORE]
    last = sa.func.max(sightings.c.id)
    several = sa.select(last, sa.func.sum(sightings.c.count), *same).group_by(*same)
    for kept, count, *values in connection.execute(several.having(sa.func.count() > 1)).all():
        others = sa.and_(*(column == value for column, value in zip(same, values, strict=True)))
        op.execute(sa.delete(sightings).where(others, sightings.c.id != kept))
        op.execute(sa.update(sightings).where(sightings.c.id == kept).values(count=int(count)))
    with op.batch_alter_table("sightings") as table:
        table.drop_constraint(op.f(f"{NAME}_reference"), type_="unique")
        table.create_unique_constraint(op.f(NAME), BEFORE)
