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
        exchange = _Exchange(scope, receive, send, self._max_body_bytes, self._throttle)
        asked = {**scope, "method": "GET"} if exchange.is_head else scope  # RFC 9110, 9.3.2
        started = time.perf_counter()
        try:
            exchange.require_within_limit(declared_length(scope["headers"]))
            self._throttle.enter(asked)
            await self._app(asked, exchange.receive, exchange.send)
        except _BodyTooLarge:
            await self._refusal(asked, TooLarge())(asked, receive, exchange.send)
        except _Refused as refused:
            await self._refusal(asked, refused.error)(asked, receive, exchange.send)
        except Exception as err:  # Starlette's own handler would answer without our headers
            if exchange.status:
                raise
            await unexpected(err, _route(asked))(asked, receive, exchange.send)
        finally:
            seconds = time.perf_counter() - started
            self._record(scope["method"], _route(asked), exchange.status, seconds)

    def _record(self, method: str, route: str, status: int, seconds: float) -> None:
        method = method if method in METHODS else "other"
        self._meters.requests.labels(route, method, status).observe(seconds)
        fields = {"route": route, "method": method, "status": status}
        log.info("answered", extra={**fields, "ms": round(1000 * seconds, 1)})


class _Exchange:
    """The messages of one request and its answer."""

    def __init__(
        self, scope: Scope, receive: Receive, send: Send, max_body_bytes: int, throttle: Throttle
    ) -> None:
        self._scope = scope
        self._receive = receive
        self._send = send
        self._max_body_bytes = max_body_bytes
        self._throttle = throttle
        self._received_bytes = 0
        self.is_head = scope["method"] == "HEAD"
        self.status = 0
        """Of the answer, 0 until it begins."""

    async def receive(self) -> Message:
        """Receive, and count the bytes of the body."""
        message = await self._receive()
        self._received_bytes += len(message.get("body", b""))
        self.require_within_limit(self._received_bytes)
        return message

    async def send(self, message: Message) -> None:
        """Send, with the headers of every answer, and without the body of one to HEAD."""
        if message["type"] == "http.response.start":
            try:
                await self._throttle.leave(self._scope, message["status"])
            except TooManyRequests as err:
                raise _Refused(err) from err
            self.status = message["status"]
            present = {name.lower() for name, _ in message["headers"]}
            message["headers"] = [
                *message["headers"],
                *(header for header in HEADERS if header[0] not in present),
            ]
        elif self.is_head:
            message["body"] = b""
        await self._send(message)

    def require_within_limit(self, size: int) -> None:
        """Raise _BodyTooLarge above the limit."""
        if size > self._max_body_bytes:
            raise _BodyTooLarge


class _BodyTooLarge(BaseException):
    """Not an Exception, so that nothing inside the app takes it for invalid JSON."""


class _Refused(BaseException):
    """Raised in place of the answer that the app begins; nothing inside the app may catch it."""

    def __init__(self, error: TooManyRequests) -> None:
        super().__init__()
        self.error = error


def _route(scope: Scope) -> str:
    """Return the template of the path, which holds nothing from the request."""
    return getattr(scope.get("route"), "path", "unknown")
