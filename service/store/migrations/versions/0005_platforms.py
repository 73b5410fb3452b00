"""Platforms and crawlers with several keys each. Until now every key was a platform of its own."""

import hashlib

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
KEY_COLUMNS = ("key_id", "key_hash", "revoked_on")


def _table(name: str, *columns: str) -> sa.TableClause:
    return sa.table(name, *(sa.column(column) for column in columns))


actors = _table("actors", "id", "role", "name", "created_on", *KEY_COLUMNS)
keys = _table("keys", "id", "actor_id", "created_on", *KEY_COLUMNS)
former_references = _table("former_references", "actor_id", "reference", "entry_id")
sightings = _table(
    "sightings", "entry_id", "actor_id", "seen_on", "source", "verdict", "reference", "count"
)
feedback = _table("feedback", "entry_id", "actor_id", "value", "given_on")
observations = _table("observations", "id", "actor_id", "document_hash", "seen_on")


def upgrade() -> None:
    """Give each name of a role one actor, which has its keys; merge what each key had."""
    _make_tables()
    connection = op.get_bind()
    first: dict[tuple[str, str], int] = {}
    every = connection.execute(sa.select(actors).order_by(actors.c.id)).all()
    for row in every:
        into = first.setdefault((row.role, row.name), row.id)
        copied = {name: getattr(row, name) for name in (*KEY_COLUMNS, "created_on")}
        connection.execute(sa.insert(keys).values(actor_id=into, **copied))
        if into != row.id:
            _merge(connection, into, row.id)
    never_twice = {"sqlite_autoincrement": True}  # a match reference is made of an actor's id
    with op.batch_alter_table("actors", table_kwargs=never_twice) as table:
        table.drop_constraint(op.f("uq_actors_key_id"), type_="unique")
        for column in KEY_COLUMNS:
            table.drop_column(column)
        table.create_unique_constraint(op.f("uq_actors_role_name"), ["role", "name"])
    if connection.dialect.name == "sqlite" and every:
        last = sa.text("UPDATE sqlite_sequence SET seq = :last WHERE name = 'actors'")
        connection.execute(last, {"last": every[-1].id})  # also if that one was merged
    _check_references(connection)


def downgrade() -> None:
    """Make each key an actor again. What was said by an actor stays with its first key."""
    connection = op.get_bind()
    with op.batch_alter_table("actors") as table:
        table.drop_constraint(op.f("uq_actors_role_name"), type_="unique")
        table.add_column(sa.Column("key_id", sa.String(16), nullable=True))
        table.add_column(sa.Column("key_hash", sa.LargeBinary(32), nullable=True))
        table.add_column(sa.Column("revoked_on", sa.Date(), nullable=True))
    names = sa.select(keys, actors.c.role, actors.c.name)
    of_keys = names.join_from(keys, actors, actors.c.id == keys.c.actor_id).order_by(keys.c.id)
    served: set[int] = set()
    for row in connection.execute(of_keys).all():
        values = {name: getattr(row, name) for name in (*KEY_COLUMNS, "created_on")}
        if row.actor_id in served:
            another = sa.insert(actors).values(role=row.role, name=row.name, **values)
            connection.execute(another)
        else:
            first = sa.update(actors).where(actors.c.id == row.actor_id)
            connection.execute(first.values(**values))
        served.add(row.actor_id)
    with op.batch_alter_table("actors") as table:
        table.alter_column("key_id", existing_type=sa.String(16), nullable=False)
        table.alter_column("key_hash", existing_type=sa.LargeBinary(32), nullable=False)
        table.create_unique_constraint(op.f("uq_actors_key_id"), ["key_id"])
    op.drop_table("former_references")
    op.drop_index(op.f("ix_keys_actor_id"), table_name="keys")
    op.drop_table("keys")
    _check_references(connection)


def _make_tables() -> None:
    op.create_table(
        "keys",
        sa.Column("id", ID, nullable=False),
        sa.Column("actor_id", ID, nullable=False),
        sa.Column("key_id", sa.String(16), nullable=False),
        sa.Column("key_hash", sa.LargeBinary(32), nullable=False),
        sa.Column("created_on", sa.Date(), nullable=False),
        sa.Column("revoked_on", sa.Date(), nullable=True),
        sa.Column("used_on", sa.Date(), nullable=True),
        sa.ForeignKeyConstraint(["actor_id"], ["actors.id"], name=op.f("fk_keys_actor_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_keys")),
        sa.UniqueConstraint("key_id", name=op.f("uq_keys_key_id")),
    )
    op.create_index(op.f("ix_keys_actor_id"), "keys", ["actor_id"], unique=False)
    op.create_table(
        "former_references",
        sa.Column("actor_id", ID, nullable=False),
        sa.Column("reference", sa.String(24), nullable=False),
        sa.Column("entry_id", ID, nullable=False),
        sa.ForeignKeyConstraint(
            ["actor_id"], ["actors.id"], name=op.f("fk_former_references_actor_id")
        ),
        sa.ForeignKeyConstraint(
            ["entry_id"], ["entries.id"], name=op.f("fk_former_references_entry_id")
        ),
        sa.PrimaryKeyConstraint("actor_id", "reference", name=op.f("pk_former_references")),
    )


def _merge(connection: sa.Connection, into: int, actor: int) -> None:
    """Give one actor all that another of the same name has, and delete that one."""
    _merge_sightings(connection, into, actor)
    _merge_feedback(connection, into, actor)
    _keep_observations_apart(connection, into, actor)
    for table in (sightings, feedback, observations):
        moved = sa.update(table).where(table.c.actor_id == actor)
        connection.execute(moved.values(actor_id=into))
    connection.execute(sa.delete(actors).where(actors.c.id == actor))


def _merge_sightings(connection: sa.Connection, into: int, actor: int) -> None:
    """Two that differ in the key alone become one; the other key's references stay known."""
    columns = (sa.literal(into, ID), sightings.c.reference, sightings.c.entry_id)
    given = sa.select(*columns).where(sightings.c.actor_id == actor).distinct()
    names = ["actor_id", "reference", "entry_id"]
    connection.execute(sa.insert(former_references).from_select(names, given))
    other = sightings.alias("other")
    key = ("entry_id", "seen_on", "source", "verdict")
    same = sa.and_(*(other.c[name] == sightings.c[name] for name in key))
    theirs = sa.select(other.c.count).where(other.c.actor_id == actor, same)
    both = sa.update(sightings).where(sightings.c.actor_id == into, theirs.exists())
    connection.execute(both.values(count=sightings.c.count + theirs.scalar_subquery()))
    ours = sa.select(other.c.count).where(other.c.actor_id == into, same).exists()
    connection.execute(sa.delete(sightings).where(sightings.c.actor_id == actor, ours))


def _merge_feedback(connection: sa.Connection, into: int, actor: int) -> None:
    """The last word counts; of two of the same day `blocked`, which protects."""
    other = feedback.alias("other")
    same = other.c.entry_id == feedback.c.entry_id
    later = other.c.given_on > feedback.c.given_on
    tied = (other.c.given_on == feedback.c.given_on) & (other.c.value == "blocked")
    theirs = sa.select(other.c.value).where(other.c.actor_id == actor, same, later | tied)
    connection.execute(sa.delete(feedback).where(feedback.c.actor_id == into, theirs.exists()))
    ours = sa.select(other.c.value).where(other.c.actor_id == into, same)
    connection.execute(sa.delete(feedback).where(feedback.c.actor_id == actor, ours.exists()))


def _keep_observations_apart(connection: sa.Connection, into: int, actor: int) -> None:
    """Let the same observation by two keys of one day stay two, until they expire."""
    other = observations.alias("other")
    same = (other.c.document_hash == observations.c.document_hash) & (
        other.c.seen_on == observations.c.seen_on
    )
    ours = sa.select(other.c.id).where(other.c.actor_id == into, same)
    columns = (observations.c.id, observations.c.document_hash)
    twins = sa.select(*columns).where(observations.c.actor_id == actor, ours.exists())
    for row in connection.execute(twins).all():
        hashed = hashlib.sha256(bytes(row.document_hash) + row.id.to_bytes(8)).digest()
        of_row = sa.update(observations).where(observations.c.id == row.id)
        connection.execute(of_row.values(document_hash=hashed))


def _check_references(connection: sa.Connection) -> None:
    """On SQLite, where no reference is checked while tables are replaced."""
    if connection.dialect.name == "sqlite":
        broken = connection.exec_driver_sql("PRAGMA foreign_key_check").first()
        assert broken is None, broken[0]  # noqa: S101 (the migration itself is wrong then)
