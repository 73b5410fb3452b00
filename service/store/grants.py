"""Grants and intake links. Each request of a member asks here, so that what ended is ended."""

from __future__ import annotations

from datetime import date
from typing import Any

import sqlalchemy as sa

from service.domain.advocacy import HeldCase
from service.domain.grant import (
    Grant,
    Offer,
    Terms,
    code_until,
    scopes_text,
    stored_scopes,
    until,
)
from service.domain.member import Member
from service.store.database import Tx
from service.store.grant_schema import case_looks, case_notes, casework, grants, intake_links
from service.store.member_schema import organisations
from service.store.schema import cases


def offer(tx: Tx, case_id: int, code_hash: bytes, terms: Terms, now: date) -> int:
    """Insert a grant that can be redeemed; return its number in the case."""
    n = _next_n(tx, case_id)
    values = _values(case_id, terms, now) | {"code_until_on": code_until(now)}
    tx.execute(sa.insert(grants).values(**values, n=n, code_hash=code_hash))
    return n


def of_case(tx: Tx, case_id: int) -> list[Grant]:
    """Return the grants of a case, the newest first."""
    query = sa.select(grants, organisations.c.name.label("organisation"))
    joined = query.select_from(grants.outerjoin(organisations)).where(grants.c.case_id == case_id)
    return [
        Grant(
            row.n,
            row.organisation,
            stored_scopes(row.scopes),
            row.made_on,
            row.code_until_on,
            row.until_on,
            row.held_on,
            row.ended_on,
            bool(row.by_link),
        )
        for row in tx.execute(joined.order_by(grants.c.n.desc()))
    ]


def end(tx: Tx, case_id: int, n: int, now: date) -> bool:
    """End a grant and erase its code; return False if there is none that has not ended."""
    this = (grants.c.case_id == case_id) & (grants.c.n == n)
    return _end(tx, this, now) == 1


def end_all(tx: Tx, case_id: int, now: date) -> None:
    """End every grant of a case."""
    _end(tx, grants.c.case_id == case_id, now)


def redeem(tx: Tx, code_hash: bytes, organisation_id: int, reference: str, now: date) -> int | None:
    """Give a grant to an organisation, once; return its case. None if the code opens nothing.

    An older grant of the same case to the same organisation ends.
    """
    open_cases = sa.select(cases.c.id).where(cases.c.withdrawn_on.is_(None))
    good = (
        (grants.c.code_hash == code_hash)
        & (grants.c.code_until_on > now)
        & (grants.c.until_on > now)
        & grants.c.ended_on.is_(None)
        & grants.c.case_id.in_(open_cases)
    )
    given = {"organisation_id": organisation_id, "reference": reference, "held_on": now}
    used = sa.update(grants).where(good).values(**given, code_hash=None)
    row = tx.execute(used.returning(grants.c.id, grants.c.case_id)).one_or_none()
    if row is None:
        return None
    _end_older(tx, row.case_id, organisation_id, row.id, now)
    return int(row.case_id)


def give(tx: Tx, case_id: int, offered: Offer, reference: str, now: date) -> None:
    """Insert a grant that an organisation holds from now on, of a case opened by its link."""
    values = _values(case_id, Terms(offered.scopes, offered.days), now)
    given = {"organisation_id": offered.organisation_id, "reference": reference, "held_on": now}
    tx.execute(
        sa.insert(grants).values(**values | given | {"by_link": True}, n=_next_n(tx, case_id))
    )


def held_by(tx: Tx, organisation_id: int, now: date) -> list[HeldCase]:
    """Return every case that an organisation may see now, the longest granted first."""
    return _held(tx, grants.c.organisation_id == organisation_id, now)


def held(tx: Tx, organisation_id: int, reference: str, now: date) -> HeldCase | None:
    """Return the case of a reference, if the organisation may see it now."""
    this = (grants.c.organisation_id == organisation_id) & (grants.c.reference == reference)
    return next(iter(_held(tx, this, now)), None)


def cases_ever_held(tx: Tx, organisation_id: int) -> set[int]:
    """Return the ids of all cases that an organisation may see, or could before."""
    of_it = (grants.c.organisation_id == organisation_id) & grants.c.held_on.is_not(None)
    return set(tx.scalars(sa.select(grants.c.case_id).where(of_it)))


def confirm(tx: Tx, grant_id: int, now: date) -> None:
    """Note that the owner is who is shown. The first day stays."""
    this = (grants.c.id == grant_id) & grants.c.confirmed_on.is_(None)
    tx.execute(sa.update(grants).where(this).values(confirmed_on=now))


def is_confirmed(tx: Tx, case_id: int, now: date) -> bool:
    """Whether a member who may see a case now has confirmed that its owner is who is shown."""
    this = (grants.c.case_id == case_id) & grants.c.confirmed_on.is_not(None)
    return bool(_held(tx, this, now))


def make_link(tx: Tx, maker: Member, code_hash: bytes, terms: Terms, now: date) -> None:
    """Insert an intake link of a member's organisation."""
    tx.execute(
        sa.insert(intake_links).values(
            organisation_id=maker.organisation_id,
            member_id=maker.id,
            code_hash=code_hash,
            scopes=scopes_text(terms.scopes),
            days=terms.days,
            made_on=now,
            code_until_on=code_until(now),
        )
    )


def offered_by_link(tx: Tx, code_hash: bytes, now: date) -> Offer | None:
    """Return what a link offers, if it is good and its organisation is not disabled."""
    query = sa.select(intake_links, organisations.c.name).select_from(
        intake_links.join(organisations)
    )
    good = (intake_links.c.code_hash == code_hash) & (intake_links.c.code_until_on > now)
    row = tx.execute(query.where(good, organisations.c.disabled_on.is_(None))).one_or_none()
    if row is None:
        return None
    return Offer(row.organisation_id, row.name, row.member_id, stored_scopes(row.scopes), row.days)


def use_link(tx: Tx, code_hash: bytes, now: date) -> Offer | None:
    """Use up a link; return what it offered. None if it opens nothing."""
    found = offered_by_link(tx, code_hash, now)
    used = tx.execute(sa.delete(intake_links).where(intake_links.c.code_hash == code_hash))
    return found if used.rowcount == 1 else None


def links_of(tx: Tx, organisation_id: int, now: date) -> int:
    """Return how many links of an organisation are still good."""
    live = (intake_links.c.organisation_id == organisation_id) & (
        intake_links.c.code_until_on > now
    )
    return tx.scalar(sa.select(sa.func.count()).where(live)) or 0


def erase_case(tx: Tx, case_id: int) -> None:
    """Erase every grant of a case, and what organisations kept about it."""
    for table in (case_looks, case_notes, casework, grants):
        tx.execute(sa.delete(table).where(table.c.case_id == case_id))


def prune(tx: Tx, now: date, ended_before: date, most: int) -> int:
    """Delete some links and grants that are over, and what was noted with them; return how many.

    Notes that were shared with the owner stay as long as the case.
    """
    old = sa.select(intake_links.c.id).where(intake_links.c.code_until_on <= now).limit(most)
    number = tx.execute(sa.delete(intake_links).where(intake_links.c.id.in_(old))).rowcount
    lapsed = grants.c.held_on.is_(None) & (grants.c.code_until_on < ended_before)
    over = (grants.c.ended_on < ended_before) | (grants.c.until_on < ended_before) | lapsed
    some = tx.execute(sa.select(grants.c.id, grants.c.case_id).where(over).limit(most)).all()
    ids, of_cases = {row.id for row in some}, {row.case_id for row in some}
    tx.execute(sa.delete(grants).where(grants.c.id.in_(ids)))
    for table in (casework, case_notes):
        left = sa.exists().where(
            grants.c.case_id == table.c.case_id,
            grants.c.organisation_id == table.c.organisation_id,
        )
        gone = sa.delete(table).where(table.c.case_id.in_(of_cases), ~left)
        tx.execute(gone if table is casework else gone.where(case_notes.c.layer == "team"))
    return number + len(ids)


def _held(tx: Tx, condition: sa.ColumnElement[bool], now: date) -> list[HeldCase]:
    live = (
        grants.c.held_on.is_not(None)
        & grants.c.ended_on.is_(None)
        & (grants.c.until_on > now)
        & cases.c.withdrawn_on.is_(None)
    )
    query = sa.select(grants, cases.c.number, cases.c.opened_on).select_from(grants.join(cases))
    rows = tx.execute(query.where(condition, live).order_by(grants.c.id))
    return [_held_case(row) for row in rows]


def _held_case(row: Any) -> HeldCase:  # noqa: ANN401 (a row of `_held`)
    return HeldCase(
        row.id,
        row.case_id,
        row.number,
        row.reference,
        stored_scopes(row.scopes),
        row.held_on,
        row.until_on,
        row.opened_on,
        row.confirmed_on,
    )


def _values(case_id: int, terms: Terms, now: date) -> dict[str, Any]:
    return {
        "case_id": case_id,
        "scopes": scopes_text(terms.scopes),
        "made_on": now,
        "code_until_on": now,
        "until_on": until(now, terms.days),
        "by_link": False,
    }


def _end(tx: Tx, which: sa.ColumnElement[bool], now: date) -> int:
    live = which & grants.c.ended_on.is_(None)
    return tx.execute(sa.update(grants).where(live).values(ended_on=now, code_hash=None)).rowcount


def _end_older(tx: Tx, case_id: int, organisation_id: int, kept: int, now: date) -> None:
    of_it = (grants.c.case_id == case_id) & (grants.c.organisation_id == organisation_id)
    _end(tx, of_it & (grants.c.id != kept), now)


def _next_n(tx: Tx, case_id: int) -> int:
    """Return the next number of a case that the caller has locked."""
    highest = sa.select(sa.func.max(grants.c.n)).where(grants.c.case_id == case_id)
    return (tx.scalar(highest) or 0) + 1
