"""The languages of the pages. A language is one catalogue, `locales/TAG.po`, and nothing else.

Catalogues are read as they are written (GNU gettext's PO format), so none can be out of date.
English is what stands in the templates.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

from babel import Locale, dates
from babel.messages.pofile import read_po
from starlette.convertors import Convertor, register_url_convertor

LOCALES = Path(__file__).parent / "locales"
ENGLISH = "en"
DRAFT = "DRAFT:"
"""A catalogue whose first comment has this word has not been read by a native speaker."""
MAX_HEADER = 200
"""Characters of an Accept-Language header that are looked at."""


class TagConvertor(Convertor[str]):
    """A part of a path that has the form of a language tag: `es`, `pt-br`; not `v1`, `static`."""

    regex = "[a-z]{2,3}(?:-[a-z]{2,4})?"

    def convert(self, value: str) -> str:
        """Return it as it stands in the path."""
        return value

    def to_string(self, value: str) -> str:
        """Return it as it stands in a path."""
        return value


register_url_convertor("tag", TagConvertor())


@dataclass(frozen=True)
class Language:
    """One language: its texts, and how it is written."""

    tag: str
    draft: bool
    texts: dict[str, str] = field(repr=False)

    @property
    def locale(self) -> Locale:
        """What CLDR knows about it."""
        return Locale.parse(self.tag, sep="-")

    @property
    def name(self) -> str:
        """What it calls itself."""
        name = self.locale.get_display_name(self.locale) or self.tag
        return name[:1].upper() + name[1:]

    @property
    def direction(self) -> str:
        """`ltr` or `rtl`."""
        return str(self.locale.text_direction)

    def text(self, english: str) -> str:
        """Return the translation, or the English where there is none."""
        return self.texts.get(english) or english

    def day(self, day: date) -> str:
        """Return a day as it is written in this language."""
        return dates.format_date(day, "long", locale=self.locale)

    def known_country(self, untrusted: str) -> str:
        """Return the code of a country, or nothing: no words of others get onto a page."""
        code = untrusted[:2].upper()
        return code if code == untrusted.upper() and code in self.locale.territories else ""

    def country(self, code: str) -> str:
        """Return the name of a country, or its code where CLDR has none."""
        return str(self.locale.territories.get(code, code))


def read(folder: Path = LOCALES) -> dict[str, Language]:
    """Return English, and the language of each catalogue in a folder, by tag."""
    found = {ENGLISH: Language(ENGLISH, draft=False, texts={})}
    for path in sorted(folder.glob("*.po")):
        with path.open("rb") as file:
            catalogue = read_po(file, locale=path.stem.replace("-", "_"))
        texts = {str(m.id): str(m.string) for m in catalogue if m.id and m.string and not m.fuzzy}
        draft = DRAFT in catalogue.header_comment
        found[path.stem] = Language(path.stem, draft, texts)
    return found


def preferred(known: dict[str, Language], accepted: str) -> Language:
    """Return the language that an Accept-Language header (RFC 9110, 12.5.4) likes best."""
    for tag in _by_weight(accepted[:MAX_HEADER]):
        if tag in known:
            return known[tag]
        if tag.partition("-")[0] in known:
            return known[tag.partition("-")[0]]
    return known[ENGLISH]


def _by_weight(accepted: str) -> list[str]:
    weighted = [_weighted(part) for part in accepted.split(",")]
    liked = [(weight, tag) for weight, tag in weighted if weight > 0]
    return [tag for _, tag in sorted(liked, key=_first, reverse=True)]


_first: Callable[[tuple[float, str]], float] = lambda pair: pair[0]  # noqa: E731 (sorted keeps order)


def _weighted(part: str) -> tuple[float, str]:
    tag, _, parameters = part.partition(";")
    name, _, value = parameters.partition("=")
    try:
        weight = float(value) if name.strip().lower() == "q" else 1.0
    except ValueError:
        weight = 0.0
    return weight, tag.strip().lower()
