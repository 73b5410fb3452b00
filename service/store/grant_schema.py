"""The tables of grants, and of what organisations keep about cases, in the metadata of `schema`.

Only days are stored, and of codes only keyed hashes. What advocates write is sealed.
"""

from __future__ import annotations

import sqlalchemy as sa

from service.store.schema import Id, metadata

grants = sa.Table(
    "grants",
    metadata,
    sa.Column("id", Id, primary_key=True),
    sa.Column("case_id", Id, sa.ForeignKey("cases.id"), nullable=False, index=True),
    sa.Column("n", sa.Integer, nullable=False),
    sa.Column("organisation_id", Id, sa.ForeignKey("organisations.id"), index=True),
    sa.Column("reference", sa.String(16), unique=True),
    sa.Column("code_hash", sa.LargeBinary(32), unique=True),
    sa.Column("scopes", sa.String(80), nullable=False),
    sa.Column("made_on", sa.Date, nullable=False),
    sa.Column("code_until_on", sa.Date, nullable=False),
    sa.Column("until_on", sa.Date, nullable=False),
    sa.Column("held_on", sa.Date),
    sa.Column("ended_on", sa.Date),
    sa.Column("by_link", sa.Boolean, nullable=False),
    sa.Column("confirmed_on", sa.Date),
    sa.UniqueConstraint("case_id", "n"),
    sqlite_autoincrement=True,
)
"""`code_hash` is erased when the code is used, so that a used code is like a wrong one.
`organisation_id` and `reference` are null until then."""

intake_links = sa.Table(
    "intake_links",
    metadata,
    sa.Column("id", Id, primary_key=True),
    sa.Column("organisation_id", Id, sa.ForeignKey("organisations.id"), nullable=False, index=True),
    sa.Column("member_id", Id, sa.ForeignKey("members.id"), nullable=False),
    sa.Column("code_hash", sa.LargeBinary(32), nullable=False, unique=True),
    sa.Column("scopes", sa.String(80), nullable=False),
    sa.Column("days", sa.Integer, nullable=False),
    sa.Column("made_on", sa.Date, nullable=False),
    sa.Column("code_until_on", sa.Date, nullable=False, index=True),
    sqlite_autoincrement=True,
)
"""What owners may open a case with that is granted from the beginning. Deleted when used."""

casework = sa.Table(
    "casework",
    metadata,
    sa.Column("case_id", Id, sa.ForeignKey("cases.id"), primary_key=True),
    sa.Column(
        "organisation_id", Id, sa.ForeignKey("organisations.id"), primary_key=True, index=True
    ),
    sa.Column("assigned_to", Id, sa.ForeignKey("members.id"), index=True),
    sa.Column("tags", sa.LargeBinary),
    sa.Column("due_on", sa.Date),
)
"""What an organisation keeps about a case: whose it is, tags (sealed), and until when."""

case_notes = sa.Table(
    "case_notes",
    metadata,
    sa.Column("id", Id, primary_key=True),
    sa.Column("case_id", Id, sa.ForeignKey("cases.id"), nullable=False, index=True),
    sa.Column("organisation_id", Id, sa.ForeignKey("organisations.id"), nullable=False, index=True),
    sa.Column("member_id", Id, sa.ForeignKey("members.id"), nullable=False),
    sa.Column("layer", sa.String(8), nullable=False),
    sa.Column("title", sa.LargeBinary, nullable=False),
    sa.Column("body", sa.LargeBinary, nullable=False),
    sa.Column("written_on", sa.Date, nullable=False),
    sqlite_autoincrement=True,
)

case_looks = sa.Table(
    "case_looks",
    metadata,
    sa.Column("member_id", Id, sa.ForeignKey("members.id"), primary_key=True),
    sa.Column("case_id", Id, sa.ForeignKey("cases.id"), primary_key=True, index=True),
    sa.Column("looked_on", sa.Date, nullable=False),
    sa.Column("items", sa.Integer, nullable=False),
)
"""When a member last looked at a case, and how much there was to read."""
