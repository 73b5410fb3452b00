"""Where people can turn, by country: data with a source and the day it was checked."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from datetime import date
from pathlib import Path

DATA = Path(__file__).parents[1] / "data" / "support.toml"
WORLDWIDE = "*"
MINORS, ADULTS, EVERYONE = "minors", "adults", "everyone"


@dataclass(frozen=True, slots=True)
class Service:
    """Somebody who helps: names and addresses as they give them, never translated."""

    name: str
    by: str
    audience: str
    """`minors`, `adults` or `everyone`."""
    kind: str
    """One of the kinds that templates/support.html has words for."""
    countries: tuple[str, ...]
    url: str
    phone: str
    languages: tuple[str, ...]
    source: str
    checked_on: date


def read(path: Path = DATA) -> tuple[Service, ...]:
    """Return every service, in the order of the file: the most fitting first."""
    with path.open("rb") as file:
        rows = tomllib.load(file)["service"]
    return tuple(
        Service(
            name=row["name"],
            by=row["by"],
            audience=row["for"],
            kind=row["kind"],
            countries=tuple(row["countries"]),
            url=row["url"],
            phone=row["phone"],
            languages=tuple(row["languages"]),
            source=row["source"],
            checked_on=row["checked_on"],
        )
        for row in rows
    )


def here_and_everywhere(
    services: tuple[Service, ...], audience: str, country: str
) -> tuple[list[Service], list[Service]]:
    """Return who helps this audience in a country, and who does anywhere."""
    fit = [one for one in services if one.audience in {audience, EVERYONE}]
    here = [one for one in fit if country in one.countries]
    return here, [one for one in fit if WORLDWIDE in one.countries]


def countries(services: tuple[Service, ...]) -> list[str]:
    """Return the countries that some service is for."""
    named = {country for one in services for country in one.countries}
    return sorted(named - {WORLDWIDE})
