"""Where requests come from: a name for each network address, which nobody can turn back.

Names are in memory only, for budgets. The key is new in each process, and is stored nowhere.
"""

from __future__ import annotations

import os
from collections.abc import Callable, MutableMapping
from hashlib import blake2b
from ipaddress import IPv6Address, ip_address
from typing import Any

from fastapi import Request

_NAME_BYTES = 12
_NETWORK_BYTES = 8
"""Of an IPv6 address: a /64, which is what one household has (RFC 6177)."""
_SCOPE = "takeback.source"


class Sources:
    """Names network addresses."""

    def __init__(self, is_proxy: Callable[[str], bool]) -> None:
        self._is_proxy = is_proxy
        self._key = os.urandom(32)

    def name(self, scope: MutableMapping[str, Any]) -> bytes | None:
        """Return the name of the source of a request; None if only its proxy is known."""
        client = scope.get("client")
        try:
            address = ip_address(client[0]) if client else None
        except ValueError:
            address = None
        if address is None or self._is_proxy(str(address)):
            return None
        packed = address.packed
        if isinstance(address, IPv6Address):
            mapped = address.ipv4_mapped
            packed = mapped.packed if mapped else packed[:_NETWORK_BYTES]
        return blake2b(packed, key=self._key, digest_size=_NAME_BYTES).digest()

    def mark(self, scope: MutableMapping[str, Any]) -> bytes | None:
        """Write the name into a request, for `source_of`; return it."""
        name = scope[_SCOPE] = self.name(scope)
        return name


def source_of(request: Request) -> bytes | None:
    """Return the name of the source of a request."""
    name: bytes | None = request.scope.get(_SCOPE)
    return name
