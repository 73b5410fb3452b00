"""What every route is given: the process's context, and the day."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Annotated

from fastapi import Depends, Request

from service.domain.errors import NotReady
from service.workflows.context import Context


def context(request: Request) -> Context:
    """The process's context. Raises NotReady while it is loading."""
    found: Context = request.app.state.context
    if not found.ready:
        raise NotReady
    return found


def today() -> date:
    """The day, in UTC: the one place of the service that reads a clock for what is kept."""
    return datetime.now(UTC).date()


Here = Annotated[Context, Depends(context)]
Now = Annotated[date, Depends(today)]
