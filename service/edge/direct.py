"""Routes of platforms, which ask often: called without what FastAPI does for any function.

FastAPI reads their signatures for the OpenAPI document, as of every route. To answer, it would
solve each dependency by itself, validate the answer that we made from a model, and pass through
as many layers: three times as long as a lookup takes.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

from fastapi import Request, Response
from fastapi.dependencies.models import Dependant
from pydantic import BaseModel

from service.edge.bodies import Lane
from service.edge.credentials import Proof
from service.edge.document import Handle, Respond, StrictRoute
from service.edge.incoming import StrictIn


class DirectRoute(StrictRoute):
    """A StrictRoute that is given its document and what can be read from a request at once.

    Its function returns a model of wire, and always with the same status. Raises TypeError when
    the route is made if it needs more than that.
    """

    def __init__(self, path: str, endpoint: Callable[..., Any], **more: Any) -> None:  # noqa: ANN401 (FastAPI's own)
        super().__init__(path, endpoint, **more)
        self._work = endpoint
        self._given = {each.name: each for each in self.dependant.dependencies}
        of_route = self.dependant
        if (
            len(of_route.body_params) != 1
            or of_route.path_params
            or of_route.query_params
            or of_route.header_params
            or of_route.response_param_name
            or not all(map(_is_at_once, of_route.dependencies))
        ):
            raise TypeError(f"{path} needs more than a DirectRoute is given")

    def responder(self, _handle: Handle) -> Respond:
        """Return what answers a request instead of FastAPI's handler."""
        return self._respond

    async def _respond(self, request: Request, document: StrictIn, lane: Lane) -> Response:
        arguments: dict[str, Any] = {self.dependant.body_params[0].name: document}
        for name, each in self._given.items():
            arguments[str(name)] = await _read(request, each)
        content = await lane.threads.run(self._content, arguments)
        return Response(content, self.status_code or 200, media_type="application/json")

    def _content(self, arguments: dict[str, Any]) -> bytes:
        """Work, and write the answer: both in the thread, which no other request waits for."""
        answer: BaseModel = self._work(**arguments)
        return answer.__pydantic_serializer__.to_json(
            answer, exclude_none=self.response_model_exclude_none
        )


def _is_at_once(dependant: Dependant) -> bool:
    if isinstance(dependant.call, Proof):
        return True
    return inspect.iscoroutinefunction(dependant.call) and not dependant.dependencies


async def _read(request: Request, dependant: Dependant) -> Any:  # noqa: ANN401 (whatever it is)
    """What a dependency gives, or what a test has put in its place."""
    call: Any = dependant.call
    if isinstance(call, Proof):
        return call.caller(request)
    replaced = request.app.dependency_overrides.get(call)
    if replaced is not None:
        return replaced()
    return await (call(request) if dependant.request_param_name else call())
