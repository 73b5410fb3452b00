"""The Authorization header to an actor."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, Request
from fastapi.security import APIKeyHeader, HTTPBearer

from service.domain.actor import Act, Actor, Owner
from service.domain.errors import Unauthenticated
from service.edge.dependencies import Here
from service.workflows import authenticate

MAX_CREDENTIAL = 200
"""Characters of an Authorization header; ours have at most 80."""

_case_scheme = APIKeyHeader(
    name="Authorization",
    scheme_name="Case",
    description="`Case NUMBER:ACCESSKEY`, the access key in hexadecimal",
    auto_error=False,
)
_key_scheme = HTTPBearer(
    scheme_name="Key", description="`Bearer KEY` of a platform or crawler", auto_error=False
)


def _credential(request: Request, scheme: str) -> str:
    untrusted = request.headers.get("Authorization", "")
    given, _, credential = untrusted.partition(" ")
    if len(untrusted) > MAX_CREDENTIAL or given.lower() != scheme:
        raise Unauthenticated
    return credential.strip()


def owner(
    request: Request, here: Here, _documented: Annotated[None, Depends(_case_scheme)]
) -> Owner:
    """Whoever has the passphrase of a case."""
    number, _, access_key = _credential(request, "case").rpartition(":")
    return authenticate.owner(here, number, access_key)


def _holder(
    request: Request, here: Here, _documented: Annotated[None, Depends(_key_scheme)]
) -> Actor:
    return authenticate.key_holder(here, _credential(request, "bearer"))


Holder = Annotated[Actor, Depends(_holder)]


def may_look_up(actor: Holder) -> Actor:
    """A key that may look up."""
    actor.require(Act.LOOKUP)
    return actor


def may_observe(actor: Holder) -> Actor:
    """A key that may hand in observations."""
    actor.require(Act.OBSERVE)
    return actor


def may_respond(actor: Holder) -> Actor:
    """A key that may say what was done about a match."""
    actor.require(Act.FEEDBACK)
    return actor
