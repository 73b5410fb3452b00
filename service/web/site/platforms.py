"""How to save evidence on each platform and to report there: data with a source, in plain English.

The sentences are texts like those of the templates: the catalogues translate them.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from datetime import date
from pathlib import Path
from typing import Annotated, Any, BinaryIO

from fastapi import Depends, Request

from service.domain.regime import is_old

DATA = Path(__file__).parents[1] / "data" / "platforms.toml"
PARTS = ("who", "phone", "computer", "save", "avoid", "report", "paste", "then", "account")
"""What a row tells, in the order in which it is read out."""
MAY_BE_EMPTY = ("phone", "computer")


class InvalidPlatforms(ValueError):
    """The data about platforms is not as it has to be. Says where, for whoever edits it."""


@dataclass(frozen=True, slots=True)
class Platform:
    """One platform, or one kind of site. What is sentences is English, and for the catalogues."""

    id: str
    name: str
    generic: bool
    """Whether the name is words to be translated, not a brand."""
    url: str
    """The platform's own page about reporting; "" if we are sure of none."""
    source: str
    """Where the confirmed parts were read; "" if nothing was read."""
    confirmed: tuple[str, ...]
    """The parts that the source says."""
    checked_on: date
    note: str
    who: tuple[str, ...]
    phone: tuple[str, ...]
    computer: tuple[str, ...]
    save: tuple[str, ...]
    avoid: tuple[str, ...]
    report: tuple[str, ...]
    paste: tuple[str, ...]
    then: tuple[str, ...]
    account: tuple[str, ...]

    def is_old(self, today: date) -> bool:
        """Whether nobody has checked this for so long that it may be wrong by now."""
        return is_old(self.checked_on, today)

    def is_confirmed(self, part: str) -> bool:
        """Whether a part was read somewhere, and is more than what we believe."""
        return part in self.confirmed


_FIELDS = {field.name for field in fields(Platform)}


def read(path: Path = DATA) -> Mapping[str, Platform]:
    """Return every platform by id, in the order of the file. Raises InvalidPlatforms."""
    with path.open("rb") as file:
        return parse(tomllib.load(file))


def parse(document: Mapping[str, Any]) -> Mapping[str, Platform]:
    """Return the platforms of a document. Raises InvalidPlatforms."""
    if set(document) != {"platform"}:
        raise InvalidPlatforms("the file holds [[platform]] and nothing else")
    platforms = [_platform(row) for row in document["platform"]]
    by_id = {one.id: one for one in platforms}
    if len(by_id) != len(platforms):
        raise InvalidPlatforms("two platforms have the same id")
    return by_id


def _platform(row: Mapping[str, Any]) -> Platform:
    where = str(row.get("id"))
    if set(row) != _FIELDS:
        raise InvalidPlatforms(f"{where}: {sorted(set(row) ^ _FIELDS)} missing or unknown")
    for part in PARTS:
        _require(where, part, _is_sentences(row[part], may_be_empty=part in MAY_BE_EMPTY))
    for name in ("id", "name", "note"):
        _require(where, name, isinstance(row[name], str) and row[name].strip() == row[name] != "")
    for name in ("url", "source"):
        _require(where, name, row[name] == "" or str(row[name]).startswith("https://"))
    _require(where, "generic", isinstance(row["generic"], bool))
    _require(where, "checked_on", type(row["checked_on"]) is date)
    _require(where, "confirmed", set(row["confirmed"]) <= set(PARTS))
    _require(where, "source", bool(row["source"]) == bool(row["confirmed"]))
    lists = {name: tuple(row[name]) for name in ("confirmed", *PARTS)}
    return Platform(**{**row, **lists})


def _require(where: str, name: str, fits: bool) -> None:  # noqa: FBT001 (the check of one field)
    if not fits:
        raise InvalidPlatforms(f"{where}: {name} is not as it has to be")


def _is_sentences(value: object, *, may_be_empty: bool) -> bool:
    if not isinstance(value, list) or not (value or may_be_empty):
        return False
    return all(isinstance(one, str) and one.endswith((".", "?")) for one in value)


def extract(
    file: BinaryIO, keywords: object, comment_tags: object, options: object
) -> Iterator[tuple[int, None, str, list[str]]]:
    """Yield the texts to be translated, for Babel (a method of babel.cfg). Lines are not known."""
    del keywords, comment_tags, options
    for platform in parse(tomllib.load(file)).values():
        names = [platform.name] if platform.generic else []
        for text in (*names, *(text for part in PARTS for text in getattr(platform, part))):
            yield 1, None, text, []


def _platforms(request: Request) -> Mapping[str, Platform]:
    platforms: Mapping[str, Platform] = request.app.state.platforms
    return platforms


Platforms = Annotated[Mapping[str, Platform], Depends(_platforms)]
