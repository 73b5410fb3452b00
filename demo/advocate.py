"""An owner is told by a feed that there is news, and lets an advocate read her case on the desk."""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
import secrets
import time
import urllib.parse
import urllib.request
from collections.abc import Callable
from html import unescape
from urllib.error import HTTPError

from demo import table
from demo.server import Service
from demo.table import Row, Section
from hashing import OwnerClient

HELPLINE = "Example Helpline"
TOLD_SECONDS = 10
"""How long the worker may take to put news into a feed. It takes less than one here, as the demo's
service waits for nothing; others wait for minutes or hours, so that the time tells nothing."""
_CONTACT = {
    "wording": "news",
    "language": "en",
    "hours": None,
    "read_by_others": False,
    "ask_after_days": 90,
}


class Feed:
    """The private feed of a case. Its address is all that is needed to read it."""

    def __init__(self, service: Service, owner: OwnerClient, number: str) -> None:
        made = owner.set_channel(number, "feed", None, _CONTACT)
        self._address = f"{service.address}{made['feed']}"
        self.read()  # which confirms it

    def read(self) -> str:
        """Return it as it is now."""
        with urllib.request.urlopen(self._address) as answer:  # noqa: S310 (our own service)
            return str(answer.read().decode())


class Desk:
    """The desk, as a browser without JavaScript uses it: cookies, and the forms of each page."""

    def __init__(self, service: Service) -> None:
        self._at = f"{service.address}/en/desk"
        self._cookies: dict[str, str] = {}
        self.page = ""

    def open(self, path: str = "") -> str:
        """Return a page."""
        return self._answer(urllib.request.Request(self._at + path))  # noqa: S310 (the same)

    def post(self, path: str, **fields: str) -> str:
        """Fill in the form of the page that is open which leads to a path; return what follows."""
        form = next(
            text
            for text in re.findall(r"<form .*?</form>", self.page, re.DOTALL)
            if f'action="/en/desk{path}"' in text
        )
        hidden = re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', form)
        given = {name: unescape(value) for name, value in hidden} | fields
        body = urllib.parse.urlencode(given).encode()
        return self._answer(urllib.request.Request(self._at + path, body))  # noqa: S310 (the same)

    def sign_in(self, invitation: str) -> None:
        """Accept an invitation with a password, and the code of an app."""
        self.open("/invitation")
        self.post("/invitation", code=invitation)
        self.open("/enrol")
        shown = re.findall(r'<p class="mono"[^>]*>([A-Z2-7 ]+)</p>', self.page)[0]
        secret = base64.b32decode(shown.replace(" ", ""))
        self.post("/password", password=secrets.token_urlsafe(), code=_code(secret))

    def _answer(self, request: urllib.request.Request) -> str:
        told = "; ".join(f"{name}={value}" for name, value in self._cookies.items())
        request.add_header("Cookie", told)
        try:
            answer = _no_redirects.open(request)
        except HTTPError as err:
            answer = err
        with answer:
            for set_cookie in answer.headers.get_all("Set-Cookie") or ():
                name, _, value = set_cookie.partition(";")[0].partition("=")
                self._cookies[name] = value
            to = answer.headers.get("Location")
            self.page = answer.read().decode()
        return self.open(to.removeprefix("/en/desk")) if to else self.page


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    """What a redirect sets as cookie would be lost on the way."""

    def redirect_request(self, *_: object) -> None:
        """Follow none."""


_no_redirects = urllib.request.build_opener(_NoRedirects)


def section(service: Service, owner: OwnerClient, number: str, feed: Feed) -> Section:
    """Read what the owner was told; let an advocate read the case."""
    print(f"The owner lets {HELPLINE} read the case. An advocate there signs in, and reads it.")
    news = _until(feed.read, "<entry>")
    named = any(text in news for text in (number, "Example Videos", "Takeback", "example.org"))
    rows = [
        table.told("messages in the owner's feed", "1, for all of it", _messages(news)),
        table.told("they name platform, case or service", "no", "yes" if named else "no"),
    ]
    rows += _read(service, owner, number)
    return Section("what the owner is told, and an advocate reads", rows)


def _read(service: Service, owner: OwnerClient, number: str) -> list[Row]:
    service.command("organisations", "add", HELPLINE)
    made = service.command("members", "add", "--organisation", "1", "--name", "Ana")
    if made.returncode:
        raise SystemExit(made.stderr)
    desk = Desk(service)
    desk.sign_in(made.stdout.strip())
    before = _cases(desk, number)
    desk.post("/redeem", code=owner.grant(number)["code"])
    shown = desk.page
    found = "found and blocked" if "Example Videos" in shown and "blocked." in shown else "nothing"
    rows = [
        table.told("cases on the desk", "none", before),
        table.told("with the owner's code: the copy", "found and blocked", found),
    ]
    if owner.watches(number):
        gone = "gone" if re.search(r"127\.0\.0\.1[^<]*</bdi>: gone", shown) else "nothing"
        rows.append(table.told("the page that was taken down", "gone", gone))
    (grant,) = owner.grants(number)
    rows.append(table.told("the owner reads who may", HELPLINE, str(grant["organisation"])))
    owner.revoke(number, grant["n"])
    return [*rows, table.told("once she has ended it", "none", _cases(desk, number))]


def _cases(desk: Desk, number: str) -> str:
    return number if number in desk.open() else "none"


def _messages(news: str) -> str:
    count = news.count("<entry>")
    return "1, for all of it" if count == 1 else str(count)


def _code(secret: bytes) -> str:
    """What an app shows now (RFC 6238: TOTP of HMAC-SHA-1, six digits, 30 seconds)."""
    digest = hmac.digest(secret, int(time.time() // 30).to_bytes(8), hashlib.sha1)
    at = digest[-1] & 15
    return f"{(int.from_bytes(digest[at : at + 4]) & 0x7FFFFFFF) % 10**6:06}"


def _until(ask: Callable[[], str], part: str) -> str:
    until = time.monotonic() + TOLD_SECONDS
    while part not in (read := ask()) and time.monotonic() < until:
        time.sleep(0.1)
    return read
