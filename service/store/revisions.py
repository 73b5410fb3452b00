"""Which revision the tables are of, and the way to another one.

Alembic goes the way, and is loaded only for that: most starts find the tables as they should be.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import sqlalchemy as sa

if TYPE_CHECKING:
    from alembic.config import Config

MIGRATIONS = Path(__file__).with_name("migrations")
HEAD = max(path.name[:4] for path in MIGRATIONS.glob("versions/[0-9]*.py"))
"""That of this version: migrations follow each other, and the names of their files begin with
their numbers."""
_VERSION = sa.table("alembic_version", sa.column("version_num"))


def current(tx: sa.Connection) -> str | None:
    """Return the revision of the tables; None if there are none."""
    if not sa.inspect(tx).has_table(_VERSION.name):
        return None
    return tx.scalar(sa.select(_VERSION.c.version_num))


def upgrade(connection: sa.Connection) -> None:
    """Bring the tables to the revision of this version."""
    from alembic import command  # noqa: PLC0415 (it takes as long to import as most commands do)

    command.upgrade(_config(connection), "head")


def downgrade(connection: sa.Connection, revision: str) -> None:
    """Take the tables back to an earlier revision."""
    from alembic import command  # noqa: PLC0415 (the same)

    command.downgrade(_config(connection), revision)


def _config(connection: sa.Connection) -> Config:
    from alembic.config import Config  # noqa: PLC0415 (the same)

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    return config
