"""Around every route: the size limit, the headers, the clock, the log line.

The log has the route's template, method, status and time. Never a path, an address, a header
or a body: those hold signals and numbers.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from service.domain.errors import TooLarge
from service.edge.meters import Meters
from service.edge.problems import problem, unexpected

log = logging.getLogger(__name__)

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
"""What is logged and counted by name: a client may invent any number of others."""
HEADERS = (
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"cache-control", b"no-store"),
)


_MOST_DIGITS = 20
"""Of a length: more than any limit, and few enough for int() (CVE-2020-10735)."""


class Guard:
    """Pure ASGI, so that a body is counted as it arrives and never gathered twice."""

    def __init__(
        self,
        app: App,
        *,
        max_body_bytes: int,
        meters: Meters,
        too_large: Callable[[Scope], App] = lambda _scope: problem(TooLarge()),
    ) -> None:
        self._app = app
        self._most = max_body_bytes
        self._meters = meters
        self._too_large = too_large

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        begun = time.perf_counter()
        status = 0
        read = 0

        async def counted() -> Message:
            nonlocal read
            message = await receive()
            read += len(message.get("body", b""))
            self._check(read)
            return message

        async def noted(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                given = {name.lower() for name, _ in message["headers"]}
                message["headers"] = [
                    *message["headers"],
                    *(header for header in HEADERS if header[0] not in given),
                ]
            await send(message)

        try:
            self._check(_claimed(scope))
            await self._app(scope, counted, noted)
        except _Overflow:
            await self._too_large(scope)(scope, receive, noted)
        except Exception as err:  # not Starlette's own handler: it is outside of the headers
            if status:
                raise
            await unexpected(err, _route(scope))(scope, receive, noted)
        finally:
            self._note(scope, status, time.perf_counter() - begun)

    def _check(self, size: int) -> None:
        if size > self._most:
            raise _Overflow

    def _note(self, scope: Scope, status: int, seconds: float) -> None:
        route = _route(scope)
        method = scope["method"] if scope["method"] in METHODS else "other"
        self._meters.requests.labels(route, method, status).observe(seconds)
        told = {"route": route, "method": method, "status": status}
        log.info("answered", extra={**told, "ms": round(1000 * seconds, 1)})


class _Overflow(BaseException):
    """Not an Exception: nothing between here and the route may take it for a fault of parsing."""


def _claimed(scope: Scope) -> int:
    for name, value in scope["headers"]:
        if name == b"content-length" and value.isdigit():
            return int(value[:_MOST_DIGITS])
    return 0


def _route(scope: Scope) -> str:
    """The template of the path, which holds nothing of the request."""
    return getattr(scope.get("route"), "path", "unknown")
