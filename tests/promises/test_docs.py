"""What the documents say is what the code does."""

import dataclasses
import json
import re
from collections.abc import Iterable
from datetime import date
from enum import StrEnum
from itertools import pairwise, product
from pathlib import Path

import pytest

from crawler.outcomes import ErrorKind, Outcome
from crawler.settings import PREFIX
from crawler.settings import Settings as CrawlerSettings
from hashing import submission
from service.domain.alert import CHANNEL_TRANSITIONS, DELIVERY_TRANSITIONS
from service.domain.case import TRANSITIONS, EntryStatus
from service.domain.grant import GRANT_TRANSITIONS, GrantState
from service.domain.notice import NOTICE_TRANSITIONS, NoticeState
from service.domain.watch import CONCLUSIVE, Change, Look, Presence, history
from service.settings import Settings

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
PAGES = sorted([*ROOT.glob("*.md"), *DOCS.rglob("*.md")])


def test_the_schema_in_the_docs_is_the_schema() -> None:
    blocks = re.findall(r"```json\n(.*?)```", (DOCS / "submission.md").read_text(), re.S)
    schemas = [json.loads(block) for block in blocks if '"$schema"' in block]
    assert schemas == [submission.schema()]


@pytest.mark.parametrize("field", dataclasses.fields(Settings), ids=lambda f: f.name)
def test_every_setting_is_in_the_table(field: dataclasses.Field[object]) -> None:
    rows = [
        line
        for line in (DOCS / "operating.md").read_text().splitlines()
        if line.startswith("|") and f"`TAKEBACK_{field.name.upper()}`" in line
    ]
    assert len(rows) == 1
    default = str(int(field.default)) if isinstance(field.default, bool) else str(field.default)
    if default:
        assert f"`{default}`" in rows[0]


@pytest.mark.parametrize("field", dataclasses.fields(CrawlerSettings), ids=lambda f: f.name)
def test_every_setting_of_the_crawler_is_in_its_table(field: dataclasses.Field[object]) -> None:
    lines = (DOCS / "crawling.md").read_text().splitlines()
    (row,) = (line for line in lines if line.startswith(f"| `{PREFIX}{field.name.upper()}` |"))
    default = str(int(field.default)) if isinstance(field.default, bool) else str(field.default)
    if field.default is not dataclasses.MISSING and default:
        assert f"`{default}`" in row


def test_every_end_of_a_visit_is_explained() -> None:
    text = (DOCS / "crawling.md").read_text()
    assert not [each for each in (*Outcome, *ErrorKind) if f"`{each}`" not in text]


def test_every_step_an_entry_can_take_is_drawn() -> None:
    drawing = (DOCS / "states.md").read_text()
    drawn = set(re.findall(r"^\s*(\w+) --> (\w+)", drawing, re.M))
    steps = {(a.value, b.value) for a, following in TRANSITIONS.items() for b in following}
    assert {(a, b) for a, b in drawn if a in set(EntryStatus) and b in set(EntryStatus)} == steps


@pytest.mark.parametrize("table", [CHANNEL_TRANSITIONS, DELIVERY_TRANSITIONS])
def test_every_step_of_a_channel_and_of_a_message_is_drawn(
    table: dict[StrEnum, set[StrEnum]],
) -> None:
    drawn = re.findall(r"^\s*(\w+) --> (\w+)", (DOCS / "states.md").read_text(), re.M)
    steps = {(a.value, b.value) for a, following in table.items() for b in following}
    assert {(a, b) for a, b in drawn if {a, b} <= {each.value for each in table}} == steps


def test_every_step_an_address_can_take_is_drawn() -> None:
    drawn = re.findall(r"^\s*(\w+) --> (\w+)", (DOCS / "states.md").read_text(), re.M)
    looks = [
        Look(date(2026, 11, 21), outcome, found)
        for outcome, found in product(CONCLUSIVE, (False, True))
    ]
    read = [history(seen).changes for seen in product(looks, repeat=4)]
    steps = {pair for changes in read for pair in pairwise(_presences(changes))}
    assert {(a, b) for a, b in drawn if {a, b} <= {*Presence}} == steps


def test_every_step_a_grant_can_take_is_drawn() -> None:
    drawn = set(re.findall(r"^\s*(\w+) --> (\w+)", (DOCS / "states.md").read_text(), re.M))
    steps = {(a.value, b.value) for a, following in GRANT_TRANSITIONS.items() for b in following}
    assert {(a, b) for a, b in drawn if {a, b} <= {*GrantState}} == steps


def test_every_step_a_notice_can_take_is_drawn() -> None:
    drawn = set(re.findall(r"^\s*(\w+) --> (\w+)", (DOCS / "states.md").read_text(), re.M))
    steps = {(a.value, b.value) for a, following in NOTICE_TRANSITIONS.items() for b in following}
    assert {(a, b) for a, b in drawn if {a, b} <= {*NoticeState}} == steps


def _presences(changes: Iterable[Change]) -> list[str]:
    return [Presence.WAITING.value, *(change.presence.value for change in changes)]


@pytest.mark.parametrize("page", PAGES, ids=lambda p: str(p.relative_to(ROOT)))
def test_links_between_documents_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)\s]+)", page.read_text()):
        if re.match(r"[a-z]+:", target):
            continue
        path, _, anchor = target.partition("#")
        file = page.parent / path if path else page
        assert file.exists(), target
        assert not anchor or anchor in _anchors(file), target


@pytest.mark.parametrize("page", PAGES, ids=lambda p: str(p.relative_to(ROOT)))
def test_prose_is_wrapped(page: Path) -> None:
    """Long lines hide what a commit changed. A row of a table, and code, cannot be wrapped."""
    lines = _without_code(page.read_text()).splitlines()
    assert not [line for line in lines if len(line) > 120 and not line.lstrip().startswith("|")]


def _anchors(page: Path) -> set[str]:
    """The anchors that GitHub gives to the headings of a page."""
    headings = re.findall(r"^#+ (.+)$", _without_code(page.read_text()), re.M)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


def _without_code(text: str) -> str:
    return re.sub(r"^ *```.*?^ *```", "", text, flags=re.M | re.S)


def test_the_page_has_a_sentence_for_everything_that_can_be_wrong_with_a_file() -> None:
    typedef = (ROOT / "hashing/browser/errors.js").read_text().partition("ContentCode")[0]
    codes = set(re.findall(r'\| "(\w+)"|\{"(\w+)"', typedef))
    named = {one or other for one, other in codes}
    page = (ROOT / "service/web/templates/files.html").read_text()
    assert len(named) >= 14
    assert named <= set(re.findall(r'data-text="error-(\w+)"', page))
