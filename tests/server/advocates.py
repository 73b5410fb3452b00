"""An advocate and her browser, over HTTP: pages are read and forms posted as a browser does."""

from __future__ import annotations

import base64
import html
import re
import time
from datetime import date
from typing import Any

from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.twofactor.totp import TOTP
from fastapi import FastAPI
from fastapi.testclient import TestClient
from httpx import Response

from service.domain.member import MemberRole
from service.domain.watch import Clock
from service.edge import dependencies
from service.workflows import membership
from service.workflows.context import Context

ORIGIN = "https://desk.example"
PASSWORD = "a heron walks by night"
START = 1_800_000_000


class Time:
    """The clock of the service, which a test moves."""

    def __init__(self, app: FastAPI) -> None:
        self.second = START
        app.dependency_overrides[dependencies.clock] = lambda: self.now

    @property
    def now(self) -> Clock:
        at = time.gmtime(self.second)
        return Clock(date(at.tm_year, at.tm_mon, at.tm_mday), self.second)


class Browser:
    """One browser, with its cookies."""

    def __init__(self, app: FastAPI, clock: Time, address: str = "203.0.113.7") -> None:
        self.client = TestClient(
            app, base_url=ORIGIN, raise_server_exceptions=False, client=(address, 50_000)
        )
        self.clock = clock
        self.page = ""
        self.secret = b""

    def get(self, path: str) -> Response:
        return self._kept(self.client.get(f"/en/desk{path}", follow_redirects=False))

    def post(self, path: str, /, headers: dict[str, str] | None = None, **fields: str) -> Response:
        """Post the form of the page that is shown."""
        form = {"form": self.field("form"), **fields}
        asked = {"Origin": ORIGIN, "Sec-Fetch-Site": "same-origin", **(headers or {})}
        answer = self.client.post(
            f"/en/desk{path}", data=form, headers=asked, follow_redirects=False
        )
        return self._kept(answer)

    def field(self, name: str) -> str:
        found = re.search(rf'name="{name}" value="([^"]*)"', self.page)
        return html.unescape(found[1]) if found else ""

    def code(self, steps: int = 0) -> str:
        """What her app shows, so many steps later."""
        generator = TOTP(self.secret, 6, SHA1(), 30)  # noqa: S303 (what apps know)
        return generator.generate(self.clock.second + 30 * steps).decode()

    def options(self) -> str:
        """What the page asks a browser for a passkey."""
        found = re.search(r'data-options="([^"]*)"', self.page)
        assert found
        return html.unescape(found[1])

    def cookie(self, name: str = "__Host-desk") -> str | None:
        found: str | None = self.client.cookies.get(name)
        return found

    def accept(self, invitation: str, password: str = PASSWORD) -> list[str]:
        """Accept an invitation, with a password; return the recovery codes."""
        self.get("/invitation")
        assert self.post("/invitation", code=invitation).headers["location"] == "/en/desk/enrol"
        self.get("/enrol")
        return self.set_password(password)

    def set_password(self, password: str = PASSWORD) -> list[str]:
        found = re.search(r'translate="no">([A-Z2-7 ]+)<', self.page)
        assert found
        self.secret = base64.b32decode(found[1].replace(" ", ""))
        nonce = self.field("nonce")
        answer = self.post("/password", nonce=nonce, password=password, code=self.code())
        assert answer.status_code == 200, answer.text
        return re.findall(r"<li>([a-z2-7-]{19})</li>", answer.text)

    def sign_in(self, name: str, password: str = PASSWORD, code: str | None = None) -> Response:
        self.get("/sign-in")
        typed = self.code() if code is None else code
        return self.post("/sign-in", name=name, password=password, code=typed)

    def is_in(self) -> bool:
        return self.get("").status_code == 200

    def _kept(self, answer: Response) -> Response:
        if answer.headers.get("content-type", "").startswith("text/html"):
            self.page = answer.text
        return answer


def invited(context: Context, name: str = "Ana", role: MemberRole = MemberRole.MEMBER) -> str:
    """Make an organisation, if there is none, and a member; return her invitation."""
    day = Clock(date(2027, 1, 15), START)
    known = membership.organisations(context)
    here = known[0].id if known else membership.add_organisation(context, "Helpline", day.day)
    return membership.add(context, here, name, role, day)


def of(app: Any) -> Context:
    context: Context = app.state.context
    return context
