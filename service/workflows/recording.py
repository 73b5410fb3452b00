"""How a workflow records an act in the audit: as the last step of the act's own transaction."""

from __future__ import annotations

import os
from typing import Any, NamedTuple

from service.domain.audit import Audited, By, Deed, Of, details
from service.store import audit_log
from service.store.database import Tx
from service.workflows.store_context import StoreContext, Today


class Object(NamedTuple):
    """What an act is about."""

    of: Of = Of.NOTHING
    id: str = ""
    case_id: int | None = None


NOTHING = Object()


def case(case_id: int) -> Object:
    """Return a case as the object of an act."""
    return Object(Of.CASE, "", case_id)


def entry(case_id: int, n: int) -> Object:
    """Return an entry as the object of an act, by its number in its case."""
    return Object(Of.ENTRY, str(n), case_id)


def record(
    context: StoreContext,
    tx: Tx,
    by: By,
    now: Today,
    act: Audited,
    about: Object = NOTHING,
    **said: Any,  # noqa: ANN401 (what `DETAILS` names)
) -> None:
    """Append an act, after all that the transaction writes otherwise.

    Acts about one case at most in a transaction: about several, two of these could wait for each
    other on PostgreSQL.
    """
    tag = None
    if about.case_id is not None:
        key, number = audit_log.case_key(tx, about.case_id, os.urandom(audit_log.KEY_BYTES))
        tag = context.seals.case_tag(key, number)
    deed = Deed(by, now, act, about.of, about.id, tag, details(act, said))
    audit_log.append(tx, deed)
