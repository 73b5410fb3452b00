"""Every sentence and line about addresses that are looked at, as `report` has the others."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from hashing.printable import printable

WATCHED = "It is looked at from now on, and you can read here what happened there."
UNWATCHED = "It is looked at no more, and what happened there is forgotten."
NO_WATCHES = "No address is looked at for this case."
SHOWS_MINOR = "Was anyone who is shown at this address under 18, or might have been?"
NO_WATCH_ANSWER = (
    "There is a question, and nobody here to answer it. Nothing was sent. If everyone shown there "
    "was 18 or older, add --adults."
)
_WITHHELD = (
    "nobody looks there: somebody says that it may show a person under 18. Whoever runs the "
    "service decides"
)
_PRESENCE_WORDS = {
    "waiting": "nobody has looked yet",
    "not_found": "not found there",
    "there": "found there",
    "gone": "gone",
    "came_back": "came back",
}
_TROUBLE_WORDS = {
    "members_only": "we cannot look inside: only members can. Use the report form of that site",
    "refused": "the site asks programs not to look there. Use the report form of that site",
    "fault": "it could not be reached. We try again",
}


def watch_lines(watches: Sequence[dict[str, Any]]) -> Iterator[str]:
    """Yield the lines about addresses that are looked at."""
    for watch in watches:
        yield printable(f"{watch['n']:3}  {watch['address']}")
        for line in _lines(watch):
            yield printable(f"     {line}")
    if not watches:
        yield NO_WATCHES


def _lines(watch: dict[str, Any]) -> Iterator[str]:
    if watch["withheld"]:
        yield _WITHHELD
        return
    for change in watch["changes"]:
        presence = change["presence"]
        yield f"{change['day']}  {_PRESENCE_WORDS.get(presence, presence)}"
    if trouble := watch["trouble"]:
        yield f"{watch['looked_on']}  {_TROUBLE_WORDS.get(trouble, trouble)}"
    elif watch["looked_on"] is None:
        yield _PRESENCE_WORDS["waiting"]
    else:
        yield f"{watch['looked_on']}  looked at for the last time so far"
