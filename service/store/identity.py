"""The name of this store, which tells its index from that of another store."""

from __future__ import annotations

import sqlalchemy as sa

from service.store.database import Tx
from service.store.schema import identity


def name(tx: Tx) -> str:
    """Return the random name that the store got when its tables were created."""
    return str(tx.execute(sa.select(identity.c.name)).scalar_one())
