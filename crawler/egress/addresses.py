"""What may be asked for: `egress.addresses`, which the service has too."""

from __future__ import annotations

from egress.addresses import (
    Address,
    IpAddress,
    is_public,
    joined,
    literal_of,
    may_connect,
    parsed,
)

__all__ = [
    "Address",
    "IpAddress",
    "is_public",
    "joined",
    "literal_of",
    "may_connect",
    "parsed",
]
