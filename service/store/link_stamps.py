"""Time stamps of evidence: those that authorities gave, and those that are due."""

from __future__ import annotations

from collections.abc import Collection
from typing import NamedTuple

import sqlalchemy as sa

from service.store.database import Tx, upsert
from service.store.evidence_schema import evidence_stamps, stamps_due, vaults


class Stamp(NamedTuple):
    """What an authority answered about a link."""

    sequence: int
    authority: str
    token: bytes
    """The whole response (RFC 3161, TimeStampResp), in DER."""


class Due(NamedTuple):
    """An authority that is to be asked about the newest link of a case."""

    case_id: int
    authority: str
    attempts: int
    """Those before."""
    sequence: int
    link: bytes


def of_span(tx: Tx, case_id: int, first: int, last: int) -> list[Stamp]:
    """Return the stamps of the links from a first to a last one."""
    query = (
        sa.select(evidence_stamps)
        .where(
            evidence_stamps.c.case_id == case_id,
            evidence_stamps.c.sequence.between(first, last),
        )
        .order_by(evidence_stamps.c.sequence, evidence_stamps.c.authority)
    )
    return [Stamp(row.sequence, row.authority, bytes(row.token)) for row in tx.execute(query)]


def wait(tx: Tx, case_id: int, stamp_at: int) -> None:
    """Let a case be stamped from a second on, unless that is planned already."""
    unplanned = (vaults.c.case_id == case_id) & vaults.c.stamp_at.is_(None)
    tx.execute(sa.update(vaults).where(unplanned).values(stamp_at=stamp_at))


def is_any_due(tx: Tx, now: int) -> bool:
    """Whether something is to be planned or asked by this second."""
    planned = sa.select(vaults.c.case_id).where(vaults.c.stamp_at <= now).limit(1)
    asked = sa.select(stamps_due.c.case_id).where(stamps_due.c.due_at <= now).limit(1)
    return bool(tx.scalars(planned).first() or tx.scalars(asked).first())


def plan(tx: Tx, now: int, authorities: Collection[str], limit: int) -> int:
    """Let each authority be asked for what has waited long enough; return how many cases."""
    waited = (
        sa.select(vaults.c.case_id)
        .where(vaults.c.stamp_at <= now)
        .order_by(vaults.c.stamp_at)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    planned = list(tx.scalars(waited))
    rows = [
        {"case_id": case_id, "authority": name, "due_at": now, "attempts": 0}
        for case_id in planned
        for name in authorities
    ]
    if rows:
        tx.execute(upsert(tx, stamps_due).values(rows).on_conflict_do_nothing())
    tx.execute(sa.update(vaults).where(vaults.c.case_id.in_(planned)).values(stamp_at=None))
    return len(planned)


def forget_others(tx: Tx, authorities: Collection[str]) -> None:
    """Ask nobody any more who is not one of these."""
    tx.execute(sa.delete(stamps_due).where(stamps_due.c.authority.not_in(authorities)))


def claim(tx: Tx, now: int, until: int, limit: int) -> list[Due]:
    """Take some that are due; no other worker has them before the second `until`."""
    due = (
        sa.select(stamps_due)
        .where(stamps_due.c.due_at <= now)
        .order_by(stamps_due.c.due_at)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    taken = tx.execute(due).all()
    found = []
    for row in taken:
        this = _is(row.case_id, row.authority)
        values = {"due_at": until, "attempts": row.attempts + 1}
        tx.execute(sa.update(stamps_due).where(this).values(values))
        newest = tx.execute(sa.select(vaults).where(vaults.c.case_id == row.case_id)).one()
        found.append(
            Due(row.case_id, row.authority, row.attempts + 1, newest.sequence, bytes(newest.link))
        )
    return found


def keep(tx: Tx, due: Due, token: bytes, again_at: int) -> None:
    """Keep a stamp. If the case has something newer, ask again at that second; else no more."""
    of_case = sa.select(vaults.c.sequence).where(vaults.c.case_id == due.case_id)
    here = tx.execute(of_case.with_for_update()).one_or_none()
    if here is None:
        return  # erased meanwhile
    row = {
        "case_id": due.case_id,
        "sequence": due.sequence,
        "authority": due.authority,
        "token": token,
    }
    tx.execute(upsert(tx, evidence_stamps).values(row).on_conflict_do_nothing())
    this = _is(due.case_id, due.authority)
    if here.sequence == due.sequence:
        tx.execute(sa.delete(stamps_due).where(this))
    else:
        tx.execute(sa.update(stamps_due).where(this).values(due_at=again_at, attempts=0))


def put_off(tx: Tx, due: Due, again_at: int) -> None:
    """Ask again at that second."""
    this = _is(due.case_id, due.authority)
    tx.execute(sa.update(stamps_due).where(this).values(due_at=again_at))


def _is(case_id: int, authority: str) -> sa.ColumnElement[bool]:
    return (stamps_due.c.case_id == case_id) & (stamps_due.c.authority == authority)
