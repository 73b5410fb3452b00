"""WCAG 2.2 AA of every page and state, light and dark, small and enlarged; leaving from each.

In English, as wide as a tablet. In the other languages pages without a script are walked; a soak
walks everything in each language, with axe at three widths.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page

from demo.server import Service
from tests.pages import desk_places, journey, places
from tests.pages.elsewhere import Elsewhere
from tests.pages.fits import LANGUAGES, LOOKED_AT, outside, wrongly_named
from tests.pages.leaving import Leaving
from tests.pages.places import Cases

pytestmark = pytest.mark.enable_socket

AXE = Path(__file__).resolve().parents[2] / "node_modules" / "axe-core" / "axe.min.js"
TAGS = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice")
OTHERS = sorted(LANGUAGES.keys() - {"en"})
WIDTHS = (320, 768, 1280)
"""Of a phone, a tablet, a computer."""
RUN = """async ([tags, only]) => {
  const how = only ? { runOnly: { type: "rule", values: only } }
    : { runOnly: { type: "tag", values: tags }, rules: { "target-size": { enabled: true } } };
  const { violations, passes } = await axe.run(document, { ...how, resultTypes: ["violations"] });
  return { passes: passes.length, violations: violations.map(({ id, nodes }) =>
    [id, ...nodes.map((node) => `${node.target} ${node.any.map((one) => one.message)}`)]) };
}"""


@pytest.fixture(scope="module")
def cases(service: Service, tmp_path_factory: pytest.TempPathFactory) -> Cases:
    return places.made(service, tmp_path_factory.mktemp("files"))


@pytest.fixture
def page(chromium: Browser) -> Iterator[Page]:
    with chromium.new_context(viewport=LOOKED_AT) as context:  # type: ignore[arg-type]
        yield context.new_page()


@pytest.fixture(scope="module")
def axe() -> str:
    if not AXE.exists():
        pytest.skip("no axe-core: run npm install, which make test does")
    return AXE.read_text()


def violations(page: Page, axe: str) -> list[Any]:
    """What axe finds in light colours, and of colours in dark ones. CSP does not hold for it."""
    if not page.evaluate("'axe' in window"):
        page.evaluate(axe)
    page.emulate_media(color_scheme="light")
    light = page.evaluate(RUN, [TAGS, None])
    assert light["passes"] > 10
    page.emulate_media(color_scheme="dark")
    dark = page.evaluate(RUN, [TAGS, ["color-contrast"]])
    page.emulate_media(color_scheme="light")
    return [*light["violations"], *dark["violations"]]


class Faults:
    """What is wrong with the states of a walk."""

    def __init__(self, language: str, axe: str, widths: Iterable[int] = (1024,)) -> None:
        self._language = language
        self._axe = axe
        self._widths = widths
        self._seen = 0
        self._wrong: dict[str, Any] = {}

    def look(self, page: Page, state: str) -> None:
        page.wait_for_load_state()  # its style is there
        found: list[Any] = []
        for width in self._widths:
            page.set_viewport_size({"width": width, "height": LOOKED_AT["height"]})
            found += violations(page, self._axe)
        found += [*outside(page).items(), *wrongly_named(page, self._language)]
        self._wrong |= {state: found} if found else {}
        self._seen += 1

    def look_elsewhere(self, page: Page, service: Service) -> None:
        """At the desk, and at the page that hashes in a browser that cannot."""
        for state in desk_places.desk(page, service, self._language):
            self.look(page, state)
        for one, state in places.unfit(page.context, service.address, self._language):
            self.look(one, state)

    def ended(self) -> None:
        assert self._seen > 50
        assert not self._wrong, json.dumps(self._wrong, indent=1, ensure_ascii=False)


def test_every_state_is_accessible_and_left_by_shift(
    page: Page, axe: str, service: Service, cases: Cases, weather: Elsewhere
) -> None:
    faults = Faults("en", axe)
    leaving = Leaving(page, weather)
    for state in places.every(page, service.address, "en", cases):
        faults.look(page, state)
        leaving.tried(state)
    leaving.ended()
    faults.look_elsewhere(page, service)
    faults.ended()


@pytest.mark.soak
@pytest.mark.parametrize("language", sorted(LANGUAGES))
def test_every_state_is_accessible_in_every_language_and_width(
    page: Page, axe: str, service: Service, cases: Cases, language: str
) -> None:
    faults = Faults(language, axe, WIDTHS)
    for state in places.every(page, service.address, language, cases):
        faults.look(page, state)
    faults.look_elsewhere(page, service)
    faults.ended()


@pytest.mark.parametrize("language", OTHERS)
def test_what_needs_no_script_fits_and_is_named(
    page: Page, service: Service, language: str
) -> None:
    walk = places.information(page, service.address, language)
    found = {state: [*outside(page).items(), *wrongly_named(page, language)] for state in walk}
    assert not {state: wrong for state, wrong in found.items() if wrong}


def test_faults_would_be_found(page: Page, axe: str, service: Service) -> None:
    page.goto(f"{service.address}/en/questions")
    page.evaluate(
        """() => {
          document.documentElement.dir = "rtl";
          document.querySelector("label").remove();
          document.querySelector("h1").style.color = "#eee";
          const wide = document.createElement("p");
          wide.style.width = "900px";
          document.querySelector("main").append(wide, document.createElement("h1"));
        }"""
    )
    assert {one[0] for one in violations(page, axe)} >= {"label", "color-contrast"}
    assert set(outside(page)) == {"320 px", "spaced", "enlarged"}
    assert wrongly_named(page, "en") == ["2 headings", "direction rtl"]


def test_what_informs_needs_no_script(chromium: Browser, service: Service) -> None:
    said: list[dict[str, str]] = []
    for script in (True, False):
        with chromium.new_context(java_script_enabled=script) as context:
            page = context.new_page()
            walk = places.information(page, service.address, "en")
            said.append({state: " ".join(page.inner_text("main").split()) for state in walk})
    assert said[0] == said[1]
    assert min(map(len, said[0].values())) > 50


def test_what_needs_a_script_says_so(chromium: Browser, service: Service) -> None:
    with chromium.new_context(java_script_enabled=False) as context:
        page = context.new_page()
        page.goto(f"{service.address}/en/questions")
        journey.answer(page)
        page.get_by_role("heading", name="This page needs JavaScript").wait_for()
        assert page.locator("input, textarea").locator("visible=true").count() == 0
        page.goto(f"{service.address}/en/overview")
        assert "This page needs JavaScript" in page.inner_text("noscript")
