"""Addresses to look at, and when."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from crawler.frontier.transactions import Tx, give_back, take, unclaimed
from crawler.outcomes import Outcome


class Scope(StrEnum):
    """How far a watch reaches."""

    PAGE = "page"
    """The page, what it embeds, and the media of both."""
    THREAD = "thread"
    """Also where it goes on: the next pages of a thread, album or account."""
    SITE = "site"
    """Also other pages of this host, `depth` links away."""


@dataclass(frozen=True, slots=True)
class Watch:
    """One of them. `digest` is of what was seen last, `shown` whether that was ever something."""

    id: int
    address: str
    scope: Scope
    depth: int
    interval: int = 0
    faults: int = 0
    outcome: Outcome | None = None
    digest: str | None = None
    looked_at: int | None = None
    due_at: int = 0
    media: int = 0
    shown: bool = False
    moved_to: str | None = None
    name: str = ""
    lease: str = ""
    leased_until: int | None = None


_COLUMNS = (
    "id, address, scope, depth, interval, faults, outcome, digest, looked_at, due_at, media, "
    "shown, moved_to, name, lease, leased_until"
)


def add(tx: Tx, address: str, scope: Scope, depth: int, *, now: int) -> bool:
    """Add a watch that is due at once; one that is there gets the new scope. Whether it is new."""
    known = tx.execute(
        "SELECT 1 FROM watches WHERE address_hash = ? AND name = ''", (tx.seals.digest(address),)
    ).fetchone()
    tx.execute(
        "INSERT INTO watches (address, address_hash, scope, depth, due_at) VALUES (?, ?, ?, ?, ?) "
        "ON CONFLICT (address_hash, name) "
        "DO UPDATE SET scope = excluded.scope, depth = excluded.depth",
        (*_sealed(tx, address), scope.value, depth, now),
    )
    return known is None


def leased(tx: Tx, given: Watch, *, now: int) -> None:
    """Take a watch of a service, due at once. What belongs to another lease of it is forgotten."""
    _forget(tx, "name = ? AND lease <> ?", given.name, given.lease)
    tx.execute(
        "INSERT INTO watches "
        "(address, address_hash, name, lease, leased_until, scope, depth, due_at, digest, shown) "
        "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
        (
            *_sealed(tx, given.address),
            *(given.name, given.lease, given.leased_until, given.scope.value),
            *(given.depth, now, given.digest, int(given.digest is not None)),
        ),
    )


def held(tx: Tx, *, ending: int) -> list[Watch]:
    """Return leased watches, of which the service does not know the outcome, that end so soon.

    Those that another crawler visits are its own to renew.
    """
    of = f"leased_until < ?{unclaimed(tx)}"
    rows = tx.execute(f"SELECT {_COLUMNS} FROM watches WHERE {of}", (ending,))  # noqa: S608
    return [_watch(tx, row) for row in rows]


def lease_end(tx: Tx, watch: int) -> int | None:
    """Return until when a watch is leased: None if it is not, or not here any more."""
    row = tx.execute("SELECT leased_until FROM watches WHERE id = ?", (watch,)).fetchone()
    return None if row is None else row[0]


def renewed(tx: Tx, watch: int, *, until: int) -> None:
    """Note that a lease holds longer."""
    tx.execute("UPDATE watches SET leased_until = ? WHERE id = ?", (until, watch))


def lapsed(tx: Tx, watch: int) -> None:
    """Forget a leased watch, if its visit has not ended: it is to be looked at no more."""
    of = "SELECT watch FROM visits WHERE ended_at IS NULL"
    _forget(tx, f"id = ? AND name <> '' AND id IN ({of})", watch)


def release(tx: Tx, *, now: int) -> None:
    """Forget leases that have ended before their visit did: somebody else may have them now."""
    reported = "SELECT watch FROM visits WHERE id IN (SELECT visit FROM reports)"
    _forget(tx, f"leased_until < ? AND id NOT IN ({reported}){unclaimed(tx)}", now)


def _forget(tx: Tx, which: str, *values: object) -> None:
    """Delete watches, their visits, and observations of these that were not submitted."""
    of = f"SELECT id FROM visits WHERE watch IN (SELECT id FROM watches WHERE {which})"  # noqa: S608
    tx.execute(f"DELETE FROM outbox WHERE visit IN ({of})", values)  # noqa: S608
    tx.execute(f"DELETE FROM watches WHERE {which}", values)  # noqa: S608


def due(tx: Tx, *, now: int, most: int, besides: Collection[int] = ()) -> list[Watch]:
    """Take those to look at: open visits first, then what has waited longest.

    Not those `besides`, which this crawler looks at already.
    """
    which = (
        "due_at <= ? AND (leased_until IS NULL OR leased_until > ?) "
        f"AND id NOT IN ({', '.join('?' * len(besides)) or '0'})"
    )
    order = (
        "NOT EXISTS (SELECT 1 FROM visits WHERE watch = watches.id AND ended_at IS NULL), "
        "due_at, id"
    )
    values = (now, now, *besides)
    rows = take(tx, "watches", _COLUMNS, which, values, order=order, most=most)
    return [_watch(tx, row) for row in rows]


def every(tx: Tx) -> list[Watch]:
    """Return all, in the order in which they were added."""
    return [_watch(tx, row) for row in tx.execute(f"SELECT {_COLUMNS} FROM watches ORDER BY id")]  # noqa: S608


def postpone(tx: Tx, watch: int, *, until: int) -> None:
    """Make a watch due later, whatever became of its visit."""
    tx.execute("UPDATE watches SET due_at = ? WHERE id = ?", (until, watch))
    give_back(tx, "watches", "id = ?", watch)


def looked(  # noqa: PLR0913 (what a visit leaves behind)
    tx: Tx,
    watch: Watch,
    outcome: Outcome,
    *,
    now: int,
    interval: int,
    faults: int,
    media: int,
    digest: str | None,
    moved_to: str | None,
) -> None:
    """Note how a visit ended, and when the next one is due. A fault leaves what was known."""
    kept = watch.interval if outcome is Outcome.FAULT else interval
    tx.execute(
        "UPDATE watches SET outcome = ?, looked_at = ?, due_at = ?, interval = ?, faults = ?, "
        "media = ?, shown = coalesce(?, shown), digest = coalesce(?, digest), moved_to = ? "
        "WHERE id = ?",
        (
            *(outcome.value, now, now + interval, kept, faults, media, 1 if media else None),
            *(digest, moved_to and tx.seals.seal(moved_to), watch.id),
        ),
    )
    give_back(tx, "watches", "id = ?", watch.id)


def _sealed(tx: Tx, address: str) -> tuple[bytes, bytes]:
    return tx.seals.seal(address), tx.seals.digest(address)


def _watch(tx: Tx, row: Sequence[Any]) -> Watch:
    values = dict(zip(_COLUMNS.split(", "), row, strict=True))
    values["address"] = tx.seals.unseal(values["address"])
    values["moved_to"] = values["moved_to"] and tx.seals.unseal(values["moved_to"])
    values["scope"] = Scope(values["scope"])
    values["shown"] = bool(values["shown"])
    values["outcome"] = Outcome(values["outcome"]) if values["outcome"] else None
    return Watch(**values)
