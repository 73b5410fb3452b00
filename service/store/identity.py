"""The name of this store, which tells its index from that of another store."""

from __future__ import annotations

import sqlalchemy as sa

from service.store.database import Tx
from service.store.schema import actors, cases, identity


def name(tx: Tx) -> str:
    """Return the random name that the store got when its tables were created."""
    return str(tx.execute(sa.select(identity.c.name)).scalar_one())


def fingerprint(tx: Tx) -> bytes | None:
    """Return the fingerprint of the secret with which this store was opened first."""
    found = tx.execute(sa.select(identity.c.fingerprint)).scalar_one()
    return None if found is None else bytes(found)


def set_fingerprint(tx: Tx, value: bytes) -> None:
    """Store the fingerprint, unless there is one."""
    missing = identity.c.fingerprint.is_(None)
    tx.execute(sa.update(identity).where(missing).values(fingerprint=value))


def is_keyed(tx: Tx) -> bool:
    """Whether anything in this store depends on a secret."""
    keyed = fingerprint(tx) is not None
    return keyed or any(
        tx.scalar(sa.select(sa.exists(table.select()))) for table in (actors, cases)
    )
