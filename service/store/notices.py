"""Notices: what owners ask to be removed, what became of it, and which platforms ask for them."""

from __future__ import annotations

from datetime import date
from typing import Any, NamedTuple

import sqlalchemy as sa

from service.domain.notice import NoticeState
from service.store.actors import live_ids
from service.store.database import Tx, upsert
from service.store.notice_schema import notice_takers, notices
from service.store.schema import actors

_ENDED = (NoticeState.REMOVED, NoticeState.REFUSED)


class Notice(NamedTuple):
    """A notice as it is stored."""

    case_id: int
    n: int
    reference: str
    regime: str
    state: NoticeState
    about: bytes
    content: bytes | None
    actor_id: int | None
    receipt: str | None
    made_on: date
    changed_on: date
    sent_at: int | None
    clock_from: int | None
    reason: str | None
    says: bytes | None


_COLUMNS = [notices.c[name] for name in Notice._fields]


def add(tx: Tx, case_id: int, values: dict[str, Any]) -> int:
    """Insert a notice of a case, which is locked; return its number in the case."""
    highest = sa.select(sa.func.max(notices.c.n)).where(notices.c.case_id == case_id)
    n = (tx.scalar(highest) or 0) + 1
    tx.execute(sa.insert(notices).values(**values, case_id=case_id, n=n))
    return n


def of_case(tx: Tx, case_id: int) -> list[Notice]:
    """Return the notices of a case, the newest first."""
    query = sa.select(*_COLUMNS).where(notices.c.case_id == case_id)
    return [_notice(row) for row in tx.execute(query.order_by(notices.c.n.desc()))]


def get(tx: Tx, case_id: int, n: int) -> Notice | None:
    """Return one notice of a case."""
    return _one(tx, _is(case_id, n))


def count_of_case(tx: Tx, case_id: int) -> int:
    """Return how many notices a case has."""
    query = sa.select(sa.func.count()).where(notices.c.case_id == case_id)
    return tx.scalar(query) or 0


def change(tx: Tx, notice: Notice, now: date, **values: Any) -> None:  # noqa: ANN401 (columns)
    """Change a notice, as happened on a day."""
    this = _is(notice.case_id, notice.n)
    tx.execute(sa.update(notices).where(this).values(**values, changed_on=now))


def remove(tx: Tx, case_id: int, n: int) -> bool:
    """Erase a notice of a case; return whether there was one."""
    return tx.execute(sa.delete(notices).where(_is(case_id, n))).rowcount > 0


def remove_all(tx: Tx, case_id: int) -> None:
    """Erase the notices of a case."""
    tx.execute(sa.delete(notices).where(notices.c.case_id == case_id))


def take_back(tx: Tx, case_id: int) -> None:
    """Make drafts of the notices of a case that no platform has fetched yet."""
    waiting = (notices.c.case_id == case_id) & (notices.c.state == NoticeState.OFFERED)
    draft = {"state": NoticeState.DRAFT, "actor_id": None}
    tx.execute(sa.update(notices).where(waiting).values(draft))


def of_actor(tx: Tx, actor_id: int, limit: int) -> list[Notice]:
    """Return the notices that a platform may fetch or answer, the oldest first."""
    is_open = notices.c.state.not_in(_ENDED)
    query = sa.select(*_COLUMNS).where(notices.c.actor_id == actor_id, is_open)
    return [_notice(row) for row in tx.execute(query.order_by(notices.c.id).limit(limit))]


def case_of(tx: Tx, actor_id: int, reference: str) -> int | None:
    """Return the case of a notice that is, or was, for a platform."""
    this = (notices.c.actor_id == actor_id) & (notices.c.reference == reference)
    return tx.scalar(sa.select(notices.c.case_id).where(this))


def for_actor(tx: Tx, actor_id: int, reference: str) -> Notice | None:
    """Return a notice that is, or was, for a platform."""
    return _one(tx, (notices.c.actor_id == actor_id) & (notices.c.reference == reference))


def note_taker(tx: Tx, actor_id: int, now: date) -> None:
    """Note that a platform asked for notices on a day."""
    row = {"actor_id": actor_id, "asked_on": now}
    new = upsert(tx, notice_takers).values(row)
    tx.execute(new.on_conflict_do_update(index_elements=["actor_id"], set_={"asked_on": now}))


def asked_on(tx: Tx, actor_id: int) -> date | None:
    """Return the last day on which a platform asked for notices."""
    this = notice_takers.c.actor_id == actor_id
    return tx.scalar(sa.select(notice_takers.c.asked_on).where(this))


def takers(tx: Tx, since: date) -> dict[str, int]:
    """Return name and id of each platform with a live key that asked since a day."""
    joined = sa.select(actors.c.name, actors.c.id).select_from(notice_takers.join(actors))
    recent = joined.where(notice_takers.c.asked_on >= since, actors.c.id.in_(live_ids()))
    return {row.name: row.id for row in tx.execute(recent.order_by(actors.c.name, actors.c.id))}


def name_of(tx: Tx, actor_id: int) -> str:
    """Return the name of a platform."""
    return str(tx.scalars(sa.select(actors.c.name).where(actors.c.id == actor_id)).one())


def purge(tx: Tx, *, drafts: date, texts: date, all_of_it: date, limit: int) -> int:
    """Erase drafts, texts and whole notices that nothing happened to since a day; count them."""
    old = notices.c.changed_on
    gone = (old < all_of_it) | ((notices.c.state == NoticeState.DRAFT) & (old < drafts))
    ids = tx.scalars(sa.select(notices.c.id).where(gone).limit(limit)).all()
    number = tx.execute(sa.delete(notices).where(notices.c.id.in_(ids))).rowcount
    kept = notices.c.content.is_not(None) | notices.c.says.is_not(None)
    ended = notices.c.state.in_(_ENDED) & (old < texts) & kept
    ids = tx.scalars(sa.select(notices.c.id).where(ended).limit(limit)).all()
    forgotten = sa.update(notices).where(notices.c.id.in_(ids)).values(content=None, says=None)
    return number + tx.execute(forgotten).rowcount


def _is(case_id: int, n: int) -> sa.ColumnElement[bool]:
    return (notices.c.case_id == case_id) & (notices.c.n == n)


def _one(tx: Tx, which: sa.ColumnElement[bool]) -> Notice | None:
    row = tx.execute(sa.select(*_COLUMNS).where(which)).one_or_none()
    return None if row is None else _notice(row)


def _notice(row: sa.Row[Any]) -> Notice:
    values = row._asdict()
    bytes_of = {
        name: None if values[name] is None else bytes(values[name])
        for name in ("about", "content", "says")
    }
    return Notice(**{**values, **bytes_of, "state": NoticeState(row.state)})
