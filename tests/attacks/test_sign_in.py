"""Whoever wants to be an advocate: by guessing, by her cookie, by her browser, by what she used."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import pytest
from argon2 import PasswordHasher
from argon2.exceptions import VerificationError
from fastapi import FastAPI
from fastapi.routing import APIRoute
from fastapi.testclient import TestClient
from httpx import Response

from service.app import create_app
from service.domain.errors import Unauthenticated
from service.domain.member import ENROLLING_SECONDS, FRESH_SECONDS
from service.proofs import passwords
from service.settings import Settings
from service.web.desk import account, board, signing
from service.workflows import auditing, membership, session_keeping, sign_in
from service.workflows.context import Context
from tests.server.advocates import ORIGIN, PASSWORD, Browser, Time, invited, of
from tests.server.authenticator import PRESENT, Authenticator

HOUR = 3_600
PLANTED = "x" * 43


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a password costs is not what these are about: test_proofs looks at that."""
    monkeypatch.setattr(passwords, "_hasher", PasswordHasher(1, 64, 1))


@pytest.fixture
def desk(settings: Settings) -> Iterator[FastAPI]:
    made = create_app(replace(settings, desk_origin=ORIGIN))
    with TestClient(made):
        yield made


@pytest.fixture
def clock(desk: FastAPI) -> Time:
    return Time(desk)


@pytest.fixture
def ana(desk: FastAPI, clock: Time) -> Browser:
    """An advocate who is signed in, and whose last code was used a while ago."""
    browser = Browser(desk, clock)
    browser.accept(invited(of(desk)))
    clock.second += 60
    return browser


def said(answer: Response) -> tuple[int, str, list[str]]:
    """What an answer tells: but for what is new in each, and as long."""
    text = re.sub(r"[0-9a-f]{64}|[\w-]{43}", "~", answer.text)
    return answer.status_code, re.sub(r"~ ?", "~", text), sorted(answer.headers)


def test_no_failure_tells_whether_a_name_exists(
    desk: FastAPI, clock: Time, ana: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Unknown, disabled, wrong, used before: one page, and the work of one password for each."""
    context = of(desk)
    gone = Browser(desk, clock)
    gone.accept(invited(context, "Gone"))
    membership.disable(context, 2, clock.now.day)
    invited(context, "Invited")
    work: list[str] = []
    verify = PasswordHasher.verify

    def noted(hasher: PasswordHasher, known: str, given: str) -> bool:
        work.append(known.rpartition("$")[0].rpartition("$")[0])
        return bool(verify(hasher, known, given))

    monkeypatch.setattr(PasswordHasher, "verify", noted)
    stranger = Browser(desk, clock, "203.0.113.8")
    used = ana.code(-2)
    tries = (
        ("nobody", PASSWORD, "000000"),
        ("ana", "another password", ana.code()),
        ("ana", PASSWORD, "000000"),
        ("ana", PASSWORD, used),
        ("ana", PASSWORD, "aaaa-aaaa-aaaa-aaaa"),
        ("gone", PASSWORD, "000000"),
        ("invited", PASSWORD, "000000"),
        ("", "", ""),
        ("é" * 80, "é" * 256, "é" * 40),
    )
    answers = [said(stranger.sign_in(*one)) for one in tries]
    assert answers[0][0] == 401
    assert len({answer[:2] for answer in answers}) == 1
    assert len(work) == len(tries)
    assert len(set(work)) == 1  # the same parameters, also for nobody
    stranger.secret = ana.secret
    assert stranger.sign_in("ana").status_code == 303  # control: only what is right is answered so


def test_guessing_ends_before_it_costs_anything(
    desk: FastAPI, ana: Browser, clock: Time, monkeypatch: pytest.MonkeyPatch
) -> None:
    guesser = Browser(desk, clock, "203.0.113.9")
    work: list[int] = []

    def refused(*_: Any) -> bool:
        work.append(1)
        raise VerificationError

    monkeypatch.setattr(PasswordHasher, "verify", refused)
    statuses = [guesser.sign_in("ana", f"guess {n}", "000000").status_code for n in range(30)]
    assert statuses[:20] == [401] * 20
    assert set(statuses) == {401, 429}
    assert len(work) == statuses.count(401)
    monkeypatch.undo()
    assert ana.sign_in("ana").status_code == 303  # from elsewhere


def test_whoever_knows_the_password_cannot_try_all_codes(
    desk: FastAPI, ana: Browser, clock: Time, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(PasswordHasher, "verify", lambda *_: True)
    for number in range(21):
        guesser = Browser(desk, clock, f"203.0.114.{number}")
        assert guesser.sign_in("ana", PASSWORD, "000000").status_code == 401
    guesser.secret = ana.secret
    assert guesser.sign_in("ana").status_code == 401  # the right one, too


def test_passwords_are_checked_one_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """64 MiB each: twenty at a time would be more than the service has."""
    checked, running, most = passwords.Passwords(), 0, 0
    go_on, lock = threading.Event(), threading.Lock()
    known = checked.hash(PASSWORD)

    def slow(*_: Any) -> bool:
        nonlocal running, most
        with lock:
            running += 1
            most = max(most, running)
        go_on.wait(10)
        with lock:
            running -= 1
        return True

    monkeypatch.setattr(PasswordHasher, "verify", slow)
    checked._nobody = known  # noqa: SLF001 (its making is not slowed)
    with ThreadPoolExecutor(20) as pool:
        tries = [pool.submit(checked.is_right, known, PASSWORD) for _ in range(20)]
        refused = 0
        while refused < 20 - 1 - passwords.MOST_WAITING:
            refused = sum(one.done() for one in tries)
        go_on.set()
        busy = [one for one in tries if one.exception()]
    assert len(busy) == 20 - 1 - passwords.MOST_WAITING
    assert most == 1


def test_a_cookie_that_somebody_planted_is_never_a_session(
    desk: FastAPI, ana: Browser, clock: Time
) -> None:
    """Session fixation: with sign-in, with an invitation, and with a change of the password."""
    browser = Browser(desk, clock)
    for name in ("__Host-desk", "__Host-arrival"):
        browser.client.cookies.set(name, PLANTED)
    browser.secret = ana.secret
    assert browser.sign_in("ana").status_code == 303
    thief = Browser(desk, clock)
    thief.client.cookies.set("__Host-desk", PLANTED)
    assert not thief.is_in()
    new = Browser(desk, clock)
    new.get("/invitation")
    new.post("/invitation", code=invited(of(desk), "Bo"))
    enrolling = new.cookie()
    thief.client.cookies.set("__Host-desk", str(enrolling))
    assert thief.get("").headers["location"] == "/en/desk/enrol"  # good for that alone
    for path in ("/account",):
        assert thief.get(path).headers["location"] == "/en/desk/enrol"
    new.get("/enrol")
    new.set_password()
    assert new.cookie() != enrolling
    assert thief.get("").headers["location"] == "/en/desk/sign-in"


def with_cookie_of(desk: FastAPI, browser: Browser) -> Browser:
    thief = Browser(desk, browser.clock, "198.51.100.1")
    thief.client.cookies.set("__Host-desk", str(browser.cookie()))
    assert thief.is_in()
    return thief


ENDS: dict[str, Callable[[Browser, FastAPI], object]] = {
    "sign-out": lambda ana, _: ana.get("") and ana.post("/sign-out"),
    "everywhere": lambda ana, _: ana.get("") and ana.post("/sign-out-everywhere"),
    "password": lambda ana, _: ana.get("/account") and ana.set_password("other words of mine"),
    "disabled": lambda _, desk: membership.disable(of(desk), 1, Time(desk).now.day),
    "reset": lambda _, desk: membership.reset(of(desk), 1, Time(desk).now),
    "organisation": lambda _, desk: membership.disable_organisation(
        of(desk), 1, Time(desk).now.day
    ),
}


@pytest.mark.parametrize("end", ENDS)
def test_a_stolen_cookie_opens_nothing_once_its_session_was_ended(
    desk: FastAPI, ana: Browser, end: str, settings: Settings
) -> None:
    thief = with_cookie_of(desk, ana)
    other = create_app(replace(settings, desk_origin=ORIGIN))  # another process has no cache either
    with TestClient(other):
        elsewhere = Browser(other, Time(other))
        elsewhere.clock.second = ana.clock.second
        elsewhere.client.cookies.set("__Host-desk", str(ana.cookie()))
        assert elsewhere.is_in()
        ENDS[end](ana, desk)
        assert not thief.is_in()
        assert not elsewhere.is_in()


@pytest.mark.parametrize("end", ["disabled", "organisation"])
def test_a_session_that_began_just_then_opens_nothing_either(
    desk: FastAPI, ana: Browser, end: str
) -> None:
    context = of(desk)
    ENDS[end](ana, desk)
    with context.database.write() as tx:  # as by a sign-in that had looked before
        token = session_keeping.begun(context, tx, 1, ana.clock.now)
    ana.client.cookies.set("__Host-desk", token)
    assert not ana.is_in()


def test_sessions_end_by_themselves(desk: FastAPI, ana: Browser, clock: Time) -> None:
    began = clock.second - 60
    while clock.second < began + 12 * HOUR - 20 * 60:
        clock.second += 20 * 60
        assert ana.is_in()
    clock.second = began + 12 * HOUR
    assert not ana.is_in()
    assert ana.sign_in("ana").status_code == 303
    clock.second += 30 * 60 - 1
    assert ana.is_in()
    clock.second += 30 * 60
    assert not ana.is_in()
    new = Browser(desk, clock)
    new.get("/invitation")
    new.post("/invitation", code=invited(of(desk), "Bo"))
    clock.second += ENROLLING_SECONDS
    assert new.get("/enrol").headers["location"] == "/en/desk/sign-in"


def test_an_unlocked_computer_changes_no_password(ana: Browser, clock: Time) -> None:
    ana.get("/account")
    nonce, secret = ana.field("nonce"), re.search(r'translate="no">([A-Z2-7 ]+)<', ana.page)
    assert secret
    clock.second += FRESH_SECONDS
    for path in ("/password", "/recovery-codes", "/passkeys"):
        answer = ana.post(path, nonce=nonce, password="other words of mine", code="000000")
        assert (answer.status_code, "a while ago" in answer.text) == (422, True), path


FORGED: dict[str, dict[str, Any]] = {
    "without the form's token": {"form": ""},
    "with a token of one's own": {"form": "OTHER"},
    "from another origin": {"headers": {"Origin": "https://elsewhere.example"}},
    "from no origin": {"headers": {"Origin": "null", "Sec-Fetch-Site": "none"}},
    "from another site": {"headers": {"Sec-Fetch-Site": "cross-site"}},
    "from another host of this site": {"headers": {"Sec-Fetch-Site": "same-site"}},
}


@pytest.mark.parametrize("how", FORGED)
def test_no_other_site_acts_as_her(desk: FastAPI, ana: Browser, clock: Time, how: str) -> None:
    """Nor signs her in as somebody else, so that what she writes is theirs."""
    attacker = Browser(desk, clock, "198.51.100.1")
    attacker.get("/sign-in")
    forged = dict(FORGED[how])
    if forged.get("form") == "OTHER":
        forged["form"] = attacker.field("form")
    ana.get("/account")
    for path in ("/sign-out-everywhere", "/sign-out", "/password", "/recovery-codes", "/passkeys"):
        assert ana.post(path, **forged).status_code == 403, path
        ana.get("/account")
    assert ana.is_in()
    before = ana.cookie()
    ana.get("/sign-in")
    typed = {"name": "ana", "password": PASSWORD, "code": ana.code(), **forged}
    assert ana.post("/sign-in", **typed).status_code == 403
    assert ana.cookie() == before


def test_no_site_frames_any_page_of_the_desk(ana: Browser) -> None:
    routers = (board.router, signing.router, account.router)
    routes = [route for one in routers for route in one.routes if isinstance(route, APIRoute)]
    assert len(routes) > 15
    for route in routes:
        path = route.path.replace("{language:tag}", "en")
        for method in route.methods or ():
            answer = ana.client.request(method, path, follow_redirects=False)
            assert answer.status_code in {200, 303, 403, 422}, path
            policy = answer.headers["content-security-policy"]
            assert "frame-ancestors 'none'" in policy
            assert answer.headers["cross-origin-opener-policy"] == "same-origin"


def test_a_code_opens_once_in_every_process(
    desk: FastAPI, ana: Browser, clock: Time, open_context: Callable[[], Context]
) -> None:
    code, other = ana.code(), open_context()
    contexts = [of(desk), other] * 4
    offered = sign_in.Offered("ana", PASSWORD, code)

    def tried(context: Context) -> bool:
        try:
            sign_in.with_password(context, offered, clock.now, may_guess=lambda _: True)
        except Unauthenticated:
            return False
        return True

    with ThreadPoolExecutor(4) as pool:
        assert sorted(pool.map(tried, contexts)) == [False] * 7 + [True]
    clock.second += 30
    assert not tried(other)  # it is still within the skew
    later = ana.code(1)
    assert ana.sign_in("ana", code=later).status_code == 303
    assert ana.sign_in("ana", code=ana.code()).status_code == 401  # an earlier one than was used
    clock.second += 30 * 4
    assert ana.sign_in("ana", code=ana.code(-2)).status_code == 401


def test_a_recovery_code_opens_once(desk: FastAPI, clock: Time) -> None:
    browser = Browser(desk, clock)
    codes = browser.accept(invited(of(desk)))
    assert len(set(codes)) == 10
    assert browser.sign_in("ana", code=codes[3].upper().replace("-", " ")).status_code == 303
    assert browser.sign_in("ana", code=codes[3]).status_code == 401
    browser.sign_in("ana", code=codes[4])
    browser.get("/account")
    assert "Recovery codes left: 8." in browser.page
    browser.post("/recovery-codes")
    assert browser.sign_in("ana", code=codes[5]).status_code == 401


def passkey_of(browser: Browser, **how: Any) -> Authenticator:
    """Add a passkey to the account of who is signed in."""
    made = Authenticator(ORIGIN, **how)
    browser.get("/account")
    answer = made.create(browser.options())
    assert (
        browser.post("/passkeys", minute=browser.field("minute"), answer=answer).status_code == 303
    )
    return made


def signed_with(browser: Browser, key: Authenticator, **how: str) -> int:
    browser.get("/sign-in")
    answer = key.get(browser.options(), **how)
    return browser.post(
        "/sign-in/passkey", minute=browser.field("minute"), answer=answer
    ).status_code


def test_a_passkey_signs_only_what_this_browser_was_asked_here_and_once(
    desk: FastAPI, ana: Browser, clock: Time
) -> None:
    key, browser = passkey_of(ana), Browser(desk, clock)
    assert signed_with(browser, key) == 303
    assert browser.is_in()
    key.origin = "https://desk.example.evil"
    assert signed_with(browser, key) == 401
    key.origin = ORIGIN
    assert signed_with(browser, key, challenge="AAAA") == 401
    key.flags = PRESENT  # without finger or PIN
    assert signed_with(browser, key) == 401
    key.flags |= 4
    other = Browser(desk, clock)  # asked another browser
    other.get("/sign-in")
    given, minute = key.get(other.options()), other.field("minute")
    browser.get("/sign-in")
    assert browser.post("/sign-in/passkey", minute=minute, answer=given).status_code == 401
    assert other.post("/sign-in/passkey", minute=minute, answer=given).status_code == 303
    late = Browser(desk, clock)
    late.get("/sign-in")
    given, minute = key.get(late.options()), late.field("minute")
    clock.second += 600
    assert late.post("/sign-in/passkey", minute=minute, answer=given).status_code == 401
    copy = replace(key, count=0)  # of somebody who copied it earlier
    assert signed_with(browser, copy) == 401
    assert signed_with(browser, key) == 303
    for nothing in ("", "{}", "[]", "x" * 9000, '{"id": 7}', '{"id": "AAAA", "response": []}'):
        browser.get("/sign-in")
        answer = browser.post("/sign-in/passkey", minute=browser.field("minute"), answer=nothing)
        assert answer.status_code == 401


def test_an_answer_of_a_passkey_is_taken_once_in_every_process(
    desk: FastAPI, ana: Browser, clock: Time, open_context: Callable[[], Context]
) -> None:
    """Also of one that does not count its uses, as most that are synchronised."""
    key, browser = passkey_of(ana), Browser(desk, clock)
    key.count = -1
    browser.get("/sign-in")
    given, minute = key.get(browser.options()), browser.field("minute")
    token = str(browser.cookie("__Host-arrival"))
    contexts = [of(desk), open_context()]
    for context in contexts:
        context.settings = of(desk).settings

    def tried(context: Context) -> bool:
        try:
            sign_in.with_passkey(context, token, minute, given, clock.now)
        except Unauthenticated:
            return False
        return True

    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(tried, contexts * 2)) == [False] * 3 + [True]


def test_a_passkey_of_another_is_not_added_and_the_last_way_in_is_not_removed(
    desk: FastAPI, clock: Time
) -> None:
    bo = Browser(desk, clock)
    bo.get("/invitation")
    bo.post("/invitation", code=invited(of(desk), "Bo"))
    bo.get("/enrol")
    key = Authenticator(ORIGIN)
    answer, minute = key.create(bo.options()), bo.field("minute")
    assert bo.post("/passkeys", minute=minute, answer=answer).status_code == 303
    bo.get("/account")
    assert bo.post("/passkeys", minute=minute, answer=answer).status_code == 422
    bo.get("/account")
    assert bo.post("/passkeys/remove", passkey="1").status_code == 422
    ana = Browser(desk, clock)
    ana.accept(invited(of(desk), "Ana"))
    ana.get("/account")
    assert ana.post("/passkeys/remove", passkey="1").status_code == 303
    assert signed_with(bo, key) == 303  # it is still there


def test_what_members_do_is_audited_and_failures_are_counted(
    desk: FastAPI, ana: Browser, clock: Time
) -> None:
    context = of(desk)
    ana.sign_in("ana")
    for _ in range(3):
        ana.sign_in("ana", "another password")
    sign_in.record_failures(context, clock.now.day)
    sign_in.record_failures(context, clock.now.day)
    rows = auditing.listed(context, 99)[::-1]
    assert [(row.act, row.actor_kind, row.actor_id, row.details) for row in rows[2:5]] == [
        ("invitation_accepted", "member", 1, '{"by_what":"password"}'),
        ("password_set", "member", 1, ""),
        ("signed_in", "member", 1, '{"by_what":"password"}'),
    ]
    failures = rows[5:]  # the worker may have recorded some of them before
    assert {(row.act, row.actor_kind, row.actor_id) for row in failures} == {
        ("sign_ins_failed", "service", None)
    }
    assert sum(json.loads(row.details)["count"] for row in failures) == 3
    assert rows[4].minute == clock.now.second % 86_400 // 60
    assert auditing.verify(context).fault is None
