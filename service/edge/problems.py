"""Errors to problem documents (RFC 9457)."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException

from service.domain import errors
from service.edge import unexpected_errors
from service.edge.statuses import STATUS

MEDIA_TYPE = "application/problem+json"
MAX_FAULTS = 10
"""Places named in one answer to a request that does not have the documented form."""


class Problem(BaseModel):
    """A problem document (RFC 9457)."""

    type: str = Field(description="Which kind of problem: takeback:problem:NAME, never changing")
    title: str
    status: int
    detail: str = Field(description="What happened and what to do next")
    faults: list[str] | None = Field(default=None, description="Where the request is wrong")


def responses(*kinds: type[errors.ServiceError]) -> dict[int | str, dict[str, Any]]:
    """Return the OpenAPI entries of the problems that a route can answer with."""
    always = (errors.InvalidRequest, errors.TooLarge, errors.NotReady)
    named: list[type[errors.ServiceError]] = [*always, *kinds]
    return {
        STATUS[kind].value: {
            "description": " / ".join(k.__name__ for k in named if STATUS[k] is STATUS[kind]),
            "content": {MEDIA_TYPE: {"schema": Problem.model_json_schema()}},
        }
        for kind in named
    }


def install(app: FastAPI) -> None:
    """Answer every error of this app with a problem document."""
    app.add_exception_handler(errors.ServiceError, _of_service)
    app.add_exception_handler(RequestValidationError, _of_validation)
    app.add_exception_handler(HTTPException, _of_http)


def problem(err: errors.ServiceError, places: list[str] | None = None) -> JSONResponse:
    """Return the problem document of an error."""
    status = STATUS[type(err)]
    headers = {}
    if status is HTTPStatus.UNAUTHORIZED:
        headers["WWW-Authenticate"] = 'Case, Bearer realm="takeback"'
    if status is HTTPStatus.SERVICE_UNAVAILABLE:
        headers["Retry-After"] = "1"
    return _answer(status, type(err).__name__, str(err), places=places, headers=headers)


def _of_service(_request: Request, err: Exception) -> JSONResponse:
    assert isinstance(err, errors.ServiceError)  # noqa: S101 (what it was installed for)
    return problem(err)


def _of_validation(_request: Request, err: Exception) -> JSONResponse:
    """Say where and why, in the documented names, and never what was there."""
    assert isinstance(err, RequestValidationError)  # noqa: S101 (what it was installed for)
    places = [_place(fault) for fault in err.errors()[:MAX_FAULTS]]
    what = errors.InvalidRequest("The request does not have the form that /openapi.json documents.")
    return problem(what, places)


def _place(fault: Mapping[str, Any]) -> str:
    """Where a fault is and its kind. A name that is not ours is left out: it may be anything."""
    where, kind = fault["loc"], fault["type"]
    if kind == "extra_forbidden":
        where, kind = where[:-1], "unknown name"
    elif kind == "json_invalid":
        where = where[:1]
    return f"{'.'.join(str(part) for part in where)}: {kind.replace('_', ' ')}"


def _of_http(_request: Request, err: Exception) -> JSONResponse:
    assert isinstance(err, HTTPException)  # noqa: S101 (what it was installed for)
    status = HTTPStatus(err.status_code)
    name = status.phrase.title().replace(" ", "").replace("-", "")
    return _answer(status, name, status.description or status.phrase, headers=err.headers)


def unexpected(err: Exception, route: str) -> JSONResponse:
    """Log where it happened, and say nothing of it."""
    unexpected_errors.unexpected(err, route)
    return problem(errors.ServiceError("Something went wrong here, not with you. Try again."))


def _answer(
    status: HTTPStatus,
    name: str,
    detail: str,
    *,
    places: list[str] | None = None,
    headers: Any = None,  # noqa: ANN401 (whatever mapping Starlette carries)
) -> JSONResponse:
    kebab = "".join(f"-{c.lower()}" if c.isupper() else c for c in name).lstrip("-")
    body = Problem(
        type=f"takeback:problem:{kebab}",
        title=status.phrase,
        status=status.value,
        detail=detail,
        faults=places,
    )
    return JSONResponse(
        body.model_dump(exclude_none=True), status.value, headers=headers, media_type=MEDIA_TYPE
    )
