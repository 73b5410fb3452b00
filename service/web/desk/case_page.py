"""One case on the desk: what happened by day, notes, and what a member does about it."""

from __future__ import annotations

from datetime import date

from fastapi import APIRouter, Response

from service.domain.advocacy import MUTE_DAYS, Layer
from service.domain.errors import InvalidRequest, NotEligible, NotGranted, WatchesFull
from service.domain.grant import GrantScope
from service.domain.watch import target
from service.edge.budgets import CurrentBudgets
from service.web.desk import export_files
from service.web.desk.visitors import MemberVisit, PostedBySignedIn, SignedIn
from service.web.forms import INVALID, MemberFields
from service.web.headers import Kind
from service.web.pages import PageRoute
from service.workflows import case_acts, case_reading
from service.workflows.case_reading import CaseView

router = APIRouter(
    prefix="/{language:tag}/desk/cases/{reference}",
    include_in_schema=False,
    route_class=PageRoute,
)
Reference = str
FAULTS = frozenset({"assign", "tags", "due", "note", "notes"})
MAX_DIGITS = 18


@router.get("")
def show(visit: SignedIn, reference: Reference) -> Response:
    """Show a case. Its owner reads that she looked."""
    return _page(visit, reference)


@router.get("/assigned")
@router.get("/tags")
@router.get("/due")
@router.get("/notes")
@router.get("/confirmed")
@router.get("/addresses")
@router.get("/export")
@router.get("/muted")
def lead_back(visit: SignedIn, reference: Reference) -> Response:
    """Lead to the case: these addresses only answer forms."""
    return visit.to(f"/cases/{reference}")


@router.post("/assigned")
def assign(visit: PostedBySignedIn, reference: Reference, fields: MemberFields) -> Response:
    """Give the case to somebody. Who gives it away does not see it any more, unless she leads."""
    to = fields.get("member", "")
    if to and (not to.isascii() or not to.isdigit() or len(to) > MAX_DIGITS):
        raise InvalidRequest(INVALID)
    member = visit.session.member
    given = member, reference, int(to) if to else None
    try:
        case_acts.assign(visit.context, *given, visit.now)
    except InvalidRequest as err:
        return _refused(visit, reference, err)
    return visit.to("")


@router.post("/tags")
def tag(visit: PostedBySignedIn, reference: Reference, fields: MemberFields) -> Response:
    """Replace the tags."""
    given = visit.session.member, reference, fields.get("tags", "")
    try:
        case_acts.set_tags(visit.context, *given, visit.now)
    except InvalidRequest as err:
        return _refused(visit, reference, err)
    return visit.to(f"/cases/{reference}")


@router.post("/due")
def set_due(visit: PostedBySignedIn, reference: Reference, fields: MemberFields) -> Response:
    """Set the day until which something is to be done."""
    given = visit.session.member, reference, fields.get("due", "")
    try:
        case_acts.set_due(visit.context, *given, visit.now)
    except InvalidRequest as err:
        return _refused(visit, reference, err)
    return visit.to(f"/cases/{reference}")


@router.post("/notes")
def write(visit: PostedBySignedIn, reference: Reference, fields: MemberFields) -> Response:
    """Write a note, for the team or for the owner, too."""
    if fields.get("layer") not in set(Layer):
        raise InvalidRequest(INVALID)
    note = Layer(fields["layer"]), fields.get("title", ""), fields.get("body", "")
    try:
        case_acts.write_note(visit.context, visit.session.member, reference, note, visit.now)
    except InvalidRequest as err:
        return _refused(visit, reference, err)
    return visit.to(f"/cases/{reference}")


@router.post("/confirmed")
def confirm(visit: PostedBySignedIn, reference: Reference) -> Response:
    """Confirm that the owner is who is shown."""
    case_acts.confirm(visit.context, visit.session.member, reference, visit.now)
    return visit.to(f"/cases/{reference}")


@router.post("/addresses")
def add_address(
    visit: PostedBySignedIn, reference: Reference, fields: MemberFields, budgets: CurrentBudgets
) -> Response:
    """Have an address looked at now, and from now on."""
    member, context = visit.session.member, visit.context
    if fields.get("shows_minor") not in {"yes", "no"}:
        return _page(visit, reference, fault="unanswered")
    loopback = context.settings.watch_loopback
    try:
        wanted = target(fields.get("address", ""), loopback=loopback)
    except InvalidRequest:
        return _page(visit, reference, fault="address")
    budgets.charge_check(member.id)
    try:
        if fields["shows_minor"] == "yes":
            case_acts.withhold_address(context, member, reference, wanted, visit.now)
        case_acts.add_address(context, member, reference, wanted, visit.now)
    except WatchesFull:
        return _page(visit, reference, fault="full")
    except NotEligible:
        return _page(visit, reference, fault="minor")
    return visit.to(f"/cases/{reference}")


@router.post("/muted")
def mute(visit: PostedBySignedIn, reference: Reference, fields: MemberFields) -> Response:
    """Have nothing sent to the owner for some days."""
    days = fields.get("days", "")
    if days not in map(str, MUTE_DAYS):
        raise InvalidRequest(INVALID)
    given = visit.session.member, reference, int(days)
    until = case_acts.mute(visit.context, *given, visit.now)
    return _page(visit, reference, muted_until=until)


@router.post("/export")
def export(visit: PostedBySignedIn, reference: Reference, fields: MemberFields) -> Response:
    """Return what happened, as a file. Its owner reads that it was carried away."""
    kind = fields.get("format", "")
    if kind not in export_files.FORMATS:
        raise InvalidRequest(INVALID)
    view = case_reading.export(visit.context, visit.session.member, reference, visit.now)
    return export_files.of(view, kind)


def _refused(visit: MemberVisit, reference: str, err: InvalidRequest) -> Response:
    if str(err) not in FAULTS:
        raise err
    return _page(visit, reference, fault=str(err))


def _page(
    visit: MemberVisit, reference: str, *, fault: str = "", muted_until: date | None = None
) -> Response:
    member = visit.session.member
    view: CaseView = case_reading.read(visit.context, member, reference, visit.now)
    if fault in {"unanswered", "address"} and GrantScope.ACT not in view.case.scopes:
        raise NotGranted
    return visit.pages.render(
        visit.language,
        "desk/case",
        kind=Kind.DESK,
        status=422 if fault else 200,
        form=visit.form,
        member=member,
        view=view,
        today=visit.now.day,
        mute_days=MUTE_DAYS,
        muted_until=muted_until,
        fault=fault,
    )
