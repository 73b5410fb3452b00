"""Acts on one entry, from an overview that stays: its labels would be lost with it.

They are answered in a frame of it, by a redirect (`web.pages.FrameRoute`). What the address says is
encrypted, expires, and opens nothing: what became of the one entry.
"""

from __future__ import annotations

import json
from datetime import date
from enum import StrEnum
from typing import Any

from fastapi import APIRouter
from fastapi.responses import HTMLResponse, RedirectResponse
from pydantic import ValidationError

from hashing.signals import ContentKind
from service.domain.actor import Owner
from service.domain.case import Entry, EntryStatus
from service.domain.errors import InvalidRequest, Unauthenticated
from service.edge.budgets import CurrentBudgets
from service.edge.dependencies import CurrentContext, Today
from service.edge.submission import LabelIn
from service.web.forms import INVALID, Fields
from service.web.headers import Kind
from service.web.owner import stamps
from service.web.owner.checking import Answer
from service.web.owner.overview import entry_number
from service.web.owner.sending import opened_answer
from service.web.owner.stamps import CurrentMinute
from service.web.pages import CurrentPages, FrameRoute, PageLanguage, to_frame
from service.workflows import authenticate, label, status, withdraw
from service.workflows.context import Context

router = APIRouter(prefix="/{language:tag}", include_in_schema=False, route_class=FrameRoute)


class Act(StrEnum):
    """What was done to an entry."""

    WITHDRAWN = "withdrawn"
    UNDONE = "undone"
    ERASED = "erased"
    LABELLED = "labelled"


@router.post("/acted")
def act(
    language: PageLanguage,
    context: CurrentContext,
    budgets: CurrentBudgets,
    fields: Fields,
    today: Today,
    minute: CurrentMinute,
) -> RedirectResponse:
    """Act on an entry, and answer what became of it; or that the words have to be typed again."""
    if not stamps.is_fresh(context.seals, fields.get("stamp", ""), minute):
        return to_frame(f"/{language.tag}/checked/{Answer.LATE}")
    try:
        number, key = fields.get("case", ""), fields.get("access_key", "")
        owner = authenticate.owner_of_form(context, number, key)
    except Unauthenticated:
        return to_frame(f"/{language.tag}/checked/{Answer.WRONG}")
    n, wanted = entry_number(fields), fields.get("act", "")
    if n is None or wanted not in set(Act):
        raise InvalidRequest(INVALID)
    if wanted == Act.WITHDRAWN:
        withdraw.withdraw_entry(context, owner, n, today)
    elif wanted == Act.UNDONE:
        withdraw.undo_entry(context, owner, n, today)
    elif wanted == Act.ERASED:
        withdraw.erase_entry(context, owner, n)
    else:
        sealed = _sealed(fields.get("sealed_label", ""))
        budgets.charge_label(owner.case_id)
        label.label_entry(context, owner, n, sealed)
    told = json.dumps({"act": wanted, **_facts(context, owner, n), "minute": minute})
    return to_frame(f"/{language.tag}/acted/{context.seals.seal_answer(told)}")


@router.get("/acted/{token}")
def show(
    language: PageLanguage,
    pages: CurrentPages,
    context: CurrentContext,
    minute: CurrentMinute,
    token: str,
) -> HTMLResponse:
    """Show the entry as it is after the act. Raises InvalidRequest if it was too long ago."""
    told = opened_answer(context, token, minute, "act")
    return pages.render(
        language,
        "owner/acted",
        kind=Kind.ANSWER,
        act=told["act"],
        entry=_entry(told),
        labelled=True,
        hidden=dict.fromkeys(("case", "access_key", "stamp"), ""),  # the page fills them in
        stamp=stamps.new(context.seals, minute),
    )


def _sealed(untrusted: str) -> bytes | None:
    try:
        return LabelIn(sealed_label=untrusted or None).value()
    except ValidationError as err:
        raise InvalidRequest(INVALID) from err


def _facts(context: Context, owner: Owner, n: int) -> dict[str, Any]:
    entry = next(one for one in status.of_case(context, owner).entries if one.n == n)
    return {
        "n": n,
        "kind": entry.kind,
        "status": entry.status,
        "reviewed": entry.reviewed,
        "added_on": entry.added_on.isoformat(),
        "erase_on": entry.erase_on.isoformat() if entry.erase_on else None,
    }


def _entry(told: dict[str, Any]) -> Entry:
    return Entry(
        id=0,  # the page has no use for them
        case_id=0,
        n=told["n"],
        kind=ContentKind(told["kind"]),
        status=EntryStatus(told["status"]),
        added_on=date.fromisoformat(told["added_on"]),
        reviewed=told["reviewed"],
        erase_on=date.fromisoformat(told["erase_on"]) if told["erase_on"] else None,
    )
