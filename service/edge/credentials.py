"""The Authorization header → the owner or key holder who sent it."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, Request
from fastapi.security import APIKeyHeader, HTTPBearer

from service.domain.actor import Act, Actor, Owner
from service.domain.errors import Unauthenticated
from service.edge.dependencies import CurrentContext, Today
from service.workflows import authenticate

MAX_CREDENTIAL = 200
"""Longest Authorization header accepted, in characters; valid ones have at most 80."""

_case_scheme = APIKeyHeader(
    name="Authorization",
    scheme_name="Case",
    description="`Case NUMBER:ACCESSKEY`, the access key in hexadecimal",
    auto_error=False,
)
_key_scheme = HTTPBearer(
    scheme_name="Key", description="`Bearer KEY` of a platform or crawler", auto_error=False
)


def _credential(request: Request, expected_scheme: str) -> str:
    untrusted = request.headers.get("Authorization", "")
    scheme, _, credential = untrusted.partition(" ")
    if len(untrusted) > MAX_CREDENTIAL or scheme.lower() != expected_scheme:
        raise Unauthenticated
    return credential.strip()


def owner(
    request: Request,
    context: CurrentContext,
    _documented: Annotated[None, Depends(_case_scheme)],
) -> Owner:
    """Return the owner of the case that the header opens. Raises Unauthenticated."""
    number, _, access_key = _credential(request, "case").rpartition(":")
    return authenticate.owner(context, number, access_key)


def _key_holder(
    request: Request,
    context: CurrentContext,
    today: Today,
    _documented: Annotated[None, Depends(_key_scheme)],
) -> Actor:
    return authenticate.key_holder(context, _credential(request, "bearer"), today)


KeyHolder = Annotated[Actor, Depends(_key_holder)]


def may_look_up(actor: KeyHolder) -> Actor:
    """Return the key holder, if its role may look up. Raises Forbidden."""
    actor.require(Act.LOOKUP)
    return actor


def may_observe(actor: KeyHolder) -> Actor:
    """Return the key holder, if its role may submit observations. Raises Forbidden."""
    actor.require(Act.OBSERVE)
    return actor


def may_respond(actor: KeyHolder) -> Actor:
    """Return the key holder, if its role may give feedback on matches. Raises Forbidden."""
    actor.require(Act.FEEDBACK)
    return actor
