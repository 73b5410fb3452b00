"""A file of evidence comes in chunks, in any order and as often as it takes, and is then whole."""

from __future__ import annotations

import hashlib
from datetime import timedelta
from pathlib import Path
from random import Random
from typing import NamedTuple

from service.domain import evidence
from service.domain.actor import Owner
from service.domain.errors import Conflict, InvalidRequest, NotFound
from service.domain.evidence import Act, Entry, ItemKind, ItemState
from service.domain.watch import Clock
from service.store import evidence_items, vaults
from service.store.database import Tx
from service.store.evidence_items import Chunk, Item
from service.workflows.evidence_opened import (
    existing,
    most_bytes,
    note_chunk,
    opened,
    readable,
    refuse_again,
    require_files_taken,
    require_room,
    require_total,
    wait_for_stamp,
    written,
)
from service.workflows.store_context import StoreContext


class Arrival(NamedTuple):
    """How much of a file has come."""

    item: str
    size: int
    chunks: int
    received: list[tuple[int, int]]
    """Spans of chunks that have come, each from a first to a last one."""
    state: ItemState


def announce(
    context: StoreContext, owner: Owner, item: str, size: int, chunks: int, now: Clock
) -> Arrival:
    """Let a file come, or go on coming. Its bytes count for the case from now on.

    Raises InvalidRequest, Conflict, EvidenceFull, NoRoom, NotEligible or Withdrawn.
    """
    evidence.require_file(size, chunks)
    with context.database.write() as tx:
        vault = opened(tx, owner)
        require_files_taken(vault)
        known = evidence_items.find(tx, owner.case_id, item)
        if known:
            same = (ItemKind.FILE, size, chunks) == (known.kind, known.size, known.chunks)
            if not same or known.state is ItemState.REMOVED:
                refuse_again(known)
            return _arrival(tx, known)
        require_room(vault, ItemKind.FILE, size, most_bytes(context))
        require_total(context, tx, size)
        row = {
            "case_id": owner.case_id,
            "item": item,
            "kind": ItemKind.FILE.value,
            "state": ItemState.ARRIVING.value,
            "size": size,
            "chunks": chunks,
            "until_on": now.day + timedelta(days=evidence.ARRIVAL_DAYS + 1),
        }
        evidence_items.insert(tx, row)
        vaults.count(tx, owner.case_id, reserved=size, files=1)
    return Arrival(item, size, chunks, [], ItemState.ARRIVING)


def arrival(context: StoreContext, owner: Owner, item: str) -> Arrival:
    """Return how much of a file has come. Raises NotFound."""
    with context.database.read() as tx:
        _, one = existing(tx, owner, item, ItemKind.FILE)
        return _arrival(tx, one)


def put_chunk(context: StoreContext, owner: Owner, item: str, n: int, sealed: bytes) -> None:
    """Keep a chunk; when this returns, it is on the disk. The same again changes nothing.

    Raises NotFound, InvalidRequest, Conflict, NoRoom, NotEligible or Withdrawn.
    """
    chunk = Chunk(n, hashlib.sha256(sealed).digest(), len(sealed))
    with context.database.read() as tx:
        vault, one = existing(tx, owner, item, ItemKind.FILE)
        _require_place(one, chunk)
        path = context.evidence.path(vault.folder, one.folder_name, n, chunk.digest)
        if _has_come(tx, one, chunk) and context.evidence.has(path, chunk.size):
            return
        require_files_taken(vault)
        require_total(context, tx, chunk.size)
    written(context, path, sealed)
    try:
        with context.database.write() as tx:
            require_files_taken(opened(tx, owner))
            again = _same(tx, owner, one)
            if not _has_come(tx, again, chunk):
                note_chunk(context, tx, again.id, chunk, path)
                vaults.count(tx, owner.case_id, stored=chunk.size)
    except (Conflict, NotFound):
        context.evidence.drop(path)
        raise


def complete(
    context: StoreContext,
    owner: Owner,
    item: str,
    root: bytes,
    now: Clock,
    draw: Random | None = None,
) -> Entry:
    """Make a file whole that has this root; return its entry. The same again returns the same.

    Raises NotFound, Conflict, NotEligible, Withdrawn, or InvalidRequest if chunks are missing or
    are others.
    """
    with context.database.write() as tx:
        vault = opened(tx, owner)
        _, one = existing(tx, owner, item, ItemKind.FILE)
        if one.digest is not None:
            entry = vaults.entry_of(tx, owner.case_id, item)
            if one.state is ItemState.REMOVED or one.digest != root or entry is None:
                refuse_again(one)
            return entry
        require_files_taken(vault)
        here = evidence_items.chunks(tx, one)
        lacking = evidence.missing([each.n for each in here], one.chunks)
        if lacking is not None:
            raise InvalidRequest(f"Chunk {lacking} has not come. Send it, then say this again.")
        if evidence.root(each.digest for each in here) != root:
            raise InvalidRequest("What came is not what was meant to come: its root is another.")
        evidence_items.step(tx, one, ItemState.KEPT, root)
        entry = vaults.append(tx, vault, Act.FILE, item, root, now.second)
        wait_for_stamp(context, tx, owner, now, draw)
    return entry


def chunk_of_file(context: StoreContext, owner: Owner, item: str, n: int) -> tuple[Path, int]:
    """Return where a chunk is, and how many bytes it has. Raises NotFound or Withdrawn."""
    with context.database.read() as tx:
        vault, one = existing(tx, owner, item, ItemKind.FILE)
        return readable(context, tx, vault, one, n)


FORGOTTEN = "This file had not come whole in time, or was removed. Announce it again."


def _same(tx: Tx, owner: Owner, one: Item) -> Item:
    """Return a file as it is now. Raises Conflict if it was forgotten, and has come again."""
    _, again = existing(tx, owner, one.item, ItemKind.FILE)
    if again.id != one.id:
        raise Conflict(FORGOTTEN)
    return again


def _require_place(one: Item, chunk: Chunk) -> None:
    """Raise unless a chunk of this number and size is of this file."""
    if not chunk.n < one.chunks:
        raise NotFound("The file has fewer chunks.")
    if chunk.size != evidence.chunk_size(one.size, one.chunks, chunk.n):
        raise InvalidRequest("This chunk is longer or shorter than the file's size says.")


def _has_come(tx: Tx, one: Item, chunk: Chunk) -> bool:
    """Whether exactly this chunk has come. Raises Conflict if another has, or none can any more."""
    known = evidence_items.chunk(tx, one, chunk.n)
    if known is None and one.state is ItemState.ARRIVING:
        return False
    if known is None or known.digest != chunk.digest:
        refuse_again(one)
    return True


def _arrival(tx: Tx, one: Item) -> Arrival:
    received = evidence.spans(evidence_items.numbers(tx, one))
    return Arrival(one.item, one.size, one.chunks, received, one.state)
