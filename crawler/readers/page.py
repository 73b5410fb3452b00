"""A page as it came, for readers."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import SplitResult, urlsplit


@dataclass(frozen=True, slots=True)
class Page:
    """An answer with a body. `loopback`: for tests, it may lead to this machine."""

    url: str
    body: bytes
    content_type: str = ""
    loopback: bool = False
    status: int = 200

    @property
    def parts(self) -> SplitResult:
        """The parts of its address, which has been parsed before."""
        return urlsplit(self.url)
