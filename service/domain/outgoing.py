"""What leaves the service for somebody's channel, and how that ended."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

from service.domain.alert import Ending
from service.domain.wording import Message


@dataclass(frozen=True, slots=True)
class Outgoing:
    """One message to one receiver. Everything of it is hidden from `repr`."""

    reference: str = field(repr=False)
    """The same however often it is tried: by it a receiver knows what comes twice."""
    address: str = field(repr=False)
    message: Message = field(repr=False)
    secret: str = field(default="", repr=False)
    """Of a webhook, to sign with."""


class Attempt(NamedTuple):
    """How an attempt to deliver ended. `trouble` is a word of ours: nothing that anybody sent."""

    ending: Ending
    trouble: str = ""


ABANDONED = Attempt(Ending.UNKNOWN, "time")
"""What was not done when the time of a whole batch was over."""
