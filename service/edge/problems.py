"""Errors → HTTP statuses and problem documents (RFC 9457)."""

from __future__ import annotations

import math
from collections.abc import Mapping
from copy import deepcopy
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException

from service.domain import errors
from service.edge.unexpected_errors import log_unexpected

STATUS: dict[type[errors.ServiceError], HTTPStatus] = {
    errors.ServiceError: HTTPStatus.INTERNAL_SERVER_ERROR,
    errors.Unauthenticated: HTTPStatus.UNAUTHORIZED,
    errors.Forbidden: HTTPStatus.FORBIDDEN,
    errors.NotGranted: HTTPStatus.FORBIDDEN,
    errors.NotFound: HTTPStatus.NOT_FOUND,
    errors.Withdrawn: HTTPStatus.GONE,
    errors.UndoneTooOften: HTTPStatus.TOO_MANY_REQUESTS,
    errors.Conflict: HTTPStatus.CONFLICT,
    errors.CaseFull: HTTPStatus.UNPROCESSABLE_ENTITY,
    errors.WatchesFull: HTTPStatus.UNPROCESSABLE_ENTITY,
    errors.ChannelRefused: HTTPStatus.UNPROCESSABLE_ENTITY,
    errors.WrongCode: HTTPStatus.UNPROCESSABLE_ENTITY,
    errors.GrantsFull: HTTPStatus.UNPROCESSABLE_ENTITY,
    errors.NoticesFull: HTTPStatus.UNPROCESSABLE_ENTITY,
    errors.NoticeIncomplete: HTTPStatus.UNPROCESSABLE_ENTITY,
    errors.NotEligible: HTTPStatus.UNPROCESSABLE_ENTITY,
    errors.InvalidRequest: HTTPStatus.UNPROCESSABLE_ENTITY,
    errors.TooLarge: HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    errors.TooSlow: HTTPStatus.REQUEST_TIMEOUT,
    errors.TooManyRequests: HTTPStatus.TOO_MANY_REQUESTS,
    errors.WorkNeeded: HTTPStatus.PRECONDITION_REQUIRED,
    errors.WorkExpired: HTTPStatus.PRECONDITION_REQUIRED,
    errors.IllegalTransition: HTTPStatus.CONFLICT,
    errors.NotReady: HTTPStatus.SERVICE_UNAVAILABLE,
    errors.Busy: HTTPStatus.SERVICE_UNAVAILABLE,
    errors.StoreFull: HTTPStatus.INSUFFICIENT_STORAGE,
}
"""The status of every error of the service; a test looks for each class here."""

MEDIA_TYPE = "application/problem+json"
MAX_LISTED = 10
"""Validation errors listed in one answer."""


class Problem(BaseModel):
    """A problem document (RFC 9457)."""

    type: str = Field(description="Which kind of problem: takeback:problem:NAME, never changing")
    title: str
    status: int
    detail: str = Field(description="What happened and what to do next")
    faults: list[str] | None = Field(default=None, description="Where the request is wrong")
    challenge: str | None = Field(default=None, description="What to do the proof of work for")
    pieces: int | None = Field(default=None, description="How many pieces of work are needed")


_SCHEMA = Problem.model_json_schema()
"""Made once: it takes longer than all routes together."""


def responses(*kinds: type[errors.ServiceError]) -> dict[int | str, dict[str, Any]]:
    """Return the OpenAPI entries of the problems that a route can answer with."""
    always = (
        errors.InvalidRequest,
        errors.TooLarge,
        errors.TooSlow,
        errors.TooManyRequests,
        errors.NotReady,
        errors.Busy,
        errors.StoreFull,
    )
    documented: list[type[errors.ServiceError]] = [*always, *kinds]
    return {
        STATUS[kind].value: {
            "description": " / ".join(k.__name__ for k in documented if STATUS[k] is STATUS[kind]),
            "content": {MEDIA_TYPE: {"schema": deepcopy(_SCHEMA)}},
        }
        for kind in documented
    }


def install(app: FastAPI) -> None:
    """Make an app answer every expected error with a problem document."""
    app.add_exception_handler(errors.ServiceError, _of_service_error)
    app.add_exception_handler(RequestValidationError, _of_validation_error)
    app.add_exception_handler(HTTPException, _of_http_exception)


def problem(err: errors.ServiceError, faults: list[str] | None = None) -> JSONResponse:
    """Return the problem document of an error; `faults` says where the request is wrong."""
    status = STATUS[type(err)]
    headers = {}
    if status is HTTPStatus.UNAUTHORIZED:
        headers["WWW-Authenticate"] = 'Case, Bearer realm="takeback"'
    if retry_after := retry_after_of(err):
        headers["Retry-After"] = retry_after
    more: dict[str, Any] = {"faults": faults}
    if isinstance(err, errors.NoticeIncomplete):
        more |= {"faults": list(err.fields) or None}
    if isinstance(err, errors.WorkNeeded):
        more |= {"challenge": err.challenge, "pieces": err.pieces}
    return _document(status, type(err).__name__, str(err), headers=headers, **more)


def retry_after_of(err: errors.ServiceError) -> str | None:
    """Return after how many seconds to try again (RFC 9110, 10.2.3), if that may help."""
    if isinstance(err, errors.TooManyRequests):
        return str(max(1, math.ceil(err.seconds)))
    return "1" if STATUS[type(err)] is HTTPStatus.SERVICE_UNAVAILABLE else None


def unexpected(err: Exception, route: str) -> JSONResponse:
    """Log an unexpected error; return a problem document that tells nothing about it."""
    log_unexpected(err, route)
    return problem(errors.ServiceError("Something went wrong here, not with you. Try again."))


def _of_service_error(_request: Request, err: Exception) -> JSONResponse:
    assert isinstance(err, errors.ServiceError)  # noqa: S101 (the class it is installed for)
    return problem(err)


def _of_validation_error(_request: Request, err: Exception) -> JSONResponse:
    """Name the wrong fields, as the documentation does, and never quote their values."""
    assert isinstance(err, RequestValidationError)  # noqa: S101 (the class it is installed for)
    faults = [_fault(detail) for detail in err.errors()[:MAX_LISTED]]
    invalid = errors.InvalidRequest(
        "The request does not have the form that /openapi.json documents."
    )
    return problem(invalid, faults)


def _fault(detail: Mapping[str, Any]) -> str:
    """Return location and kind of a validation error. Names that are not ours may be secrets."""
    location, kind = detail["loc"], detail["type"]
    if kind == "extra_forbidden":
        location, kind = location[:-1], "unknown name"
    elif kind == "json_invalid":
        location = location[:1]
    return f"{'.'.join(str(part) for part in location)}: {kind.replace('_', ' ')}"


def _of_http_exception(_request: Request, err: Exception) -> JSONResponse:
    assert isinstance(err, HTTPException)  # noqa: S101 (the class it is installed for)
    status = HTTPStatus(err.status_code)
    name = status.phrase.title().replace(" ", "").replace("-", "")
    return _document(status, name, status.description or status.phrase, headers=err.headers)


def _document(
    status: HTTPStatus,
    name: str,
    detail: str,
    *,
    headers: Any = None,  # noqa: ANN401 (whatever mapping Starlette carries)
    **more: Any,  # noqa: ANN401 (the members that only some problems have)
) -> JSONResponse:
    kebab = "".join(f"-{c.lower()}" if c.isupper() else c for c in name).lstrip("-")
    body = Problem(
        type=f"takeback:problem:{kebab}",
        title=status.phrase,
        status=status.value,
        detail=detail,
        **more,
    )
    return JSONResponse(
        body.model_dump(exclude_none=True), status.value, headers=headers, media_type=MEDIA_TYPE
    )
