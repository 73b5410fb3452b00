"""`python -m service review`: entries that wait for a person."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from itertools import islice

from service.commands import stores
from service.domain.case import EntryStatus
from service.settings import Settings
from service.workflows import review
from service.workflows.review import Waiting


def show(settings: Settings, arguments: argparse.Namespace) -> None:
    """Show what waits for a person, and all that is known to decide."""
    with stores.loaded(settings) as context:
        waiting = review.waiting(context)
        for one in islice(waiting, arguments.most):
            for line in waiting_lines(one):
                print(line)
        if next(waiting, None):
            print(f"There are more than these {arguments.most}: give --most a larger number.")


def release(settings: Settings, arguments: argparse.Namespace) -> None:
    """Match an entry: again if it is held, further if it is not."""
    with stores.searching(settings) as context:
        review.release(context, arguments.entry, stores.today(), by=stores.operator())
    print("Released: it is matched.")


def keep(settings: Settings, arguments: argparse.Namespace) -> None:
    """Leave an entry held."""
    with stores.searching(settings) as context:
        review.keep(context, arguments.entry, stores.today(), by=stores.operator())
    print("Kept: it stays held.")


def hold(settings: Settings, arguments: argparse.Namespace) -> None:
    """Match an entry no more, for anybody, until it is released."""
    with stores.searching(settings) as context:
        review.hold(context, arguments.entry, stores.today(), by=stores.operator())
    print("Held: it is matched no more.")


def waiting_lines(waiting: Waiting) -> Iterator[str]:
    """Yield what is known of an entry that waits for review: a line of each kind there is."""
    entry = waiting.entry
    held = entry.status is EntryStatus.QUARANTINED
    yield (
        f"entry {entry.id}  {entry.kind}  added {entry.added_on}  "
        f"{f'HELD ({entry.hold}), matches nothing' if held else 'matched meanwhile'}"
    )
    if waiting.concerns:
        reasons = [f"{reason} since {day}" for reason, day in waiting.concerns.items()]
        yield f"  why          {', '.join(reasons)}"
    yield f"  other cases  {waiting.other_cases}"
    for one in waiting.opinions:
        yield f"  platform     {one.platform}: {one.value} {one.given_on}"
    for platform, day in waiting.probing.items():
        yield f"  platform     {platform}: asks what finds out its signals, last on {day}"
    for day, number in waiting.matches.items():
        yield f"  matches      {day}  {number:,}"
    if near := waiting.exclusion:
        yield f"  near         exclusion {near.exclusion_id}, {near.distance} bits"
