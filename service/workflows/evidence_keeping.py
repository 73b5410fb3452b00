"""An owner keeps records of evidence, reads what is kept, and removes it."""

from __future__ import annotations

import hashlib
from datetime import date
from pathlib import Path
from random import Random
from typing import NamedTuple

from service import limits
from service.domain import evidence
from service.domain.actor import Owner
from service.domain.errors import Conflict
from service.domain.evidence import Act, Entry, ItemKind, ItemState
from service.domain.watch import Clock
from service.store import cases, evidence_items, link_stamps, vaults
from service.store.database import Tx
from service.store.evidence_items import Chunk, Item
from service.store.link_stamps import Stamp
from service.store.vaults import Vault
from service.workflows import discarding
from service.workflows.evidence_opened import (
    existing,
    most_bytes,
    note_chunk,
    opened,
    readable,
    refuse_again,
    require_room,
    require_total,
    wait_for_stamp,
    written,
)
from service.workflows.store_context import StoreContext


class Unfinished(NamedTuple):
    """A file that has not come whole."""

    item: str
    size: int
    received: int
    """Bytes that are here, sealed."""
    until_on: date
    """The day on which it is forgotten unless it is complete."""


class Page(NamedTuple):
    """Part of a chain, and what the case keeps."""

    entries: list[Entry]
    stamps: list[Stamp]
    more: bool
    """Whether entries follow."""
    bytes: int
    records: int
    files: int
    takes_files: bool
    unfinished: list[Unfinished]


def keep_record(
    context: StoreContext,
    owner: Owner,
    item: str,
    sealed: bytes,
    now: Clock,
    draw: Random | None = None,
) -> Entry:
    """Keep a record; return its entry. The same again returns the same.

    Raises InvalidRequest, Conflict, EvidenceFull, NoRoom or Withdrawn.
    """
    evidence.require_record(sealed)
    chunk = Chunk(0, hashlib.sha256(sealed).digest(), len(sealed))
    with context.database.write() as tx:
        vault = opened(tx, owner)
        if kept := _kept(tx, owner, item, chunk.digest):
            return kept
        require_room(vault, ItemKind.RECORD, len(sealed), most_bytes(context))
        require_total(context, tx, len(sealed))
    path = context.evidence.path(vault.folder, item, 0, chunk.digest)
    written(context, path, sealed)
    try:
        with context.database.write() as tx:
            vault = opened(tx, owner)
            if kept := _kept(tx, owner, item, chunk.digest):
                return kept
            require_room(vault, ItemKind.RECORD, len(sealed), most_bytes(context))
            one_id = _insert(tx, owner, item, chunk)
            note_chunk(context, tx, one_id, chunk, path)
            entry = vaults.append(tx, vault, Act.RECORD, item, chunk.digest, now.second)
            wait_for_stamp(context, tx, owner, now, draw)
    except Conflict:
        context.evidence.drop(path)
        raise
    return entry


def _insert(tx: Tx, owner: Owner, item: str, chunk: Chunk) -> int:
    vaults.count(tx, owner.case_id, reserved=chunk.size, stored=chunk.size, records=1)
    row = {
        "case_id": owner.case_id,
        "item": item,
        "kind": ItemKind.RECORD.value,
        "state": ItemState.KEPT.value,
        "size": chunk.size,
        "chunks": 1,
        "digest": chunk.digest,
    }
    return evidence_items.insert(tx, row)


def record(context: StoreContext, owner: Owner, item: str) -> tuple[Path, int]:
    """Return where the bytes of a record are, and how many. Raises NotFound or Withdrawn."""
    with context.database.read() as tx:
        vault, one = existing(tx, owner, item, ItemKind.RECORD)
        return readable(context, tx, vault, one, 0)


def page(context: StoreContext, owner: Owner, after: int) -> Page:
    """Return the part of the chain that follows an entry, and what the case keeps."""
    with context.database.read() as tx:
        vault = vaults.get(tx, owner.case_id)
        if vault is None:
            return Page([], [], False, 0, 0, 0, True, [])  # noqa: FBT003 (named in the class)
        entries = vaults.entries_after(tx, owner.case_id, after, limits.EVIDENCE_PAGE)
        of_page = (
            link_stamps.of_span(tx, owner.case_id, entries[0].sequence, entries[-1].sequence)
            if entries
            else []
        )
        arriving = evidence_items.arriving(tx, owner.case_id)
    return Page(
        entries,
        of_page,
        bool(entries) and entries[-1].sequence < vault.sequence,
        vault.reserved,
        vault.records,
        vault.files,
        not vault.under_18,
        [Unfinished(one.item, one.size, here, until) for one, here, until in arriving],
    )


def remove(
    context: StoreContext,
    owner: Owner,
    item: str,
    kind: ItemKind,
    now: Clock,
    draw: Random | None = None,
) -> Entry | None:
    """Remove an item: its bytes are gone, and its links stay. Repeating it returns the same.

    Returns None for a file that had not come whole, of which nothing is in the chain. Also of a
    case that is withdrawn. Raises NotFound.
    """
    with context.database.write() as tx:
        cases.lock(tx, owner.case_id)
        vault, one = existing(tx, owner, item, kind)
        entry = _removed(tx, vault, one, now)
        if entry:
            wait_for_stamp(context, tx, owner, now, draw)
    discarding.discard(context)
    return entry


def _removed(tx: Tx, vault: Vault, one: Item, now: Clock) -> Entry | None:
    if one.state is ItemState.REMOVED:
        return vaults.entry_of(tx, one.case_id, one.item)
    forgotten = discarding.forget_bytes(tx, vault, one)
    if one.digest is None:
        evidence_items.forget(tx, one)
        return None
    evidence_items.step(tx, one, ItemState.REMOVED, one.digest)
    assert forgotten  # noqa: S101 (whatever is kept has bytes)
    return vaults.append(tx, vault, Act.REMOVED, one.item, one.digest, now.second)


def mark_under_18(context: StoreContext, owner: Owner) -> None:
    """Take no files of a case any more, for good. Those that had not come whole are gone."""
    with context.database.write() as tx:
        vault = opened(tx, owner)
        vaults.forbid_files(tx, owner.case_id)
        for one, _, _ in evidence_items.arriving(tx, owner.case_id):
            discarding.forget_bytes(tx, vault, one)
            evidence_items.forget(tx, one)
    discarding.discard(context)


def _kept(tx: Tx, owner: Owner, item: str, digest: bytes) -> Entry | None:
    """Return the entry of a record that is kept already. Raises Conflict if it is another one."""
    known = evidence_items.find(tx, owner.case_id, item)
    if known is None:
        return None
    if known.kind is not ItemKind.RECORD or known.state is not ItemState.KEPT:
        refuse_again(known)
    if known.digest != digest:
        refuse_again(known)
    return vaults.entry_of(tx, owner.case_id, item)
