"""The tables of notices, in the metadata of `schema`."""

from __future__ import annotations

import sqlalchemy as sa

from service.store.schema import Id, metadata

notices = sa.Table(
    "notices",
    metadata,
    sa.Column("id", Id, primary_key=True),
    sa.Column("case_id", Id, sa.ForeignKey("cases.id"), nullable=False, index=True),
    sa.Column("n", sa.Integer, nullable=False),
    sa.Column("reference", sa.String(24), nullable=False, unique=True),
    sa.Column("regime", sa.String(16), nullable=False),
    sa.Column("state", sa.String(12), nullable=False),
    sa.Column("about", sa.LargeBinary, nullable=False),
    sa.Column("content", sa.LargeBinary),
    sa.Column("actor_id", Id, sa.ForeignKey("actors.id"), index=True),
    sa.Column("receipt", sa.String(24), unique=True),
    sa.Column("made_on", sa.Date, nullable=False),
    sa.Column("changed_on", sa.Date, nullable=False, index=True),
    sa.Column("sent_at", Id),
    sa.Column("clock_from", Id),
    sa.Column("reason", sa.String(16)),
    sa.Column("says", sa.LargeBinary),
    sa.UniqueConstraint("case_id", "n"),
)
"""Notices of cases. `about` (addressee, time zone, language), `content` (what was written) and
`says` (of a platform, about its decision) are sealed for the case; `content` is null where an owner
keeps the text herself. Times are whole minutes, as seconds since 1970. `actor_id`: the platform
that fetches it, or has."""

notice_takers = sa.Table(
    "notice_takers",
    metadata,
    sa.Column("actor_id", Id, sa.ForeignKey("actors.id"), primary_key=True, autoincrement=False),
    sa.Column("asked_on", sa.Date, nullable=False),
)
"""Platforms that ask for notices with their key, and the last day on which each did."""
