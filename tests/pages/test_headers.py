"""One row per header per kind of answer, for every route of the pages; what browsers make of it."""

from __future__ import annotations

import base64
import hashlib
import json
import re
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.twofactor.totp import TOTP
from fastapi import FastAPI
from fastapi.routing import APIRoute
from fastapi.testclient import TestClient
from httpx import Response
from playwright.sync_api import Browser, BrowserContext, Page, Route

from demo.server import Service
from hashing.signals import ContentKind, ContentSignals, Signal, SignalType
from service.app import create_app
from service.domain.grant import GrantScope, terms
from service.domain.member import MemberRole
from service.domain.watch import Clock
from service.settings import Settings
from service.store.database import Database
from service.workflows import (
    case_reading,
    enrolling,
    exclude,
    intake,
    intake_links,
    membership,
    review,
    session_keeping,
)
from service.workflows.context import Context
from service.workflows.intake import NewCase
from tests.loopback import answering
from tests.pages import journey
from tests.pages.elsewhere import Elsewhere

ROOT = Path(__file__).resolve().parents[2]
KEY = "ab" * 32
NUMBER = "000-000-0000"
ORIGIN, ARRIVAL = "https://desk.example", "x" * 43
IMPORT_MAP = "'sha256-IMPORT_MAP'"
"""Stands for the hash of the page's import map."""
SENSORS = (
    "accelerometer=(), camera=(), display-capture=(), fullscreen=(), geolocation=(), gyroscope=(), "
    "magnetometer=(), microphone=(), midi=(), payment=(), publickey-credentials-get=(), "
    "screen-wake-lock=(), serial=(), usb=(), xr-spatial-tracking=()"
)
PASSKEYS = "publickey-credentials-create=(self), publickey-credentials-get=(self)"
"""What pages for advocates may ask for."""
ALWAYS = {
    "cache-control": "no-store",
    "cross-origin-embedder-policy": "require-corp",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": SENSORS,
    "referrer-policy": "no-referrer",
    "strict-transport-security": "max-age=63072000",
    "x-content-type-options": "nosniff",
    "x-robots-tag": "noarchive",
}
HTML = {"content-type": "text/html; charset=utf-8", "content-language": "en"}
PAGE = (
    "default-src 'none'; base-uri 'none'; connect-src 'none'; style-src 'self'; img-src 'self'; "
    "form-action 'self'; require-trusted-types-for 'script'; trusted-types takeback; "
    "script-src 'self'; frame-ancestors 'none'"
)
WITH_FRAME = (
    "default-src 'none'; base-uri 'none'; connect-src 'none'; style-src 'self'; img-src 'self'; "
    "form-action 'self'; frame-src 'self'; "
    f"require-trusted-types-for 'script'; trusted-types takeback; script-src 'self' {IMPORT_MAP}; "
    "frame-ancestors 'none'"
)
FILES = (
    "default-src 'none'; base-uri 'none'; connect-src 'none'; style-src 'self'; img-src blob:; "
    "media-src blob:; worker-src 'self'; frame-src 'self'; form-action 'self'; "
    f"require-trusted-types-for 'script'; trusted-types takeback; script-src 'self' {IMPORT_MAP}; "
    "frame-ancestors 'none'"
)
ANSWER = (
    "default-src 'none'; base-uri 'none'; connect-src 'none'; style-src 'self'; "
    "form-action 'none'; frame-ancestors 'self'"
)
SCRIPT = (
    "default-src 'none'; base-uri 'none'; connect-src 'none'; script-src 'self'; "
    "frame-ancestors 'none'"
)
STYLE = "default-src 'none'; base-uri 'none'; connect-src 'none'; frame-ancestors 'none'"
DESK = {
    "permissions-policy": f"{SENSORS.replace('publickey-credentials-get=(), ', '')}, {PASSKEYS}"
}
WITH_PASSKEY = PAGE.replace("script-src 'self'", f"script-src 'self' {IMPORT_MAP}")
PACKED = {"vary": "Accept-Encoding", "content-encoding": "gzip"}
CSP = "content-security-policy"
ALLOWED = '(response-origin "https://www.bbc.co.uk/*");redirects=allow'
KINDS: dict[str, dict[str, str]] = {
    "page": {**ALWAYS, **HTML, CSP: PAGE},
    "with script": {**ALWAYS, **HTML, CSP: WITH_PASSKEY},
    "csv": {**ALWAYS, **DESK, CSP: PAGE, "content-type": "text/csv; charset=utf-8"},
    "json": {**ALWAYS, **DESK, CSP: PAGE, "content-type": "application/json"},
    "with-frame": {**ALWAYS, **HTML, CSP: WITH_FRAME},
    "files": {**ALWAYS, **HTML, CSP: FILES, "connection-allowlist": ALLOWED},
    "answer": {**ALWAYS, **HTML, CSP: ANSWER},
    "desk": {**ALWAYS, **HTML, **DESK, CSP: PAGE},
    "desk with passkey": {**ALWAYS, **HTML, **DESK, CSP: WITH_PASSKEY},
    "redirect": {**ALWAYS, CSP: PAGE},
    "redirect at the desk": {**ALWAYS, **DESK, CSP: PAGE},
    "redirect in the frame": {**ALWAYS, CSP: ANSWER},
    "nothing": {**ALWAYS, CSP: STYLE},
    "script": {
        **ALWAYS,
        **PACKED,
        "content-type": "text/javascript; charset=utf-8",
        CSP: SCRIPT,
        "connection-allowlist": "(response-origin)",
    },
    "style": {**ALWAYS, **PACKED, "content-type": "text/css; charset=utf-8", CSP: STYLE},
}


@dataclass(frozen=True)
class Asked:
    """One request, and what is expected of its answer."""

    route: str
    path: str
    kind: str
    status: int = 200
    form: dict[str, str] | str | None = None
    more: dict[str, str] = field(default_factory=dict)
    cookie: str = ""
    """Whose session it is sent with: of whoever is SIGNED_IN, or ENROLLING."""


def _form(**more: str) -> dict[str, str]:
    return {"case": "CASE", "access_key": KEY, "stamp": "STAMP", **more}


def _act(**more: str) -> dict[str, str]:
    return {**_form(), "act": "labelled", "entry": "1", "sealed_label": "", **more}


FEED = {"kind": "feed", "others": "no"}
SUBMISSION = {
    "version": 1,
    "access_key": KEY,
    "eligibility": {"subject": "self", "adults": True, "intimate": True},
    "entries": [
        {"kind": "picture", "signals": [{"type": "pdq", "value": "f0" * 32, "quality": 100}]}
    ],
}
FROM_ARRIVAL = {"form": "ARRIVAL"}
ARRIVES = {"set-cookie": "__Host-arrival"}
ANSWERS = {"subject": "self", "age": "adults", "consent": "without"}
TAG = "/{language:tag}"
START = {"location": "/en/"}
AGAIN = {"location": "/en/overview"}
SENT = {"location": "/en/sent/TOKEN"}
ACTED = {"location": "/en/acted/TOKEN"}
NOT_SENT = {"location": "/en/sent/error/InvalidRequest"}
WORK = TAG + "/sent/error/Work{reason}/{pieces}"
NO = {"location": "/en/sent/error/NotFound"}
OPENS = {"location": "/en/checked/opens"}
WRONG = {"location": "/en/checked/wrong"}
FRAME = "redirect in the frame"
TO_SIGN_IN, TO_ACCOUNT = {"location": "/en/desk/sign-in"}, {"location": "/en/desk/account"}
D = TAG + "/desk"
POSTS = (
    *("password", "passkeys", "passkeys/remove"),
    *("recovery-codes", "sign-out", "sign-out-everywhere"),
)
AT_THE_DESK = (
    Asked(f"GET {D}", "/en/desk", "redirect at the desk", 303, more=TO_SIGN_IN),
    Asked(f"GET {D}", "/en/desk", "desk", cookie="SIGNED_IN"),
    Asked(f"GET {D}/account", "/en/desk/account", "desk with passkey", cookie="SIGNED_IN"),
    Asked(f"GET {D}/enrol", "/en/desk/enrol", "desk with passkey", cookie="ENROLLING"),
    Asked(f"GET {D}/sign-in", "/en/desk/sign-in", "desk with passkey", more=ARRIVES),
    Asked(f"POST {D}/sign-in", "/en/desk/sign-in", "page", 403, form={}),
    Asked(f"POST {D}/sign-in", "/en/desk/sign-in", "desk with passkey", 401, FROM_ARRIVAL, ARRIVES),
    Asked(
        f"GET {D}/sign-in/passkey",
        "/en/desk/sign-in/passkey",
        "redirect at the desk",
        303,
        more=TO_SIGN_IN,
    ),
    Asked(f"POST {D}/sign-in/passkey", "/en/desk/sign-in/passkey", "page", 403, form={}),
    Asked(f"GET {D}/invitation", "/en/desk/invitation", "desk", more=ARRIVES),
    Asked(f"POST {D}/invitation", "/en/desk/invitation", "desk", 401, FROM_ARRIVAL, ARRIVES),
    *(
        Asked(
            f"GET {D}/{name}",
            f"/en/desk/{name}",
            "redirect at the desk",
            303,
            more=TO_ACCOUNT,
            cookie="SIGNED_IN",
        )
        for name in POSTS
    ),
    *(
        Asked(f"POST {D}/{name}", f"/en/desk/{name}", "page", 403, {}, cookie="SIGNED_IN")
        for name in POSTS
    ),
    Asked(
        f"POST {D}/password",
        "/en/desk/password",
        "desk with passkey",
        422,
        {"form": "FORM", "password": "short"},
        cookie="SIGNED_IN",
    ),
    Asked(
        f"POST {D}/recovery-codes",
        "/en/desk/recovery-codes",
        "desk",
        form={"form": "FORM"},
        cookie="SIGNED_IN",
    ),
    Asked(
        f"POST {D}/sign-out",
        "/en/desk/sign-out",
        "redirect at the desk",
        303,
        {"form": "LEAVES"},
        {**TO_SIGN_IN, "clear-site-data": '"cache", "storage"', "set-cookie": "__Host-desk"},
        cookie="LEAVING",
    ),
)
LETTER = {
    "regime": "PK-PECA",
    "filer": "self",
    "zone": "UTC",
    "addresses": "https://forum.example/1",
    "name": "A",
    "not_consented": "yes",
    "act": "draft",
}
AGENT = {"regime": "US-TIDA", "filer": "agent", "zone": "UTC"}
SENT_LETTER = {"entry": "1", "state": "sent", "ago": "0"}
C, HELD = D + "/cases/{reference}", "/en/desk/cases/REFERENCE"
TO_BOARD, TO_CASE = {"location": "/en/desk"}, {"location": HELD}
DOCUMENT = {"form": "FORM", "document": json.dumps({"entries": SUBMISSION["entries"]})}


def _held(path: str, kind: str, status: int = 200, **form: str) -> Asked:
    """A request of the member who is SIGNED_IN: a form if it has fields, else a page."""
    method, given = ("POST", {"form": "FORM", **form}) if form else ("GET", None)
    where = f"{D}{path}".replace("REFERENCE", "{reference}")
    more = {} if status != 303 else TO_BOARD if path.endswith("assigned") and form else TO_CASE
    return Asked(f"{method} {where}", f"/en/desk{path}", kind, status, given, more, "SIGNED_IN")


MOVES = "redirect at the desk"
CASE_FORMS = {
    "tags": {"tags": "a"},
    "due": {"due": ""},
    "notes": {"layer": "team", "title": "a", "body": "b"},
    "confirmed": {"sure": "yes"},
    "addresses": {"address": "forum.example", "shows_minor": "no"},
    "assigned": {"member": ""},
}
F = {"form": "FORM"}
OF_CASES = (
    _held("/counts", "desk"),
    _held("/check", "files"),
    _held("/check", "desk", document=DOCUMENT["document"]),
    _held("/links", "desk"),
    _held("/links", "desk", days="90"),
    _held("/search", "desk", search="a"),
    _held("/redeem", "desk", 401, code="a"),
    *(
        Asked(f"GET {D}/{one}", f"/en/desk/{one}", MOVES, 303, None, TO_BOARD, "SIGNED_IN")
        for one in ("search", "redeem")
    ),
    _held("/review", "desk"),
    Asked(f"GET {D}/review/{{entry}}", "/en/desk/review/ENTRY", "desk", cookie="SIGNED_IN"),
    Asked(f"GET {D}/review/{{entry}}", "/en/desk/review/0", "page", 404, cookie="SIGNED_IN"),
    Asked(
        f"POST {D}/review/{{entry}}", "/en/desk/review/ENTRY", "desk", 422, F, cookie="SIGNED_IN"
    ),
    _held("/cases/REFERENCE", "desk"),
    Asked(f"GET {C}", "/en/desk/cases/none", "page", 404, cookie="SIGNED_IN"),
    _held("/cases/REFERENCE/files", "files"),
    _held("/cases/REFERENCE/files", MOVES, 303, document=DOCUMENT["document"]),
    *(_held(f"/cases/REFERENCE/{one}", MOVES, 303, **given) for one, given in CASE_FORMS.items()),
    *(_held(f"/cases/REFERENCE/{one}", MOVES, 303) for one in (*CASE_FORMS, "export", "muted")),
    _held("/cases/REFERENCE/letters", "desk"),
    *(_held(f"/cases/REFERENCE/letters/{one}", MOVES, 303) for one in ("write", "read", "kept")),
    _held("/cases/REFERENCE/letters/write", "desk", regime="US-TIDA"),
    _held("/cases/REFERENCE/letters/read", "desk", 422, **AGENT),
    _held("/cases/REFERENCE/letters/kept", "desk", 422, **AGENT, act="draft"),
    _held("/cases/REFERENCE/notes", "desk", 422, layer="team"),
    _held("/cases/REFERENCE/muted", "desk", days="7"),
    _held("/cases/REFERENCE/export", "csv", format="csv"),
    _held("/cases/REFERENCE/export", "json", format="json"),
)
TABLE = (
    Asked("GET /", "/", "redirect", 303, more=START),
    Asked(f"GET {TAG}", "/en", "redirect", 303, more=START),
    Asked(f"GET {TAG}/", "/en/", "page"),
    Asked(f"GET {TAG}/leaving", "/en/leaving", "page"),
    Asked(f"GET {TAG}/safety", "/en/safety", "page"),
    Asked(f"GET {TAG}/about", "/en/about", "page"),
    Asked(f"GET {TAG}/next", "/en/next", "page"),
    Asked(f"POST {TAG}/next", "/en/next", "page", form={"country": "GB"}),
    Asked(f"POST {TAG}/next", "/en/next", "page", 422, form="no form"),
    Asked(f"GET {TAG}/save", "/en/save", "page"),
    Asked(f"GET {TAG}/save/{{platform}}", "/en/save/telegram", "page"),
    Asked(f"GET {TAG}/save/{{platform}}", "/en/save/none", "page", 404),
    Asked(f"GET {TAG}/accounts", "/en/accounts", "page"),
    Asked(f"GET {TAG}/{{rest:path}}", "/en/none", "page", 404),
    Asked(f"GET {TAG}/{{rest:path}}", "/xx/none", "page", 404),
    Asked(f"GET {TAG}/questions", "/en/questions", "page"),
    Asked(f"POST {TAG}/questions", "/en/questions", "page", 422, form={"age": "adults"}),
    Asked(f"POST {TAG}/questions", "/en/questions", "page", form={**ANSWERS, "age": "minors"}),
    Asked(f"POST {TAG}/questions", "/en/questions", "files", form=ANSWERS),
    Asked(f"POST {TAG}/questions", "/en/questions", "page", 422, form={**ANSWERS, "age": "1"}),
    Asked(f"POST {TAG}/sent", "/en/sent", FRAME, 303, json.dumps(SUBMISSION), SENT),
    Asked(f"POST {TAG}/sent", "/en/sent", FRAME, 303, "{}", NOT_SENT),
    Asked(f"GET {TAG}/sent/{{token}}", "/en/sent/TOKEN", "answer"),
    Asked(f"GET {TAG}/sent/{{token}}", "/en/sent/none", FRAME, 303, more=NOT_SENT),
    Asked(f"GET {TAG}/sent/error/{{error}}", "/en/sent/error/CaseFull", "answer", 422),
    Asked(f"GET {WORK}", "/en/sent/error/WorkNeeded/40", "answer", 428),
    Asked(f"GET {WORK}", "/en/sent/error/WorkDone/40", FRAME, 303, more=NO),
    Asked(f"GET {TAG}/overview", "/en/overview", "with-frame"),
    Asked(f"POST {TAG}/overview", "/en/overview", "page", form=_form()),
    Asked(
        f"POST {TAG}/overview",
        "/en/overview",
        "with-frame",
        401,
        form=_form(case=NUMBER),
    ),
    Asked(f"POST {TAG}/checked", "/en/checked", FRAME, 303, form=_form(), more=OPENS),
    Asked(f"POST {TAG}/checked", "/en/checked", FRAME, 303, form=_form(case=NUMBER), more=WRONG),
    Asked(f"POST {TAG}/checked", "/en/checked", FRAME, 303, "no form", more=NOT_SENT),
    Asked(f"GET {TAG}/checked/{{answer}}", "/en/checked/wrong", "answer"),
    Asked(f"GET {TAG}/checked/{{answer}}", "/en/checked/none", FRAME, 303, more=NO),
    Asked(f"POST {TAG}/acted", "/en/acted", FRAME, 303, form=_act(), more=ACTED),
    Asked(f"POST {TAG}/acted", "/en/acted", FRAME, 303, form=_act(act="x"), more=NOT_SENT),
    Asked(f"POST {TAG}/acted", "/en/acted", FRAME, 303, form=_act(case=NUMBER), more=WRONG),
    Asked(f"GET {TAG}/acted/{{token}}", "/en/acted/DONE", "answer"),
    Asked(f"GET {TAG}/acted/{{token}}", "/en/acted/TOKEN", FRAME, 303, more=NOT_SENT),
    Asked(f"POST {TAG}/addresses", "/en/addresses", "page", form=_form()),
    Asked(f"POST {TAG}/addresses/added", "/en/addresses/added", "page", 422, form=_form()),
    Asked(
        f"POST {TAG}/addresses/added",
        "/en/addresses/added",
        "page",
        form={**_form(), "address": "forum.example", "scope": "page", "shows_minor": "no"},
    ),
    Asked(
        f"POST {TAG}/addresses/removed",
        "/en/addresses/removed",
        "page",
        form={**_form(), "entry": "1"},
    ),
    Asked(f"POST {TAG}/alerts", "/en/alerts", "page", form=_form()),
    Asked(f"POST {TAG}/alerts/set", "/en/alerts/set", "page", 422, form=_form()),
    Asked(f"POST {TAG}/alerts/set", "/en/alerts/set", "page", form=_form(**FEED)),
    Asked(f"POST {TAG}/alerts/code", "/en/alerts/code", "page", form=_form(code="123456")),
    Asked(f"POST {TAG}/alerts/test", "/en/alerts/test", "page", form=_form(kind="feed")),
    Asked(f"POST {TAG}/alerts/same", "/en/alerts/same", "page", form=_form(kind="mail")),
    Asked(f"POST {TAG}/alerts/muted", "/en/alerts/muted", "page", form=_form(days="7")),
    Asked(f"POST {TAG}/alerts/kept", "/en/alerts/kept", "page", form=_form(ask="90")),
    Asked(f"POST {TAG}/alerts/kept", "/en/alerts/kept", "page", 422, form=_form(ask="1")),
    Asked(f"POST {TAG}/alerts/removed", "/en/alerts/removed", "page", form=_form()),
    Asked(f"POST {TAG}/notices", "/en/notices", "page", form=_form()),
    Asked(f"POST {TAG}/notices/where", "/en/notices/where", "page", form=_form()),
    Asked(f"POST {TAG}/notices/where", "/en/notices/where", "page", 422, form=_form(asked="yes")),
    Asked(f"POST {TAG}/notices/write", "/en/notices/write", "page", form=_form(**LETTER)),
    Asked(f"POST {TAG}/notices/read", "/en/notices/read", "page", form=_form(**LETTER)),
    Asked(f"POST {TAG}/notices/kept", "/en/notices/kept", "page", form=_form(**LETTER)),
    Asked(f"POST {TAG}/notices/one", "/en/notices/one", "page", form=_form(entry="1")),
    Asked(f"POST {TAG}/notices/said", "/en/notices/said", "page", form=_form(**SENT_LETTER)),
    Asked(f"POST {TAG}/notices/offered", "/en/notices/offered", "page", 422, form=_form(entry="1")),
    Asked(f"POST {TAG}/notices/erased", "/en/notices/erased", "page", form=_form(entry="1")),
    Asked(f"POST {TAG}/shared", "/en/shared", "page", form=_form()),
    Asked(f"POST {TAG}/shared/new", "/en/shared/new", "page", form=_form(days="90")),
    Asked(f"POST {TAG}/shared/ended", "/en/shared/ended", "page", form=_form(entry="9")),
    Asked(f"POST {TAG}/more", "/en/more", "files", form=_form()),
    Asked(
        f"POST {TAG}/more/sent",
        "/en/more/sent",
        FRAME,
        303,
        json.dumps({**_form(), "entries": SUBMISSION["entries"]}),
        SENT,
    ),
    Asked(f"POST {TAG}/more/sent", "/en/more/sent", FRAME, 303, "{}", NOT_SENT),
    Asked(f"POST {TAG}/withdraw", "/en/withdraw", "page", form=_form()),
    Asked(f"POST {TAG}/withdrawn", "/en/withdrawn", "page", form=_form()),
    Asked(f"POST {TAG}/undone", "/en/undone", "page", form=_form()),
    Asked(f"POST {TAG}/erase", "/en/erase", "page", form=_form()),
    Asked(f"POST {TAG}/erased", "/en/erased", "page", form=_form()),
    *(
        Asked(f"GET {TAG}/{name}", f"/en/{name}", "redirect", 303, more=AGAIN)
        for name in (
            *("more", "withdraw", "withdrawn", "undone", "erase", "erased"),
            *("addresses", "addresses/added", "addresses/removed", "alerts"),
            *(f"alerts/{act}" for act in ("set", "code", "test", "same")),
            *(f"alerts/{act}" for act in ("muted", "kept", "removed")),
            *("shared", "shared/new", "shared/ended", "notices"),
            *(f"notices/{one}" for one in ("where", "write", "read", "kept", "one")),
            *(f"notices/{one}" for one in ("said", "offered", "erased")),
        )
    ),
    Asked(f"GET {TAG}/together", "/en/together", "with script"),
    Asked(f"POST {TAG}/together", "/en/together", "with script", 401, form={"intake_code": "a"}),
    Asked(f"POST {TAG}/together", "/en/together", "page", form={"intake_code": "LINK"}),
    *AT_THE_DESK,
    *OF_CASES,
    Asked("GET /favicon.ico", "/favicon.ico", "nothing", 204),
    Asked("GET /static/{path:path}", "/static/service/web/static/look.css", "style"),
    Asked("GET /static/{path:path}", "/static/service/web/static/exit.js", "script"),
    Asked("GET /static/{path:path}", "/static/hashing/browser/worker/worker.js", "script"),
    Asked("GET /static/{path:path}", "/static/hashing/browser/worker/solver.js", "script"),
)


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> FastAPI:
    settings = Settings(
        state=tmp_path_factory.mktemp("state"), worker=False, work_pieces=0, desk_origin=ORIGIN
    )
    database = Database(settings.database)
    database.migrate()
    database.close()
    return create_app(settings)


@pytest.fixture(scope="module")
def api(app: FastAPI) -> Iterator[TestClient]:
    with TestClient(app, raise_server_exceptions=False, follow_redirects=False) as client:
        yield client


@pytest.fixture(scope="module")
def filled(api: TestClient, app: FastAPI) -> dict[str, str]:
    """What stands for CASE, STAMP and TOKEN in the table: a case of this service, and of now."""
    answer = api.post("/v1/cases", json=SUBMISSION)
    assert answer.status_code == 201
    stamp = re.search(r'name="stamp" value="([^"]+)"', api.get("/en/overview").text)
    assert stamp
    sent = api.post(
        "/en/sent",
        content=f"document={json.dumps(SUBMISSION)}\r\n",
        headers={"content-type": "text/plain"},
    )
    token = sent.headers["location"].rpartition("/")[2]
    found = {"CASE": str(answer.json()["case_number"]), "STAMP": stamp[1], "TOKEN": token}
    act = {key: found.get(value, value) for key, value in _act().items()}
    done = api.post("/en/acted", data=act).headers["location"].rpartition("/")[2]
    return {**found, "DONE": done, **at_the_desk(app)}


def at_the_desk(app: FastAPI) -> dict[str, str]:
    """Sessions of members, and what forms of theirs have."""
    context, clock = app.state.context, Clock(date.today(), int(time.time()))  # noqa: DTZ011
    here = membership.add_organisation(context, "Helpline", clock.day)
    sessions = {}
    for name in ("Ana", "Bo", "Cy"):
        code = membership.add(context, here, name, MemberRole.LEAD, clock)
        sessions[name] = enrolling.accept(context, code, clock)
    found = session_keeping.found(context, sessions["Ana"], clock)
    assert found
    secret = context.seals.totp_secret(found.token, "nonce")
    code = TOTP(secret, 6, SHA1(), 30).generate(clock.second).decode()  # noqa: S303 (apps know it)
    done = enrolling.set_password(context, found, "a heron by night", "nonce", code, clock)
    member = found.member
    held = intake_links.make(context, member, terms(GrantScope, 90), clock)
    wanted = NewCase(b"k" * 32, "self", None, (), held)
    intake.open_case(context, wanted, clock.day)
    (row,) = case_reading.my_cases(context, member, clock.day)
    membership.set_reviewer(context, here, clock.day, on=True)
    return {
        "REFERENCE": row.case.reference,
        "ENTRY": _waiting(context, clock.day),
        "LINK": intake_links.make(context, member, terms((), 30), clock),
        "SIGNED_IN": done.token,
        "ENROLLING": sessions["Bo"],
        "LEAVING": sessions["Cy"],
        "LEAVES": context.seals.form_token(sessions["Cy"]),
        "FORM": context.seals.form_token(done.token),
        "ARRIVAL": context.seals.form_token(ARRIVAL),
    }


def _waiting(context: Context, day: date) -> str:
    """Open a case whose entry waits for a reviewer; return its number."""
    public = ContentSignals(ContentKind.PICTURE, (Signal(SignalType.PDQ, b"\xaa" * 32, 100),))
    exclude.exclude(context, [public], day)
    context.replica.catch_up()
    intake.open_case(context, NewCase(b"w" * 32, "self", None, (public,)), day)
    (one,) = review.waiting(context)
    return str(one.entry.id)


def answered(api: TestClient, asked: Asked, filled: dict[str, str]) -> Response:
    def fill(text: str) -> str:
        for name, value in filled.items():
            text = text.replace(name, value)
        return text

    answer: Response
    # Not by the client's own jar, which would keep what is set
    api.cookies.clear()
    cookies = {"cookie": f"__Host-arrival={ARRIVAL}; __Host-desk={fill(asked.cookie)}"}
    if isinstance(asked.form, str):
        content = f"document={fill(asked.form)}\r\n"
        answer = api.post(asked.path, content=content, headers={"content-type": "text/plain"})
    elif asked.form is not None:
        form = {k: fill(v) for k, v in asked.form.items()} or {"none": ""}
        answer = api.post(fill(asked.path), data=form, headers=cookies)
    else:
        answer = api.get(fill(asked.path), headers=cookies)
    return answer


def import_map(page: str) -> str | None:
    found = re.search(r'<script type="importmap">(.*?)</script>', page, re.S)
    return found[1] if found else None


def integrity(body: bytes) -> str:
    return "sha384-" + base64.b64encode(hashlib.sha384(body).digest()).decode()


@pytest.mark.parametrize("asked", TABLE, ids=lambda asked: f"{asked.route} {asked.status}")
def test_every_header_of_every_answer(
    api: TestClient, filled: dict[str, str], asked: Asked
) -> None:
    answer = answered(api, asked, filled)
    assert answer.status_code == asked.status
    expected = {**KINDS[asked.kind], **asked.more}
    if "location" in expected:
        expected["location"] = expected["location"].replace("REFERENCE", filled["REFERENCE"])
    inline = import_map(answer.text)
    if inline:
        digest = base64.b64encode(hashlib.sha256(inline.encode()).digest()).decode()
        expected[CSP] = expected[CSP].replace(IMPORT_MAP, f"'sha256-{digest}'")
    got = {name: value for name, value in answer.headers.items() if name != "content-length"}
    if "content-disposition" in got:
        assert re.fullmatch(
            r'attachment; filename="case-[0-9-]+\.\w+"', got.pop("content-disposition")
        )
    if asked.more in (SENT, ACTED):  # sealed anew each time
        got["location"] = re.sub(r"[\w-]{80,}", "TOKEN", got["location"])
    if "set-cookie" in asked.more:
        name, _, attributes = got.pop("set-cookie").partition("=")
        assert name == expected.pop("set-cookie")
        assert attributes.endswith("HttpOnly; Path=/; SameSite=strict; Secure") or (
            "Max-Age=0; Path=/; SameSite=strict; Secure" in attributes
        )
    assert got == expected
    assert len(answer.headers.raw) == len(answer.headers)


def routes(app: FastAPI) -> Iterator[APIRoute]:
    for each in app.routes:
        inner = getattr(getattr(each, "original_router", None), "routes", [each])
        yield from (one for one in inner if isinstance(one, APIRoute))


def test_every_route_of_the_pages_has_rows(app: FastAPI) -> None:
    ours = {
        f"{method} {route.path}"
        for route in routes(app)
        if route.endpoint.__module__.startswith("service.web.")
        for method in route.methods or ()
    }
    assert ours == {asked.route for asked in TABLE}


@pytest.mark.parametrize("asked", [a for a in TABLE if a.kind in {"page", "files", "answer"}])
def test_scripts_and_styles_are_files_with_integrity(
    api: TestClient, filled: dict[str, str], asked: Asked
) -> None:
    page = answered(api, asked, filled).text
    scripts = re.findall(r"<script\b([^>]*)>(.*?)</script>", page, re.S)
    assert [body for opening, body in scripts if body and "importmap" not in opening] == []
    tags = [opening for opening, body in scripts if not body]
    tags += re.findall(r"<link\b([^>]*)>", page)
    assert tags
    for tag in tags:
        address, promised = (
            re.search(f'{k}="([^"]+)"', tag) for k in ("(?:src|href)", "integrity")
        )
        assert address, tag
        assert promised, tag
        assert promised[1] == integrity(api.get(address[1]).content)
    assert not re.search(r"<[^>]*\s(on\w+|style)=", page)


def test_the_import_map_holds_every_module(api: TestClient, filled: dict[str, str]) -> None:
    (asked,) = [one for one in TABLE if one.kind == "files" and "questions" in one.path]
    inline = import_map(answered(api, asked, filled).text)
    assert inline
    promised = json.loads(inline)["integrity"]
    wanted = ["/static/service/web/static/files.js"]
    for address in wanted:
        text = api.get(address).text
        assert promised[address] == integrity(text.encode())
        for name in re.findall(r'^(?:import|export)[^;]*?from "([^"]+)";', text, re.M):
            path = str(Path(address).parent / name)
            parts: list[str] = []
            for part in path.split("/"):
                parts = parts[:-1] if part == ".." else [*parts, part]
            joined = "/".join(parts)
            wanted += [joined] if joined not in wanted else []
    assert set(wanted) == set(promised)
    assert len(wanted) > 10


def test_every_module_is_served_as_it_is_in_its_folder(api: TestClient) -> None:
    modules = sorted((ROOT / "hashing/browser").rglob("*.js"))
    folders = {"browser", "media", "algorithms", "evidence", "worker"}
    assert {path.parent.name for path in modules} == folders
    for path in modules:
        answer = api.get(f"/static/{path.relative_to(ROOT).as_posix()}")
        assert answer.content == path.read_bytes()
        got = {name: value for name, value in answer.headers.items() if name != "content-length"}
        assert got == KINDS["script"]


@pytest.mark.parametrize(
    "path",
    [
        *("hashing/signals.py", "hashing/words.txt", "hashing/media/formats.py"),
        *("hashing/browser", "hashing/browser/", "hashing/browser/media", "hashing/browser/media/"),
        *("hashing/browser/media/..%2fpasswords.js", "hashing/browser/%2e%2e/signals.py"),
        *("hashing/browser/media/%2e%2e/hasher.js", "hashing/browser//hasher.js"),
        *("hashing/browser/media/%2e%2e/%2e%2e/%2e%2e/pyproject.toml", "%2fetc%2fhostname"),
    ],
)
def test_no_other_file_is_served(api: TestClient, path: str) -> None:
    assert api.get(f"/static/{path}").status_code == 404


TAMPERED = (
    "service/web/static/exit.js",
    "service/web/static/files.js",
    "service/web/static/texts.js",
    "hashing/browser/worker/page.js",
    "service/web/static/look.css",
)


@pytest.mark.enable_socket
@pytest.mark.parametrize("path", [None, *TAMPERED])
def test_a_file_changed_on_the_way_is_not_used(
    chromium: Browser, service: Service, path: str | None
) -> None:
    """One module that is not as promised: the page runs nothing of it, nor what needs it."""
    with chromium.new_context() as context:
        if path:
            context.route(f"**/{path}", lambda route: _changed(route))  # noqa: PLW0108 (Playwright marks it)
        asked = journey.Asked(context)
        page = context.new_page()
        page.goto(f"{service.address}/en/questions")
        with _heard(context, "integrity" if path else None):
            journey.answer(page)
        page.wait_for_load_state("networkidle")
        context.unroute_all(behavior="wait")
        refused = [said for said in asked.complaints if "integrity" in said]
        assert bool(refused) == bool(path)
        assert not page.evaluate("document.documentElement.dataset.changed")
        if path and path.endswith(("files.js", "texts.js", "page.js")):
            assert not page.locator("#app").is_visible()


@contextmanager
def _heard(context: BrowserContext, part: str | None) -> Iterator[None]:
    """Wait until a page complains of this, if it should."""
    if part is None:
        yield
        return
    with context.expect_console_message(lambda said: part in said.text, timeout=journey.WAIT):
        yield


def _changed(route: Route) -> None:
    answer = route.fetch()
    mark = "body { color: red }"
    if route.request.url.endswith(".js"):
        mark = 'document.documentElement.dataset.changed = "yes";'
    route.fulfill(response=answer, body=f"{answer.text()}\n{mark}\n")


WEBRTC = """async (port) => {
  const server = { urls: `turn:127.0.0.1:${port}?transport=udp`, username: "a", credential: "b" };
  const peer = new RTCPeerConnection({ iceServers: [server] });
  peer.createDataChannel("a");
  await peer.setLocalDescription(await peer.createOffer());
  await new Promise((resolve) => setTimeout(resolve, 1000));
}"""
"""Ways by which a page could send that its Content-Security-Policy does not know."""


def sent_by_webrtc(page: Page) -> bool:
    """Whether anything arrives where the page has a connection relayed."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as relay:
        relay.bind(("127.0.0.1", 0))
        relay.settimeout(0.1)
        page.evaluate(WEBRTC, relay.getsockname()[1])
        try:
            return bool(relay.recv(2000))
        except TimeoutError:
            return False


@pytest.mark.enable_socket
def test_nothing_leaves_the_hashing_page_by_webrtc_or_by_leading_elsewhere(
    chromium: Browser, service: Service, weather: Elsewhere
) -> None:
    """But to the exit, which may redirect. Control: a page without the header."""
    with chromium.new_context() as context, answering(Elsewhere()) as elsewhere:
        page = context.new_page()
        for path, free in (("safety", True), ("questions", False)):
            page.goto(f"{service.address}/en/{path}")
            if not free:
                journey.answer(page)
                journey.ready(page)
            assert sent_by_webrtc(page) is free
            page.evaluate("(to) => { location.replace(to); }", elsewhere.address)
            page.wait_for_timeout(500)
            assert (page.url == elsewhere.address) is free
        assert len(elsewhere.asked) == 1
        journey.at_files(page, service.address)
        page.locator(".exit").click()
        page.wait_for_url(weather.address)
