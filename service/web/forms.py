"""Posted forms → plain values. Forms are small, but for the one that submits content.

That one is posted as `text/plain` (HTML standard, 4.10.21.8): `document=`, the very text that
the owner was shown, and a line break. So anybody can read what the browser sends.
"""

from __future__ import annotations

from typing import Annotated
from urllib.parse import parse_qsl

from fastapi import Depends, Request

from service.domain.errors import InvalidRequest, TooLarge

MAX_BYTES = 4096
"""Largest small form: our longest has a case number, a key and five answers."""
MAX_FIELDS = 10
_FORM = "application/x-www-form-urlencoded"
_DOCUMENT = "text/plain"
_PREFIX, _SUFFIX = b"document=", b"\r\n"
INVALID = "The page sent something that it should not. Go back and try again."


async def _fields(request: Request) -> dict[str, str]:
    body = await _body(request, _FORM)
    if len(body) > MAX_BYTES:
        raise TooLarge
    try:
        pairs = parse_qsl(
            body.decode("ascii"),
            keep_blank_values=True,
            strict_parsing=bool(body),
            errors="strict",
            max_num_fields=MAX_FIELDS,
        )
    except ValueError as err:
        raise InvalidRequest(INVALID) from err
    return dict(pairs)


async def _document(request: Request) -> bytes:
    body = await _body(request, _DOCUMENT)
    if not body.startswith(_PREFIX) or not body.endswith(_SUFFIX):
        raise InvalidRequest(INVALID)
    return body[len(_PREFIX) : -len(_SUFFIX)]


async def _body(request: Request, media_type: str) -> bytes:
    if request.headers.get("Content-Type", "").partition(";")[0].strip().lower() != media_type:
        raise InvalidRequest(INVALID)
    return await request.body()


Fields = Annotated[dict[str, str], Depends(_fields)]
Document = Annotated[bytes, Depends(_document)]
