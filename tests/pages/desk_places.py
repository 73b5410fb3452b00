"""Every page and state of the desk, in one walk, for tests that look at each."""

from __future__ import annotations

import base64
import time
from collections.abc import Iterator

from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.twofactor.totp import TOTP
from playwright.sync_api import Page

from demo.server import Service

Visits = Iterator[str]


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
    here = f"{address(service)}/{language}/desk"
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
    page.fill("#code", invited(service, f"Ana Example {language}"))
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
    page.goto(f"{here}/account")
    page.locator("summary").click()
    yield "desk-account"
