"""What all acts with evidence begin with: a case that is locked and may be added to, its limits."""

from __future__ import annotations

import secrets
from pathlib import Path
from random import Random, SystemRandom
from typing import NoReturn

from service import limits
from service.domain import time_stamping
from service.domain.actor import Owner
from service.domain.case import refusal
from service.domain.errors import (
    Busy,
    Conflict,
    EvidenceFull,
    NoRoom,
    NotEligible,
    NotFound,
    Withdrawn,
)
from service.domain.evidence import ItemKind, ItemState
from service.domain.watch import Clock
from service.store import cases, evidence_items, link_stamps, vaults
from service.store.database import Tx
from service.store.evidence_items import Chunk, Item
from service.store.vaults import Vault
from service.workflows.store_context import StoreContext

FOR_MINORS = (
    "No file is kept here that may show anyone under 18, and from now on none of this case: "
    "addresses and notes only. Do not send such a file to anybody. NCMEC Take It Down, the "
    "Internet Watch Foundation or, in the UK, Report Remove can have pictures taken down without "
    "it; the police can say what to do with those that you have."
)
OTHER_BYTES = (
    "Other bytes were kept under this id before, and what is kept is never replaced. Use a new id."
)
REMOVED = "This was removed from the evidence, and its id is used up. Use a new id."


def opened(tx: Tx, owner: Owner) -> Vault:
    """Lock a case that evidence may be added to; return what it keeps. Raises Withdrawn."""
    case = cases.lock(tx, owner.case_id)
    if case.withdrawn_on:
        raise refusal(case.erase_on)
    return vaults.get(tx, case.id) or vaults.ensure(tx, case.id, case.number, secrets.token_hex(16))


def require_room(vault: Vault, kind: ItemKind, size: int, most_bytes: int) -> None:
    """Raise EvidenceFull if a case may not keep one more item of so many bytes."""
    of_kind = {
        ItemKind.RECORD: (vault.records, limits.EVIDENCE_RECORDS),
        ItemKind.FILE: (vault.files, limits.EVIDENCE_FILES),
    }
    here, most = of_kind[kind]
    if here >= most or vault.sequence >= limits.EVIDENCE_ENTRIES:
        raise EvidenceFull
    if vault.reserved + size > most_bytes:
        free = max(0, most_bytes - vault.reserved) // limits.MIB
        raise EvidenceFull(
            f"This case may keep {most_bytes // limits.MIB} MiB of evidence, and has {free} left. "
            "Keep what does not fit on your own device, and remove here what you need no longer."
        )


def require_files_taken(vault: Vault) -> None:
    """Raise NotEligible if the owner said that somebody is under 18."""
    if vault.under_18:
        raise NotEligible(FOR_MINORS)


def require_total(context: StoreContext, tx: Tx, size: int) -> None:
    """Raise NoRoom if all cases together would keep too much."""
    if vaults.total(tx) + size > context.settings.evidence_total_mib * limits.MIB:
        raise NoRoom


def most_bytes(context: StoreContext) -> int:
    """Return how many bytes one case may keep."""
    return context.settings.evidence_case_mib * limits.MIB


def wait_for_stamp(
    context: StoreContext, tx: Tx, owner: Owner, now: Clock, draw: Random | None
) -> None:
    """Have the newest link stamped soon, if anybody is asked for stamps."""
    if context.settings.authorities:
        delay = context.settings.timestamp_delay_seconds
        due = time_stamping.first_due(now.second, delay, draw or SystemRandom())
        link_stamps.wait(tx, owner.case_id, due)


def refuse_again(known: Item) -> NoReturn:
    """Raise the Conflict of an id that was used for something else."""
    raise Conflict(REMOVED if known.state is ItemState.REMOVED else OTHER_BYTES)


def existing(tx: Tx, owner: Owner, item: str, kind: ItemKind) -> tuple[Vault, Item]:
    """Return an item, and the vault that it is in. Raises NotFound."""
    vault = vaults.get(tx, owner.case_id)
    one = evidence_items.find(tx, owner.case_id, item) if vault else None
    if vault is None or one is None or one.kind is not kind:
        raise NotFound("There is no such evidence in this case. Check its id.")
    return vault, one


def written(context: StoreContext, path: Path, sealed: bytes) -> None:
    """Have a chunk on the disk. Raises NoRoom or NotReady."""
    keep_free = context.settings.evidence_free_mib * limits.MIB
    context.evidence.write(path, sealed, keep_free=keep_free)


def note_chunk(context: StoreContext, tx: Tx, one_id: int, chunk: Chunk, path: Path) -> None:
    """Note a chunk that was written before. Raises Busy if it was swept meanwhile."""
    if not context.evidence.has(path, chunk.size):
        raise Busy
    evidence_items.add_chunk(tx, one_id, chunk)


def readable(context: StoreContext, tx: Tx, vault: Vault, one: Item, n: int) -> tuple[Path, int]:
    """Return where a chunk is, and its size. Raises NotFound, or Withdrawn if it was removed."""
    if one.state is ItemState.REMOVED:
        raise Withdrawn("This was removed from the evidence. Only that it was here is kept.")
    chunk = evidence_items.chunk(tx, one, n)
    if chunk is None:
        raise NotFound("This part has not come.")
    return context.evidence.path(vault.folder, one.folder_name, n, chunk.digest), chunk.size
