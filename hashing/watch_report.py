"""Every sentence and line about addresses that are looked at, as `report` has the others."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from hashing.printable import printable

WATCHED = "We will keep checking it. To see what happens there: takeback watch list."
UNWATCHED = "We no longer check it, and what happened there is forgotten."
NO_WATCHES = "No addresses are being checked for this case."
SHOWS_MINOR = "Was anyone who is shown at this address under 18, or might have been?"
NO_WATCH_ANSWER = (
    "This asks a question, and there is nobody to answer it. Nothing was sent. If everyone shown "
    "there was 18 or older, add --adults."
)
_WITHHELD = (
    "not being checked: somebody said that it may show a person under 18. The people who run the "
    "service will decide"
)
_PRESENCE_WORDS = {
    "waiting": "not checked yet",
    "not_found": "not found there",
    "there": "found there",
    "gone": "gone",
    "came_back": "came back",
}
_TROUBLE_WORDS = {
    "members_only": "we cannot look inside: only members can. Use the report form of that site",
    "refused": "the site asks programs to stay away. Use the report form of that site",
    "fault": "it could not be reached. We will try again",
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
        yield f"{watch['looked_on']}  last checked"
