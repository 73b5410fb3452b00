"""Has it come back? A case from its link to "came back", with nothing between that is not real.

A telephone's window, and after the files are hashed only keys: the owner's and the advocate's.
"""

from __future__ import annotations

import re
import time
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from PIL import Image, ImageOps
from playwright.sync_api import Browser, BrowserContext, Page

from demo import server
from demo.advocate import Desk
from demo.server import Service
from hashing import Eligibility, OwnerClient, PlatformClient, Submission, hash_file, new_passphrase
from hashing.views.profile import Profile
from tests.crawler.certificates import authority, server_context
from tests.crawler.process import Crawler
from tests.crawler.site import Site, open_site
from tests.pages import contents, desk_places, journey
from tests.server import receiving
from tests.server.receiving import HookSink, MailSink

pytestmark = pytest.mark.enable_socket

TELEPHONE = {"width": 360, "height": 740}
MAILBOX = "somebody.private@example.org"
MOST_STOPS = 90
WAIT = 120


@dataclass
class Scene:
    """A service, whom it sends to, and a page of somebody else that a crawler looks at."""

    service: Service
    mails: MailSink
    hook: HookSink
    site: Site
    crawler: Crawler
    folder: Path
    feed: str = ""
    case: list[str] = field(default_factory=list)
    """Number and words."""

    def crawl(self) -> None:
        _, err = self.crawler.run("run", "--once", "--server", self.service.address)
        assert "Traceback" not in err

    def news(self) -> list[int]:
        """How many messages came: by mail, to the webhook, and in the feed."""
        with urllib.request.urlopen(self.feed) as answer:
            entries = answer.read().decode().count("<entry>")
        mails = [one for one in self.mails.mails if "has news" in one.mail.get_content()]
        posted = [one for one in self.hook.posted if b'"news"' in one.body]
        return [len(mails), len(posted), entries]


@pytest.fixture
def scene(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Scene]:
    ours = authority()
    (tmp_path / "authority.pem").write_text(ours.pem)
    (tmp_path / "password").write_text(receiving.PASSWORD)
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "authority.pem"))
    hooked = receiving.hook_sink(server_context(ours, receiving.HOST))
    with receiving.mail_sink(ours) as mails, hooked as hook, open_site() as site:
        settings = {
            "WORK_PIECES": "1",
            "WATCH_LOOPBACK": "1",
            "ALERT_LOOPBACK": "1",
            "ALERT_DELAY_MINUTES": "0",
            "MAIL_HOST": receiving.HOST,
            "MAIL_PORT": str(mails.port),
            "MAIL_USER": receiving.USER,
            "MAIL_PASSWORD_FILE": str(tmp_path / "password"),
            "MAIL_SENDER": "post@plain.example",
        }
        with server.running(tmp_path / "state", **settings) as service:
            key = service.new_key("Crawler", "crawler")
            crawler = Crawler(tmp_path / "crawler", TAKEBACK_KEY=key, CRAWLER_PROFILE="thorough")
            yield Scene(service, mails, hook, site, crawler, tmp_path)


def test_it_is_found_blocked_gone_and_back(chromium: Browser, scene: Scene) -> None:
    ours, other = contents.pictures(scene.folder)[:2]
    stranger, strangers_case = _also_has(scene.service, ours)
    with _telephone(chromium) as owners, _telephone(chromium) as advocates:
        asked = journey.Asked(advocates)
        desk, page = advocates.new_page(), owners.new_page()
        link = _begin(desk, scene.service)
        scene.case = _open(page, link, ours)
        _be_told(page, scene)
        _read_by_others(scene.service, scene.case[0])

        scene.site.medium("/copy.jpg", _cropped(ours, mirrored=False))
        address = scene.site.page("/thread", '<p>look</p><img src="/copy.jpg">')
        _to_case(desk, scene)
        _have_looked_at(desk, scene, address)
        _reads(page, scene, "Crawler · seen online: found.")
        _until(lambda: scene.news() == [1, 1, 1])
        _to_case(desk, scene)
        _until(lambda: "Crawler · seen online: found." in _main(desk, again=True))
        assert _checked(desk, scene, ours) == "the file belongs to it"
        assert _checked(desk, scene, other) == "no"

        _block(scene.service, scene.folder / "copy.jpg")
        _reads(page, scene, "Example Videos: blocked.")

        del scene.site.put["/thread"]
        _to_case(desk, scene)
        _have_looked_at(desk, scene, address)
        _reads(page, scene, "Gone since", at="addresses")

        scene.site.medium("/again.jpg", _cropped(ours, mirrored=True))
        scene.site.page("/thread", '<p>look</p><img src="/again.jpg">')
        _to_case(desk, scene)
        _have_looked_at(desk, scene, address)
        _reads(page, scene, "It came back on", at="addresses")
        _to_case(desk, scene)
        _until(lambda: ": back" in _main(desk, again=True))
        assert [one for one in asked.complaints if "401" not in one] == []
        assert all(ours.read_bytes()[:64] not in body for body in asked.bodies())
    assert scene.news() == [1, 1, 1]
    assert stranger.watches(strangers_case) == []
    (entry,) = stranger.status(strangers_case)["entries"]
    assert {one["platform"] for one in entry["sightings"]} == {"Example Videos"}
    assert address not in scene.service.log


def _telephone(chromium: Browser) -> BrowserContext:
    return chromium.new_context(viewport=TELEPHONE, has_touch=True)  # type: ignore[arg-type]


def _also_has(service: Service, picture: Path) -> tuple[OwnerClient, str]:
    """Somebody else opens a case with the same picture, and names no address."""
    owner = OwnerClient(service.address, new_passphrase())
    answers = Eligibility("self", adults=True, intimate=True)
    return owner, owner.open_case(Submission((hash_file(picture),), answers))


def _begin(page: Page, service: Service) -> str:
    """An advocate accepts an invitation, and makes a link; return it."""
    here = f"{desk_places.address(service)}/en/desk"
    page.goto(f"{here}/invitation")
    to(page, "#code")
    page.keyboard.type(desk_places.invited(service, "Bea Example"))
    enter(page)
    to(page, "#password")
    page.keyboard.type("a heron walks by night")
    to(page, "#code")
    page.keyboard.type(desk_places.code(page))
    enter(page)
    page.locator("ul.mono").wait_for(timeout=journey.WAIT)
    page.goto(f"{here}/links")
    for scope in ("sightings_and_addresses", "act_for_me"):
        to(page, f"#scope-{scope}")
        page.keyboard.press("Space")
    to(page, "form[action$='/links'] button")
    enter(page)
    return page.locator(".box p.mono").inner_text()


def _open(page: Page, link: str, picture: Path) -> list[str]:
    """An owner opens a case with the link; return its number and words."""
    code = link.partition("#")[2]
    page.goto(link)
    page.locator("#intake_code").wait_for()
    page.wait_for_function("!location.hash")
    to(page, "form#together button")
    enter(page)
    to(page, "form[action$='/questions'] button")
    enter(page)
    journey.answer(page)
    journey.ready(page)
    journey.choose(page, [picture])
    journey.hashed(page)
    journey.review(page)
    message = page.locator("#document")
    assert f'"intake_code": "{code}"' in message.input_value()
    page.uncheck("#share")
    page.wait_for_function("!document.getElementById('document').value.includes('intake_code')")
    page.check("#share")
    page.wait_for_function("document.getElementById('document').value.includes('intake_code')")
    journey.send(page)
    return list(journey.card(page))


def _be_told(page: Page, scene: Scene) -> None:
    """The owner chooses all three ways to be told, and confirms each."""
    _sign_in(page, scene)
    to(page, "form[action$='/alerts'] button")
    enter(page)
    _choose_way(page, 0, "")
    scene.feed = page.locator(".box bdi.address").inner_text()
    assert scene.news() == [0, 0, 0]  # this reading begins it
    _choose_way(page, 1, MAILBOX)
    _until(lambda: bool(scene.mails.mails))
    (code,) = re.findall(r"\b\d{6}\b", scene.mails.mails[0].mail.get_content())
    to(page, "form[action$='/alerts/code'] #code")
    page.keyboard.type(code)
    enter(page)
    page.locator(".told.good").wait_for()
    _choose_way(page, 2, scene.hook.address())
    _until(lambda: bool(scene.hook.posted))  # the test is as quiet as what it tests
    _reads(page, scene, "It has not begun yet.", at="alerts", times=0)
    scene.hook.posted.clear()
    assert scene.news() == [0, 0, 0]


def _choose_way(page: Page, place: int, address: str) -> None:
    to(page, "[name=kind][type=radio]")
    page.keyboard.press("Space")
    for _ in range(place):
        page.keyboard.press("ArrowDown")
    to(page, "#address")
    page.keyboard.type(address)
    to(page, "#others-no")
    page.keyboard.press("Space")
    to(page, "form[action$='/alerts/set'] .actions button")
    enter(page)
    page.locator(".box[role=status], .told.good").first.wait_for()


def _read_by_others(service: Service, number: str) -> None:
    """Another organisation does not see the case."""
    service.command("organisations", "add", "Another House")
    made = service.command("members", "add", "--organisation", "2", "--name", "Rui")
    desk = Desk(service)
    desk.sign_in(made.stdout.strip())
    assert number not in desk.open()
    assert "No case has been granted to you yet." in desk.page


def _to_case(page: Page, scene: Scene) -> None:
    page.goto(f"{desk_places.address(scene.service)}/en/desk")
    to(page, "li.entry a")
    enter(page)
    page.locator("#shows_minor-no").wait_for()


def _have_looked_at(page: Page, scene: Scene, address: str) -> None:
    """The advocate has the address looked at now, and a crawler does."""
    to(page, "#address")
    page.keyboard.type(address)
    to(page, "#shows_minor-no")
    page.keyboard.press("Space")
    to(page, "form[action$='/addresses'] button")
    enter(page)
    assert not page.locator(".fault").count()
    scene.crawl()


def _reads(page: Page, scene: Scene, expected: str, at: str = "", times: int = 1) -> None:
    """The owner signs in, again and again while the worker goes on, until the page says so."""

    def says() -> bool:
        _sign_in(page, scene)
        if at:
            to(page, f"form[action$='/{at}'] button")
            enter(page)
        return _main(page).count(expected) == times

    _until(says, page)


def _sign_in(page: Page, scene: Scene) -> None:
    number, words = scene.case
    page.goto(f"{scene.service.address}/en/overview")
    to(page, "#case")
    page.keyboard.type(number)
    to(page, "#passphrase")
    page.keyboard.type(words)
    enter(page)
    page.locator("form[action$='/shared']").wait_for(timeout=journey.WAIT)


def _checked(page: Page, scene: Scene, picture: Path) -> str:
    """The advocate has a file checked; return what is said of the only case."""
    page.goto(f"{desk_places.address(scene.service)}/en/desk/check")
    page.locator("#files:enabled").wait_for(timeout=journey.WAIT)
    page.set_input_files("#files", str(picture))
    page.locator("#go:enabled").wait_for(timeout=journey.WAIT)
    to(page, "#go")
    page.keyboard.press("Enter")
    page.wait_for_selector("li a[href*='/desk/cases/']")
    return page.locator("main li").inner_text().partition(": ")[2]


def _block(service: Service, copy: Path) -> None:
    """A platform is asked to show a copy, and does not."""
    platform = PlatformClient(service.address, service.new_key("Example Videos"))
    (answer,) = platform.lookup([hash_file(copy, use=Profile.THOROUGH)])
    (match,) = answer["matches"]
    platform.feedback(match["match"], "blocked")


def _cropped(picture: Path, *, mirrored: bool) -> bytes:
    """Without a tenth at each side."""
    target = picture.with_name("copy.jpg")
    with Image.open(picture) as whole:
        width, height = whole.size
        inner = whole.crop((width // 10, height // 10, width * 9 // 10, height * 9 // 10))
        (ImageOps.mirror(inner) if mirrored else inner).save(target, quality=80)
    return target.read_bytes()


def _main(page: Page, *, again: bool = False) -> str:
    """The text of a page, in one line."""
    if again:
        page.reload()
    return " ".join(page.inner_text("main").split())


def to(page: Page, selector: str) -> None:
    """Press Tab until this has the focus."""
    for _ in range(MOST_STOPS):
        page.keyboard.press("Tab")
        if page.evaluate("(wanted) => document.activeElement.matches(wanted)", selector):
            return
    raise AssertionError(selector, page.url, page.inner_text("body"))


def enter(page: Page) -> None:
    """Press Enter, and wait for the page that follows."""
    with page.expect_navigation(timeout=journey.WAIT):
        page.keyboard.press("Enter")


def _until(done: Callable[[], bool], page: Page | None = None) -> None:
    end = time.monotonic() + WAIT
    while not done():
        assert time.monotonic() < end, page and _main(page)
        time.sleep(0.05)
