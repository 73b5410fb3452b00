"""Visits and their steps: what is done is never done again, whenever the process is killed."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from crawler.frontier.transactions import Tx
from crawler.outcomes import ErrorKind, Outcome

_MOVED = "moved "
"""How the result of a page begins that is at another address for good."""


class Kind(StrEnum):
    """What a step looks at."""

    PAGE = "page"
    MEDIUM = "medium"


@dataclass(frozen=True, slots=True)
class New:
    """An address to look at. `page` is what an observation of it names: where it is shown.

    A `part` is a page within another one.
    """

    kind: Kind
    address: str
    page: str
    depth: int
    part: bool = False


@dataclass(frozen=True, slots=True)
class Step(New):
    """One that a visit has."""

    id: int = 0


@dataclass(frozen=True, slots=True)
class Ended:
    """All steps of a visit: how many media had signals, and a digest of which these were."""

    media: int
    digest: str


def opened(tx: Tx, watch: int, first: New, now: int) -> int:
    """Return the open visit of a watch, or begin one with its first step."""
    row = tx.execute(
        "SELECT id FROM visits WHERE watch = ? AND ended_at IS NULL", (watch,)
    ).fetchone()
    if row:
        return int(row[0])
    made = tx.execute(
        "INSERT INTO visits (watch, begun_at) VALUES (?, ?) RETURNING id", (watch, now)
    )
    visit = int(made.fetchone()[0])
    add(tx, visit, [first])
    return visit


def add(tx: Tx, visit: int, steps: Iterable[New]) -> None:
    """Add steps that this visit does not have yet."""
    tx.executemany(
        "INSERT INTO steps (visit, kind, address, address_hash, page, depth, part) "
        "VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
        [
            (
                *(visit, new.kind.value, tx.seals.seal(new.address), tx.seals.digest(new.address)),
                *(tx.seals.seal(new.page), new.depth, int(new.part)),
            )
            for new in steps
        ],
    )


def waiting(tx: Tx, visit: int, kind: Kind, most: int, *, after: int = 0) -> list[Step]:
    """Return steps that have no result, in the order in which they were found."""
    rows = tx.execute(
        "SELECT address, page, depth, part, id FROM steps "
        "WHERE id > ? AND visit = ? AND kind = ? AND result IS NULL ORDER BY id LIMIT ?",
        (after, visit, kind.value, most),
    )
    unseal = tx.seals.unseal
    return [
        Step(kind, unseal(row[0]), unseal(row[1]), row[2], bool(row[3]), row[4]) for row in rows
    ]


def count(tx: Tx, visit: int, kind: Kind) -> int:
    """Return how many steps of a kind a visit has, done or not."""
    statement = "SELECT count(*) FROM steps WHERE visit = ? AND kind = ?"
    return int(tx.execute(statement, (visit, kind.value)).fetchone()[0])


def done(tx: Tx, step: int, result: str, sha256: str | None = None) -> None:
    """Note how a step ended. Of a result `moved ADDRESS` the address is sealed."""
    word, _, address = result.partition(" ") if result.startswith(_MOVED) else (result, "", "")
    moved_to = tx.seals.seal(address) if address else None
    tx.execute(
        "UPDATE steps SET result = ?, moved_to = ?, sha256 = ? WHERE id = ?",
        (word, moved_to, sha256, step),
    )


def results(tx: Tx, visit: int) -> dict[tuple[Kind, str], int]:
    """Return how many steps ended in each way."""
    rows = tx.execute(
        "SELECT kind, result, count(*) FROM steps WHERE visit = ? AND result IS NOT NULL "
        "GROUP BY kind, result",
        (visit,),
    )
    return {(Kind(kind), result): number for kind, result, number in rows}


def first_result(tx: Tx, visit: int) -> str | None:
    """Return how the watch's own address was: as a page, if it was looked at as one."""
    row = tx.execute(
        "SELECT result, moved_to FROM steps WHERE visit = ? AND address_hash = "
        "(SELECT address_hash FROM steps WHERE visit = ? ORDER BY id LIMIT 1) "
        "ORDER BY kind = 'page' DESC LIMIT 1",
        (visit, visit),
    ).fetchone()
    result, moved_to = row or (None, None)
    return f"{result} {tx.seals.unseal(moved_to)}" if moved_to else result


def summed(tx: Tx, visit: int) -> Ended:
    """Return what a visit has seen."""
    rows = tx.execute(
        "SELECT DISTINCT sha256 FROM steps WHERE visit = ? AND sha256 IS NOT NULL", (visit,)
    )
    digests = sorted(row[0] for row in rows)
    return Ended(len(digests), hashlib.sha256(" ".join(digests).encode()).hexdigest())


def end(
    tx: Tx,
    visit: int,
    outcome: Outcome,
    *,
    fault: ErrorKind | None,
    media: int,
    now: int,
) -> None:
    """End a visit; its steps are forgotten."""
    tx.execute(
        "UPDATE visits SET ended_at = ?, outcome = ?, fault = ?, media = ? WHERE id = ?",
        (now, outcome.value, fault.value if fault else None, media, visit),
    )
    tx.execute("DELETE FROM steps WHERE visit = ?", (visit,))


def prune(tx: Tx, *, before: int, most: int = 1000) -> int:
    """Forget visits that ended before, but the last of each watch."""
    gone = tx.execute(
        "DELETE FROM visits WHERE id IN (SELECT id FROM visits v WHERE ended_at < ? AND id < "
        "(SELECT max(id) FROM visits WHERE watch = v.watch) LIMIT ?)",
        (before, most),
    )
    return gone.rowcount
