"""Whether this process is ready, asked of the store once a second at most, whoever asks us."""

from __future__ import annotations

import asyncio
from typing import Annotated

from anyio import CapacityLimiter, to_thread
from fastapi import Depends, Request

from service.domain.errors import NotReady, ServiceError
from service.workflows.context import Context

KEPT_SECONDS = 1
"""How long an answer is repeated."""
STORE_SECONDS = 5
"""How long the store is waited for."""


class Readiness:
    """The last answer. It is found out in a thread of its own: all others may be busy."""

    def __init__(self) -> None:
        self._kept_until = 0.0
        self._refusal: ServiceError | None = None
        self._asking = asyncio.Lock()
        self._thread = CapacityLimiter(1)

    async def require(self, context: Context) -> None:
        """Raise NotReady unless the store is reachable and of this version."""
        async with self._asking:
            now = asyncio.get_running_loop().time()
            if now >= self._kept_until:
                self._refusal = await self._ask(context)
                self._kept_until = now + KEPT_SECONDS
        if self._refusal:
            raise self._refusal

    async def _ask(self, context: Context) -> ServiceError | None:
        try:
            async with asyncio.timeout(STORE_SECONDS):
                await to_thread.run_sync(
                    context.replica.require_current, abandon_on_cancel=True, limiter=self._thread
                )
        except TimeoutError:
            return NotReady()
        except ServiceError as err:
            return err
        return None


async def _readiness(request: Request) -> Readiness:
    readiness: Readiness = request.app.state.readiness
    return readiness


CurrentReadiness = Annotated[Readiness, Depends(_readiness)]
