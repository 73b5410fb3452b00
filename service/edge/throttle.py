"""Guessing at credentials is slowed down, without keeping anybody else from theirs.

A network address that fails too often waits before it is heard again. If all together fail too
often, from addresses that nobody knows, wrong answers come late; right ones never do.
"""

from __future__ import annotations

import asyncio
from collections.abc import MutableMapping
from http import HTTPStatus
from typing import Any

from service import limits
from service.edge.budgets import Budgets
from service.edge.sources import Sources

Scope = MutableMapping[str, Any]


class Throttle:
    """Counts what failed to prove itself."""

    def __init__(self, budgets: Budgets, sources: Sources) -> None:
        self._budgets = budgets
        self._sources = sources
        self._delayed = 0

    def enter(self, scope: Scope) -> None:
        """Let a request in. Raises TooManyRequests if its source failed too often."""
        source = self._sources.mark(scope)
        if _has_credential(scope):
            self._budgets.require_guesses(source)

    async def leave(self, scope: Scope, status: int) -> None:
        """Count an answer before it is sent; delay it if all together fail too often."""
        if status != HTTPStatus.UNAUTHORIZED:
            return
        often = self._budgets.count_failure(self._sources.name(scope))
        if often and self._delayed < limits.DELAYED_FAILURES:
            self._delayed += 1
            try:
                await asyncio.sleep(limits.FAILURE_DELAY_SECONDS)
            finally:
                self._delayed -= 1


def _has_credential(scope: Scope) -> bool:
    """Whether a request has one: in its header, or, of a page, in its form."""
    if scope["method"] == "POST" and not scope["path"].startswith("/v1/"):
        return True
    return any(name == b"authorization" for name, _ in scope["headers"])
