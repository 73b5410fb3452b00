"""What sites write of a file's digest, to what they mean."""

from __future__ import annotations

import base64
import binascii
import re

from crawler.finding.collecting import Digests

_HEXADECIMAL = re.compile(r"[0-9a-fA-F]{32}")
_CID = re.compile(r"b([a-z2-7]{58})")
_RAW_SHA256 = bytes((0x01, 0x55, 0x12, 32))
"""Of a CID: version 1, raw bytes, SHA-256 of 32 bytes (the multiformats table)."""


def md5(untrusted: object) -> Digests:
    """Return an MD5 that is written in hexadecimal, as boorus do, or in base64, as imageboards."""
    if not isinstance(untrusted, str):
        return Digests()
    text = untrusted.strip()
    if _HEXADECIMAL.fullmatch(text):
        return Digests(md5=text.lower())
    try:
        value = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return Digests()
    return Digests(md5=value.hex()) if len(value) == 16 else Digests()  # noqa: PLR2004 (of MD5)


def cid(untrusted: str) -> Digests:
    """Return the SHA-256 that the content identifier of a blob is (atproto.com, data model)."""
    match = _CID.fullmatch(untrusted)
    if not match:
        return Digests()
    value = base64.b32decode(match[1].upper() + "======")
    if value[:4] != _RAW_SHA256 or len(value) != 36:  # noqa: PLR2004 (4 + 32)
        return Digests()
    return Digests(sha256=value[4:].hex())
