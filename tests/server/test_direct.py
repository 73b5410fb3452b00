from __future__ import annotations

import asyncio
import json
import threading
import time
from typing import TYPE_CHECKING, Annotated, Any

import pytest
from fastapi import APIRouter, Depends, Request
from fastapi.testclient import TestClient

from service import limits
from service.api import wire
from service.domain.actor import Actor
from service.edge import credentials, work_threads
from service.edge.arrival import arrived
from service.edge.direct import DirectRoute
from service.edge.work_threads import Threads
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


def test_what_the_client_waits_to_send_is_not_asked_for() -> None:
    async def scenario() -> None:
        async def receive() -> dict[str, Any]:
            raise AssertionError("it would be told to go on")

        for headers in ([(b"content-length", b"5"), (b"expect", b"100-continue")], []):
            request = Request({"type": "http", "headers": headers}, receive)
            assert arrived(request, 10) == (None, request)

    asyncio.run(scenario())


def test_a_body_that_begins_to_arrive_is_read_on() -> None:
    async def scenario(pause: float, *parts: bytes) -> bytes:
        left = list(parts)

        async def receive() -> dict[str, Any]:
            await asyncio.sleep(pause)
            return {"type": "http.request", "body": left.pop(0), "more_body": bool(left)}

        headers = [(b"content-length", b"6")]
        whole, request = arrived(Request({"type": "http", "headers": headers}, receive), 10)
        assert whole is None
        await asyncio.sleep(0)  # the same task waits for something else in between
        return await request.body()

    for parts in ((b"abcdef",), (b"abc", b"def"), (b"", b"abcdef")):
        for pause in (0, 0.01):
            assert asyncio.run(scenario(pause, *parts)) == b"abcdef"


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


def test_as_many_threads_work_as_may_and_all_that_waits_is_done() -> None:
    threads = Threads(3)
    most, now, lock = 0, 0, threading.Lock()

    def work(number: int) -> int:
        nonlocal most, now
        with lock:
            now += 1
            most = max(most, now)
        time.sleep(0.002)
        with lock:
            now -= 1
        return number

    async def scenario() -> list[int]:
        return await asyncio.gather(*(threads.run(work, number) for number in range(100)))

    assert asyncio.run(scenario()) == list(range(100))
    assert most == 3


def test_threads_without_work_end_and_others_take_their_place(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(work_threads, "_IDLE_SECONDS", 0.001)
    threads = Threads(2)

    async def scenario() -> None:
        for round_ in range(200):  # some meet a thread that is about to end
            results = await asyncio.gather(*(threads.run(str, n) for n in range(3)))
            assert results == ["0", "1", "2"]
            await asyncio.sleep(0.0005 * (round_ % 5))

    asyncio.run(asyncio.wait_for(scenario(), 30))


def test_what_work_raises_is_raised_where_it_is_waited_for() -> None:
    threads = Threads(1)

    async def scenario() -> None:
        for error, seen in ((KeyError, KeyError), (StopIteration, RuntimeError)):

            def fail(error: type[Exception] = error) -> None:
                raise error

            with pytest.raises(seen):
                await asyncio.wait_for(threads.run(fail), 5)

    asyncio.run(scenario())
