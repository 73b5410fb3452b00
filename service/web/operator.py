"""Who runs the service, which platforms take part, and where help is, as the first page says it.

All of it is what the operator wrote into settings. Nothing is read from the store: a stranger who
opens the page learns nothing about platforms that the operator does not want to say.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

from service.settings import Settings, is_web_address

_BETWEEN = frozenset(" \u00a0\u202f-\u2010\u2011\u2012\u2013/().")
"""What people write between the digits of a telephone number."""
_MAIL = re.compile(r"[^\s@<>?&]+@[^\s@<>?&]+")


@dataclass(frozen=True, slots=True)
class Operator:
    """What is empty was not set, and the page says so."""

    name: str = ""
    contact: str = ""
    privacy_url: str = ""
    source_url: str = ""
    platforms: tuple[str, ...] = ()
    country: str = ""

    @property
    def contact_link(self) -> str:
        """The address that the contact opens, or "" if it is only a text."""
        if is_web_address(self.contact):
            return self.contact
        if _MAIL.fullmatch(self.contact):
            return f"mailto:{self.contact}"
        return _telephone_link(self.contact)


def of(settings: Settings) -> Operator:
    """Return what the settings say."""
    names = (each.strip() for each in settings.named_platforms.split(","))
    return Operator(
        name=settings.operator.strip(),
        contact=settings.contact.strip(),
        privacy_url=settings.privacy_url,
        source_url=settings.source_url,
        platforms=tuple(each for each in names if each),
        country=settings.country,
    )


def _telephone_link(number: str) -> str:
    """Return the `tel:` address (RFC 3966) of a number as people write it, or "" if it is none."""
    dialled = "".join(str(unicodedata.decimal(one, one)) for one in number if one not in _BETWEEN)
    return f"tel:{dialled}" if re.fullmatch(r"\+?[0-9]{2,15}", dialled) else ""
