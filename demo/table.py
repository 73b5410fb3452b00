"""The table that the demo prints: expected against got."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

MATCH = "match"
NEAR = "near"
NONE = "none"
MATCH_OR_NEAR = "match or near"
SPAN_SECONDS = 1.5
"""How far the place told may be from the true one: samples are a quarter of a second apart, and
what is the same as before is no new frame."""
ALLOWED = {MATCH: {MATCH}, MATCH_OR_NEAR: {MATCH, NEAR}, NONE: {NONE}}


@dataclass(frozen=True)
class Row:
    """One line. `missed` copies are told, but are no fault of the demo."""

    what: str
    expected: str
    got: str
    right: bool
    missed: int = 0

    @property
    def mark(self) -> str:
        """What the last column says."""
        if not self.right:
            return "✗ WRONG"
        return f"· {self.missed} missed" if self.missed else "✓"


@dataclass(frozen=True)
class Section:
    """Rows under one heading."""

    title: str
    rows: list[Row]


def told(what: str, expected: str, got: str) -> Row:
    """Return the row of what has to be equal."""
    return Row(what, expected, got, expected == got)


def judged(what: str, expected: str, verdicts: Mapping[str, str], *, may_miss: bool = False) -> Row:
    """Return the row of one edit: the verdicts on its uploads, by file name.

    If it `may_miss`, as edits of pictures that nobody chose for a demo may, a copy that is only
    near is right, and one that is not found is told.
    """
    accepted = MATCH_OR_NEAR if may_miss and expected == MATCH else expected
    allowed = ALLOWED[accepted]
    odd = [name for name, verdict in verdicts.items() if verdict not in allowed]
    right = all(may_miss and verdicts[name] == NONE for name in odd)
    count = Counter(verdicts.values())
    parts = [f"{count[verdict]} {verdict}" for verdict in (MATCH, NEAR, NONE) if count[verdict]]
    got = ", ".join(parts) if len(verdicts) > 1 else next(iter(count))
    named = "" if right else f" ({', '.join(odd)})"
    return Row(what, accepted, got + named, right, len(odd) if right else 0)


def placed(what: str, place: tuple[float, float], span: Mapping[str, float] | None) -> Row:
    """Return the row of a match that has a place: where in a video ours is, and was found."""
    expected = f"{MATCH}, {place[0]:.0f}–{place[1]:.0f} s"
    if span is None:
        return Row(what, expected, MATCH, right=False)
    apart = (span["from_s"] - place[0], span["until_s"] - place[1])
    got = f"{MATCH}, {span['from_s']:.1f}–{span['until_s']:.1f} s"
    return Row(what, expected, got, max(map(abs, apart)) <= SPAN_SECONDS)


def show(sections: Sequence[Section]) -> None:
    """Print every section, in columns of one width."""
    rows = [row for section in sections for row in section.rows]
    heads = ("upload", "expected", "got")
    cells = [heads, *((f"  {row.what}", row.expected, row.got) for row in rows)]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    line = "  {:{}}   {:{}}   {:{}}   {}"
    print()
    print(line.format("upload", widths[0], "expected", widths[1], "got", widths[2], "").rstrip())
    print("  " + "─" * (sum(widths) + 10))
    for section in sections:
        print(f"  {section.title}")
        for row in section.rows:
            said = (f"  {row.what}", widths[0], row.expected, widths[1], row.got, widths[2])
            print(line.format(*said, row.mark))


def summary(sections: Sequence[Section]) -> tuple[str, int]:
    """Return what the table comes to, and how many rows are wrong."""
    rows = [row for section in sections for row in section.rows]
    wrong = sum(not row.right for row in rows)
    missed = sum(row.missed for row in rows)
    said = "every row is right" if not wrong else f"{wrong} WRONG"
    lost = f", {missed} edited copies missed (not every edit can be undone)" if missed else ""
    return f"{len(rows)} rows, {said}{lost}", wrong
