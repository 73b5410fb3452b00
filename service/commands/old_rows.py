"""`python -m service.commands.old_rows`: warn of laws and services that nobody checked for long.

Part of `make check`. It always ends well: a row grows old by itself, and no change is to wait.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime

from service import law
from service.domain.regime import OLD_DAYS, is_old
from service.web.site import platforms, support


def old(today: date) -> Iterator[str]:
    """Return a line for each row that was checked too long ago."""
    rows = [
        *((f"regime {one.id}", one.checked_on) for one in law.read().regimes.values()),
        *((f"service {one.name}", one.checked_on) for one in support.read()),
        *((f"platform {one.name}", one.checked_on) for one in platforms.read().values()),
    ]
    for name, checked_on in rows:
        if is_old(checked_on, today):
            yield f"warning: {name} was checked on {checked_on}, more than {OLD_DAYS} days ago"


if __name__ == "__main__":
    for line in old(datetime.now(UTC).date()):
        print(line)
