"""Is the secret of this process that of the store? With another one, every key is refused."""

from __future__ import annotations

import hmac

from service.settings import InvalidSetting
from service.store import identity
from service.store.database import Database
from service.workflows.store_context import StoreContext

_RESTORE = (
    "Set TAKEBACK_SECRET, or put the file `secret` back into the state folder: it is in the backup "
    "that belongs to this store."
)


def require_secret(context: StoreContext) -> None:
    """Raise InvalidSetting if this store was opened with another secret before."""
    with context.database.write() as tx:
        identity.set_fingerprint(tx, context.seals.fingerprint)
        stored = identity.fingerprint(tx)
    if stored is None or not hmac.compare_digest(stored, context.seals.fingerprint):
        raise InvalidSetting(
            f"The secret is not that of this store, which would refuse every key. {_RESTORE}"
        )


def require_no_secret(database: Database) -> None:
    """Raise InvalidSetting if a new secret would not be that of this store; or NotReady."""
    database.require_current()
    with database.read() as tx:
        keyed = identity.is_keyed(tx)
    if keyed:
        raise InvalidSetting(
            f"The secret of this store is missing, and a new one would open nothing. {_RESTORE}"
        )
