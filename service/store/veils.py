"""Veils: what each platform's answers about each stored signal do not depend on."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from functools import cache
from typing import Any

import sqlalchemy as sa

from hashing.signals import SignalType
from service.domain.case import EntryStatus
from service.domain.veil import Veil
from service.store.database import Tx, batches, given, upsert_in
from service.store.schema import actors, entries, signals, veils

_KEYS = 100
"""Pairs of an actor and a signal in one DELETE."""


def record(tx: Tx, made: Iterable[tuple[int, Veil]], now: date) -> None:
    """Insert veils, each with its actor, or add what they have newly: nothing is taken away.

    Those whose signal is erased meanwhile are left out. Rows are written in one order, so that
    writers who meet on several of them never deadlock.
    """
    rows = {(actor_id, one.signal_id): one for actor_id, one in made}
    for batch in batches(sorted(rows)):
        ids = sorted({signal_id for _, signal_id in batch})
        there = set(tx.scalars(_THERE, {"ids": ids}))
        values = [_row(key[0], rows[key], now) for key in batch if key[1] in there]
        if values:
            tx.execute(_recording(tx.dialect.name), values)


@cache
def _recording(dialect: str) -> sa.Insert:
    """The statement of each row."""
    new = upsert_in(dialect, veils)
    added = {
        "in_force": veils.c.in_force | new.excluded.in_force,
        "match": sa.func.coalesce(veils.c.match, new.excluded.match),
        "changed_on": new.excluded.changed_on,
    }
    return new.on_conflict_do_update(index_elements=["actor_id", "signal_id"], set_=added)


def of_actor(tx: Tx, actor_id: int, signal_ids: Iterable[int]) -> dict[int, Veil]:
    """Return the veils of one actor on some signals that have any, by signal."""
    return {
        row.signal_id: _veil(row)
        for batch in batches(signal_ids)
        for row in tx.execute(_OF_ACTOR, {"actor": actor_id, "signals": batch})
    }


def in_force(tx: Tx, since: date) -> list[tuple[int, Veil]]:
    """Return every veil in force that changed on that day or later, with its actor."""
    query = _select().where(veils.c.changed_on >= since, veils.c.in_force.is_(True))
    return [(row.actor_id, _veil(row)) for row in tx.execute(query)]


def record_probing(tx: Tx, actor_id: int, entry_id: int, now: date) -> None:
    """Record that a platform asks along the edges of what an entry is near."""
    of_entry = veils.c.signal_id.in_(sa.select(signals.c.id).where(signals.c.entry_id == entry_id))
    of_actor = sa.update(veils).where(veils.c.actor_id == actor_id, of_entry)
    tx.execute(of_actor.values(probed_on=now, changed_on=now))


def probed(tx: Tx, entry_ids: Iterable[int] | None = None) -> dict[int, dict[str, date]]:
    """Return, for each active entry that is probed, or of some, which platforms do, and last when.

    What a person has reviewed since is left out.
    """
    unreviewed = entries.c.reviewed.is_(False) | (veils.c.probed_on > entries.c.reviewed_on)
    columns = (signals.c.entry_id, actors.c.name, sa.func.max(veils.c.probed_on))
    joined = veils.join(signals).join(entries).join(actors, actors.c.id == veils.c.actor_id)
    query = sa.select(*columns).select_from(joined).where(veils.c.probed_on.is_not(None))
    query = query.where(entries.c.status == EntryStatus.ACTIVE, unreviewed)
    query = query.group_by(signals.c.entry_id, actors.c.name).order_by(actors.c.name)
    if entry_ids is not None:
        query = query.where(entries.c.id.in_(list(entry_ids)))
    found: dict[int, dict[str, date]] = {}
    for entry_id, name, day in tx.execute(query):
        found.setdefault(entry_id, {})[name] = day
    return found


def prune(tx: Tx, before: date, most: int) -> int:
    """Delete some veils that have not changed since a day; return how many. 0: none is left."""
    old = sa.select(veils.c.actor_id, veils.c.signal_id).where(veils.c.changed_on < before)
    keys = [tuple(row) for row in tx.execute(old.limit(most))]
    for batch in batches(keys, _KEYS):
        of_keys = sa.tuple_(veils.c.actor_id, veils.c.signal_id).in_(batch)
        tx.execute(sa.delete(veils).where(of_keys))
    return len(keys)


def _select() -> sa.Select[Any]:
    return sa.select(veils, signals.c.type, signals.c.value).select_from(veils.join(signals))


_THERE = sa.select(signals.c.id).where(signals.c.id.in_(given("ids"))).order_by(signals.c.id)
_OF_ACTOR = _select().where(
    veils.c.actor_id == sa.bindparam("actor"), veils.c.signal_id.in_(given("signals"))
)


def _row(actor_id: int, one: Veil, now: date) -> dict[str, Any]:
    return {
        "actor_id": actor_id,
        "signal_id": one.signal_id,
        "near": one.near,
        "match": one.match,
        "asked": one.asked,
        "in_force": one.in_force,
        "changed_on": now,
    }


def _veil(row: Any) -> Veil:  # noqa: ANN401 (a row of `_select`)
    return Veil(
        row.signal_id,
        SignalType(row.type),
        bytes(row.value),
        bytes(row.near),
        None if row.match is None else bytes(row.match),
        bytes(row.asked),
        in_force=row.in_force,
    )
