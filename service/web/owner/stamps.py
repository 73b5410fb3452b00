"""How long a form opens a case.

A browser can send a form again, from its history, to whoever comes to it later. So each form of a
case has the minute at which it was handed out, signed, and opens nothing when that is long ago.
"""

from __future__ import annotations

import time
from typing import Annotated

from fastapi import Depends

from service.sealing import Seals

MINUTES = 30
"""Time to find and type number and words, or to read an overview and decide."""
SKEW = 2
"""Minutes that the clock of another machine of the service may be ahead."""
_MOST = 80
"""Characters; ours have about 50."""


def minute() -> int:
    """Return the minutes since 1970."""
    return int(time.time() // 60)


Minute = Annotated[int, Depends(minute)]


def new(seals: Seals, now: int) -> str:
    """Return the stamp of a form that is handed out now."""
    return f"{now}.{seals.stamp(now)}"


def fresh(seals: Seals, untrusted: str, now: int) -> bool:
    """Whether it is a stamp of ours, and not old."""
    made, _, _ = untrusted.partition(".")
    if len(untrusted) > _MOST or not made.isascii() or not made.isdigit():
        return False
    return (
        seals.is_stamp(int(made), untrusted[len(made) + 1 :]) and -SKEW <= now - int(made) < MINUTES
    )
