"""How a visit ends, and how a request fails: every end is one of these."""

from __future__ import annotations

from enum import StrEnum

from egress.errors import ErrorKind, FetchError

__all__ = ["Disallowed", "ErrorKind", "FetchError", "Outcome"]


class Outcome(StrEnum):
    """How a visit of a watch ended."""

    SEEN = "seen"
    UNCHANGED = "unchanged"
    GONE = "gone"
    MOVED = "moved"
    MEMBERS_ONLY = "members_only"
    REFUSED = "refused"
    FAULT = "fault"


class Disallowed(Exception):
    """robots.txt, or the owner of the site, asks us not to look at this address."""
