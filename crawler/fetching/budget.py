"""What one request may cost, and where its body goes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from crawler import limits


class Sink(Protocol):
    """Takes the body of a medium as it comes."""

    def write(self, untrusted: bytes) -> None:
        """Take a piece. Raises FetchError to refuse the rest."""
        ...

    async def room(self) -> None:
        """Wait until there is room for more: meanwhile nothing is read from the network."""
        ...


@dataclass(frozen=True, slots=True)
class Budget:
    """Most bytes, as received and as decoded, and seconds for the whole of a request.

    With `cut`, what is longer is cut off there, instead of being an error. With `page`, the body of
    what says to be a picture or video is not read.
    """

    bytes: int
    seconds: float
    cut: bool = False
    page: bool = False


PAGE = Budget(limits.PAGE_BYTES, limits.PAGE_SECONDS, page=True)
MEDIUM = Budget(limits.VIDEO_BYTES, limits.MEDIUM_SECONDS)
ROBOTS = Budget(limits.ROBOTS_BYTES, limits.PAGE_SECONDS, cut=True)
