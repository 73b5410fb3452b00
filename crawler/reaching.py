"""Which pages a watch reaches from one that was read: pure decisions."""

from __future__ import annotations

from crawler import told
from crawler.egress.addresses import parsed
from crawler.finding.collecting import References
from crawler.frontier.visits import Kind, New, Step
from crawler.frontier.watches import Scope, Watch
from crawler.outcomes import FetchError
from crawler.readers import choosing


def first(watch: Watch, *, is_medium: bool) -> New:
    """Return the first step of a visit: at an interface, if that is better looked at."""
    kind = Kind.MEDIUM if is_medium else Kind.PAGE
    return New(kind, choosing.entry(watch.address), watch.address, 0)


def media(step: Step, found: References, *, room: int) -> list[New]:
    """Return the media of a page; an observation of them names the page that people know."""
    every = [*found.media, *(told.step_of(*each) for each in found.sheets.items())]
    return [New(Kind.MEDIUM, url, step.page, step.depth) for url in every[: max(0, room)]]


def pages(watch: Watch, step: Step, found: References, *, loopback: bool) -> list[New]:
    """Return the pages that the scope of a watch reaches: on its host, and what it embeds."""
    tracks = [New(Kind.PAGE, url, step.page, step.depth, part=True) for url in found.tracks]
    if step.part:  # a player, whose pictures are of this page too
        return tracks
    host = _host(step.address, loopback=loopback)
    parts = [New(Kind.PAGE, url, step.page, step.depth, part=True) for url in found.parts]
    reached = parts + tracks
    on: list[tuple[str, int]] = []
    if watch.scope is not Scope.PAGE:
        on += [(url, step.depth) for url in found.following]
    if watch.scope is Scope.SITE and step.depth < watch.depth:
        on += [(url, step.depth + 1) for url in found.links]
    # Further answers of an interface are of the same page.
    same = choosing.entry(watch.address) != watch.address
    return reached + [
        New(Kind.PAGE, url, watch.address if same else url, depth)
        for url, depth in on
        if _host(url, loopback=loopback) == host
    ]


def _host(url: str, *, loopback: bool) -> str | None:
    try:
        return parsed(url, loopback=loopback).host
    except FetchError:
        return None


def seconds(leased_until: int | None, *, now: int) -> float:
    """Return how long a visit of a leased watch may go on: until a minute before the lease ends."""
    return 0.0 if leased_until is None else leased_until - now - 60.0


def anew(watch: Watch) -> bool:
    """Whether all is to be looked at again: the service remembers nothing of a leased watch."""
    return bool(watch.name) and watch.digest is None
