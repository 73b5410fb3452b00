"""The tables. Days, not seconds, wherever a time could reveal which owner did something."""

from __future__ import annotations

import sqlalchemy as sa

from hashing.signals import SEALED_LABEL_BYTES

metadata = sa.MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
    }
)

Id = sa.BigInteger().with_variant(sa.Integer, "sqlite")
"""SQLite generates ids only for columns of type INTEGER."""

cases = sa.Table(
    "cases",
    metadata,
    sa.Column("id", Id, primary_key=True),
    sa.Column("number", sa.String(12), nullable=False, unique=True),
    sa.Column("access_hash", sa.LargeBinary(32), nullable=False, unique=True),
    sa.Column("document_hash", sa.LargeBinary(32), nullable=False),
    sa.Column("subject", sa.String(16), nullable=False),
    sa.Column("note", sa.LargeBinary),
    sa.Column("opened_on", sa.Date, nullable=False),
    sa.Column("withdrawn_on", sa.Date),
    sa.Column("erase_on", sa.Date, index=True),
    sa.Column("undone_on", sa.Date),
    sa.Column("undone", sa.Integer),
)

"""`erase_on`: the day on which a withdrawal becomes final; null without one, and afterwards.
`undone`: how many entries were brought back on the day `undone_on`."""

entries = sa.Table(
    "entries",
    metadata,
    sa.Column("id", Id, primary_key=True),
    sa.Column("case_id", Id, sa.ForeignKey("cases.id"), nullable=False),
    sa.Column("n", sa.Integer, nullable=False),
    sa.Column("kind", sa.String(8), nullable=False),
    sa.Column("status", sa.String(12), nullable=False, index=True),
    sa.Column("reason", sa.String(16)),
    sa.Column("reviewed", sa.Boolean, nullable=False, default=False),
    sa.Column("reviewed_on", sa.Date),
    sa.Column("added_on", sa.Date, nullable=False),
    sa.Column("document_hash", sa.LargeBinary(32)),
    sa.Column("sealed_label", sa.LargeBinary(SEALED_LABEL_BYTES)),
    sa.Column("undo_to", sa.String(12)),
    sa.Column("erase_on", sa.Date),
    sa.UniqueConstraint("case_id", "n"),
    sa.UniqueConstraint("case_id", "document_hash"),
)
"""`sealed_label`: for its owner alone. `undo_to`: the status before, while withdrawing. `erase_on`:
null if withdrawn with its case."""


def _signal_columns() -> list[sa.Column[object]]:
    """The times are those of a frame. `window` names a part or view of the content, or is null."""
    return [
        sa.Column("id", Id, primary_key=True),
        sa.Column("type", sa.String(8), nullable=False),
        sa.Column("value", sa.LargeBinary(32), nullable=False),
        sa.Column("quality", sa.SmallInteger),
        sa.Column("at_ms", sa.Integer),
        sa.Column("until_ms", sa.Integer),
        sa.Column("window", sa.String(24)),
    ]


signals = sa.Table(
    "signals",
    metadata,
    *_signal_columns(),
    sa.Column("entry_id", Id, sa.ForeignKey("entries.id"), nullable=False, index=True),
    sa.Index("ix_signals_type_value", "type", "value"),
    sqlite_autoincrement=True,
)
"""Ids are never reused, here and below, because an index knows a signal only by its id."""

excluded_signals = sa.Table(
    "excluded_signals",
    metadata,
    *_signal_columns(),
    sa.Column("added_on", sa.Date, nullable=False),
    sa.Column("exclusion_id", Id),
    sa.UniqueConstraint("type", "value"),
    sqlite_autoincrement=True,
)
"""`exclusion_id`: the id of the first signal that was excluded with it, of the same content."""

observations = sa.Table(
    "observations",
    metadata,
    sa.Column("id", Id, primary_key=True),
    sa.Column("actor_id", Id, sa.ForeignKey("actors.id"), nullable=False),
    sa.Column("kind", sa.String(8), nullable=False),
    sa.Column("address", sa.LargeBinary, nullable=False),
    sa.Column("document_hash", sa.LargeBinary(32), nullable=False),
    sa.Column("seen_on", sa.Date, nullable=False),
    sa.Column("expires_on", sa.Date, nullable=False, index=True),
    sa.UniqueConstraint("actor_id", "document_hash", "seen_on"),
)

observed_signals = sa.Table(
    "observed_signals",
    metadata,
    *_signal_columns(),
    sa.Column("observation_id", Id, sa.ForeignKey("observations.id"), nullable=False, index=True),
    sa.Index("ix_observed_signals_type_value", "type", "value"),
    sqlite_autoincrement=True,
)

sightings = sa.Table(
    "sightings",
    metadata,
    sa.Column("id", Id, primary_key=True),
    sa.Column("entry_id", Id, sa.ForeignKey("entries.id"), nullable=False),
    sa.Column("actor_id", Id, sa.ForeignKey("actors.id"), nullable=False),
    sa.Column("seen_on", sa.Date, nullable=False),
    sa.Column("source", sa.String(12), nullable=False),
    sa.Column("verdict", sa.String(8), nullable=False),
    sa.Column("reference", sa.String(24), nullable=False),
    sa.Column("observation_id", Id, sa.ForeignKey("observations.id", ondelete="SET NULL")),
    sa.Column("count", sa.Integer, nullable=False),
    sa.UniqueConstraint("entry_id", "actor_id", "seen_on", "source", "verdict", "reference"),
    sa.Index("ix_sightings_actor_id_reference", "actor_id", "reference"),
)

feedback = sa.Table(
    "feedback",
    metadata,
    sa.Column("entry_id", Id, sa.ForeignKey("entries.id"), primary_key=True),
    sa.Column("actor_id", Id, sa.ForeignKey("actors.id"), primary_key=True),
    sa.Column("verdict", sa.String(8), primary_key=True),
    sa.Column("value", sa.String(16), nullable=False),
    sa.Column("given_on", sa.Date, nullable=False),
)

concerns = sa.Table(
    "concerns",
    metadata,
    sa.Column("entry_id", Id, sa.ForeignKey("entries.id"), primary_key=True),
    sa.Column("concern", sa.String(16), primary_key=True),
    sa.Column("raised_on", sa.Date, nullable=False),
)
"""What a person should look at, and has not yet. Disputes are not here: they are in `feedback`."""

actors = sa.Table(
    "actors",
    metadata,
    sa.Column("id", Id, primary_key=True),
    sa.Column("role", sa.String(12), nullable=False),
    sa.Column("name", sa.String(80), nullable=False),
    sa.Column("created_on", sa.Date, nullable=False),
    sa.UniqueConstraint("role", "name"),
    sqlite_autoincrement=True,
)
"""Platforms and crawlers: organisations, each with one key or more.

Ids are never reused, because match references are made of them.
"""

keys = sa.Table(
    "keys",
    metadata,
    sa.Column("id", Id, primary_key=True),
    sa.Column("actor_id", Id, sa.ForeignKey("actors.id"), nullable=False, index=True),
    sa.Column("key_id", sa.String(16), nullable=False, unique=True),
    sa.Column("key_hash", sa.LargeBinary(32), nullable=False),
    sa.Column("created_on", sa.Date, nullable=False),
    sa.Column("revoked_on", sa.Date),
    sa.Column("used_on", sa.Date),
)
"""`used_on`: the last day on which a request came with it."""

former_references = sa.Table(
    "former_references",
    metadata,
    sa.Column("actor_id", Id, sa.ForeignKey("actors.id"), primary_key=True),
    sa.Column("reference", sa.String(24), primary_key=True),
    sa.Column("entry_id", Id, sa.ForeignKey("entries.id"), nullable=False),
)
"""Match references from when each key had its own. Migration 0005 fills it, and nothing else."""

changes = sa.Table(
    "changes",
    metadata,
    sa.Column("position", Id, primary_key=True, autoincrement=True),
    sa.Column("space", sa.String(8), nullable=False),
    sa.Column("change", sa.String(8), nullable=False),
    sa.Column("signal_id", Id, nullable=False),
    sa.Column("last_id", Id),
    sqlite_autoincrement=True,
)
"""Every change of what is searchable, in the order of commits. `space` names the table.

It concerns the signals from `signal_id` to `last_id`, or that one if `last_id` is null."""

progress = sa.Table(
    "progress",
    metadata,
    sa.Column("name", sa.String(16), primary_key=True),
    sa.Column("position", Id, nullable=False),
)
"""The position in `changes` that each worker has processed."""

followers = sa.Table(
    "followers",
    metadata,
    sa.Column("name", sa.String(32), primary_key=True),
    sa.Column("position", Id, nullable=False),
    sa.Column("seen_on", sa.Date, nullable=False),
)
"""Up to which change each replica, and its segments on disk, have followed."""

drained = sa.Table(
    "drained",
    metadata,
    sa.Column("name", sa.String(32), primary_key=True),
    sa.Column("drained_on", sa.Date, nullable=False, index=True),
)
"""The journals of sightings that were copied into the store."""

set_aside = sa.Table(
    "set_aside",
    metadata,
    sa.Column("space", sa.String(8), primary_key=True),
    sa.Column("content_id", Id, primary_key=True, autoincrement=False),
    sa.Column("day", sa.Date, nullable=False),
    sa.Column("error", sa.String(80), nullable=False),
    sa.Column("attempts", sa.Integer, nullable=False),
    sa.Column("again", sa.Boolean, nullable=False),
)
"""What the worker could not reconcile. `content_id` is an entry, observation or excluded signal."""

veils = sa.Table(
    "veils",
    metadata,
    sa.Column("actor_id", Id, sa.ForeignKey("actors.id"), primary_key=True),
    sa.Column(
        "signal_id",
        Id,
        sa.ForeignKey("signals.id", ondelete="CASCADE"),
        primary_key=True,
        index=True,
    ),
    sa.Column("near", sa.LargeBinary(32), nullable=False),
    sa.Column("match", sa.LargeBinary(32)),
    sa.Column("asked", sa.LargeBinary(8), nullable=False),
    sa.Column("in_force", sa.Boolean, nullable=False),
    sa.Column("changed_on", sa.Date, nullable=False, index=True),
    sa.Column("probed_on", sa.Date),
)
"""What each platform's answers about each signal do not depend on (`service.domain.veil`).

`probed_on`: the last day on which its questions were of the kind that finds out a signal."""

identity = sa.Table(
    "identity",
    metadata,
    sa.Column("name", sa.String(32), primary_key=True),
    sa.Column("fingerprint", sa.LargeBinary(32)),
)
"""One row: the random name of this store, which its index carries too; and the fingerprint of the
secret that keys its hashes, null until a process with a secret has opened it."""
