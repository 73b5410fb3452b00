"""What is looked at, as it is stored."""

from __future__ import annotations

import base64
import secrets

from service.domain.watch import Target
from service.store.watches import SealedTarget
from service.workflows.store_context import StoreContext

_TOKEN_BYTES = 15
"""120 bits, which are 24 characters of base32."""


def sealed(context: StoreContext, target: Target) -> SealedTarget:
    """Return a target as it is stored."""
    seals, address = context.seals, target.address
    return SealedTarget(
        seals.seal(address), seals.address_hash(address), target.scope, target.depth
    )


def new_token() -> str:
    """Return a name that nobody can guess: 24 characters."""
    return base64.b32encode(secrets.token_bytes(_TOKEN_BYTES)).decode().lower()
