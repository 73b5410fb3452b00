"""Services that help people, by country: data with a source and the day it was checked."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Annotated

from fastapi import Depends, Request

from service.domain.regime import is_old
from service.web.languages import Language

DATA = Path(__file__).parents[1] / "data" / "support.toml"
WORLDWIDE = "*"
MINORS, ADULTS, EVERYONE = "minors", "adults", "everyone"
_LETTERS = "22233344455566677778889999"
"""The key of each letter, A to Z (ITU-T E.161)."""
_KEYS = dict(zip("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ", "0123456789" + _LETTERS, strict=True))


@dataclass(frozen=True, slots=True)
class Service:
    """A service that helps. Names and addresses are as it gives them, never translated."""

    name: str
    by: str
    audience: str
    """`minors`, `adults` or `everyone`."""
    kind: str
    """One of the kinds that templates/parts.html has words for."""
    countries: tuple[str, ...]
    url: str
    phone: str
    languages: tuple[str, ...]
    source: str
    checked_on: date

    def is_old(self, today: date) -> bool:
        """Whether nobody has checked this for so long that it may be wrong by now."""
        return is_old(self.checked_on, today)

    @property
    def dialled(self) -> str:
        """The number as a telephone takes it (RFC 3966): digits, after a `+` if it has one."""
        digits = "".join(_KEYS.get(character, "") for character in self.phone)
        return f"+{digits}" if self.phone.startswith("+") else digits


def read(path: Path = DATA) -> tuple[Service, ...]:
    """Return every service in the order of the file: of a country, the most fitting first."""
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


def _services(request: Request) -> tuple[Service, ...]:
    services: tuple[Service, ...] = request.app.state.support
    return services


SupportServices = Annotated[tuple[Service, ...], Depends(_services)]


def in_country_and_worldwide(
    services: tuple[Service, ...], audience: str, country: str
) -> tuple[list[Service], list[Service]]:
    """Return the services for an audience in a country, and those that help everywhere."""
    fitting = [service for service in services if service.audience in {audience, EVERYONE}]
    in_country = [service for service in fitting if country in service.countries]
    return in_country, [service for service in fitting if WORLDWIDE in service.countries]


def helpline_in(services: tuple[Service, ...], country: str) -> Service | None:
    """Return the most fitting helpline for adults in a country; None if we know of none."""
    nearby, _ = in_country_and_worldwide(services, ADULTS, country)
    return next((service for service in nearby if service.kind == "helpline"), None)


def countries(services: tuple[Service, ...]) -> list[str]:
    """Return the codes of all countries that have a service of their own."""
    codes = {country for service in services for country in service.countries}
    return sorted(codes - {WORLDWIDE})


def country_names(services: tuple[Service, ...], language: Language) -> list[tuple[str, str]]:
    """Return (code, name) of every country with a service, sorted by name in a language."""
    named = [(code, language.country(code)) for code in countries(services)]
    return sorted(named, key=lambda pair: pair[1].casefold())
