"""The body of a request as JSON, parsed more strictly than Python does (I-JSON, RFC 7493)."""

from __future__ import annotations

import json
from collections.abc import Callable, Coroutine
from typing import Any, NoReturn

from fastapi import Request, Response
from fastapi.routing import APIRoute


class StrictRoute(APIRoute):
    """A route whose JSON body is UTF-8, without duplicate names, NaN or Infinity."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Return FastAPI's handler of this route, called with a request that parses strictly."""
        handle = super().get_route_handler()

        async def handle_strictly(request: Request) -> Response:
            return await handle(_StrictRequest(request.scope, request.receive))

        return handle_strictly


class _StrictRequest(Request):
    async def json(self) -> Any:  # noqa: ANN401 (whatever the document holds)
        """Return the parsed body.

        Raises JSONDecodeError, the only error for which FastAPI blames the client.
        """
        return parse(await self.body())


def parse(untrusted: bytes) -> Any:  # noqa: ANN401 (whatever the document holds)
    """Return what a JSON document holds. Raises JSONDecodeError, which quotes nothing of it."""
    try:
        return json.loads(
            untrusted.decode(), object_pairs_hook=_unique_names, parse_constant=_refuse_constant
        )
    except (ValueError, RecursionError) as err:  # RecursionError: nested too deeply
        raise json.JSONDecodeError("not a JSON document", "", 0) from err


def _unique_names(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Refuse duplicate names: two parsers may each use a different one."""
    members = dict(pairs)
    if len(members) != len(pairs):
        raise ValueError("duplicate name")
    return members


def _refuse_constant(_constant: str) -> NoReturn:
    raise ValueError("NaN and Infinity are not JSON")
