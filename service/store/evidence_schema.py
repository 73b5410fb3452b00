"""The tables of evidence, in the metadata of `schema`. Chunks are files: see `evidence_folder`.

Times of entries are seconds, unlike all others here: that something was kept at that time is what
the chain is for. All of it goes when its case is erased for good; what else prunes a table is said
below it.
"""

from __future__ import annotations

import sqlalchemy as sa

from service.store.schema import Id, metadata

ITEM = sa.String(32)
DIGEST = sa.LargeBinary(32)
AUTHORITY = sa.String(32)

vaults = sa.Table(
    "vaults",
    metadata,
    sa.Column("case_id", Id, sa.ForeignKey("cases.id"), primary_key=True),
    sa.Column("folder", sa.String(32), nullable=False, unique=True),
    sa.Column("sequence", sa.Integer, nullable=False),
    sa.Column("link", DIGEST, nullable=False),
    sa.Column("at", sa.BigInteger, nullable=False),
    sa.Column("reserved", sa.BigInteger, nullable=False),
    sa.Column("stored", sa.BigInteger, nullable=False),
    sa.Column("records", sa.Integer, nullable=False),
    sa.Column("files", sa.Integer, nullable=False),
    sa.Column("under_18", sa.Boolean, nullable=False),
    sa.Column("stamp_at", sa.BigInteger, index=True),
)
"""What a case keeps, in one row that is locked with the case. `folder`: a random name, of its
chunks. `sequence`, `link` and `at` are those of the newest entry. `reserved`: bytes of all items,
as announced; `stored`: those that have come. `under_18`: the owner said so; no files any more.
`stamp_at`: the second from which authorities are asked for a stamp, null if nothing is new."""

evidence_items = sa.Table(
    "evidence_items",
    metadata,
    sa.Column("id", Id, primary_key=True),
    sa.Column("case_id", Id, sa.ForeignKey("cases.id"), nullable=False),
    sa.Column("item", ITEM, nullable=False),
    sa.Column("kind", sa.String(8), nullable=False),
    sa.Column("state", sa.String(8), nullable=False),
    sa.Column("size", sa.BigInteger, nullable=False),
    sa.Column("chunks", sa.Integer, nullable=False),
    sa.Column("digest", DIGEST),
    sa.Column("until_on", sa.Date, index=True),
    sa.UniqueConstraint("case_id", "item"),
    sqlite_autoincrement=True,
)
"""Records and files. `size`: bytes as they are stored, when all have come. `digest`: null until it
is kept. `until_on`: the day on which one that has not come whole is forgotten (job
`prune_evidence`); null when kept."""

evidence_chunks = sa.Table(
    "evidence_chunks",
    metadata,
    sa.Column(
        "item_id", Id, sa.ForeignKey("evidence_items.id", ondelete="CASCADE"), primary_key=True
    ),
    sa.Column("n", sa.Integer, primary_key=True),
    sa.Column("digest", DIGEST, nullable=False),
    sa.Column("size", sa.Integer, nullable=False),
)
"""Each has a file, which is there before its row is. They go when their item is removed."""

evidence_chain = sa.Table(
    "evidence_chain",
    metadata,
    sa.Column("case_id", Id, sa.ForeignKey("cases.id"), primary_key=True),
    sa.Column("sequence", sa.Integer, primary_key=True),
    sa.Column("act", sa.String(8), nullable=False),
    sa.Column("at", sa.BigInteger, nullable=False),
    sa.Column("item", ITEM, nullable=False),
    sa.Column("digest", DIGEST, nullable=False),
    sa.Column("link", DIGEST, nullable=False),
)
"""Only appended to. It outlives what it names, and goes with its case alone."""

evidence_stamps = sa.Table(
    "evidence_stamps",
    metadata,
    sa.Column("case_id", Id, sa.ForeignKey("cases.id"), primary_key=True),
    sa.Column("sequence", sa.Integer, primary_key=True),
    sa.Column("authority", AUTHORITY, primary_key=True),
    sa.Column("token", sa.LargeBinary, nullable=False),
)
"""What authorities answered: RFC 3161, the whole response."""

stamps_due = sa.Table(
    "stamps_due",
    metadata,
    sa.Column("case_id", Id, sa.ForeignKey("cases.id"), primary_key=True),
    sa.Column("authority", AUTHORITY, primary_key=True),
    sa.Column("due_at", sa.BigInteger, nullable=False, index=True),
    sa.Column("attempts", sa.Integer, nullable=False),
)
"""Which authority is to be asked for the newest link of which case. A row goes when it answered, or
when it is no longer one of the settings."""

evidence_discards = sa.Table(
    "evidence_discards",
    metadata,
    sa.Column("id", Id, primary_key=True),
    sa.Column("path", sa.String(80), nullable=False),
    sqlite_autoincrement=True,
)
"""What of the folder is no longer of anything: written where the rows go, in one transaction, and
deleted when the files are (at once, or by the job `discard_evidence` if that was interrupted)."""
