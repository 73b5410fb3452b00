"""The one way out: `egress.guard`, which the service has too."""

from __future__ import annotations

from egress.guard import AddrInfo, CheckedResolver, Guard, Lookup, NotPublic, error_of

__all__ = ["AddrInfo", "CheckedResolver", "Guard", "Lookup", "NotPublic", "error_of"]
