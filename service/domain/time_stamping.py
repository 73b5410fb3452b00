"""When authorities are asked to time-stamp the newest link of a case, and which."""

from __future__ import annotations

from random import Random
from typing import NamedTuple

FIRST_PAUSE = 60
"""Seconds to the second attempt. Later pauses double."""
LONGEST_PAUSE = 6 * 3600
CLAIM_SECONDS = 120
"""For which a worker has what it took: more than an authority may take to answer."""
MAX_TOKEN = 24 * 2**10
"""Bytes of an answer. With its certificates one has about 6,000."""


class Authority(NamedTuple):
    """Who is asked for a time stamp."""

    name: str
    """As owners read it, and as the store keeps it."""
    address: str


def first_due(now: int, delay: int, draw: Random) -> int:
    """Return when to ask after something new, in seconds.

    What comes meanwhile is stamped with it: a stamp of the newest link is one of all before it.
    The time is drawn, so that an authority cannot tell from it when an owner did something.
    """
    return now + draw.randint(delay // 4, delay)


def due_again(now: int, attempts: int, draw: Random) -> int:
    """Return when to ask an authority again that failed `attempts` times, in seconds."""
    pause = min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** min(attempts - 1, 20))
    return now + draw.randint(pause // 2, pause)
