"""What of evidence did not come whole is forgotten, and what a crash left on the disk is swept."""

from __future__ import annotations

import logging
from pathlib import Path

from service.evidence_folder import chunk_of
from service.store import cases, evidence_items, vaults
from service.store.database import Tx
from service.workflows import discarding
from service.workflows.store_context import StoreContext, Today

log = logging.getLogger(__name__)

FORGOTTEN_AT_ONCE = 100
"""Files forgotten in one transaction."""


def forget_unfinished(context: StoreContext, now: Today) -> int:
    """Forget some files that did not come whole in time; return how many. 0: none is left."""
    with context.database.read() as tx:
        some = evidence_items.overdue(tx, now, FORGOTTEN_AT_ONCE)
    for one in some:
        with context.database.write() as tx:
            cases.lock(tx, one.case_id)
            vault = vaults.get(tx, one.case_id)
            again = evidence_items.find(tx, one.case_id, one.item)
            if vault and again == one:
                discarding.forget_bytes(tx, vault, one)
                evidence_items.forget(tx, one)
    discarding.discard(context)
    return len(some)


def sweep(context: StoreContext, _now: Today) -> int:
    """Remove what the store does not know of the folders of some cases, of others each time.

    A chunk is on the disk before it is in the store: a crash in between leaves it here. Always
    returns 0: it is not urgent, and looks at much.
    """
    names = context.evidence.next_folders()
    with context.database.read() as tx:
        of_cases = vaults.folders(tx, names)
    for name in names:
        if name in of_cases:
            _sweep_case(context, name, of_cases[name])
        else:  # erased: the store has the folder of a case before it is on the disk
            context.evidence.discard(name)
    return 0


def _sweep_case(context: StoreContext, name: str, case_id: int) -> None:
    settled = list(context.evidence.settled(name))
    with context.database.read() as tx:
        unknown = [one for one in settled if not _is_known(tx, case_id, *one)]
    for place, path in unknown:
        with context.database.write() as tx:
            cases.lock(tx, case_id)  # whoever notes a chunk has it locked, and looks for the file
            if not _is_known(tx, case_id, place, path):
                context.evidence.drop(path)
                log.warning("a file of evidence that a crash had left was removed")
    context.evidence.forget_empty(name)


def _is_known(tx: Tx, case_id: int, place: str, path: Path) -> bool:
    one, of_chunk = evidence_items.in_folder(tx, case_id, place), chunk_of(path)
    if one is None or of_chunk is None:
        return False
    n, digest = of_chunk
    known = evidence_items.chunk(tx, one, n)
    return known is not None and known.digest == digest
