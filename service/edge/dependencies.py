"""FastAPI dependencies that every route may ask for: the process's context, and the day."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Annotated

from fastapi import Depends, Request

from service.domain.errors import NotReady
from service.domain.watch import Clock
from service.workflows.context import Context


def loaded(request: Request) -> Context:
    """Return the context of this process. Raises NotReady while it is loading."""
    context: Context = request.app.state.context
    if not context.replica.ready:
        raise NotReady
    return context


async def context(request: Request) -> Context:
    """The same as a dependency. `async`, as all that do not wait: a thread costs more than they."""
    return loaded(request)


def current_day() -> date:
    """Return the current day in UTC. Only here do requests read a clock for what is stored."""
    return datetime.now(UTC).date()


async def today() -> date:
    """The same as a dependency."""
    return current_day()


async def clock() -> Clock:
    """Return day and second, which only visits of crawlers need."""
    now = datetime.now(UTC)
    return Clock(now.date(), int(now.timestamp()))


CurrentContext = Annotated[Context, Depends(context)]
Today = Annotated[date, Depends(today)]
CurrentClock = Annotated[Clock, Depends(clock)]
