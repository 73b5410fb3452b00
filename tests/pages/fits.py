"""Whether a page fits a small screen, wide spacing and large letters, and says what it is."""

from __future__ import annotations

import re

from playwright.sync_api import Page

from service.web import languages

LANGUAGES = languages.read()
TELLING = re.compile(
    "takeback|picture|photo|video|nude|intim|hash|withdraw|imag|foto|vídeo|صور|فيديو|حميم", re.I
)
"""What no title says, because titles stay in the history."""
LOOKED_AT = {"width": 1024, "height": 900}
SMALL = {"width": 320, "height": 640}
ZOOMED = {"width": 640, "height": 900}
# What sticks out to the side, or is cut off; but what may be scrolled, and what is there only for
# people who hear the page.
OUTSIDE = """() => {
  const wide = document.documentElement.scrollWidth - innerWidth;
  const shown = (one) => one.checkVisibility() && !one.closest("textarea, pre, .skip, option");
  const cut = [...document.body.querySelectorAll("*")].filter(shown).filter((one) => {
    const box = one.getBoundingClientRect();
    const style = getComputedStyle(one);
    const clips = ["hidden", "clip"].includes(style.overflowY) || style.textOverflow === "ellipsis";
    const hides = clips && !["IMG", "INPUT"].includes(one.tagName) &&
      (one.scrollHeight > one.clientHeight + 1 || one.scrollWidth > one.clientWidth + 1);
    return hides || box.right > innerWidth + 1 || box.left < -1;
  });
  return [...(wide > 0 ? [`scrolls ${wide} px`] : []),
    ...cut.map((one) => `${one.tagName} ${one.className} ${one.textContent.slice(0, 40)}`)];
}"""
# WCAG 1.4.12: the owner's own spacing of text.
SPACED = """(spaced) => {
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(spaced ? `* { line-height: 1.5 !important; letter-spacing: 0.12em !important;
    word-spacing: 0.16em !important; } p { margin-block-end: 2em !important; }` : "");
  document.adoptedStyleSheets = [sheet];
}"""
ENLARGED = "(size) => { document.documentElement.style.fontSize = size; }"


def outside(page: Page) -> dict[str, list[str]]:
    """What does not fit at 320 px, with wider spacing there, and with letters twice as large."""
    found = {}
    page.set_viewport_size(SMALL)  # type: ignore[arg-type]
    found["320 px"] = page.evaluate(OUTSIDE)
    page.evaluate(SPACED, arg=True)
    found["spaced"] = page.evaluate(OUTSIDE)
    page.evaluate(SPACED, arg=False)
    page.set_viewport_size(ZOOMED)  # type: ignore[arg-type]
    page.evaluate(ENLARGED, "200%")
    found["enlarged"] = page.evaluate(OUTSIDE)
    page.evaluate(ENLARGED, "")
    page.set_viewport_size(LOOKED_AT)  # type: ignore[arg-type]
    return {name: each for name, each in found.items() if each}


def wrongly_named(page: Page, language: str) -> list[str]:
    """What is wrong with title, heading, language and direction."""
    told = page.evaluate(
        "[document.title, document.documentElement.lang, document.documentElement.dir,"
        " [...document.querySelectorAll('h1')].filter((one) => one.checkVisibility()).length]"
    )
    title, tag, direction, headings = told
    faults = [f"{headings} headings"] * (headings != 1)
    faults += [f"title {title}"] * (not title or bool(TELLING.search(title)))
    faults += [f"language {tag}"] * (tag != language)
    faults += [f"direction {direction}"] * (direction != LANGUAGES[language].direction)
    return faults
