"""The store that a command works on: opened, recognised by its secret, closed afterwards."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING

from service.domain.audit import By, Kind
from service.domain.member import minute_of_day
from service.domain.watch import Clock
from service.secret_file import has_secret
from service.settings import STORE, InvalidSetting, Settings, usable_state
from service.store.database import Database
from service.workflows import recognise, store_context
from service.workflows.store_context import StoreContext

if TYPE_CHECKING:
    from service.workflows.context import Context


@contextmanager
def unloaded(settings: Settings) -> Iterator[StoreContext]:
    """Give a context without a replica, for commands that search nothing: they start at once.

    Raises NotReady, or InvalidSetting if its secret is missing or is not that of the store.
    """
    _require_a_secret(settings)
    with usable_state(settings):
        opened = store_context.create(settings)
    with closing(opened.database):
        _recognise(opened)
        yield opened


def recognised(settings: Settings) -> Context:
    """Return a context whose store is of this version, and was opened with this secret before."""
    from service.workflows import context  # noqa: PLC0415 (the index takes a second to import)

    _require_a_secret(settings)
    with usable_state(settings):
        opened = context.create(settings)
    try:
        _recognise(opened)
    except BaseException:
        opened.database.close()
        raise
    return opened


@contextmanager
def searching(settings: Settings) -> Iterator[Context]:
    """Give a context whose index is not loaded. Raises as `unloaded` does."""
    opened = recognised(settings)
    with closing(opened.database):
        yield opened


@contextmanager
def loaded(settings: Settings) -> Iterator[Context]:
    """Give a context with its index, for commands that search. Raises NotReady."""
    with searching(settings) as opened:
        opened.replica.load()
        yield opened


def require(settings: Settings) -> None:
    """Raise InvalidSetting if there is no embedded store: most commands make none."""
    with usable_state(settings):
        exists = (settings.state / STORE).exists()
    if not exists:
        raise InvalidSetting(
            f"There is no store in {settings.state.absolute()}. Set TAKEBACK_STATE to the folder "
            "of the service, or make a store with `serve` or `migrate`."
        )


def migrate(settings: Settings) -> None:
    """Bring the tables to this version."""
    with closing(Database(settings.database)) as database:
        database.migrate()


def today() -> date:
    """Return the day, in UTC."""
    return datetime.now(UTC).date()


def now() -> Clock:
    """Return the day in UTC, and the second since 1970."""
    at = datetime.now(UTC)
    return Clock(at.date(), int(at.timestamp()))


def operator() -> By:
    """Return the operator as whoever acts, at this minute."""
    return By(Kind.OPERATOR, minute=minute_of_day(now().second))


def _require_a_secret(settings: Settings) -> None:
    if not has_secret(settings):
        with closing(Database(settings.database)) as database:
            recognise.require_no_secret(database)


def _recognise(context: StoreContext) -> None:
    context.database.require_current()
    recognise.require_secret(context)
