"""A frontier by what CRAWLER_STATE says: a file, or an address of PostgreSQL."""

from __future__ import annotations

import re
from pathlib import Path

from crawler.frontier.store import Store
from crawler.frontier.transactions import Frontier, Unusable

_NO_DRIVER = (
    "A frontier on PostgreSQL needs psycopg, which requirements-crawler.lock and the extra "
    "crawler-postgresql have. Install one of them."
)


def opened(state: str, *, secret: bytes | None = None, key_file: Path | None = None) -> Frontier:
    """Open a frontier, or make one. Raises Unusable, Away, WrongKey, WrongVersion, InUse."""
    address = re.sub(r"^postgres(ql)?(\+psycopg)?://", "postgresql://", state)
    if not address.startswith("postgresql://"):
        return Store(Path(state), secret=secret, key_file=key_file)
    try:
        from crawler.frontier.shared import SharedStore  # noqa: PLC0415 (with a file, nobody needs it)
    except ModuleNotFoundError as err:
        raise Unusable(_NO_DRIVER) from err
    return SharedStore(address, secret=secret, key_file=key_file)
