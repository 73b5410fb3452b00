"""Run by Alembic through `service.store.database`; offline SQL is made by `--sql` of nobody."""

from alembic import context

from service.store import (  # noqa: F401 (each adds its tables to the metadata)
    audit_schema,
    grant_schema,
    member_schema,
    notice_schema,
    watch_schema,
)
from service.store.schema import metadata

connection = context.config.attributes["connection"]
context.configure(connection=connection, target_metadata=metadata, render_as_batch=True)
with context.begin_transaction():
    context.run_migrations()
