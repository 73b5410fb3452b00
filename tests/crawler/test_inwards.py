"""A public site leads into the crawler's own machine, by every road: nobody there is asked.

Here 127.0.0.2 is the public internet, with the site, and 127.0.0.1 is this machine, where somebody
listens who must not hear a word.
"""

from __future__ import annotations

import socket
from collections.abc import Iterator
from dataclasses import replace
from ipaddress import ip_address

import pytest

from crawler.egress.addresses import IpAddress
from crawler.egress.guard import AddrInfo, Guard
from crawler.frontier.watches import Scope
from crawler.outcomes import ErrorKind, Outcome
from egress import guard as egress
from tests.crawler.looking import QUICK, Look, look
from tests.crawler.site import Put, Site, picture
from tests.loopback import answering

PUBLIC = ip_address("127.0.0.2")
STRICT = replace(QUICK, loopback=False)
INWARDS = ("inside.example", "localhost", "localhost.localdomain", "127.0.0.1.nip.example")
SPELLINGS = (
    "http://127.0.0.1/x", "http://127.1/x", "http://2130706433/x", "http://0x7f.1/x", "http://0/x",
    "http://[::1]/x", "http://[::ffff:127.0.0.1]/x", "http://[::ffff:7f00:1]/x",
    "http://[64:ff9b::7f00:1]/x", "http://169.254.169.254/latest/meta-data/", "//127.0.0.1/x",
    *(f"http://{name}/x" for name in INWARDS),
)  # fmt: skip


class Public(Site):
    """The site of the public internet."""

    address = "127.0.0.2"

    @property
    def root(self) -> str:
        return "http://site.example"


@pytest.fixture
def public(socket_enabled: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[Public]:
    del socket_enabled

    def may_connect(address: IpAddress, *, loopback: bool) -> bool:
        del loopback
        return address == PUBLIC

    monkeypatch.setattr(egress, "may_connect", may_connect)
    with answering(Public()) as opened:
        yield opened


def looked(public: Public, inside: Site, address: str, scope: Scope = Scope.PAGE) -> Look:
    """Look with names that lead to the two sites, on whichever port these are."""

    def lookup(host: str, port: int) -> list[AddrInfo]:
        del port
        at = inside if host in INWARDS else public
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", at.server_address)]

    return look([address], guard=Guard(lookup=lookup), settings=STRICT, scope=scope)


def test_the_public_site_is_reached(public: Public, site: Site) -> None:
    """Or nothing below says anything."""
    public.medium("/1.jpg", picture(1))
    page = public.page("/page", "<img src=/1.jpg>")
    assert looked(public, site, page).outcome(page) == (Outcome.SEEN, None)


@pytest.mark.parametrize("to", SPELLINGS)
def test_redirects_lead_to_nobody_inside(public: Public, site: Site, to: str) -> None:
    site.page("/x", "secret")
    page = public.redirect("/page", to)
    assert looked(public, site, page).outcome(page) == (Outcome.FAULT, ErrorKind.NOT_PUBLIC)
    assert site.asked == []


def test_nor_does_what_a_page_shows_or_leads_to(public: Public, site: Site) -> None:
    shown = "".join(
        f"<img src='{to}/{n}.jpg'><iframe src='{to}/embed'></iframe><a rel=next href='{to}/n'>n</a>"
        f"<a href='{to}/l'>l</a><video data-vtt='{to}/t.vtt'></video>"
        f"<meta http-equiv=refresh content='0;url={to}/r'><div style='background:url({to}/b.jpg)'>"
        for n, to in enumerate(SPELLINGS)
    )
    public.redirect("/jump.jpg", "http://localhost/x.jpg")
    public.medium("/t.vtt", f"WEBVTT\n\n00:00.000 --> 00:01.000\n{SPELLINGS[-1]}.jpg\n".encode())
    page = public.page("/page", f"<p data-vtt=/t.vtt>{shown}<img src=/jump.jpg>")
    found = looked(public, site, page, Scope.SITE)
    assert found.outcome(page)[0] is Outcome.FAULT  # all that it shows is elsewhere
    assert site.asked == []
    assert "/t.vtt" in public.asked


def test_nor_does_robots_txt(public: Public, site: Site) -> None:
    public.put["/robots.txt"] = Put(status=302, headers={"Location": "http://localhost/robots.txt"})
    page = public.page("/page", "x")
    assert looked(public, site, page).outcome(page) == (Outcome.FAULT, ErrorKind.NOT_PUBLIC)
    assert site.asked == []
    assert "/page" not in public.asked
