"""The Authorization header → the owner or key holder who sent it, before the body is read."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Annotated, Any, Generic, TypeVar

from fastapi import Depends, Request
from fastapi.dependencies.models import Dependant
from fastapi.security import APIKeyHeader, HTTPBearer

from service.domain.actor import Act, Actor, Owner
from service.domain.errors import Unauthenticated
from service.edge import dependencies
from service.edge.bodies import Callers
from service.edge.work_threads import Threads
from service.workflows import authenticate
from service.workflows.context import Context

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
Caller = TypeVar("Caller", Owner, Actor)


class Proof(Generic[Caller]):
    """Who asks, as a dependency of routes. A route of the API proves it before the body is read."""

    callers: Callers

    def __init__(self, of: Callable[[Context, str], Caller], *, scheme: str) -> None:
        self._of: Callable[[Context, str], Caller] = of
        self._scheme = scheme
        self.callers = Callers.KEY_HOLDER if scheme == "bearer" else Callers.OWNER

    async def prove(self, request: Request) -> None:
        """Find out who asks. Raises Unauthenticated, Forbidden or NotReady."""
        request.state.caller = await _proving(request).run(self.prepared(request))

    def prepared(self, request: Request) -> Callable[[], Caller]:
        """Return what finds out who asks, in a thread that may wait. Both raise as `prove`."""
        context = dependencies.loaded(request)
        return partial(self._of, context, _credential(request, self._scheme))

    def caller(self, request: Request) -> Caller:
        """Return who was found to ask."""
        caller: Caller = request.state.caller
        return caller


def caller_of(request: Request) -> Owner | Actor | None:
    """Return who was found to ask, None if nobody had to prove it."""
    return getattr(request.state, "caller", None)


def proof_of(dependant: Dependant) -> Proof[Any] | None:
    """Return the proof that a route depends on, if there is one."""
    for each in dependant.dependencies:
        if isinstance(each.call, Proof):
            return each.call
    return None


def _proving(request: Request) -> Threads:
    threads: Threads = request.app.state.proving
    return threads


def _credential(request: Request, expected_scheme: str) -> str:
    untrusted = request.headers.get("Authorization", "")
    scheme, _, credential = untrusted.partition(" ")
    if len(untrusted) > MAX_CREDENTIAL or scheme.lower() != expected_scheme:
        raise Unauthenticated
    return credential.strip()


def _owner(context: Context, credential: str) -> Owner:
    number, _, access_key = credential.rpartition(":")
    return authenticate.owner(context, number, access_key)


class _OfCase(Proof[Owner]):
    async def __call__(
        self, request: Request, _documented: Annotated[None, Depends(_case_scheme)]
    ) -> Owner:
        return self.caller(request)


class _OfKey(Proof[Actor]):
    def __init__(self, act: Act) -> None:
        super().__init__(lambda context, key: _holder(context, key, act), scheme="bearer")

    async def __call__(
        self, request: Request, _documented: Annotated[None, Depends(_key_scheme)]
    ) -> Actor:
        return self.caller(request)


def _holder(context: Context, key: str, act: Act) -> Actor:
    actor = authenticate.key_holder(context, key, dependencies.current_day())
    actor.require(act)
    return actor


owner = _OfCase(_owner, scheme="case")
"""The owner of the case that the header opens. Raises Unauthenticated."""
may_look_up = _OfKey(Act.LOOKUP)
"""The key holder, if its role may look up. Raises Unauthenticated or Forbidden, as the others."""
may_observe = _OfKey(Act.OBSERVE)
may_respond = _OfKey(Act.FEEDBACK)
may_watch = _OfKey(Act.WATCH)
may_take_notices = _OfKey(Act.NOTICES)
may_crawl = _OfKey(Act.CRAWL)
