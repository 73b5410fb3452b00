"""Routes of platforms, which ask often: called without what FastAPI does for any function.

FastAPI reads their signatures for the OpenAPI document, as of every route. To answer, it would
solve each dependency by itself and validate the answer that we made from a model.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

from fastapi import Request, Response
from fastapi.dependencies.models import Dependant
from pydantic import BaseModel

from service.edge.bodies import Lane
from service.edge.credentials import Proof, proof_of
from service.edge.document import Handle, Respond, StrictRoute, model_of
from service.edge.incoming import StrictIn


class DirectRoute(StrictRoute):
    """A StrictRoute of whoever has a key, given its document and what is read from a request.

    Its function returns a model of wire, always with the same status. Raises TypeError, when the
    route is made, if it needs more than that.
    """

    def __init__(self, path: str, endpoint: Callable[..., Any], **more: Any) -> None:  # noqa: ANN401 (FastAPI's own)
        super().__init__(path, endpoint, **more)
        takes, proof, model = self.dependant, proof_of(self.dependant), model_of(self)
        others = [each for each in takes.dependencies if not isinstance(each.call, Proof)]
        parameters = takes.path_params or takes.query_params or takes.header_params
        if (
            proof is None
            or model is None
            or parameters
            or takes.response_param_name
            or not all(map(_is_at_once, others))
        ):
            raise TypeError(f"{path} is not as a DirectRoute has to be")
        self._work, self._proof, self._others = endpoint, proof, others
        self._caller = next(one.name for one in takes.dependencies if isinstance(one.call, Proof))

    def responder(self, _handle: Handle) -> Respond:
        """Return what answers a request instead of FastAPI's handler."""

        async def respond(request: Request, document: StrictIn, lane: Lane) -> Response:
            given = await self._given(request)
            return await lane.threads.run(self._answer, request, document, given)

        return respond

    def _answer(self, request: Request, document: StrictIn, given: dict[str, Any]) -> Response:
        """Work, and write the answer: both in the thread, which no other request waits for."""
        given[self.dependant.body_params[0].name] = document
        given[str(self._caller)] = self._proof.caller(request)
        answer: BaseModel = self._work(**given)
        content = answer.__pydantic_serializer__.to_json(
            answer, exclude_none=self.response_model_exclude_none
        )
        return Response(content, self.status_code or 200, media_type="application/json")

    async def _given(self, request: Request) -> dict[str, Any]:
        """What the function is given, but document and caller."""
        return {str(each.name): await _read(request, each) for each in self._others}


def _is_at_once(dependant: Dependant) -> bool:
    return inspect.iscoroutinefunction(dependant.call) and not dependant.dependencies


async def _read(request: Request, dependant: Dependant) -> Any:  # noqa: ANN401 (whatever it is)
    """What a dependency gives, or what a test has put in its place."""
    call: Any = dependant.call
    replaced = request.app.dependency_overrides.get(call)
    if replaced is not None:
        return replaced()
    return await (call(request) if dependant.request_param_name else call())
