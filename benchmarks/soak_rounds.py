"""What a round of the soak did and left, as a line of a table; and whether anything grew."""

from __future__ import annotations

import statistics
from collections.abc import Iterable
from typing import Any, NamedTuple

from benchmarks.soak_child import Grown

SLACK = {"rss_mb": 10, "anonymous_mb": 6, "descriptors": 8, "mappings": 8, "files": 8, "mb": 1}
"""By how much the last third of the rounds may exceed the first, beyond what more signals take."""
EACH_MB = {"rss_mb": 1e-3, "anonymous_mb": 1e-3, "mb": 5e-4}
"""What one more signal takes at most: of memory, most of it for the model; of the folder."""


class Done(NamedTuple):
    """Signals added and removed, searches, and codes that these asked for."""

    adds: int = 0
    removes: int = 0
    searches: int = 0
    queries: int = 0

    def plus(self, *more: int) -> Done:
        """Return the sum of both."""
        return Done(*map(sum, zip(self, more, strict=True)))


class Round(NamedTuple):
    """What was done in a round, and what was there after it."""

    seconds: float
    done: Done
    restarts: int
    caught: int
    """Kills that left something half written."""
    live: int
    segments: int
    committed: int
    """Manifests written, as far as a killed process could tell."""
    files: int
    mb: float
    writer: Grown
    replica: Grown
    wrong: int


def grew(rounds: list[Round]) -> list[str]:
    """Compare the last third of the rounds with the first; return a sentence for each figure.

    The first round is left out: then caches fill, and the index is one segment of each sort.
    """
    third = (len(rounds) - 1) // 3
    if not third:
        return []
    first, last = rounds[1 : 1 + third], rounds[-third:]
    signals = max(0, _mean(r.live for r in last) - _mean(r.live for r in first))
    figures = [("", "files"), ("", "mb")]
    figures += [(whose, each) for whose in ("writer", "replica") for each in Grown._fields]
    sentences = []
    for whose, what in figures:
        was, now = (_mean(getattr(getattr(r, whose, r), what) for r in s) for s in (first, last))
        verdict = "grew" if now > was + signals * EACH_MB.get(what, 0) + SLACK[what] else "steady"
        sentences.append(f"{verdict}: {whose} {what} {was:.1f} → {now:.1f}")
    return sentences


def _mean(values: Iterable[float]) -> float:
    return statistics.mean(values)


HEAD = (
    "  #    s   adds removes searches  codes kills caught  live segs manifests files   MB |"
    " writer RSS anon  fds maps | replica RSS anon  fds maps | wrong"
)


def line(number: int, r: Round) -> str:
    """Return a round as a line of the table."""
    processes = " | ".join(
        f"{g.rss_mb:>{wide}.0f} {g.anonymous_mb:>4.0f} {g.descriptors:>4} {g.mappings:>4}"
        for g, wide in ((r.writer, 10), (r.replica, 11))
    )
    return (
        f"{number:>3} {r.seconds:>4.0f} {r.done.adds:>6} {r.done.removes:>7} {r.done.searches:>8}"
        f" {r.done.queries:>6} {r.restarts:>5} {r.caught:>6} {r.live:>5} {r.segments:>4}"
        f" {r.committed:>5} {r.files:>5} {r.mb:>4.1f} | {processes} | {r.wrong:>5}"
    )


def told(made: Round) -> dict[str, Any]:
    """Return a round as JSON has it."""
    parts = {name: getattr(made, name)._asdict() for name in ("done", "writer", "replica")}
    return made._asdict() | parts
