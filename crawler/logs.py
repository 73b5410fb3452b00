"""Lines about what was done: ids and codes, never an address, a signal or what a page says."""

from __future__ import annotations

import logging
import sys

log = logging.getLogger("crawler")

_FOREIGN = ("scrapy", "aiohttp", "asyncio", "twisted", "protego", "psycopg", "py.warnings", "PIL")
"""Their lines have addresses: none is written."""


def configure(*, quiet: bool) -> None:
    """Write our lines to standard error, and nobody else's anywhere."""
    for name in _FOREIGN:
        foreign = logging.getLogger(name)
        foreign.propagate = False
        foreign.handlers = [logging.NullHandler()]
        foreign.setLevel(logging.CRITICAL)
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s"))
    log.handlers = [handler]
    log.propagate = False
    log.setLevel(logging.WARNING if quiet else logging.INFO)
