"""Which store this is."""

from __future__ import annotations

import sqlalchemy as sa

from service.store.database import Tx
from service.store.schema import identity


def name(tx: Tx) -> str:
    """Return the random name that the store was given when its tables were made."""
    return str(tx.execute(sa.select(identity.c.name)).scalar_one())
