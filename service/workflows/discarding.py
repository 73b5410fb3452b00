"""Bytes of evidence leave the disk: noted in the transaction that forgets them, then removed."""

from __future__ import annotations

import logging

from service.domain.errors import NotReady, StoreFull
from service.domain.evidence import ItemKind
from service.store import evidence_items, vaults
from service.store.database import Tx
from service.store.evidence_items import Item
from service.store.vaults import Vault
from service.workflows.store_context import StoreContext

log = logging.getLogger(__name__)

AT_ONCE = 100
"""Items or cases whose bytes are removed before what else is due is looked for."""


def forget_bytes(tx: Tx, vault: Vault, one: Item) -> int:
    """Note that the bytes of an item are to go; return how many had come.

    What the case may keep is whole again by as much.
    """
    is_record = one.kind is ItemKind.RECORD
    here = evidence_items.forget_chunks(tx, one)
    vaults.count(
        tx,
        one.case_id,
        reserved=-one.size,
        stored=-here,
        records=-int(is_record),
        files=-int(not is_record),
    )
    vaults.discard(tx, f"{vault.folder}/{one.folder_name}")
    return here


def remove_noted(context: StoreContext) -> int:
    """Remove some of what was noted; return how much. 0 means that nothing is left."""
    with context.database.read() as tx:
        some = vaults.discards(tx, AT_ONCE)
    for one in some:
        context.evidence.discard(one.path)
    if some:
        with context.database.write() as tx:
            vaults.discarded(tx, [one.id for one in some])
    return len(some)


def discard(context: StoreContext) -> None:
    """Remove what was noted, at once. What cannot be now is by the worker: it is noted."""
    try:
        while remove_noted(context):
            pass
    except (NotReady, StoreFull):
        log.warning("bytes of evidence could not be removed at once; it is tried again")
