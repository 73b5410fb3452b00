"""A body that is here already, as nearly every lookup's is when its headers are read."""

from __future__ import annotations

from collections.abc import Coroutine, Generator
from types import coroutine
from typing import Any

from fastapi import Request
from starlette.types import Message

from service.edge.bodies import declared_length


def arrived(request: Request, most: int) -> tuple[bytes | None, Request]:
    """Return the whole body if it is here, else None; and the request to go on with.

    Waits for nothing and promises nothing to the client: it only looks where at most so many bytes
    are announced, and not where the client waits to be told to send them (RFC 9110, 10.1.1).
    """
    headers = request.scope["headers"]
    if not 0 < declared_length(headers) <= most or any(name == b"expect" for name, _ in headers):
        return None, request
    receiving: Any = request.receive()
    try:
        waits_for = receiving.send(None)
    except StopIteration as done:
        message: Message = done.value
        if message["type"] == "http.request" and not message.get("more_body", False):
            return message.get("body", b""), request
        return None, _going_on(request, _at_once(message))
    return None, _going_on(request, _resumed(receiving, waits_for))


def _going_on(request: Request, first: Coroutine[Any, Any, Message]) -> Request:
    """The request, whose first message is asked for already."""
    begun = [first]

    async def receive() -> Message:
        return await (begun.pop() if begun else request.receive())

    return Request(request.scope, receive)


async def _at_once(message: Message) -> Message:
    return message


@coroutine
def _resumed(receiving: Any, waits_for: object) -> Generator[Any, Any, Any]:  # noqa: ANN401 (a coroutine)
    """Go on with a coroutine that has said what it waits for."""
    while True:
        try:
            given = yield waits_for
        except BaseException as err:  # noqa: BLE001 (it is raised where it would have been)
            step, value = receiving.throw, err
        else:
            step, value = receiving.send, given
        try:
            waits_for = step(value)
        except StopIteration as done:
            return done.value
