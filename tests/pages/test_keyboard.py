"""The whole journey without a pointer: the focus is seen, goes where the page goes, has no trap."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from demo.server import Service
from hashing import new_passphrase
from tests.pages import contents, journey

pytestmark = pytest.mark.enable_socket

MOST_STOPS = 60
# Where the focus is: what it is called, and why it could not be seen.
FOCUS = """() => {
  const one = document.activeElement;
  const box = one.getBoundingClientRect();
  const top = document.querySelector(".top");
  const style = getComputedStyle(one);
  const header = top.contains(one) ? 0 : top.getBoundingClientRect().bottom;
  const seen = [Math.max(box.top, header), Math.min(box.bottom, innerHeight)];
  const hit = document.elementFromPoint(box.left + box.width / 2, (seen[0] + seen[1]) / 2);
  const faults = [];
  if (style.outlineStyle === "none" || parseFloat(style.outlineWidth) < 2) faults.push("no ring");
  if (box.top < header - 1 && box.height < innerHeight / 2) faults.push("under the header");
  if (box.bottom < 1 || box.top > innerHeight - 1) faults.push("out of view");
  if (hit && hit !== one && !one.contains(hit) && !hit.contains(one)) faults.push("covered");
  return { name: one.id || one.name || one.textContent.trim(), tag: one.tagName, faults };
}"""


@pytest.fixture
def page(chromium: Browser) -> Iterator[Page]:
    """A small window, so that focus has to be scrolled to."""
    with chromium.new_context(viewport={"width": 500, "height": 500}) as context:
        yield context.new_page()


class Keys:
    """Presses keys, and looks at each stop whether the focus can be seen."""

    def __init__(self, page: Page) -> None:
        self._page = page
        self.stops: list[str] = []
        self.faults: list[str] = []

    def tab(self, *, back: bool = False) -> str:
        self._page.keyboard.press("Shift+Tab" if back else "Tab")
        stop = self._page.evaluate(FOCUS)
        name = str(stop["name"])
        if stop["tag"] != "BODY":  # between the last stop and the first is the browser's own bar
            self.stops.append(name)
            self.faults += [f"{name}: {fault}" for fault in stop["faults"]]
        return name

    def to(self, wanted: str, *, back: bool = False) -> None:
        """Go on to what has this name, id or text."""
        passed = [self.tab(back=back)]
        while passed[-1] != wanted and len(passed) < MOST_STOPS:
            passed.append(self.tab(back=back))
        assert passed[-1] == wanted, passed

    def press(self, key: str) -> None:
        self._page.keyboard.press(key)

    def head(self, name: str) -> None:
        """Wait for a section, whose heading has the focus then."""
        self._page.locator(f"#{name}-head:focus").wait_for(timeout=journey.WAIT)


def test_the_whole_journey(page: Page, service: Service, tmp_path: Path) -> None:
    keys = Keys(page)
    page.goto(f"{service.address}/en/")
    keys.to("Begin")
    keys.press("Enter")
    page.wait_for_url("**/leaving")
    keys.to("Continue")
    keys.press("Enter")
    page.wait_for_url("**/questions")
    _answer(keys)
    _choose(keys, page, contents.pictures(tmp_path)[:2])
    keys.to("chosen")
    keys.press("Enter")
    keys.head("words")
    keys.to("to-review")
    keys.press("Enter")
    keys.head("review")
    keys.to("send-button")
    keys.to("consent", back=True)
    keys.press("Space")
    keys.to("send-button")
    keys.press("Enter")
    keys.head("card")
    _keep(keys, page)
    keys.to("Go to your overview")
    keys.press("Enter")
    page.locator("li.entry").first.wait_for()
    keys.to("Withdraw everything")
    keys.press("Enter")
    page.locator("form[action$='/withdrawn']").wait_for()
    keys.to("Withdraw")
    keys.press("Enter")
    page.locator(".box form").first.wait_for()
    assert not keys.faults
    assert len(keys.stops) > 45


def _answer(keys: Keys) -> None:
    """Radio buttons are one stop; the arrows choose among them."""
    keys.to("subject-self")
    keys.press("Space")
    keys.to("age-adults")
    keys.press("ArrowDown")
    keys.press("ArrowUp")
    keys.to("consent-without")
    keys.press("Space")
    keys.to("country")
    keys.press("ArrowDown")
    keys.to("Continue")
    keys.press("Enter")


def _choose(keys: Keys, page: Page, files: list[Path]) -> None:
    journey.ready(page)
    keys.to("files")
    page.on("filechooser", lambda chooser: chooser.set_files([str(path) for path in files]))
    page.wait_for_timeout(200)  # from here on the browser hands its dialog over to the test
    keys.press("Enter")
    journey.hashed(page)
    keys.to("×")
    keys.press("Enter")
    assert page.locator("#list > li").count() == 1
    assert page.evaluate("document.activeElement.textContent") == "×"


def _keep(keys: Keys, page: Page) -> None:
    words = " ".join(page.locator("#words-kept li").all_inner_texts())
    keys.to("show-qr")
    keys.press("Space")
    page.locator("#qr svg").wait_for()
    keys.to("again")
    page.keyboard.type(words.upper())
    keys.press("Enter")
    page.locator("#overview").wait_for()


@pytest.mark.parametrize(
    "path", ["", "leaving", "questions", "safety", "about", "next", "overview"]
)
def test_the_first_stops_skip_and_leave_and_none_is_a_trap(
    page: Page, service: Service, path: str
) -> None:
    keys = Keys(page)
    page.goto(f"{service.address}/en/{path}")
    assert [keys.tab(), keys.tab()] == ["Skip to the main content", "Leave this page"]
    keys.tab(back=True)
    keys.press("Enter")
    assert page.evaluate("document.activeElement.id") == "main"
    page.reload()
    seen: list[str] = []
    while not seen or page.evaluate("document.activeElement.tagName") != "BODY":
        seen.append(keys.tab())
        assert len(seen) < MOST_STOPS, seen
    links = page.locator("a[href], button, input, select, pre").filter(visible=True).count()
    radios = page.locator("input[type=radio]").count()
    groups = page.locator("fieldset").count()
    assert len(seen) - 1 == links - radios + groups
    back = [keys.tab(back=True) for _ in range(len(seen) - 1)]
    assert sorted(back) == sorted(seen[:-1])
    assert not keys.faults


def test_wrong_words_stay_as_they_were_typed(page: Page, service: Service) -> None:
    """Where the page cannot reach the service, too; and without one step more in the history."""
    words = new_passphrase()
    page.goto(f"{service.address}/en/overview")
    steps = page.evaluate("history.length")
    page.fill("#case", "٤٨١ ٩٠٢ ٣٤٧٥")
    page.fill("#passphrase", words.upper())
    for offline, told in ((False, "do not open a case"), (True, "could not be reached")):
        page.context.set_offline(offline=offline)
        page.locator("#open button").click()
        page.locator("#fault", has_text=told).wait_for(timeout=journey.WAIT)
        assert page.evaluate("document.activeElement.id") == "passphrase"
        typed = [page.input_value(each) for each in ("#case", "#passphrase", "[name=access_key]")]
        assert typed == ["٤٨١ ٩٠٢ ٣٤٧٥", words.upper(), ""]
        assert page.evaluate("history.length") == steps
        assert page.locator("iframe").count() == 0
    page.context.set_offline(offline=False)


def test_who_helps_in_a_country_is_where_the_page_leads(page: Page, service: Service) -> None:
    page.goto(f"{service.address}/en/next")
    for country, head in (
        ("GB", "United Kingdom"),
        ("AQ", "Antarctica"),
        ("", "Anywhere in the world"),
    ):
        page.evaluate("(code) => country.append(new Option(code, code))", country)
        page.select_option("#country", country)
        page.locator("main form button").click()
        focused = page.locator("#answer:focus", has_text=head)
        focused.wait_for()
        box = focused.bounding_box()
        assert box
        assert 50 < box["y"] < 200  # below the header, at the top of the window
    page.select_option("#country", "GB")
    page.locator("main form button").click()
    dial = page.locator(".service a[href^='tel:']").first
    assert dial.get_attribute("href") == "tel:03456000459"
    assert dial.inner_text() == "0345 6000 459"


def test_complaints_take_the_focus(page: Page, service: Service) -> None:
    page.goto(f"{service.address}/en/overview")
    keys = Keys(page)
    keys.to("case")
    page.keyboard.type("12")
    keys.press("Enter")
    page.locator("#fault", has_text="ten digits").wait_for()
    assert page.evaluate("document.activeElement.id") == "case"
    page.fill("#case", "0000000000")
    page.fill("#passphrase", "one two")
    keys.press("Enter")
    page.locator("#fault", has_text="Seven words").wait_for()
    assert page.evaluate("document.activeElement.id") == "passphrase"
    page.goto(f"{service.address}/en/questions")
    keys.to("Continue")
    keys.press("Enter")
    page.locator(".summary").wait_for()
    keys.to("Who is in the pictures or videos?")
    keys.press("Enter")
    assert page.evaluate("document.activeElement.id") == "subject-self"
