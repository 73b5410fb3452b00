"""Changes of one event loop, committed together: the disk is waited for once for many steps."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TypeVar

from crawler.frontier.transactions import Frontier, Tx

T = TypeVar("T")
_Waiting = tuple[Callable[[Tx], object], "asyncio.Future[object]"]


class Commits:
    """Commits whatever has come while the disk was busy with what came before, in that order."""

    def __init__(self, store: Frontier) -> None:
        self._store = store
        self._waiting: list[_Waiting] = []
        self._task: asyncio.Task[None] | None = None

    async def write(self, change: Callable[[Tx], T]) -> T:
        """Make a change, in a thread. Returns what it does, once that is on the disk.

        Raises what it raises: it has then changed nothing. Whoever stops waiting stops no change.
        """
        future: asyncio.Future[object] = asyncio.get_running_loop().create_future()
        self._waiting.append((change, future))
        if self._task is None:
            self._task = asyncio.create_task(self._commit())
        return await future  # type: ignore[return-value]

    async def settled(self) -> None:
        """Wait until nothing waits, of whoever waits for it or not."""
        while self._task is not None:
            await asyncio.wait([self._task])

    async def _commit(self) -> None:
        while self._waiting:
            batch, self._waiting = self._waiting, []
            try:
                came = await asyncio.to_thread(self._store.write_each, [each for each, _ in batch])
            except Exception as err:  # noqa: BLE001 (of the disk: raised for each of them)
                came = [err] * len(batch)
            for (_, future), result in zip(batch, came, strict=True):
                if future.done():  # nobody waits any more
                    continue
                if isinstance(result, Exception):
                    future.set_exception(result)
                else:
                    future.set_result(result)
        self._task = None
