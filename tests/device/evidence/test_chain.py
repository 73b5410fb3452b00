import json
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from hashing.errors import InvalidEvidence
from hashing.evidence import chain
from hashing.evidence.chain import Entry, Link

VECTORS: dict[str, Any] = json.loads(
    (Path(__file__).parents[2] / "vectors" / "evidence.json").read_text("utf-8")
)
CASE = VECTORS["chain"]["case"]
LINKS = [chain.parse_link(each) for each in VECTORS["chain"]["links"]]
FILE, RECORD, REMOVED, LAST = (link.entry for link in LINKS)


def linked(entries: list[Entry], case: str = CASE) -> list[Link]:
    links, value = [], chain.start(case)
    for entry in entries:
        value = chain.following(value, entry)
        links.append(Link(entry, value))
    return links


def numbered(entries: list[Entry]) -> list[Link]:
    return linked([replace(each, sequence=n, at=FILE.at) for n, each in enumerate(entries, 1)])


def test_links_are_those_of_the_vectors() -> None:
    assert chain.start(CASE).hex() == VECTORS["chain"]["start"]
    assert linked([link.entry for link in LINKS]) == LINKS
    assert not list(chain.faults(CASE, LINKS))
    assert not list(chain.faults(CASE, []))


CHANGED = Link(replace(RECORD, digest="00" * 32), LINKS[1].value)
EARLIER = replace(REMOVED, at=RECORD.at - timedelta(seconds=1))
OTHER = replace(REMOVED, digest="00" * 32)
FAULTS: dict[str, tuple[list[Link], int, str]] = {
    "an entry changed": ([LINKS[0], CHANGED, *LINKS[2:]], 2, "does not follow"),
    "a link changed": ([*LINKS[:2], replace(LINKS[2], value=bytes(32)), LINKS[3]], 3, "not follow"),
    "an entry missing": ([LINKS[0], *LINKS[2:]], 2, "is missing"),
    "the first missing": (LINKS[1:], 1, "is missing"),
    "two exchanged": ([LINKS[0], LINKS[2], LINKS[1], LINKS[3]], 2, "is missing"),
    "one twice": ([*LINKS[:2], *LINKS[1:]], 3, "there again"),
    "of another case": (linked([link.entry for link in LINKS], "1-1"), 1, "of another case"),
    "an earlier time": (linked([FILE, RECORD, EARLIER, LAST]), 3, "earlier time"),
    "an id again": (numbered([FILE, RECORD, FILE]), 3, "put in again"),
    "an id again after its removal": (numbered([FILE, RECORD, REMOVED, FILE]), 4, "put in again"),
    "removed what never was": (numbered([RECORD, REMOVED]), 2, "no entry before it"),
    "removed twice": (numbered([FILE, RECORD, REMOVED, REMOVED]), 4, "removed before"),
    "removed something else": (numbered([FILE, RECORD, OTHER]), 3, "not what was stored"),
}


@pytest.mark.parametrize("why", FAULTS)
def test_each_fault_is_named_by_its_entry(why: str) -> None:
    links, sequence, words = FAULTS[why]
    found = list(chain.faults(CASE, links))
    assert found[0].sequence == sequence
    assert words in found[0].sentence
    assert f"ntry {sequence}" in found[0].sentence


WRONG: list[tuple[str, Callable[[dict[str, Any]], object]]] = [
    ("act", lambda entry: entry | {"act": "replaced"}),
    ("sequence", lambda entry: entry | {"sequence": True}),
    ("sequence", lambda entry: entry | {"sequence": 0}),
    ("id", lambda entry: entry | {"id": "AB" * 16}),
    ("digest", lambda entry: entry | {"digest": "ab"}),
    ("time", lambda entry: entry | {"at": "2026-11-30 15:20:31"}),
    ("nothing else", lambda entry: entry | {"more": 1}),
    ("act, at, digest", lambda _: "entry"),
]


@pytest.mark.parametrize(("words", "change"), WRONG)
def test_what_is_no_entry_is_refused_by_the_name_of_its_field(
    words: str, change: Callable[[dict[str, Any]], object]
) -> None:
    with pytest.raises(InvalidEvidence, match=words):
        chain.parse_entry(change(FILE.document()))


@pytest.mark.parametrize("wrong", [{}, {"entry": FILE.document(), "link": "00"}, 5])
def test_what_is_no_link_is_refused(wrong: object) -> None:
    with pytest.raises(InvalidEvidence):
        chain.parse_link(wrong)
