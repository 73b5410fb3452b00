"""The body of a request as JSON, parsed more strictly than Python does (I-JSON, RFC 7493).

In this order, so that nothing costs more than whoever sends it has a right to: the credential, the
declared size, the body, its number of values, the parse, the validation up to the first faults.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Coroutine
from email.message import Message
from functools import lru_cache
from typing import Any, NoReturn, TypeVar

from fastapi import Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from pydantic import BaseModel, ValidationError

from service import limits
from service.domain.actor import Actor
from service.domain.errors import TooLarge
from service.edge.bodies import Callers, Lane, body_of, enter_lane
from service.edge.budgets import budgets_of
from service.edge.credentials import caller_of, proof_of
from service.edge.incoming import StrictIn
from service.edge.sources import source_of
from service.edge.work_threads import in_threads

Handle = Callable[[Request], Coroutine[Any, Any, Response]]
Respond = Callable[[Request, StrictIn, Lane], Coroutine[Any, Any, Response]]
"""Answers a request whose document is validated."""
Model = TypeVar("Model", bound=StrictIn)


class StrictRoute(APIRoute):
    """A route whose JSON body is UTF-8, without duplicate names, NaN or Infinity."""

    def __init__(self, path: str, endpoint: Callable[..., Any], **more: Any) -> None:  # noqa: ANN401 (FastAPI's own)
        super().__init__(path, in_threads(endpoint), **more)

    def get_route_handler(self) -> Handle:
        """Return FastAPI's handler of this route, called with a request that is read already."""
        handle = super().get_route_handler()
        respond = self.responder(handle)
        proof, model = proof_of(self.dependant), model_of(self)
        callers = (model.CALLERS if model else None) or (
            proof.callers if proof else Callers.OPENING
        )

        async def handle_strictly(request: Request) -> Response:
            if proof:
                await proof.prove(request)
            lane = enter_lane(request, callers)
            if model is None:
                return await handle(request)
            if proof is None:
                budgets_of(request).charge_attempt(source_of(request))
            return await _with_document(request, respond, model, lane)

        return handle_strictly

    def responder(self, handle: Handle) -> Respond:
        """Return FastAPI's handler, which is given the document as it is."""

        async def respond(request: Request, document: StrictIn, _lane: Lane) -> Response:
            return await handle(_ReadRequest(request, document))

        return respond


def model_of(route: APIRoute) -> type[StrictIn] | None:
    """Return the model of a route's document, None if it takes none."""
    model: Any = route.body_field.field_info.annotation if route.body_field else None
    if model is not None and not issubclass(model, StrictIn):
        raise TypeError(f"the body of {route.path} is no StrictIn")
    return model  # type: ignore[no-any-return]


async def _with_document(
    request: Request, respond: Respond, model: type[StrictIn], lane: Lane
) -> Response:
    require_json(request)
    async with body_of(request, lane, most_of(request, model)) as untrusted:
        charge(request, untrusted)
        if len(untrusted) <= limits.INLINE_BODY:
            document = checked(model, untrusted)
        else:
            document = await lane.validations.run(checked, model, untrusted)
        return await respond(request, document, lane)


def require_json(request: Request) -> None:
    """Raise RequestValidationError unless the request says that its body is JSON."""
    if not _is_json(request.headers.get("Content-Type", "")):
        raise RequestValidationError([{"type": "model_attributes_type", "loc": ("body",)}])


def most_of(request: Request, model: type[StrictIn]) -> int:
    """Return how many bytes a document of a model may have."""
    most: int = request.app.state.context.settings.max_body_bytes
    return min(model.LIMIT.size, most)


def charge(request: Request, untrusted: bytes) -> None:
    """Charge whoever asks for a body. Raises TooManyRequests, or RequestValidationError without."""
    if isinstance(actor := caller_of(request), Actor):
        budgets_of(request).charge_bytes(actor.id, len(untrusted))
    if not untrusted:
        raise RequestValidationError([{"type": "missing", "loc": ("body",)}])


@lru_cache(maxsize=64)
def _is_json(content_type: str) -> bool:
    message = Message()
    message["content-type"] = content_type
    subtype = message.get_content_subtype()
    of_application = message.get_content_maintype() == "application"
    return (
        bool(content_type) and of_application and (subtype == "json" or subtype.endswith("+json"))
    )


class _ReadRequest(Request):
    """A request whose body was read, parsed and validated; FastAPI passes the model on as it is."""

    def __init__(self, request: Request, document: BaseModel) -> None:
        super().__init__(request.scope, request.receive)
        self._document = document

    async def body(self) -> bytes:
        """Return something that is not empty, which is all that FastAPI looks for."""
        return b"{}"

    async def json(self) -> Any:  # noqa: ANN401 (whatever the document holds)
        """Return the model."""
        return self._document


def checked(model: type[Model], untrusted: bytes) -> Model:
    """Return the model of a document. Raises RequestValidationError."""
    try:
        return validated(model, untrusted)
    except json.JSONDecodeError:
        raise RequestValidationError([{"type": "json_invalid", "loc": ("body",)}]) from None
    except ValidationError as err:
        details = err.errors(include_url=False, include_context=False, include_input=False)
        faults = [{"type": each["type"], "loc": ("body", *each["loc"])} for each in details]
        raise RequestValidationError(faults) from None


def validated(model: type[Model], untrusted: bytes) -> Model:
    """Return the model of a document. Raises JSONDecodeError, ValidationError or TooLarge."""
    if untrusted.count(b",") > model.LIMIT.commas:
        raise TooLarge
    return model.model_validate(parse(untrusted))


def parse(untrusted: bytes) -> Any:  # noqa: ANN401 (whatever the document holds)
    """Return what a JSON document holds. Raises JSONDecodeError, which quotes nothing of it."""
    try:
        return json.loads(
            untrusted.decode(), object_pairs_hook=_unique_names, parse_constant=_refuse_constant
        )
    except (ValueError, RecursionError) as err:  # RecursionError: nested too deeply
        raise json.JSONDecodeError("not a JSON document", "", 0) from err


def _unique_names(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Refuse duplicate names: two parsers may each use a different one. Refuse many names, too."""
    members = dict(pairs)
    if len(members) != len(pairs) or len(pairs) > limits.MAX_NAMES:
        raise ValueError("duplicate names, or more than any document has")
    return members


def _refuse_constant(_constant: str) -> NoReturn:
    raise ValueError("NaN and Infinity are not JSON")
