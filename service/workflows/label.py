"""An owner changes what an entry is called. The service cannot read either name."""

from __future__ import annotations

from service.domain.actor import Owner
from service.domain.case import EntryStatus, refusal
from service.domain.errors import NotFound, Withdrawn
from service.store import cases, entries
from service.workflows.context import Context

ENTRY_WITHDRAWN = (
    "This entry is withdrawn, so its label stays as it is. Undo the withdrawal to change it."
)


def label_entry(context: Context, owner: Owner, n: int, sealed_label: bytes | None) -> None:
    """Replace the label of an entry that is active or held; None takes it away.

    Raises NotFound, and Withdrawn for what is withdrawn.
    """
    with context.database.write() as tx:
        case = cases.lock(tx, owner.case_id)
        if case.withdrawn_on:
            raise refusal(case.erase_on)
        entry = next((one for one in entries.of_case(tx, case.id) if one.n == n), None)
        if entry is None:
            raise NotFound
        if entry.status in {EntryStatus.WITHDRAWING, EntryStatus.WITHDRAWN}:
            raise Withdrawn(ENTRY_WITHDRAWN)
        entries.set_label(tx, entry, sealed_label)
