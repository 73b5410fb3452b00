"""Stamps: signed times in the forms of a case, which expire.

A browser can post a form again from its history, for whoever uses the device later. So each form
of a case has the signed minute in which it was issued, and opens nothing once that is too old.
"""

from __future__ import annotations

import time
from typing import Annotated

from fastapi import Depends

from service.sealing import Seals

MINUTES = 30
"""Validity: time to find and type number and words, or to read an overview and decide."""
SKEW = 2
"""Minutes by which the clock of another machine of the service may be ahead."""
_MAX_LENGTH = 80
"""Longest stamp that is checked, in characters; valid ones have about 50."""


def minute() -> int:
    """Return the minutes since 1970."""
    return int(time.time() // 60)


CurrentMinute = Annotated[int, Depends(minute)]


def new(seals: Seals, now: int) -> str:
    """Return the stamp of a form that is issued now."""
    return f"{now}.{seals.stamp(now)}"


def is_fresh(seals: Seals, untrusted: str, now: int) -> bool:
    """Whether a stamp is genuine and has not expired."""
    issued, _, signature = untrusted.partition(".")
    if len(untrusted) > _MAX_LENGTH or not issued.isascii() or not issued.isdigit():
        return False
    return seals.is_stamp(int(issued), signature) and -SKEW <= now - int(issued) < MINUTES
