"""Every route × every actor: who gets in. A route without a row fails, as a row without a route."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from fastapi.routing import APIRoute
from fastapi.testclient import TestClient
from httpx import Response

from service import limits
from service.app import create_app
from service.domain import notice
from service.domain.actor import Role
from service.domain.alert import ChannelKind
from service.domain.contact import Contact
from service.domain.grant import GrantScope, Terms
from service.domain.member import MemberRole
from service.domain.watch import target
from service.domain.wording import Wording
from service.settings import Settings
from service.store import memberships
from service.workflows import (
    evidence_arriving,
    evidence_keeping,
    exclude,
    granting,
    membership,
    noticing,
    safe_contact,
    session_keeping,
    watching,
)
from tests.server.advocates import ORIGIN
from tests.server.conftest import SECRET, Wire
from tests.server.desk_world import Case, Desk, Member
from tests.server.vault_world import sealed_record

IN, OUT, NO, HIDDEN, SIGN_IN = "in", "out", "no", "hidden", "sign in"
SCOPES = tuple(GrantScope)
MEMBERS = (
    "advocate without a grant",
    *(f"advocate with {scope}" for scope in SCOPES),
    "expired",
    "revoked",
    "other organisation",
    "colleague of whom it is assigned to",
    "lead",
    "observer",
)
ACTORS = ("none", "owner", "other owner", "platform", "crawler", *MEMBERS, "disabled member")
NOT_MEMBERS = ("none", "owner", "other owner", "platform", "crawler", "disabled member")
OUTSIDE_THE_DESK = (*NOT_MEMBERS, "lead", "advocate without a grant")
"""Who asks for the other routes. These two stand for every member: what they see there is alike."""


def everybody(outcome: str, **others: str) -> dict[str, str]:
    return {actor: others.get(actor.replace(" ", "_"), outcome) for actor in ACTORS}


def at_desk(members: dict[str, str]) -> dict[str, str]:
    return dict.fromkeys(NOT_MEMBERS, SIGN_IN) | members


def with_scope(*scopes: GrantScope) -> dict[str, str]:
    """What a page of one case answers whom, if its owner has to have granted one of these."""
    members = dict.fromkeys(MEMBERS, HIDDEN)
    members |= {f"advocate with {one}": IN if one in scopes else NO for one in SCOPES}
    return at_desk(members | {"lead": IN, "observer": NO})


OPEN = everybody(IN)
OWNERS = everybody(OUT, owner=IN, other_owner=IN)
THE_OWNER = everybody(OUT, owner=IN, other_owner=HIDDEN)
PLATFORMS = everybody(OUT, platform=IN, crawler=NO)
KEYS = everybody(OUT, platform=IN, crawler=IN)
CRAWLERS = everybody(OUT, platform=NO, crawler=IN)
NOBODYS_FORM = everybody(NO)
"""A form of a browser that was given no page: the arrival cookie is missing."""
ANY_MEMBER = at_desk(dict.fromkeys(MEMBERS, IN))
READERS = at_desk(dict.fromkeys(MEMBERS, IN) | {"observer": NO})
A_CASE = with_scope(*SCOPES)
NOT_REVIEWING = at_desk(dict.fromkeys(MEMBERS, HIDDEN))
"""Leads whom the operator let review get in: `test_of_whom_the_operator_lets_review`."""
BACK = at_desk(dict.fromkeys(MEMBERS, IN))

LETTERS = ("/where", "/write", "/read", "/kept", "/one", "/said", "/offered", "/erased")
ALERTS = ("/set", "/code", "/test", "/same", "/muted", "/kept", "/removed")
PAGE, CASE = "/{language:tag}", "/{language:tag}/desk/cases/{reference}"
RECORD, EVIDENCE_FILE = "/v1/case/evidence/records/{id}", "/v1/case/evidence/files/{id}"
TABLE: dict[str, dict[str, str]] = {
    "GET /v1/challenge": OPEN,
    "POST /v1/cases": OPEN,
    "GET /v1/case": OWNERS,
    "GET /v1/case/audit": OWNERS,
    "POST /v1/case/entries": OWNERS,
    "PUT /v1/case/entries/{n}/label": THE_OWNER,
    "DELETE /v1/case": OWNERS,
    "DELETE /v1/case/entries/{n}": THE_OWNER,
    "POST /v1/case/undo": OWNERS,
    "POST /v1/case/entries/{n}/undo": THE_OWNER,
    "POST /v1/case/grants": OWNERS,
    "GET /v1/case/grants": OWNERS,
    "DELETE /v1/case/grants/{n}": THE_OWNER,
    "GET /v1/case/alerts": OWNERS,
    "PUT /v1/case/alerts/contact": OWNERS,
    "POST /v1/case/alerts/channels": OWNERS,
    "PUT /v1/case/alerts/mute": THE_OWNER,
    "PUT /v1/case/alerts/ask": OWNERS,
    "DELETE /v1/case/alerts": OWNERS,
    "DELETE /v1/case/alerts/channels/{kind}": THE_OWNER,
    "POST /v1/case/alerts/channels/{kind}/test": THE_OWNER,
    "POST /v1/case/alerts/channels/{kind}/check": THE_OWNER,
    "POST /v1/case/alerts/channels/mail/code": everybody(OUT, owner=HIDDEN, other_owner=HIDDEN),
    "GET /feed/{token}": everybody(HIDDEN),
    "POST /v1/case/watches": OWNERS,
    "GET /v1/case/watches": OWNERS,
    "DELETE /v1/case/watches/{n}": THE_OWNER,
    "GET /v1/case/evidence": OWNERS,
    "POST /v1/case/evidence/under-18": OWNERS,
    "POST /v1/case/evidence/files": OWNERS,
    f"PUT {RECORD}": OWNERS,
    f"GET {RECORD}": THE_OWNER,
    f"DELETE {RECORD}": THE_OWNER,
    f"GET {EVIDENCE_FILE}": THE_OWNER,
    f"DELETE {EVIDENCE_FILE}": THE_OWNER,
    f"POST {EVIDENCE_FILE}/complete": THE_OWNER,
    f"PUT {EVIDENCE_FILE}/chunks/{{n}}": THE_OWNER,
    f"GET {EVIDENCE_FILE}/chunks/{{n}}": THE_OWNER,
    "GET /v1/regimes": OPEN,
    "POST /v1/case/notices/draft": OWNERS,
    "POST /v1/case/notices": OWNERS,
    "GET /v1/case/notices": OWNERS,
    "POST /v1/case/notices/{n}/said": THE_OWNER,
    "POST /v1/case/notices/{n}/confirmation": THE_OWNER,
    "POST /v1/case/notices/{n}/offer": THE_OWNER,
    "DELETE /v1/case/notices/{n}": THE_OWNER,
    "GET /v1/notices": PLATFORMS,
    "POST /v1/notices/fetch": everybody(OUT, platform=HIDDEN, crawler=NO),
    "POST /v1/notices/decision": everybody(OUT, platform=HIDDEN, crawler=NO),
    "POST /v1/lookup": PLATFORMS,
    "POST /v1/observations": KEYS,
    "POST /v1/feedback": PLATFORMS,
    "POST /v1/watches": PLATFORMS,
    "POST /v1/watches/remove": PLATFORMS,
    "POST /v1/watches/lease": CRAWLERS,
    "POST /v1/watches/renew": CRAWLERS,
    "POST /v1/watches/visits": CRAWLERS,
    "GET /healthz": OPEN,
    "GET /readyz": OPEN,
    "GET /metrics": OPEN,
    "GET /": OPEN,
    "GET /favicon.ico": OPEN,
    "GET /static/{path:path}": OPEN,
    **dict.fromkeys(
        (
            f"{method} {PAGE}{path}"
            for method, path in (
                *(("GET", one) for one in ("", "/", "/leaving", "/safety", "/about", "/next")),
                *(("GET", one) for one in ("/questions", "/together", "/overview", "/erased")),
                *(("GET", one) for one in ("/erase", "/undone", "/withdrawn", "/withdraw")),
                *(("GET", one) for one in ("/save", "/save/{platform}", "/accounts")),
                *(("GET", one) for one in ("/more", "/addresses", "/addresses/added")),
                *(("GET", one) for one in ("/addresses/removed", "/shared", "/shared/new")),
                *(("GET", one) for one in ("/shared/ended", "/checked/{answer}")),
                *(("GET", f"/alerts{one}") for one in ("", *ALERTS)),
                *(("GET", f"/notices{one}") for one in ("", *LETTERS)),
                *(("GET", one) for one in ("/sent/error/{error}", "/sent/{token}")),
                *(("GET", one) for one in ("/sent/error/Work{reason}/{pieces}",)),
                *(("GET", one) for one in ("/acted/{token}",)),
                *(("POST", one) for one in ("/questions", "/next", "/sent")),
            )
        ),
        OPEN,
    ),
    f"GET {PAGE}/{{rest:path}}": everybody(HIDDEN),
    f"POST {PAGE}/together": everybody(OUT),
    **dict.fromkeys(
        (
            f"POST {PAGE}{path}"
            for path in (
                *("/checked", "/acted", "/overview", "/more", "/more/sent", "/withdraw"),
                *("/withdrawn", "/undone", "/erase", "/erased", "/addresses", "/addresses/added"),
                *("/addresses/removed", "/shared", "/shared/new", "/shared/ended", "/alerts"),
                *(f"/alerts{one}" for one in ALERTS),
                *(
                    f"/notices{one}"
                    for one in ("", "/where", "/write", "/read", "/kept", "/erased")
                ),
            )
        ),
        OWNERS,
    ),
    **dict.fromkeys(
        (f"POST {PAGE}/notices/{one}" for one in ("one", "said", "offered")), THE_OWNER
    ),
    **dict.fromkeys(
        (f"GET {PAGE}/desk{path}" for path in ("/sign-in", "/invitation")),
        OPEN,
    ),
    **dict.fromkeys(
        (f"POST {PAGE}/desk{path}" for path in ("/sign-in", "/sign-in/passkey", "/invitation")),
        NOBODYS_FORM,
    ),
    **dict.fromkeys(
        (
            f"GET {PAGE}/desk{path}"
            for path in (
                *("", "/redeem", "/search", "/counts", "/enrol", "/account", "/sign-out"),
                *("/sign-out-everywhere", "/recovery-codes", "/passkeys", "/passkeys/remove"),
                "/password",
            )
        ),
        ANY_MEMBER,
    ),
    **dict.fromkeys(
        (
            f"POST {PAGE}/desk{path}"
            for path in (
                *("/password", "/passkeys", "/passkeys/remove", "/sign-out"),
                "/sign-out-everywhere",
            )
        ),
        ANY_MEMBER,
    ),
    f"GET {PAGE}/desk/sign-in/passkey": everybody(SIGN_IN),
    f"POST {PAGE}/desk/sign-out": everybody(SIGN_IN),
    f"POST {PAGE}/desk/sign-out-everywhere": everybody(SIGN_IN),
    f"POST {PAGE}/desk/recovery-codes": at_desk(dict.fromkeys(MEMBERS, HIDDEN)),
    **dict.fromkeys(
        (
            f"{method} {PAGE}/desk{path}"
            for method, path in (
                *(("POST", one) for one in ("/search", "/redeem", "/check", "/links")),
                *(("GET", one) for one in ("/check", "/links")),
            )
        ),
        READERS,
    ),
    **dict.fromkeys(
        (
            f"GET {CASE}{path}"
            for path in (
                *(
                    "/assigned",
                    "/tags",
                    "/due",
                    "/notes",
                    "/confirmed",
                    "/addresses",
                    "/export",
                    "/muted",
                ),
                *("/letters/write", "/letters/read", "/letters/kept"),
            )
        ),
        BACK,
    ),
    f"GET {CASE}": A_CASE,
    **dict.fromkeys((f"POST {CASE}/{one}" for one in ("tags", "due", "notes", "export")), A_CASE),
    **dict.fromkeys(
        (f"{row}/{{entry}}" for row in (f"GET {PAGE}/desk/review", f"POST {PAGE}/desk/review")),
        NOT_REVIEWING,
    ),
    f"GET {PAGE}/desk/review": NOT_REVIEWING,
    f"POST {CASE}/assigned": A_CASE,
    f"POST {CASE}/confirmed": with_scope(GrantScope.SIGHTINGS),
    f"POST {CASE}/addresses": with_scope(GrantScope.ACT),
    f"POST {CASE}/muted": with_scope(GrantScope.ACT),
    f"GET {CASE}/letters": with_scope(GrantScope.ACT),
    **dict.fromkeys(
        (f"POST {CASE}/letters/{one}" for one in ("write", "read", "kept")),
        with_scope(GrantScope.ACT),
    ),
    f"GET {CASE}/files": with_scope(GrantScope.ADD),
    f"POST {CASE}/files": with_scope(GrantScope.ADD),
}

ADDRESS = "https://forum.example.org/thread"
HOOK = "https://hook.example.org/x"
CONTACT = Contact(Wording.NEWS, "en", None, read_by_others=False, ask_on=date(2030, 1, 1))
WATCH = {"address": ADDRESS, "shows_minor": False}
ANNOUNCED = {"id": "5f" * 16, "size": 65_552, "chunks": 1, "shows_minor": False}
BODIES: dict[str, Any] = {
    "POST /v1/cases": {},
    "PUT /v1/case/entries/{n}/label": {"sealed_label": None},
    "POST /v1/case/grants": {"scopes": []},
    "PUT /v1/case/alerts/mute": {"days": 7},
    "POST /v1/case/alerts/channels/{kind}/check": {"address": HOOK},
    "POST /v1/case/alerts/channels/mail/code": {"code": "123456"},
    "POST /v1/case/watches": WATCH,
    "POST /v1/case/notices/{n}/said": {"state": "sent"},
    "POST /v1/case/notices/{n}/confirmation": {"platform": "Videos"},
    "POST /v1/case/notices/{n}/offer": {"platform": "Videos", "token": "ab" * 32},
    "POST /v1/notices/fetch": {"reference": "a" * 24},
    "POST /v1/notices/decision": {"reference": "a" * 24, "removed": True, "reason": "removed"},
    "POST /v1/watches": WATCH,
    "POST /v1/case/evidence/files": {**ANNOUNCED, "id": "ab" * 16},
    f"POST {EVIDENCE_FILE}/complete": {"root": "ab" * 32},
}
SEALED = {f"PUT {RECORD}": sealed_record(), f"PUT {EVIDENCE_FILE}/chunks/{{n}}": b"0" * 65_552}
LETTER = {
    "regime": "PK-PECA",
    "filer": "self",
    "zone": "UTC",
    "addresses": ADDRESS,
    "name": "A",
    "not_consented": "yes",
    "act": "draft",
}
FORMS = {
    **dict.fromkeys(("write", "read", "kept"), LETTER),
    "said": {"entry": "1", "state": "sent", "ago": "0"},
    "acted": {"act": "withdrawn", "entry": "1"},
    "new": {"days": "90"},
    "links": {"days": "90"},
    "muted": {"days": "7"},
    "assigned": {"member": "999999"},
    "tags": {"tags": "a"},
    "notes": {"layer": "team", "title": "a", "body": "b"},
    "export": {"format": "csv"},
}
"""Whoever is let in with another body than this is told what is wrong with it."""


@dataclass
class Actor:
    """Who asks: what a request of theirs has."""

    headers: dict[str, str] = field(default_factory=dict)
    form: dict[str, str] = field(default_factory=dict)
    cookie: str = ""


class Cast:
    """All actors, on one service."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        self.stamp = ""
        self.platform = desk.world.key("Platform", Role.PLATFORM)
        self.crawler = desk.world.key("Crawler", Role.CRAWLER)
        self.members: dict[str, tuple[Member, str]] = {}
        self._members()
        public = desk.world.picture()
        exclude.exclude(desk.context, [public], desk.day)
        desk.context.replica.catch_up()
        self.waiting = str(desk.world.entry_id(desk.owner(public).owner))
        """An entry that waits for a reviewer."""

    def _members(self) -> None:
        desk = self.desk
        expiring, old = self._granted("expired", GrantScope, days=1)
        for scope in SCOPES:
            self._granted(f"advocate with {scope}", [scope])
        seen, reference = self._granted("revoked", GrantScope)
        self.cases["revoked"].revoke()
        desk.later(1)
        self._granted("other organisation", GrantScope)
        lead, of_lead = self._granted("lead", GrantScope, role=MemberRole.LEAD)
        here = self.organisations["lead"]
        mate, other = desk.member(here), desk.member(here)
        lead.read(of_lead)
        lead.browser.post(f"/cases/{of_lead}/assigned", member=str(mate.id))
        self.members["colleague of whom it is assigned to"] = other, of_lead
        self.members["observer"] = desk.member(here, MemberRole.OBSERVER), of_lead
        gone = desk.member(here)
        membership.disable(desk.context, gone.id, desk.day)
        self.members["disabled member"] = gone, of_lead
        new = desk.member(desk.organisation("No grant"))
        self.members["advocate without a grant"] = new, of_lead
        self.members["other organisation"] = self.members["other organisation"][0], of_lead
        self.members["expired"], self.members["revoked"] = (expiring, old), (seen, reference)

    client: TestClient
    """Whose event loop runs already: one more for each request takes longer than the request."""
    organisations: dict[str, int]
    cases: dict[str, Case]

    def _granted(
        self, name: str, scopes: Any, *, days: int = 90, role: MemberRole = MemberRole.MEMBER
    ) -> tuple[Member, str]:
        self.organisations = getattr(self, "organisations", {})
        self.cases = getattr(self, "cases", {})
        here = self.organisations[name] = self.desk.organisation(name)
        member = self.desk.member(here, role)
        case = self.cases[name] = self.desk.owner()
        self.members[name] = member, self.desk.granted(case, member, scopes, days)
        return self.members[name]

    def desk_of(self, name: str) -> int:
        """Whose member she is."""
        with self.desk.context.database.read() as tx:
            found = memberships.member(tx, self.members[name][0].id)
        assert found
        return found.organisation_id

    def actor(self, name: str, *, complete: bool) -> Actor:
        """Return an actor as it asks now: an owner with a new case, a member with a new session."""
        if name == "none":
            return Actor()
        if name in {"platform", "crawler"}:
            return Actor({"Authorization": f"Bearer {getattr(self, name)}"})
        if name in {"owner", "other owner"}:
            case = self.desk.owner()
            if name == "owner" and complete:
                context, day = self.desk.context, self.desk.day
                watching.add(context, case.owner, target(ADDRESS), day)
                granting.offer(context, case.owner, Terms(frozenset()), day)
                _keep_notice(context, case.owner, self.desk.clock.now)
                webhook, now = ChannelKind.WEBHOOK, self.desk.clock.now
                safe_contact.set_up(context, case.owner, CONTACT, webhook, HOOK, now)
                keep = evidence_keeping.keep_record
                keep(context, case.owner, "5f" * 16, sealed_record(), now)
                evidence_arriving.announce(context, case.owner, "ec" * 16, 65_552, 1, now)
                evidence_arriving.put_chunk(context, case.owner, "ec" * 16, 0, bytes(65_552))
            form = {"case": case.number, "access_key": case.access_key, "stamp": self.stamp}
            return Actor(case.headers, form)
        member, _ = self.members[name]
        context = self.desk.context
        with context.database.write() as tx:
            token = session_keeping.begun(context, tx, member.id, self.desk.clock.now)
        return Actor(form={"form": context.seals.form_token(token)}, cookie=token)


def _keep_notice(context: Any, owner: Any, now: Any) -> None:
    """Keep notice 1 of a case, a draft."""
    regime = context.law.regimes["PK-PECA"]
    written = notice.written("self", ADDRESS, {"name": "A", "not_consented": "yes"})
    about = noticing.about(regime, "", "", "UTC")
    noticing.keep(context, owner, noticing.Composed(regime, written, about), now)


@pytest.fixture(scope="module")
def cast(migrated_sqlite: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cast]:
    state = tmp_path_factory.mktemp("matrix")
    url = f"sqlite:///{shutil.copy(migrated_sqlite, state)}"
    settings = Settings(state=state, database_url=url, secret=SECRET, worker=False, work_pieces=0)
    settings = replace(settings, evidence_free_mib=0)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(limits, "FAILURES_PER_MINUTE", 10**9)  # later ones are answered late
        made = create_app(settings)
    with TestClient(made, base_url=ORIGIN, raise_server_exceptions=False) as client:
        cast = Cast(Desk(made))
        stamp = re.search(r'name="stamp" value="([^"]+)"', client.get("/en/overview").text)
        assert stamp
        cast.stamp, cast.client = stamp[1], client
        yield cast


def routes(app: Any) -> set[str]:
    inner = (getattr(getattr(one, "original_router", None), "routes", [one]) for one in app.routes)
    return {
        f"{method} {route.path}"
        for some in inner
        for route in some
        if isinstance(route, APIRoute)
        for method in route.methods or ()
    }


def test_every_route_has_a_row(cast: Cast) -> None:
    assert routes(cast.desk.app) == set(TABLE)
    assert all(set(row) == set(ACTORS) for row in TABLE.values())


def test_every_actor_gets_in_where_the_table_says(cast: Cast) -> None:
    wrong = []
    for row, expected in TABLE.items():
        for name in ACTORS if "/desk" in row else OUTSIDE_THE_DESK:
            got = _outcome(_ask(cast.client, cast, row, name))
            if got != expected[name]:
                wrong.append(f"{row}  {name}: {got}, not {expected[name]}")
    assert not wrong, "\n".join(wrong)


def test_of_whom_the_operator_lets_review_leads_alone_get_in(cast: Cast) -> None:
    context, day = cast.desk.context, cast.desk.day
    here = cast.organisations["lead"]
    rows = [row for row in TABLE if "/desk/review" in row]
    names = [one for one in MEMBERS if cast.desk_of(one) == here]
    membership.set_reviewer(context, here, day, on=True)
    got = {(row, one): _outcome(_ask(cast.client, cast, row, one)) for row in rows for one in names}
    membership.set_reviewer(context, here, day, on=False)
    assert len(rows) == 3
    assert got == {(row, one): IN if one == "lead" else HIDDEN for row in rows for one in names}


def _ask(client: TestClient, cast: Cast, row: str, name: str) -> Response:
    method, _, path = row.partition(" ")
    of_something = ("{n}", "{id}", "removed", "ended", "/alerts", "/notices")
    actor = cast.actor(name, complete=any(part in row for part in of_something))
    client.cookies.clear()
    if actor.cookie:
        client.cookies.set("__Host-desk", actor.cookie, domain="desk.example")
    if "{n}" in path and name == "other owner":
        path = path.replace("{n}", "7")  # of nobody's: numbers are of a case
    reference = cast.members.get(name, ("", "a" * 16))[1]
    filled = {"{language:tag}": "en", "{reference}": reference, "{n}": "1", "{answer}": "wrong"}
    filled |= {"{path:path}": "service/web/static/look.css", "{token}": "x", "{error}": "Conflict"}
    filled |= {"{reason}": "Needed", "{pieces}": "1", "{rest:path}": "nowhere"}
    filled["{entry}"] = cast.waiting
    filled |= {"{kind}": "webhook", "{platform}": "telegram"}
    filled["{id}"] = "5f" * 16 if "records" in path else "ec" * 16
    if "/chunks/" in path:
        filled["{n}"] = "0"
    for part, value in filled.items():
        path = path.replace(part, value)
    asked: dict[str, Any] = {"headers": actor.headers, "follow_redirects": False}
    if path.endswith("/sent"):
        document = _document(cast, actor) if "more" in path else {}
        asked["content"] = b"document=" + json.dumps(document).encode() + b"\r\n"
        asked["headers"] = {"Content-Type": "text/plain"}
    elif row in SEALED:
        asked["content"] = SEALED[row]
        asked["headers"] = {**actor.headers, "Content-Type": "application/octet-stream"}
    elif path.startswith("/v1"):
        asked["json"] = BODIES.get(row, {})
    else:
        asked["data"] = _fields(cast, path, actor)
    if method == "GET":
        asked = {"headers": actor.headers, "follow_redirects": False}
    answer: Response = client.request(method, path, **asked)
    return answer


def _document(cast: Cast, actor: Actor) -> dict[str, Any]:
    given = {"case": "000-000-0000", "access_key": "ab" * 32, "stamp": cast.stamp} | actor.form
    entry = {"kind": "picture", "signals": [{"type": "sha256", "value": "ab" * 32}]}
    return {key: given[key] for key in ("case", "access_key", "stamp")} | {"entries": [entry]}


def _fields(cast: Cast, path: str, actor: Actor) -> dict[str, str]:
    """Return a form that is right for a page, so that only who posts it decides."""
    last = path.rpartition("/")[2]
    fields = {"stamp": cast.stamp, **FORMS.get(last, {"entry": "1"}), **actor.form}
    if "/addresses" in path:
        fields |= {"address": ADDRESS, "shows_minor": "no", "scope": "page"}
    if "/letters/" in path:
        fields |= {"regime": "US-TIDA", "filer": "agent", "act": "draft"}
    if last == "redeem" and actor.cookie:
        case = cast.desk.owner()
        terms = Terms(frozenset())
        fields["code"] = granting.offer(cast.desk.context, case.owner, terms, cast.desk.day).code
    if last in {"check", "files"}:
        document = {"entries": [Wire().content(cast.desk.world.picture())]}
        fields = {**actor.form, "document": json.dumps(document)}
    return fields


def _outcome(answer: Response) -> str:
    to = answer.headers.get("location", "")
    if answer.status_code in {401, 403, 404}:
        return {401: OUT, 403: NO, 404: HIDDEN}[answer.status_code]
    if to.endswith("/desk/sign-in"):
        return SIGN_IN
    if to.endswith(("/checked/wrong", "/sent/error/Unauthenticated")):
        return OUT
    return IN if answer.status_code < 500 else f"broken: {answer.status_code}"
