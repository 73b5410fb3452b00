"""Records and files of evidence, and which of their chunks have come."""

from __future__ import annotations

from datetime import date
from typing import Any, NamedTuple

import sqlalchemy as sa

from service.domain.errors import IllegalTransition
from service.domain.evidence import ITEM_TRANSITIONS, ItemKind, ItemState
from service.store.database import Tx
from service.store.evidence_schema import evidence_chunks, evidence_items


class Item(NamedTuple):
    """A record or a file."""

    id: int
    case_id: int
    item: str
    """Its id, which the owner's device made."""
    kind: ItemKind
    state: ItemState
    size: int
    """Bytes as it is stored, whole."""
    chunks: int
    digest: bytes | None

    @property
    def folder_name(self) -> str:
        """Name of the folder of its chunks.

        The id of a file that did not come whole may come again, while the bytes of the first one
        are still to be removed: so each has a folder of its own.
        """
        return self.item if self.kind is ItemKind.RECORD else f"{self.item}.{self.id}"


class Chunk(NamedTuple):
    """A chunk that has come."""

    n: int
    digest: bytes
    size: int
    """Bytes as it is stored."""


def find(tx: Tx, case_id: int, item: str) -> Item | None:
    """Return an item of a case."""
    this = (evidence_items.c.case_id == case_id) & (evidence_items.c.item == item)
    row = tx.execute(sa.select(evidence_items).where(this)).one_or_none()
    return None if row is None else _item(row)


def insert(tx: Tx, values: dict[str, Any]) -> int:
    """Insert an item; return its id in the store."""
    new = sa.insert(evidence_items).values(values).returning(evidence_items.c.id)
    return int(tx.scalars(new).one())


def step(tx: Tx, one: Item, state: ItemState, digest: bytes) -> None:
    """Let an item go on to another state. Raises IllegalTransition."""
    if state not in ITEM_TRANSITIONS[one.state]:
        raise IllegalTransition
    values = {"state": state.value, "digest": digest, "until_on": None}
    tx.execute(sa.update(evidence_items).where(evidence_items.c.id == one.id).values(values))


def add_chunk(tx: Tx, one_id: int, chunk: Chunk) -> None:
    """Note that a chunk has come. Its file is on the disk."""
    tx.execute(sa.insert(evidence_chunks).values(item_id=one_id, **chunk._asdict()))


def chunk(tx: Tx, one: Item, n: int) -> Chunk | None:
    """Return a chunk that has come."""
    this = (evidence_chunks.c.item_id == one.id) & (evidence_chunks.c.n == n)
    row = tx.execute(sa.select(evidence_chunks).where(this)).one_or_none()
    return None if row is None else _chunk(row)


def chunks(tx: Tx, one: Item) -> list[Chunk]:
    """Return the chunks that have come, in order."""
    of_item = sa.select(evidence_chunks).where(evidence_chunks.c.item_id == one.id)
    return [_chunk(row) for row in tx.execute(of_item.order_by(evidence_chunks.c.n))]


def numbers(tx: Tx, one: Item) -> list[int]:
    """Return which chunks have come, in order."""
    of_item = sa.select(evidence_chunks.c.n).where(evidence_chunks.c.item_id == one.id)
    return list(tx.scalars(of_item.order_by(evidence_chunks.c.n)))


def forget_chunks(tx: Tx, one: Item) -> int:
    """Forget which chunks an item has; return how many bytes they were."""
    of_item = evidence_chunks.c.item_id == one.id
    size = tx.scalar(sa.select(sa.func.sum(evidence_chunks.c.size)).where(of_item))
    tx.execute(sa.delete(evidence_chunks).where(of_item))
    return int(size or 0)


def forget(tx: Tx, one: Item) -> None:
    """Forget an item that never came whole."""
    tx.execute(sa.delete(evidence_items).where(evidence_items.c.id == one.id))


def arriving(tx: Tx, case_id: int) -> list[tuple[Item, int, date]]:
    """Return the files of a case that have not come whole: bytes here, and until when they may."""
    here = sa.func.coalesce(sa.func.sum(evidence_chunks.c.size), 0).label("here")
    query = (
        sa.select(evidence_items, here)
        .select_from(evidence_items.outerjoin(evidence_chunks))
        .where(
            evidence_items.c.case_id == case_id,
            evidence_items.c.state == ItemState.ARRIVING.value,
        )
        .group_by(evidence_items.c.id)
        .order_by(evidence_items.c.id)
    )
    return [(_item(row), int(row.here), row.until_on) for row in tx.execute(query)]


def in_folder(tx: Tx, case_id: int, name: str) -> Item | None:
    """Return the item of a case whose chunks are in a folder of this name."""
    one = find(tx, case_id, name.partition(".")[0])
    return one if one and one.folder_name == name else None


def overdue(tx: Tx, now: date, limit: int) -> list[Item]:
    """Return some files that have not come whole in time."""
    over = sa.select(evidence_items).where(evidence_items.c.until_on <= now).limit(limit)
    return [_item(row) for row in tx.execute(over)]


def _item(row: sa.Row[Any]) -> Item:
    return Item(
        row.id,
        row.case_id,
        row.item,
        ItemKind(row.kind),
        ItemState(row.state),
        row.size,
        row.chunks,
        None if row.digest is None else bytes(row.digest),
    )


def _chunk(row: sa.Row[Any]) -> Chunk:
    return Chunk(row.n, bytes(row.digest), row.size)
