from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Annotated, Any

import pytest
from fastapi import APIRouter, Depends
from fastapi.testclient import TestClient

from service import limits
from service.api import wire
from service.domain.actor import Actor
from service.edge import credentials
from service.edge.direct import DirectRoute
from service.workflows import keyring

if TYPE_CHECKING:
    from tests.server.conftest import Wire, World

MayLookUp = Annotated[Actor, Depends(credentials.may_look_up)]
SPACES = b" " * (limits.INLINE_BODY + 1)
"""JSON may end with them: a body that is as long as this is read as large ones are."""


def asked(app: Any, body: bytes, key: str, *, pieces: int = 1, **headers: str) -> tuple[int, Any]:
    """Status and document of a lookup whose body arrives in pieces, each a moment later."""
    each = max(1, -(-len(body) // pieces))
    parts = [body[start : start + each] for start in range(0, len(body), each)] or [b""]
    sent: list[Any] = []

    async def receive() -> dict[str, Any]:
        if pieces > 1:
            await asyncio.sleep(0.01)
        return {"type": "http.request", "body": parts.pop(0), "more_body": bool(parts)}

    async def send(message: Any) -> None:
        sent.append(message)

    given = {
        "content-type": "application/json",
        "content-length": str(len(body)),
        "authorization": f"Bearer {key}",
        **headers,
    }
    scope = {
        "type": "http",
        "method": "POST",
        "path": "/v1/lookup",
        "query_string": b"",
        "headers": [(name.encode(), text.encode()) for name, text in given.items()],
    }
    asyncio.run(app(scope, receive, send))
    return sent[0]["status"], json.loads(sent[1]["body"])


def test_however_a_body_arrives_the_answer_is_the_same(
    api: TestClient, served: World, wire: Wire
) -> None:
    key = served.key()
    picture = served.picture()
    served.open(picture)
    lookup = json.dumps({"items": [wire.content(picture), wire.content(served.picture())]}).encode()
    wrong = f"takeback_{'a' * 16}_{'a' * 52}"
    for body, credential, headers, expected in (
        (lookup, key, {}, 200),
        (lookup, wrong, {}, 401),
        (b"{", wrong, {}, 401),
        (lookup, key, {"content-type": "text/plain"}, 422),
        (b'{"items": [], "items": []}', key, {}, 422),
        (b'{"items": [{}, 0]}', key, {}, 422),
        (b"," * 400_000, key, {}, 413),
        (b"", key, {}, 422),
    ):
        answers = [
            asked(api.app, document, credential, pieces=pieces, **headers)
            for document in ((body, body + SPACES) if body else (body,))
            for pieces in (1, 2)
        ]
        assert answers[0][0] == expected
        assert all(answer == answers[0] for answer in answers), expected


def test_a_revoked_key_opens_nothing_from_the_next_request_on(
    api: TestClient, served: World, wire: Wire
) -> None:
    key = served.key()
    body = json.dumps({"items": [wire.content(served.picture())]}).encode()
    assert asked(api.app, body, key)[0] == 200
    keyring.revoke(served.context, key.split("_")[1], served.day)
    assert asked(api.app, body, key)[0] == 401


def test_a_route_that_needs_more_is_refused_when_it_is_made() -> None:
    router = APIRouter(route_class=DirectRoute)

    def by_path(n: int, body: wire.LookupIn, actor: MayLookUp) -> wire.LookupOut:
        raise NotImplementedError

    def unproven(body: wire.LookupIn) -> wire.LookupOut:
        raise NotImplementedError

    def without_document(actor: MayLookUp) -> wire.LookupOut:
        raise NotImplementedError

    for path, endpoint in (("/{n}", by_path), ("/a", unproven), ("/b", without_document)):
        with pytest.raises(TypeError):
            router.post(path)(endpoint)
