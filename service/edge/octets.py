"""Bodies of sealed bytes, which are not looked at: evidence comes in pieces of a chunk at most.

Received in the memory of a lane of their own (`bodies`), and sent from the disk, 64 KiB at a time:
whoever sends or reads slowly keeps no more than that.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Annotated, Any

from fastapi import Depends, Request, Response
from fastapi.dependencies.models import Dependant
from fastapi.responses import FileResponse
from fastapi.routing import APIRoute

from service.domain.errors import InvalidRequest
from service.edge.bodies import Callers, body_of, declared_length, enter_lane
from service.edge.budgets import budgets_of
from service.edge.credentials import proof_of
from service.edge.sources import source_of
from service.edge.work_threads import in_threads

MEDIA_TYPE = "application/octet-stream"
_LEAST = 1024
"""Bytes that each body is charged for: one that says less has to be received too."""
SENT = {"content": {MEDIA_TYPE: {"schema": {"type": "string", "format": "sealed"}}}}
"""How a body or an answer is documented."""


class Octets:
    """The body of a request, of so many bytes at most, as a dependency of routes."""

    def __init__(self, most: int) -> None:
        self.most = most

    async def __call__(self, request: Request) -> bytes:
        """Return the body, which the route has read."""
        body: bytes = request.state.octets
        return body


class OctetRoute(APIRoute):
    """A route whose body, if it takes one, is sealed bytes, read once it is known who sends it."""

    def __init__(self, path: str, endpoint: Callable[..., Any], **more: Any) -> None:  # noqa: ANN401 (FastAPI's own)
        super().__init__(path, in_threads(endpoint), **more)

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Return FastAPI's handler of this route, called with a request that is read already."""
        handle = super().get_route_handler()
        proof, octets = proof_of(self.dependant), _octets_of(self.dependant)
        if proof is None:
            raise TypeError(f"{self.path} takes bytes from anybody")

        async def handle_octets(request: Request) -> Response:
            await proof.prove(request)
            lane = enter_lane(request, Callers.EVIDENCE)
            if octets is None:
                return await handle(request)
            if request.headers.get("Content-Type") != MEDIA_TYPE:
                raise InvalidRequest(f"The Content-Type of this request is {MEDIA_TYPE}.")
            size = max(_LEAST, declared_length(request.scope["headers"]) or octets.most)
            budgets_of(request).charge_evidence(source_of(request), min(size, octets.most))
            async with body_of(request, lane, octets.most) as untrusted:
                request.state.octets = untrusted
                return await handle(request)

        return handle_octets


def _octets_of(dependant: Dependant) -> Octets | None:
    for each in dependant.dependencies:
        if isinstance(each.call, Octets):
            return each.call
    return None


def sealed_file(path: Path) -> FileResponse:
    """Return an answer that is sent from the disk."""
    return FileResponse(path, media_type=MEDIA_TYPE)


def octets(most: int) -> Any:  # noqa: ANN401 (a type with what FastAPI calls)
    """Return the type of a parameter that is the body, of so many bytes at most."""
    return Annotated[bytes, Depends(Octets(most))]
