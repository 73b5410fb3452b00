"""Canonical JSON: one document, one sequence of bytes, the same in Python and in the browser.

UTF-8, keys in the order of their letters, no white space, no fractions. Names of fields are
small ASCII letters, digits and underscores, so that every language sorts them alike.
"""

from __future__ import annotations

import json
import re
from typing import Any, Final

from hashing.errors import InvalidEvidence

MAX_INTEGER: Final = (1 << 53) - 1
"""The largest that a browser's numbers hold exactly."""
MAX_DEPTH: Final = 8
_NAME = re.compile(r"[a-z][a-z0-9_]{0,63}")


def encode(document: object) -> bytes:
    """Return a document as canonical JSON. Raises InvalidEvidence, which says what does not fit."""
    _check(document, "the document", 0)
    text = json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return text.encode()


def decode(untrusted: bytes, most: int) -> dict[str, Any]:
    """Return the object that is written here. Raises InvalidEvidence unless it is canonical.

    `most`: bytes that are read at all.
    """
    if len(untrusted) > most:
        raise InvalidEvidence(f"It has {len(untrusted):,} bytes; at most {most:,} are read.")
    try:
        document = json.loads(untrusted.decode())
    except (ValueError, RecursionError) as err:
        raise InvalidEvidence("It is not JSON in UTF-8.") from err
    if not isinstance(document, dict):
        raise InvalidEvidence("It is JSON, but no object.")
    if encode(document) != untrusted:
        raise InvalidEvidence(
            "It is JSON in another form than ours: order of fields, white space or numbers."
        )
    return document


def _check(value: object, where: str, depth: int) -> None:
    if depth > MAX_DEPTH:
        raise InvalidEvidence(f"There are more than {MAX_DEPTH} levels in {where}.")
    match value:
        case list() | tuple():
            for index, each in enumerate(value, 1):
                _check(each, f"{where}, {index}", depth + 1)
        case dict():
            for name, each in value.items():
                if not (isinstance(name, str) and _NAME.fullmatch(name)):
                    raise InvalidEvidence(f"A name of {where} has other signs than a to z, 0, _.")
                _check(each, name, depth + 1)
        case _:
            _check_one(value, where)


def _check_one(value: object, where: str) -> None:
    match value:
        case None | bool():
            return
        case int():
            if abs(value) > MAX_INTEGER:
                raise InvalidEvidence(f"The number of {where} is too large.")
        case str():
            try:
                value.encode()
            except UnicodeEncodeError as err:
                raise InvalidEvidence(f"The text of {where} has half a character.") from err
        case _:
            raise InvalidEvidence(f"The value of {where} is no text and no whole number.")
