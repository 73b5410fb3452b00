"""What an owner has chosen, as it is stored: sealed for her case alone."""

from __future__ import annotations

import json

from service.domain.contact import Contact, Hours
from service.domain.wording import Wording
from service.store.channels import SealedContact
from service.workflows.store_context import StoreContext


def sealed(context: StoreContext, case_id: int, chosen: Contact) -> SealedContact:
    """Return a contact as it is stored."""
    text = json.dumps(
        {
            "wording": chosen.wording,
            "language": chosen.language,
            "hours": chosen.hours,
            "read_by_others": chosen.read_by_others,
        }
    )
    preferences = context.seals.seal_contact(case_id, text)
    return SealedContact(preferences, chosen.ask_on, chosen.muted_until)


def opened(context: StoreContext, case_id: int, stored: SealedContact) -> Contact:
    """Return what was stored."""
    known = json.loads(context.seals.unseal_contact(case_id, stored.preferences))
    hours = known["hours"]
    return Contact(
        Wording(known["wording"]),
        known["language"],
        None if hours is None else Hours(*hours),
        known["read_by_others"],
        stored.ask_on,
        stored.muted_until,
    )
