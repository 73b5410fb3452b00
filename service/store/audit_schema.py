"""The tables of the audit, in the metadata of `schema`."""

from __future__ import annotations

import sqlalchemy as sa

from service.store.schema import Id, metadata

audit = sa.Table(
    "audit",
    metadata,
    sa.Column("n", Id, primary_key=True, autoincrement=False),
    sa.Column("day", sa.String(10), nullable=False),
    sa.Column("minute", sa.SmallInteger),
    sa.Column("actor_kind", sa.String(12), nullable=False),
    sa.Column("actor_id", Id),
    sa.Column("act", sa.String(24), nullable=False),
    sa.Column("object_kind", sa.String(12), nullable=False),
    sa.Column("object_id", sa.String(64), nullable=False),
    sa.Column("case_tag", sa.LargeBinary(32), index=True),
    sa.Column("details", sa.String(200), nullable=False),
    sa.Column("previous", sa.LargeBinary(32), nullable=False),
    sa.Column("digest", sa.LargeBinary(32), nullable=False),
)
"""Acts, in order and without gaps (`service.domain.audit`). `day` is text, so that a row that was
tampered with can still be read and named. No name and no number of a case is in it."""

audit_chain = sa.Table(
    "audit_chain",
    metadata,
    sa.Column("id", sa.SmallInteger, primary_key=True, autoincrement=False),
    sa.Column("head_n", Id, nullable=False),
    sa.Column("head_digest", sa.LargeBinary(32), nullable=False),
    sa.Column("pruned_n", Id, nullable=False),
    sa.Column("pruned_digest", sa.LargeBinary(32), nullable=False),
)
"""One row: the last row of the audit, and the last that was pruned. Whoever appends locks it."""

audit_cases = sa.Table(
    "audit_cases",
    metadata,
    sa.Column("case_id", Id, sa.ForeignKey("cases.id"), primary_key=True),
    sa.Column("key", sa.LargeBinary(32), nullable=False),
)
"""What turns a case into the tag that the audit has of it. Erased with the case: then nothing says
of which case a row was."""
