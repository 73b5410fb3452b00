"""Posted forms → plain values. Forms are small, but for the one that submits content.

That one is posted as `text/plain` (HTML standard, 4.10.21.8): `document=`, the very text that
the owner was shown, and a line break. So anybody can read what the browser sends.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Annotated
from urllib.parse import parse_qsl

from fastapi import Depends, Request

from service import limits
from service.domain.errors import InvalidRequest
from service.edge.bodies import Callers, body_of, enter_lane
from service.edge.budgets import budgets_of
from service.edge.sources import source_of

MAX_BYTES = 16 * 1024
"""Largest small form: our longest has an address of 2,048 characters, three to nine bytes each if
they are not those of English."""
MAX_FIELDS = 12
"""Our longest, about how an owner may be told, has 11."""
_FORM = "application/x-www-form-urlencoded"
_DOCUMENT = "text/plain"
_PREFIX, _SUFFIX = b"document=", b"\r\n"
_OF_NOTICES = tuple(
    f"/{place}/{step}" for place in ("notices", "letters") for step in ("write", "read", "kept")
)
"""Paths whose forms have all of a notice, which is stored only once its owner says so."""
_WITH_HASHES = ("/desk/check", "/files")
"""Paths of the desk whose forms have the hashes of files."""
INVALID = "The page sent something that it should not. Go back and try again."


async def _fields(request: Request) -> dict[str, str]:
    if request.url.path.endswith(_OF_NOTICES):
        most, fields = limits.NOTICE_FORM, limits.NOTICE_FIELDS
        return await _fields_of(request, Callers.OWNER, most, fields)
    return await _fields_of(request, Callers.OWNER)


async def _member_fields(request: Request) -> dict[str, str]:
    if request.url.path.endswith(_OF_NOTICES):
        most, fields = limits.NOTICE_FORM, limits.NOTICE_FIELDS
        return await _fields_of(request, Callers.MEMBER, most, fields)
    most = limits.CHECKED_FORM if request.url.path.endswith(_WITH_HASHES) else MAX_BYTES
    return await _fields_of(request, Callers.MEMBER, most)


async def _fields_of(
    request: Request, callers: Callers, most: int = MAX_BYTES, fields: int = MAX_FIELDS
) -> dict[str, str]:
    _check_media_type(request, _FORM)
    async with body_of(request, enter_lane(request, callers), most) as body:
        return _parsed(body, fields)


def _parsed(body: bytes, most_fields: int) -> dict[str, str]:
    try:
        pairs = parse_qsl(
            body.decode("ascii"),
            keep_blank_values=True,
            strict_parsing=bool(body),
            errors="strict",
            max_num_fields=most_fields,
        )
    except ValueError as err:
        raise InvalidRequest(INVALID) from err
    return dict(pairs)


async def _document(request: Request) -> AsyncIterator[bytes]:
    _check_media_type(request, _DOCUMENT)
    budgets_of(request).charge_attempt(source_of(request))
    most = len(_PREFIX) + limits.SUBMISSION.size + len(_SUFFIX)
    async with body_of(request, enter_lane(request, Callers.OPENING), most) as body:
        if not body.startswith(_PREFIX) or not body.endswith(_SUFFIX):
            raise InvalidRequest(INVALID)
        yield body[len(_PREFIX) : -len(_SUFFIX)]


def _check_media_type(request: Request, media_type: str) -> None:
    if request.headers.get("Content-Type", "").partition(";")[0].strip().lower() != media_type:
        raise InvalidRequest(INVALID)


Fields = Annotated[dict[str, str], Depends(_fields)]
MemberFields = Annotated[dict[str, str], Depends(_member_fields)]
"""The same, in threads of their own: a password takes long to check."""
Document = Annotated[bytes, Depends(_document)]
