"""Rows of the data about regimes → values, strictly: what is unknown or missing is an error."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import date
from enum import StrEnum
from typing import Any, TypeVar

from service.domain.regime import (
    ENGLISH,
    STATEMENTS,
    Addressee,
    Asked,
    Asks,
    Body,
    ClockStart,
    Field,
    Filer,
    InvalidLaw,
    Law,
    Needed,
    Regime,
    Standing,
    Status,
    Unconfirmed,
    Warned,
)

_KEYS = set(Regime.__slots__) | {"note"}
_ID = re.compile(r"[A-Z]{2}-[A-Z0-9]{2,12}")
_COUNTRY = re.compile(r"[A-Z]{2}")
_LANGUAGE = re.compile(r"[a-z]{2,3}")
_URL = re.compile(r"|https://[^\s?#]+")
_MOST_MINUTES = 60 * 24 * 90
Kind = TypeVar("Kind", bound=StrEnum)


def parse(document: Mapping[str, Any]) -> Law:
    """Return the regimes and texts of a TOML document. Raises InvalidLaw for anything unknown."""
    _require_keys(document, {"regime", "texts"}, "the document")
    texts = {language: dict(some) for language, some in document["texts"].items()}
    regimes = [_regime(row, set(texts)) for row in document["regime"]]
    if len({one.id for one in regimes}) != len(regimes):
        raise InvalidLaw("two regimes have one id")
    if ENGLISH not in texts or {tuple(sorted(some)) for some in texts.values()} != {
        tuple(sorted(texts[ENGLISH]))
    }:
        raise InvalidLaw("texts: every language has the texts of English")
    return Law({one.id: one for one in regimes}, texts)


def _regime(row: Mapping[str, Any], languages: set[str]) -> Regime:
    where = str(row.get("id"))
    _require_keys(row, _KEYS, where)
    for key in ("name", "source", "note"):
        _require(isinstance(row[key], str) and row[key].strip() == row[key] != "", where, key)
    _require(_ID.fullmatch(row["id"]) is not None, where, "id")
    spoken = set(row["law"]) == set(row["statements"])
    _require(spoken and all(one.strip() for one in row["law"].values()), where, "law")
    _require(_all(row["countries"], _COUNTRY), where, "countries")
    _require(_all(row["languages"], _LANGUAGE), where, "languages")
    _require(type(row["checked_on"]) is date, where, "checked_on")
    _require(row["effective_from"] == "" or type(row["effective_from"]) is date, where, "effective")
    minutes = row["minutes"]
    whole = type(minutes) is int and 0 <= minutes <= _MOST_MINUTES and minutes % 60 == 0
    _require(whole, where, "minutes")
    addressee = _one(Addressee, row["addressee"], where)
    named = bool(row["addressee_name"]) is (addressee is Addressee.AUTHORITY)
    _require(named, where, "addressee_name")
    fields = tuple(_asked(one, where) for one in row["fields"])
    _require(len({one.name for one in fields}) == len(fields), where, "fields")
    law = [one.name for one in fields if one.needed is Needed.LAW]
    _require(Field.ADDRESSES in law, where, "fields")
    return Regime(
        id=row["id"],
        name=row["name"],
        law=dict(row["law"]),
        countries=tuple(row["countries"]),
        status=_one(Status, row["status"], where),
        effective_from=row["effective_from"] or None,
        addressee=addressee,
        addressee_name=row["addressee_name"],
        clock_starts=_one(ClockStart, row["clock_starts"], where),
        minutes=minutes,
        asks=_one(Asks, row["asks"], where),
        filers=_some(Filer, row["filers"], where, least=1),
        standing=_one(Standing, row["standing"], where),
        fields=fields,
        warnings=_some(Warned, row["warnings"], where),
        languages=tuple(row["languages"]),
        escalation=_bodies(row["escalation"], where),
        source=row["source"],
        checked_on=row["checked_on"],
        not_confirmed=_some(Unconfirmed, row["not_confirmed"], where),
        statements=_statements(row["statements"], fields, languages, where),
    )


def _asked(row: Mapping[str, Any], where: str) -> Asked:
    _require_keys(row, {"name", "needed", "basis"}, where)
    _require(isinstance(row["basis"], str), where, "basis")
    needed = _one(Needed, row["needed"], where)
    _require(needed is Needed.PRACTICE or row["basis"] != "", where, "basis")
    return Asked(_one(Field, row["name"], where), needed, row["basis"])


def _bodies(rows: Any, where: str) -> tuple[Body, ...]:  # noqa: ANN401 (what a file holds)
    for row in rows:
        _require_keys(row, {"name", "url"}, where)
        _require(bool(row["name"].strip()) and bool(_URL.fullmatch(row["url"])), where, "url")
    _require(len(rows) > 0, where, "escalation")
    return tuple(Body(**row) for row in rows)


def _statements(
    rows: Mapping[str, Mapping[str, str]],
    fields: Iterable[Asked],
    languages: set[str],
    where: str,
) -> dict[str, Mapping[Field, str]]:
    """Return the sentences of a regime: in each language, exactly those that its fields need."""
    asked = {one.name for one in fields if one.name in STATEMENTS}
    _require(ENGLISH in rows and set(rows) <= languages, where, "statements")
    for sentences in rows.values():
        complete = set(sentences) == asked and all(one.strip() for one in sentences.values())
        _require(complete, where, "statements")
    return {
        language: {Field(name): text for name, text in sentences.items()}
        for language, sentences in rows.items()
    }


def _one(kind: type[Kind], value: object, where: str) -> Kind:
    _require(isinstance(value, str) and value in set(kind), where, str(value))
    return kind(str(value))


def _some(kind: type[Kind], values: Any, where: str, *, least: int = 0) -> tuple[Kind, ...]:  # noqa: ANN401 (what a file holds)
    _require(isinstance(values, list) and len(set(values)) == len(values) >= least, where, "list")
    return tuple(_one(kind, value, where) for value in values)


def _all(values: object, form: re.Pattern[str]) -> bool:
    return isinstance(values, list) and bool(values) and all(form.fullmatch(one) for one in values)


def _require_keys(row: Mapping[str, Any], keys: set[str], where: str) -> None:
    if wrong := keys ^ set(row):
        raise InvalidLaw(f"{where}: {', '.join(sorted(wrong))}")


def _require(holds: bool, where: str, key: str) -> None:  # noqa: FBT001 (what has to hold)
    if not holds:
        raise InvalidLaw(f"{where}: {key}")
