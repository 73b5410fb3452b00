"""Pages that show something only to browsers, in a real Chromium."""

from __future__ import annotations

import base64
import hashlib
import json
import ssl

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization

from crawler.egress.guard import Guard
from crawler.frontier.store import MEMORY, Store
from crawler.outcomes import ErrorKind, Outcome
from crawler.rendering import flags
from tests.crawler.cells import cells, chromium
from tests.crawler.certificates import authority, serving
from tests.crawler.looking import QUICK, look
from tests.crawler.scripted import SHOW, in_browser, scripted
from tests.crawler.site import Put, Site, picture
from tests.crawler.test_traps import Names

__all__ = ["cells", "chromium"]


SHOWN = """
const add = (name, attributes, into = document.body) => {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  return into.appendChild(made);
};
const list = await (await fetch("/list.json", {headers: {"X-Asks": "1"}})).json();
for (const name of list) add("img", {src: name});
add("img", {srcset: "/small.jpg 320w, /wide.jpg 2000w", sizes: "100vw"});
add("div", {}).attachShadow({mode: "closed"}).innerHTML = "<img src=/closed.jpg>";
add("div", {class: "backed", style: "height: 9px"});
add("video", {preload: "auto"}).src = "/film.mp4";
add("iframe", {srcdoc: "<img src=/framed.jpg>"});
new Image().src = '/early.jpg?say="x y"#part';
add("div", {style: "height: 9000px"});
const last = add("div", {style: "height: 9px"});
new IntersectionObserver((seen) => {
  if (seen[0].isIntersecting && !last.firstChild) add("img", {src: "/late.jpg"}, last);
}).observe(last);
"""


NAMES = ("listed", "small", "wide", "closed", "backed", "framed", "early", "late")


def test_what_scripts_show_is_found(site: Site, chromium: str) -> None:
    for seed, name in enumerate(NAMES):
        site.medium(f"/{name}.jpg", picture(seed))
    site.put["/early.jpg?say=%22x%20y%22"] = site.put["/early.jpg"]
    site.put["/list.json"] = Put(json.dumps(["/listed.jpg"]).encode(), "application/json")
    site.put["/style.css"] = Put(b".backed { background: url(/backed.jpg) }", "text/css")
    site.medium("/preview.jpg", picture(98))
    aside = "<meta property=og:image content=/preview.jpg><noscript><img src=/no.gif></noscript>"
    page = scripted(site, "/page", SHOWN, aside + "<link rel=stylesheet href=/style.css>")
    site.medium("/plain.jpg", picture(99))
    plain = site.page("/plain", "<img src=/plain.jpg><script src=/unasked.js></script>")
    secret = site.page("/secret", "<input type=password><script src=/unasked.js></script>")
    none = look([page])
    assert none.results(page) == {"page seen": 1, "medium seen": 1, "medium gone": 1}
    site.asked.clear()
    found = look([page, plain, secret], settings=in_browser(chromium))
    # The smaller of a set is not fetched, as anywhere; the video and one picture are not there.
    assert found.results(page) == {"page seen": 1, "medium seen": len(NAMES), "medium gone": 2}
    assert site.times()["/film.mp4"] == 1
    assert {each["address"] for each in found.seen[page]} == {page}
    assert "/unasked.js" not in site.asked
    assert found.outcome(secret)[0] is Outcome.MEMBERS_ONLY
    # The page came once, pictures once, by the crawler; scripts asked as the crawler does.
    asked = site.times()
    assert asked["/page"] == asked["/late.jpg"] == asked["/listed.jpg"] == 1
    assert site.headers_of["/list.json"]["User-Agent"] == QUICK.user_agent
    assert "/favicon.ico" not in asked


def pin_of(port: int) -> str:
    """The key of a site, as Chromium has it among those that it takes without an authority."""
    leaf = x509.load_pem_x509_certificate(ssl.get_server_certificate(("127.0.0.1", port)).encode())
    key = leaf.public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    return base64.b64encode(hashlib.sha256(key).digest()).decode()


@pytest.mark.soak
def test_scripts_of_a_secure_page_come_by_a_tunnel(
    chromium: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    ours = authority()
    script = f"await fetch('/list.json'); {SHOW}".encode()
    paths = {
        "/page": Put(b"<body><script type=module src=/app.js></script>"),
        "/app.js": Put(script, "text/javascript"),
        "/list.json": Put(b"[]", "application/json"),
        "/1.jpg": Put(picture(1), "image/jpeg"),
    }
    with serving(ours, "good.test", *paths.items()) as port:
        page = f"https://good.test:{port}/page"
        trusted = ssl.create_default_context(cadata=ours.pem)
        guard = Guard(loopback=True, lookup=Names(["127.0.0.1"]), trusted=trusted)
        # The browser has its own list of authorities, in which that of the test is not.
        found = look([page], settings=in_browser(chromium), guard=guard)
        assert found.outcome(page) == (Outcome.FAULT, ErrorKind.CONNECTION)
        pinned = f"--ignore-certificate-errors-spki-list={pin_of(port)}"
        monkeypatch.setattr(flags, "_FLAGS", (*flags._FLAGS, pinned))  # noqa: SLF001
        found = look([page], settings=in_browser(chromium), guard=guard)
        assert found.results(page) == {"page seen": 1, "medium seen": 1}


@pytest.mark.soak
def test_the_same_page_may_show_something_else(site: Site, chromium: str) -> None:
    script = f"const list = await (await fetch('/list.json')).json(); {SHOW} made.src = list[0];"
    site.put["/page"] = Put(f"<body><script type=module>{script}</script>".encode(), etag='"1"')
    page = site.root + "/page"
    store = Store(MEMORY)
    for seed, outcome in ((1, Outcome.SEEN), (1, Outcome.UNCHANGED), (2, Outcome.SEEN)):
        site.medium(f"/{seed}.jpg", picture(seed))
        site.put["/list.json"] = Put(json.dumps([f"/{seed}.jpg"]).encode(), "application/json")
        found = look([page], settings=in_browser(chromium), store=store)
        assert found.outcome(page) == (outcome, None)
    site.put["/list.json"] = Put(status=503)
    assert look([], settings=in_browser(chromium), store=store).outcome(page)[0] is Outcome.FAULT
    site.put["/list.json"] = Put(b'["/gone.jpg"]', "application/json")
    assert look([], settings=in_browser(chromium), store=store).outcome(page)[0] is Outcome.GONE
    store.close()


def test_a_page_that_shows_nothing_is_not_called_the_same(site: Site) -> None:
    """Its scripts may show something else, if somebody switches a browser on meanwhile."""
    site.put["/page"] = Put(b"<script src=/app.js></script>", etag='"1"')
    page = site.root + "/page"
    store = Store(MEMORY)
    for _ in range(2):
        assert look([page], store=store).results(page) == {"page seen": 1}
        assert "If-None-Match" not in site.headers_of["/page"]
    store.close()
