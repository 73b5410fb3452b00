"""Letters that a member writes as an agent, for an owner who lets her act: write, read, keep."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fastapi import APIRouter, Response

from service.domain import notice
from service.domain.errors import InvalidRequest, NoticeIncomplete, NoticesFull
from service.domain.notice import AGENTS
from service.domain.regime import Regime
from service.edge.budgets import CurrentBudgets
from service.web import letter_forms
from service.web.desk.visitors import FORM, MemberVisit, PostedBySignedIn, SignedIn
from service.web.forms import INVALID, MemberFields
from service.web.headers import Kind
from service.web.pages import PageRoute
from service.workflows import agent_letters, noticing
from service.workflows.noticing import Composed

router = APIRouter(
    prefix="/{language:tag}/desk/cases/{reference}/letters",
    include_in_schema=False,
    route_class=PageRoute,
)


@router.get("")
def show(visit: SignedIn, reference: str) -> Response:
    """Show what became of the letters of a case, and the laws by which one may be written."""
    return _list(visit, reference)


@router.get("/write")
@router.get("/read")
@router.get("/kept")
def lead_back(visit: SignedIn, reference: str) -> Response:
    """Lead to the case: these addresses only answer forms."""
    return visit.to(f"/cases/{reference}")


@router.post("/write")
def write(visit: PostedBySignedIn, reference: str, fields: MemberFields) -> Response:
    """Show the form of a law, for somebody who acts for the owner."""
    regime = noticing.regime_of(visit.context, fields.get("regime", ""))
    member, typed = visit.session.member, letter_forms.typed(fields)
    known = agent_letters.addresses(visit.context, member, reference, visit.now)
    if "addresses" not in typed:
        typed["addresses"] = notice.address_lines(known)
    shown = letter_forms.shown_form(visit.language, regime, typed, _filers(regime))
    return _render(visit, reference, "owner/notice_write", **shown)


@router.post("/read")
def read(visit: PostedBySignedIn, reference: str, fields: MemberFields) -> Response:
    """Show the letter as it will be read, or the form again with each thing that is missing."""
    composed = letter_forms.composed(visit.context, fields)
    agent_letters.addresses(visit.context, visit.session.member, reference, visit.now)
    if missing := noticing.missing(composed):
        return _form(visit, reference, composed, fields, missing)
    return _render(
        visit,
        reference,
        "owner/notice_read",
        made=noticing.draft(visit.context, composed),
        regime=composed.regime,
        typed={**letter_forms.typed(fields), "regime": composed.regime.id},
        takers=[],
        for_owner=True,
    )


@router.post("/kept")
def keep(
    visit: PostedBySignedIn, reference: str, fields: MemberFields, budgets: CurrentBudgets
) -> Response:
    """Keep a letter for its owner, or the clock of one that was sent. The owner reads of it."""
    if fields.get("act") not in {"sent", "draft"}:
        raise InvalidRequest(INVALID)
    composed = letter_forms.composed(visit.context, fields)
    sent_ago = letter_forms.ago(fields) if fields["act"] == "sent" else None
    member = visit.session.member
    budgets.charge_check(member.id)
    try:
        agent_letters.keep(visit.context, member, reference, composed, visit.now, sent_ago=sent_ago)
    except NoticeIncomplete as err:
        return _form(visit, reference, composed, fields, err.fields)
    except NoticesFull:
        return _list(visit, reference, fault=True)
    return visit.to(f"/cases/{reference}/letters")


def _filers(regime: Regime) -> list[Any]:
    return [one for one in regime.filers if one in AGENTS]


def _form(
    visit: MemberVisit,
    reference: str,
    composed: Composed,
    fields: Mapping[str, str],
    missing: tuple[str, ...],
) -> Response:
    regime, wrong = composed.regime, composed.written.wrong_lines
    typed = letter_forms.typed(fields)
    shown = letter_forms.shown_form(visit.language, regime, typed, _filers(regime), missing, wrong)
    return _render(visit, reference, "owner/notice_write", status=422, **shown)


def _list(visit: MemberVisit, reference: str, *, fault: bool = False) -> Response:
    member = visit.session.member
    letters = agent_letters.of_case(visit.context, member, reference, visit.now)
    return _render(
        visit,
        reference,
        "desk/letters",
        status=422 if fault else 200,
        letters=[letter_forms.shown(one) for one in letters],
        laws=[one for one in visit.context.law.regimes.values() if _filers(one)],
        fault=fault,
    )


def _render(visit: MemberVisit, reference: str, template: str, **values: Any) -> Response:  # noqa: ANN401 (whatever the template shows)
    return visit.pages.render(
        visit.language,
        template,
        kind=Kind.DESK,
        form=visit.form,
        member=visit.session.member,
        hidden={FORM: visit.form},
        base=f"/{visit.language.tag}/desk/cases/{reference}/letters",
        reference=reference,
        parent="desk/desk.html",
        agos=letter_forms.AGOS,
        today=visit.now.day,
        **values,
    )
