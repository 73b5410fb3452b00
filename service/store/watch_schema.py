"""The tables of watches and visits, in the metadata of `schema`."""

from __future__ import annotations

import sqlalchemy as sa

from service.store.schema import Id, metadata

watches = sa.Table(
    "watches",
    metadata,
    sa.Column("id", Id, primary_key=True),
    sa.Column("reference", sa.String(24), nullable=False, unique=True),
    sa.Column("address", sa.LargeBinary, nullable=False),
    sa.Column("address_hash", sa.LargeBinary(32), nullable=False),
    sa.Column("scope", sa.String(8), nullable=False),
    sa.Column("depth", sa.SmallInteger, nullable=False),
    sa.Column("memory", sa.LargeBinary),
    sa.Column("basis_id", Id),
    sa.Column("due_at", Id, nullable=False, index=True),
    sa.Column("leased_until", Id),
    sa.Column("renewable_until", Id),
    sa.UniqueConstraint("address_hash", "scope", "depth"),
)
"""Addresses that crawlers look at, however many ask for each.

Times are seconds since 1970; what was just asked for is due at 0, which tells nothing. `memory`:
what a crawler had us keep, sealed. `renewable_until`: until when its lease may be.
`basis_id`: the visit that saw what is there now."""

watch_requests = sa.Table(
    "watch_requests",
    metadata,
    sa.Column("id", Id, primary_key=True),
    sa.Column("watch_id", Id, sa.ForeignKey("watches.id"), nullable=False, index=True),
    sa.Column("source", sa.String(8), nullable=False),
    sa.Column("case_id", Id, sa.ForeignKey("cases.id")),
    sa.Column("actor_id", Id, sa.ForeignKey("actors.id")),
    sa.Column("n", sa.Integer),
    sa.Column("asked_on", sa.Date, nullable=False),
    sa.Column("until_on", sa.Date, nullable=False, index=True),
    sa.Column("interval_s", sa.Integer, nullable=False),
    sa.Column("due_at", Id, nullable=False, index=True),
    sa.Column("hops", sa.SmallInteger, nullable=False),
    sa.UniqueConstraint("case_id", "n"),
    sa.UniqueConstraint("watch_id", "case_id"),
    sa.UniqueConstraint("watch_id", "actor_id"),
)
"""Who asked for a watch, each with a schedule of its own. `hops`: how often it was followed to
another address."""

visits = sa.Table(
    "visits",
    metadata,
    sa.Column("id", Id, primary_key=True),
    sa.Column(
        "watch_id",
        Id,
        sa.ForeignKey("watches.id", ondelete="CASCADE"),
        nullable=False,
        index=True,
    ),
    sa.Column("actor_id", Id, sa.ForeignKey("actors.id"), nullable=False),
    sa.Column("lease", sa.String(24), nullable=False, unique=True),
    sa.Column("begun_on", sa.Date, nullable=False, index=True),
    sa.Column("outcome", sa.String(12)),
    sa.Column("basis_id", Id),
    sqlite_autoincrement=True,
)
"""Visits of crawlers. One whose `outcome` is null is a lease, or ended without a report."""

looks = sa.Table(
    "looks",
    metadata,
    sa.Column(
        "request_id",
        Id,
        sa.ForeignKey("watch_requests.id", ondelete="CASCADE"),
        primary_key=True,
    ),
    sa.Column(
        "visit_id",
        Id,
        sa.ForeignKey("visits.id", ondelete="CASCADE"),
        primary_key=True,
        index=True,
    ),
    sa.Column("looked_on", sa.Date, nullable=False),
)
"""For whom each visit counts: those who were due when it began. They read of it once it has been
reported; of one that never is, the next visit takes the rows away."""

findings = sa.Table(
    "findings",
    metadata,
    sa.Column("visit_id", Id, sa.ForeignKey("visits.id", ondelete="CASCADE"), primary_key=True),
    sa.Column("entry_id", Id, sa.ForeignKey("entries.id"), primary_key=True, index=True),
)
"""Which entries of those who asked a visit found."""

withheld_addresses = sa.Table(
    "withheld_addresses",
    metadata,
    sa.Column("address_hash", sa.LargeBinary(32), primary_key=True),
    sa.Column("marked_on", sa.Date, nullable=False),
)
"""Addresses that somebody says show a person under 18: never looked at."""
