from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest
from fastapi import APIRouter, Request
from fastapi.testclient import TestClient

from service import limits
from service.domain.actor import Role
from service.domain.errors import Busy, TooLarge, TooSlow
from service.edge.bodies import BytePool, Lane, body_of
from service.edge.document import StrictRoute
from service.edge.work_threads import Threads

if TYPE_CHECKING:
    from tests.server.conftest import Wire, World

LARGE = limits.SMALL_BODY + 1
Part = bytes | float
"""Bytes that arrive, or seconds until the next do."""


def sent(parts: list[Part], headers: list[tuple[bytes, bytes]] | None = None) -> Request:
    """A request whose body comes in parts. If its last one is a pause, the body never ends."""
    left = list(parts)

    async def receive() -> dict[str, Any]:
        part = left.pop(0) if left else b""
        if isinstance(part, float):
            await asyncio.sleep(part)
            return await receive()
        return {"type": "http.request", "body": part, "more_body": bool(left)}

    return Request({"type": "http", "headers": headers or []}, receive)


async def read(request: Request, lane: Lane, most: int = 2**30) -> bytes:
    async with body_of(request, lane, most) as body:
        return body


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "WAIT_SECONDS", 0.2)
    monkeypatch.setattr(limits, "EVICT_SECONDS", 0.05)
    monkeypatch.setattr(limits, "BODY_IDLE_SECONDS", 0.1)


def test_a_body_comes_together_and_its_memory_is_given_back() -> None:
    async def scenario() -> None:
        lane = Lane(Threads(1))
        for _ in range(3):
            assert (
                await read(sent([b"a" * LARGE, b"b" * LARGE]), lane) == b"a" * LARGE + b"b" * LARGE
            )
        await lane.held.take(limits.HELD_BYTES)
        await lane.parsed.take(limits.PARSED_BYTES)

    asyncio.run(scenario())


@pytest.mark.parametrize(
    "request_of",
    [
        lambda: sent([b"x" * 11]),
        lambda: sent([b"x" * 5, b"x" * 6]),
        lambda: sent([10.0], headers=[(b"content-length", b"11")]),
    ],
)
def test_what_is_too_large_is_not_read_further(request_of: Callable[[], Request]) -> None:
    with pytest.raises(TooLarge):
        asyncio.run(read(request_of(), Lane(Threads(1)), most=10))


def test_whoever_stops_sending_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    lane = Lane(Threads(1))
    with pytest.raises(TooSlow):
        asyncio.run(read(sent([b"x" * LARGE, 60.0]), lane))
    monkeypatch.setattr(limits, "BODY_RATE", 100)
    trickle: list[Part] = [part for _ in range(100) for part in (b"x", 0.05)]
    with pytest.raises(TooSlow):
        asyncio.run(read(sent(trickle), lane))

    async def all_is_back() -> None:
        await lane.held.take(limits.HELD_BYTES)

    asyncio.run(all_is_back())


def test_whoever_sends_slowly_gives_way_to_whoever_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    """Small bodies never wait."""
    monkeypatch.setattr(limits, "HELD_BYTES", LARGE)
    monkeypatch.setattr(limits, "BODY_IDLE_SECONDS", 60)

    async def scenario() -> None:
        lane = Lane(Threads(1))
        slow = asyncio.create_task(read(sent([b"x" * LARGE, 60.0]), lane))
        await asyncio.sleep(0)
        await lane.parsed.take(limits.PARSED_BYTES)
        waiting = asyncio.create_task(lane.parsed.take(1))
        await asyncio.sleep(0)
        assert await read(sent([b"small"]), lane) == b"small"
        lane.parsed.give(limits.PARSED_BYTES)
        await waiting
        assert len(await read(sent([b"y" * LARGE]), lane)) == LARGE
        with pytest.raises(Busy):
            await slow

    asyncio.run(scenario())


def test_who_waits_too_long_for_memory_is_told_and_takes_none() -> None:
    async def scenario() -> None:
        pool = BytePool(10)
        await pool.take(6)
        waiting = asyncio.create_task(pool.take(6))
        await asyncio.sleep(0.1)
        last = asyncio.create_task(pool.take(3))
        with pytest.raises(Busy):
            await waiting
        await last  # it was behind the first, and fits as soon as that one left
        gone = asyncio.create_task(pool.take(9))
        await asyncio.sleep(0)
        gone.cancel()
        await asyncio.gather(gone, return_exceptions=True)
        pool.give(6)
        pool.give(3)
        await pool.take(10)

    asyncio.run(scenario())


def test_who_was_granted_memory_in_the_moment_of_leaving_gives_it_back() -> None:
    async def scenario() -> None:
        pool = BytePool(10)
        await pool.take(10)
        gone = asyncio.create_task(pool.take(10))
        await asyncio.sleep(0)
        pool.give(10)
        gone.cancel()
        await asyncio.gather(gone, return_exceptions=True)
        await asyncio.wait_for(pool.take(10), 1)
        assert not pool.short

    asyncio.run(scenario())


def test_a_credential_is_looked_at_before_the_body(api: TestClient, served: World) -> None:
    async def receive() -> dict[str, Any]:
        raise AssertionError("the body was read")

    async def status(path: str, credential: str) -> int:
        answers: list[Any] = []

        async def send(message: Any) -> None:
            answers.append(message)

        given = {"content-type": "application/json", "authorization": credential}
        scope = {
            "type": "http",
            "method": "POST",
            "path": path,
            "query_string": b"",
            "headers": [(name.encode(), text.encode()) for name, text in given.items()],
        }
        await served_app(scope, receive, send)
        return int(answers[0]["status"])

    served_app: Any = api.app
    wrong = ["", f"Bearer takeback_{'a' * 16}_{'a' * 52}", f"Case 000-000-0000:{'ab' * 32}"]
    for path in ("/v1/lookup", "/v1/observations", "/v1/feedback", "/v1/case/entries"):
        for credential in wrong:
            assert asyncio.run(status(path, credential)) == 401
    crawler = f"Bearer {served.key(role=Role.CRAWLER)}"
    assert asyncio.run(status("/v1/lookup", crawler)) == 403


@pytest.mark.parametrize(
    "document",
    [
        b'{"items":[' + b"1," * (limits.LOOKUP.commas + 1) + b"1]}",
        b'{"items":[' + b"{}," * (limits.LOOKUP.commas + 1) + b"{}]}",
    ],
)
def test_a_document_of_more_values_than_any_needs_is_not_parsed(
    api: TestClient, served: World, document: bytes
) -> None:
    headers = {"content-type": "application/json", "authorization": f"Bearer {served.key()}"}
    answer = api.post("/v1/lookup", content=document, headers=headers)
    assert (answer.status_code, answer.json()["type"]) == (413, "takeback:problem:too-large")


def test_more_names_than_any_document_has_are_refused(api: TestClient) -> None:
    answer = api.post("/v1/cases", json={f"name{n}": n for n in range(17)})
    assert (answer.status_code, answer.json()["faults"]) == (422, ["body: json invalid"])


def test_more_frames_than_phones_make_are_refused(
    api: TestClient, served: World, wire: Wire, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "MAX_FRAMES", 3)
    videos = [served.video([served.value(), served.value()]) for _ in range(2)]
    assert api.post("/v1/cases", json=wire.submission(*videos)).status_code == 413
    assert api.post("/v1/cases", json=wire.submission(videos[0])).status_code == 201


def test_no_route_takes_a_document_without_limits() -> None:
    router = APIRouter(route_class=StrictRoute)

    def take(document: dict[str, int]) -> None:
        del document

    with pytest.raises(TypeError, match="the body of /x is no StrictIn"):
        router.post("/x")(take)
