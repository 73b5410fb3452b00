"""WCAG 2.2 AA of every page and state, in every language, light and dark, small and enlarged.

Arabic, from right to left, is walked in test_leaving; the other languages in a soak.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page

from demo.server import Service
from tests.pages import desk_places, journey, places
from tests.pages.fits import LANGUAGES, LOOKED_AT, outside, wrongly_named
from tests.pages.places import Cases

pytestmark = pytest.mark.enable_socket

AXE = Path(__file__).resolve().parents[2] / "node_modules" / "axe-core" / "axe.min.js"
TAGS = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice")
WITH_AXE = [pytest.param(tag, marks=[pytest.mark.soak] * (tag != "en")) for tag in LANGUAGES]
"""axe sees elements, roles and colours, which no language changes: a soak runs it in the others."""
RUN = """async ([tags, only]) => {
  const how = only ? { runOnly: { type: "rule", values: only } }
    : { runOnly: { type: "tag", values: tags }, rules: { "target-size": { enabled: true } } };
  const { violations, passes } = await axe.run(document, how);
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
    if not axe:
        return []
    if not page.evaluate("'axe' in window"):
        page.evaluate(axe)
    page.emulate_media(color_scheme="light")
    light = page.evaluate(RUN, [TAGS, None])
    assert light["passes"] > 10
    page.emulate_media(color_scheme="dark")
    dark = page.evaluate(RUN, [TAGS, ["color-contrast"]])
    page.emulate_media(color_scheme="light")
    return [*light["violations"], *dark["violations"]]


@pytest.mark.parametrize("language", WITH_AXE)
def test_every_state_is_accessible(
    page: Page, axe: str, service: Service, cases: Cases, language: str
) -> None:
    looked_at(page, axe, service, cases, language)


@pytest.mark.soak
@pytest.mark.parametrize("language", sorted(LANGUAGES.keys() - {"en", "ar"}))
def test_every_state_fits_and_is_named_in_other_languages(
    page: Page, service: Service, cases: Cases, language: str
) -> None:
    looked_at(page, "", service, cases, language)


def looked_at(page: Page, axe: str, service: Service, cases: Cases, language: str) -> None:
    wrong: dict[str, Any] = {}
    seen = []
    walk = places.every(page, service.address, language, cases)
    for state in chain(walk, desk_places.desk(page, service, language)):
        seen.append(state)
        found = [*violations(page, axe), outside(page), *wrongly_named(page, language)]
        wrong |= {state: found} if any(found) else {}
    for one, state in places.unfit(page.context, service.address, language):
        found = [*violations(one, axe), outside(one), *wrongly_named(one, language)]
        wrong |= {state: found} if any(found) else {}
    assert len(seen) > 30
    assert not wrong, json.dumps(wrong, indent=1, ensure_ascii=False)


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
