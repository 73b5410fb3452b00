"""What a page says of a medium, and how far it is believed: pure decisions.

A declared digest is a claim. One that saved a download of what we have not hashed ourselves, at
this very address, would be a way not to be looked at: a site declares the digest of a harmless
picture; or its user uploads a harmless one, and then another with the same MD5, which costs seconds
to make, and the site declares it in good faith. So a digest saves a download only where it repeats
what we found: our bytes from this address had it, and its server was asked within DIGEST_SECONDS.
Whoever lies there could as well answer "not modified".
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from crawler.finding import documents
from crawler.finding.collecting import Digests, References, Tile
from crawler.finding.hints import is_video
from crawler.frontier.known import Known
from crawler.limits import DIGEST_SECONDS

_NOT_THERE = frozenset({"gone", "seen"})


def step_of(sheet: str, tiles: Sequence[Tile]) -> str:
    """Return the address of a sheet's step. As a picture, or cut otherwise, it is another step."""
    return f"{sheet}#tiles={hashlib.sha256(repr(tiles).encode()).hexdigest()[:16]}"


@dataclass(frozen=True, slots=True)
class Told:
    """What was said of one medium."""

    digests: Digests
    tiles: tuple[Tile, ...] = ()


def said(found: References) -> dict[str, str]:
    """Return a document of each medium of a page of which something is said, by its address."""
    of_digests = {url: json.dumps({"digests": each}) for url, each in found.digests.items()}
    of_sheets = {
        step_of(url, tiles): json.dumps({"tiles": tiles}) for url, tiles in found.sheets.items()
    }
    return {**of_digests, **of_sheets}


def parsed(document: str) -> Told:
    """Return what a document of `said` says."""
    held = json.loads(document) if document else {}
    tiles = tuple(documents.tile(each) for each in held.get("tiles", ()))
    return Told(Digests(*held.get("digests", ())), tiles)


def holds(told: Told, document: Mapping[str, Any]) -> bool:
    """Whether signals of bytes have every digest that was declared; not if none was."""
    computed = {each["type"]: each["value"] for each in document.get("signals", ())}
    declared = _declared(told)
    return bool(declared) and all(computed.get(name) == value for name, value in declared.items())


def saves(told: Told, known: Known | None, *, now: int) -> bool:
    """Whether what we know of an address stands, so that nothing need be fetched."""
    if known is None or now - known.asked_at > DIGEST_SECONDS:
        return False
    return holds(told, json.loads(known.document))


def claim(told: Told, address: str, result: str) -> dict[str, Any] | None:
    """Return the declared observation of a medium that we could not hash, if there is one.

    What is gone is not there, whatever a page says.
    """
    declared = _declared(told)
    if not declared or result in _NOT_THERE:
        return None
    return {
        "kind": "video" if is_video(address) else "picture",
        "signals": [{"type": name, "value": value} for name, value in declared.items()],
        "declared": True,
    }


def _declared(told: Told) -> dict[str, str]:
    return {name: value for name, value in told.digests._asdict().items() if value}
