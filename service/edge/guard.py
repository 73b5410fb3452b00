"""ASGI middleware around every route: body limit, response headers, request metrics, log line.

The log line has the route's template, the method, the status and the duration. Never a path,
an address, a header or a body: they hold signals, keys and case numbers.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from service.domain.errors import ServiceError, TooLarge, TooManyRequests
from service.edge.bodies import declared_length
from service.edge.meters import Meters
from service.edge.problems import problem, unexpected
from service.edge.throttle import Throttle

log = logging.getLogger(__name__)

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
"""Methods logged and counted by name. Clients may invent others, which count as "other"."""
HEADERS = (
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"cache-control", b"no-store"),
)


class Guard:
    """Pure ASGI, so that a body is counted as it arrives and never buffered twice."""

    def __init__(
        self,
        app: App,
        *,
        max_body_bytes: int,
        meters: Meters,
        throttle: Throttle,
        refusal: Callable[[Scope, ServiceError], App] = lambda _scope, err: problem(err),
    ) -> None:
        self._app = app
        self._max_body_bytes = max_body_bytes
        self._meters = meters
        self._throttle = throttle
        self._refusal = refusal

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started = time.perf_counter()
        status = 0
        is_head = scope["method"] == "HEAD"
        inner = {**scope, "method": "GET"} if is_head else scope  # RFC 9110, 9.3.2
        received_bytes = 0

        async def receive_counted() -> Message:
            nonlocal received_bytes
            message = await receive()
            received_bytes += len(message.get("body", b""))
            self._require_within_limit(received_bytes)
            return message

        async def send_with_headers(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                await self._throttle.leave(scope, status)
                present = {name.lower() for name, _ in message["headers"]}
                message["headers"] = [
                    *message["headers"],
                    *(header for header in HEADERS if header[0] not in present),
                ]
            if is_head and message["type"] == "http.response.body":
                message["body"] = b""
            await send(message)

        try:
            self._require_within_limit(declared_length(scope["headers"]))
            self._throttle.enter(inner)
            await self._app(inner, receive_counted, send_with_headers)
        except _BodyTooLarge:
            await self._refusal(inner, TooLarge())(inner, receive, send_with_headers)
        except TooManyRequests as err:
            await self._refusal(inner, err)(inner, receive, send_with_headers)
        except Exception as err:  # Starlette's own handler would answer without our headers
            if status:
                raise
            await unexpected(err, _route(inner))(scope, receive, send_with_headers)
        finally:
            self._record(scope, _route(inner), status, time.perf_counter() - started)

    def _require_within_limit(self, size: int) -> None:
        if size > self._max_body_bytes:
            raise _BodyTooLarge

    def _record(self, scope: Scope, route: str, status: int, seconds: float) -> None:
        method = scope["method"] if scope["method"] in METHODS else "other"
        self._meters.requests.labels(route, method, status).observe(seconds)
        fields = {"route": route, "method": method, "status": status}
        log.info("answered", extra={**fields, "ms": round(1000 * seconds, 1)})


class _BodyTooLarge(BaseException):
    """Not an Exception, so that nothing inside the app takes it for invalid JSON."""


def _route(scope: Scope) -> str:
    """Return the template of the path, which holds nothing from the request."""
    return getattr(scope.get("route"), "path", "unknown")
