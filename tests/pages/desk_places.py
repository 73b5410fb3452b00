"""Every page and state of the desk, in one walk, for tests that look at each."""

from __future__ import annotations

import base64
import hashlib
import re
import time
from collections.abc import Iterator
from itertools import count

from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.twofactor.totp import TOTP
from playwright.sync_api import Page

from demo.server import Service
from hashing import Eligibility, OwnerClient, PlatformClient, Submission, new_passphrase
from hashing.signals import ContentKind, ContentSignals, Signal, SignalType

Visits = Iterator[str]
_walks = count(1)
"""Names are never given again, and one service may be walked through twice."""


def address(service: Service) -> str:
    """Where browsers find the desk: no passkey is bound to a bare address."""
    return service.address.replace("127.0.0.1", "localhost")


def invited(service: Service, name: str) -> str:
    """Make a member, and the organisation if need be; return her invitation."""
    service.command("organisations", "add", "Helpline Example")
    made = service.command("members", "add", "--organisation", "1", "--name", name)
    assert made.returncode == 0, made.stderr
    return made.stdout.strip()


def code(page: Page) -> str:
    """What an app shows that was given the secret of this page."""
    secret = base64.b32decode(page.locator("p.mono").inner_text().replace(" ", ""))
    return TOTP(secret, 6, SHA1(), 30).generate(int(time.time())).decode()  # noqa: S303 (apps know it)


def desk(page: Page, service: Service, language: str) -> Visits:
    """Signing in, an invitation, the account. Yields the name of each state once it is there."""
    here, walk = f"{address(service)}/{language}/desk", next(_walks)
    page.goto(f"{here}/sign-in")
    yield "desk-sign-in"
    page.fill("#name", "Nobody")
    page.fill("#password", "a heron walks by night")
    page.fill("#code", "000000")
    page.locator("#code").press("Enter")
    page.locator("p.fault[role=alert]:not([data-passkey-fault])").wait_for()
    yield "desk-sign-in-failed"
    page.goto(f"{here}/invitation")
    page.fill("#code", "abcd")
    page.locator("main button").click()
    page.locator(".fault").wait_for()
    yield "desk-invitation-failed"
    page.fill("#code", invited(service, f"Ana Example {walk}"))
    page.locator("main button").click()
    page.locator("#password").wait_for()
    yield "desk-enrol"
    page.fill("#password", "password1234")
    page.fill("#code", "000000")
    page.locator("#code").press("Enter")
    page.locator("[aria-invalid]").wait_for()
    yield "desk-enrol-fault"
    page.fill("#password", "a heron walks by night")
    page.fill("#code", code(page))
    page.locator("#code").press("Enter")
    page.locator("ul.mono").wait_for()
    yield "desk-codes"
    page.locator("main .actions a").click()
    page.wait_for_url(here)
    yield "desk-board"
    yield from _cases(page, service, language, walk)
    page.goto(f"{here}/account")
    page.locator("summary").click()
    yield "desk-account"


def _cases(page: Page, service: Service, language: str, walk: int) -> Visits:
    """A link, what an owner reads who has it, and the case that opens with it."""
    here = f"{address(service)}/{language}"
    page.fill("#code", "0000-0000-0000-0000")
    page.locator("form[action$='/redeem'] button").click()
    page.locator("#code-fault").wait_for()
    yield "desk-board-failed"
    page.goto(f"{here}/desk/links")
    yield "desk-links"
    for scope in ("sightings_and_addresses", "act_for_me", "add_files"):
        page.check(f"#scope-{scope}")
    page.locator("form[action$='/links'] button").click()
    page.locator(".box p.mono").wait_for()
    yield "desk-link"
    link = page.locator(".box p.mono").inner_text().partition("#")[2]
    page.goto(f"{here}/together#{link}")
    page.locator("form#together button").click()
    page.locator("form[action$='/questions']").wait_for()
    yield "together-accept"
    page.goto(f"{here}/desk")
    page.fill("#code", _granted(service, walk))
    page.locator("form[action$='/redeem'] button").click()
    page.locator("#body").wait_for()
    page.fill("#title", "Reported to the forum")
    page.fill("#body", "They answer within two days.")
    page.check("#layer-owner")
    page.locator("form[action$='/notes'] button").click()
    page.locator("h3").first.wait_for()
    yield "desk-case"
    page.fill("#address", "no address")
    page.check("#shows_minor-no")
    page.locator("form[action$='/addresses'] button").click()
    page.locator("#fault").wait_for()
    yield "desk-case-fault"
    page.goto(f"{here}/desk/check")
    page.locator("#files:enabled").wait_for()
    yield "desk-check"
    page.goto(f"{here}/desk/counts")
    yield "desk-counts"
    page.goto(f"{here}/desk/review/{_waiting(service, walk)}")
    yield "desk-review"
    page.goto(f"{here}/desk")


def _waiting(service: Service, walk: int) -> str:
    """Let this member review what a platform disputes, of an owner she has nothing of."""
    service.command("organisations", "reviewer", "1", "on")
    number = service.command("members", "list").stdout.splitlines()[-1].split()[0]
    service.command("members", "role", number, "lead")
    owner = OwnerClient(service.address, new_passphrase())
    value = hashlib.sha256(f"disputed {walk}".encode()).digest()
    content = ContentSignals(ContentKind.PICTURE, (Signal(SignalType.PDQ, value, 100),))
    answers = Eligibility("self", adults=True, intimate=True)
    owner.open_case(Submission((content,), answers))
    platform = PlatformClient(service.address, service.new_key(f"Example Videos {walk}"))
    (answer,) = platform.lookup([content])
    platform.feedback(answer["matches"][0]["match"], "not_blocked")
    said = service.command("review", "list").stdout
    return str(re.findall(r"(?m)^entry (\d+)", said)[-1])


def _granted(service: Service, walk: int) -> str:
    """Open a case in which something was found, as an owner's device does; return a code for it."""
    owner = OwnerClient(service.address, new_passphrase())
    value = hashlib.sha256(bytes([walk])).digest()
    content = ContentSignals(ContentKind.PICTURE, (Signal(SignalType.PDQ, value, 100),))
    answers = Eligibility("self", adults=True, intimate=True)
    number = owner.open_case(Submission((content,), answers))
    owner.watch(number, f"https://forum.example/{'a-very-long-name' * 6}", shows_minor=False)
    platform = PlatformClient(service.address, service.new_key(f"Example Videos {walk}"))
    platform.lookup([content])
    scopes = ("sightings_and_addresses", "act_for_me", "add_files")
    return str(owner.grant(number, scopes=scopes)["code"])
