"""The body of a request as JSON, read more strictly than Python does (I-JSON, RFC 7493)."""

from __future__ import annotations

import json
from collections.abc import Callable, Coroutine
from typing import Any, NoReturn

from fastapi import Request, Response
from fastapi.routing import APIRoute


class StrictRoute(APIRoute):
    """A route whose body is UTF-8, has each name once, and numbers that are numbers."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Return the route's own handler, given a stricter request."""
        handle = super().get_route_handler()

        async def strictly(request: Request) -> Response:
            return await handle(_Request(request.scope, request.receive))

        return strictly


class _Request(Request):
    async def json(self) -> Any:  # noqa: ANN401 (whatever the document holds)
        """Return the body. Raises JSONDecodeError, which alone FastAPI calls our client's fault."""
        return parse(await self.body())


def parse(untrusted: bytes) -> Any:  # noqa: ANN401 (whatever the document holds)
    """Return what a JSON document holds. Raises JSONDecodeError, which repeats nothing of it."""
    try:
        return json.loads(untrusted.decode(), object_pairs_hook=_once, parse_constant=_refuse)
    except (ValueError, RecursionError) as err:  # RecursionError: nested too deep
        raise json.JSONDecodeError("not a JSON document", "", 0) from err


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Two parsers may each take another one of two equal names."""
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a name is there twice")
    return found


def _refuse(_constant: str) -> NoReturn:
    raise ValueError("NaN and Infinity are not JSON")
