"""Lists for the operator's terminal: keys, reviews, exclusions, watches. Pure text."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby

from service.domain.case import EntryStatus
from service.domain.watch import AskedBy
from service.store.actors import Holder, Listed
from service.store.exclusions import Exclusion
from service.store.watches import Counts
from service.workflows.review import Waiting


def key_lines(keys: Sequence[Listed]) -> Iterator[str]:
    """Yield each platform or crawler, and below it its keys."""
    for (name, role), of_actor in groupby(keys, lambda key: (key.name, key.role)):
        yield f"{name} ({role})"
        for key in of_actor:
            state = f"revoked {key.revoked_on}" if key.revoked_on else "live"
            used = f"last used {key.used_on}" if key.used_on else "never used"
            yield f"  {key.key_id}  made {key.created_on}  {used:20}  {state}"


def holder_line(role: str, name: str, known: Holder | None) -> str:
    """Say whose a new key is: another key of one that is known, or the first of a new one."""
    if known is None:
        return f"This is a new {role}: {name.strip()}."
    others = "1 other live key" if known.live_keys == 1 else f"{known.live_keys} other live keys"
    return f"This is a key of the {role} {known.name}, which has {others}."


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


def exclusion_line(exclusion: Exclusion) -> str:
    """Return the line about one content of the exclude bank."""
    signals = "1 signal" if exclusion.signals == 1 else f"{exclusion.signals:,} signals"
    return f"{exclusion.id:8}  excluded {exclusion.added_on}  {signals}"


def watch_lines(counts: Counts) -> Iterator[str]:
    """Yield what is looked at, without an address."""
    yield f"{counts.watches:8,} addresses are looked at"
    yield f"{counts.unvisited:8,} of them wait for the next crawler"
    for source, requests in sorted(counts.requests.items()):
        yield f"{requests:8,} requests by {_ASKED_BY[source]}"
    yield f"{counts.withheld:8,} addresses are withheld: somebody says they show a person under 18"


_ASKED_BY = {
    AskedBy.OWNER: "owners",
    AskedBy.PLATFORM: "platforms",
    AskedBy.OPERATOR: "the operator",
}
