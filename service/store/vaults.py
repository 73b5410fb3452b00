"""What each case keeps as evidence: its totals, its chain, and what of it is to leave the disk."""

from __future__ import annotations

from collections.abc import Collection
from typing import NamedTuple

import sqlalchemy as sa

from service.domain import evidence
from service.domain.evidence import Act, Entry
from service.store.database import Tx, upsert
from service.store.evidence_schema import (
    evidence_chain,
    evidence_discards,
    evidence_items,
    evidence_stamps,
    stamps_due,
    vaults,
)


class Vault(NamedTuple):
    """What a case keeps. The columns are explained in `evidence_schema`."""

    case_id: int
    folder: str
    sequence: int
    link: bytes
    at: int
    reserved: int
    stored: int
    records: int
    files: int
    under_18: bool
    stamp_at: int | None


class Discard(NamedTuple):
    """Something of the folder that is no longer of anything."""

    id: int
    path: str


def get(tx: Tx, case_id: int) -> Vault | None:
    """Return what a case keeps, None before it kept anything."""
    row = tx.execute(sa.select(vaults).where(vaults.c.case_id == case_id)).one_or_none()
    return None if row is None else Vault(*row)._replace(link=bytes(row.link))


def ensure(tx: Tx, case_id: int, case_number: str, folder: str) -> Vault:
    """Return what a case keeps; begin with nothing, in a folder of this name."""
    row = {
        "case_id": case_id,
        "folder": folder,
        "sequence": 0,
        "link": evidence.first_link(case_number),
        "at": 0,
        "reserved": 0,
        "stored": 0,
        "records": 0,
        "files": 0,
        "under_18": False,
    }
    tx.execute(upsert(tx, vaults).values(row).on_conflict_do_nothing())
    found = get(tx, case_id)
    assert found  # noqa: S101 (just inserted, or there)
    return found


def count(
    tx: Tx, case_id: int, *, reserved: int = 0, stored: int = 0, records: int = 0, files: int = 0
) -> None:
    """Add to the totals of a case, or take away."""
    values = {
        "reserved": vaults.c.reserved + reserved,
        "stored": vaults.c.stored + stored,
        "records": vaults.c.records + records,
        "files": vaults.c.files + files,
    }
    tx.execute(sa.update(vaults).where(vaults.c.case_id == case_id).values(values))


def forbid_files(tx: Tx, case_id: int) -> None:
    """Take no files of a case any more, for good."""
    tx.execute(sa.update(vaults).where(vaults.c.case_id == case_id).values(under_18=True))


def total(tx: Tx) -> int:
    """Return how many bytes are stored for all cases."""
    return int(tx.scalar(sa.select(sa.func.sum(vaults.c.stored))) or 0)


def append(tx: Tx, vault: Vault, act: Act, item: str, digest: bytes, now: int) -> Entry:
    """Append an entry to a chain. Its case has to be locked, and `vault` read since."""
    entry = evidence.linked(
        vault.link, Entry(vault.sequence + 1, act, max(now, vault.at), item, digest)
    )
    row = {"case_id": vault.case_id, **entry._asdict()}
    tx.execute(sa.insert(evidence_chain).values(row))
    newest = {"sequence": entry.sequence, "link": entry.link, "at": entry.at}
    tx.execute(sa.update(vaults).where(vaults.c.case_id == vault.case_id).values(newest))
    return entry


def entry_of(tx: Tx, case_id: int, item: str) -> Entry | None:
    """Return the newest entry about an item, None if there is none."""
    query = (
        sa.select(evidence_chain)
        .where(evidence_chain.c.case_id == case_id, evidence_chain.c.item == item)
        .order_by(evidence_chain.c.sequence.desc())
        .limit(1)
    )
    row = tx.execute(query).one_or_none()
    return None if row is None else _entry(row)


def entries_after(tx: Tx, case_id: int, sequence: int, limit: int) -> list[Entry]:
    """Return the entries that follow one, in order, so many at most."""
    query = (
        sa.select(evidence_chain)
        .where(evidence_chain.c.case_id == case_id, evidence_chain.c.sequence > sequence)
        .order_by(evidence_chain.c.sequence)
        .limit(limit)
    )
    return [_entry(row) for row in tx.execute(query)]


def forget(tx: Tx, case_id: int) -> None:
    """Forget all evidence of a case; its files go next, see `discards`.

    The totals first: whoever keeps a stamp locks them.
    """
    vault = get(tx, case_id)
    if vault is None:
        return
    for table in (vaults, evidence_items, evidence_chain, evidence_stamps, stamps_due):
        tx.execute(sa.delete(table).where(table.c.case_id == case_id))
    discard(tx, vault.folder)


def discard(tx: Tx, path: str) -> None:
    """Note what of the folder is no longer of anything, in the transaction that made it so."""
    tx.execute(sa.insert(evidence_discards).values(path=path))


def discards(tx: Tx, limit: int) -> list[Discard]:
    """Return some of what is to be removed from the disk."""
    query = sa.select(evidence_discards).order_by(evidence_discards.c.id).limit(limit)
    return [Discard(row.id, row.path) for row in tx.execute(query)]


def discarded(tx: Tx, done: Collection[int]) -> None:
    """Note what was removed from the disk."""
    tx.execute(sa.delete(evidence_discards).where(evidence_discards.c.id.in_(done)))


def folders(tx: Tx, names: Collection[str]) -> dict[str, int]:
    """Return those of some folders that are of a case, and of which."""
    query = sa.select(vaults.c.folder, vaults.c.case_id).where(vaults.c.folder.in_(names))
    return {row.folder: row.case_id for row in tx.execute(query)}


def _entry(row: sa.Row[tuple[object, ...]]) -> Entry:
    return Entry(row.sequence, Act(row.act), row.at, row.item, bytes(row.digest), bytes(row.link))
