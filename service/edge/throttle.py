"""Guessing at credentials is slowed down, without keeping anybody else from theirs.

A network address that fails too often to open a case is refused when it fails again, until it has
waited; what opens a case is never refused, because whoever lives with an owner has her address. If
all together fail too often, from addresses that nobody knows, wrong answers come late; right ones
never do. A key is always looked at: one machine of a platform with an old key must not stop others.
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
        """Note where a request comes from."""
        self._sources.mark(scope)

    async def leave(self, scope: Scope, status: int) -> None:
        """Count an answer before it is sent; delay it if all together fail too often.

        Raises TooManyRequests, to be answered instead, if its source failed too often before.
        """
        if status != HTTPStatus.UNAUTHORIZED:
            return
        source = self._sources.name(scope) if _is_of_case(scope) else None
        self._budgets.require_guesses(source)
        often = self._budgets.count_failure(source)
        if often and self._delayed < limits.DELAYED_FAILURES:
            self._delayed += 1
            try:
                await asyncio.sleep(limits.FAILURE_DELAY_SECONDS)
            finally:
                self._delayed -= 1


def _is_of_case(scope: Scope) -> bool:
    """Whether a request may have the access key of a case: in its header, or in a page's form."""
    if not scope["path"].startswith("/v1/"):
        return bool(scope["method"] == "POST")
    return any(
        name == b"authorization" and value[:7].lower() != b"bearer "
        for name, value in scope["headers"]
    )
