"""The languages of the pages. To add one, add its catalogue, `locales/TAG.po`.

Catalogues are parsed from source (GNU gettext's PO format); no compiled copy can be out of date.
The English texts are in the templates.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from operator import itemgetter
from pathlib import Path
from typing import Literal

from babel import Locale, dates
from babel.messages.pofile import read_po
from starlette.convertors import Convertor, register_url_convertor

LOCALES = Path(__file__).parent / "locales"
ENGLISH = "en"
DRAFT = "DRAFT:"
"""In the header comment of a catalogue that no native speaker has reviewed."""
_HOUR, _DAY = 3600, 86_400
MAX_HEADER = 200
"""Characters of an Accept-Language header that are parsed; the rest is ignored."""


class TagConvertor(Convertor[str]):
    """Matches a path segment in the form of a language tag: `es`, `pt-br`; not `v1`, `static`."""

    regex = "[a-z]{2,3}(?:-[a-z]{2,4})?"

    def convert(self, value: str) -> str:
        """Return the segment unchanged."""
        return value


register_url_convertor("tag", TagConvertor())


@dataclass(frozen=True)
class Language:
    """One language: its texts, script direction and date format."""

    tag: str
    draft: bool
    texts: dict[str, str] = field(repr=False)

    @property
    def locale(self) -> Locale:
        """The locale data of CLDR."""
        return Locale.parse(self.tag, sep="-")

    @property
    def name(self) -> str:
        """The name of the language in the language itself."""
        name = self.locale.get_display_name(self.locale) or self.tag
        return name[:1].upper() + name[1:]

    @property
    def direction(self) -> str:
        """The direction of its script: `ltr` or `rtl`."""
        return str(self.locale.text_direction)

    def text(self, english: str) -> str:
        """Return the translation of an English text, or the text if there is none."""
        return self.texts.get(english) or english

    def day(self, day: date) -> str:
        """Return a date in the long format of this language."""
        return dates.format_date(day, "long", locale=self.locale)

    def moment(self, when: datetime) -> str:
        """Return day of the week, date, time and zone, as clocks show them where that is."""
        day = dates.format_date(when, "full", locale=self.locale)
        time = dates.format_time(when, "short", locale=self.locale, tzinfo=when.tzinfo)
        zone = dates.get_timezone_gmt(when, "long", locale=self.locale)
        return f"{day}, {time} ({zone})"

    def span(self, seconds: int) -> str:
        """Return a length of time: whole days, hours or minutes, never more than there is."""
        if seconds >= 3 * _DAY:
            return self._span("day", seconds // _DAY * _DAY)
        if seconds >= 2 * _HOUR:
            return self._span("hour", seconds // _HOUR * _HOUR)
        return self._span("minute", seconds // 60 * 60)

    def _span(self, unit: Literal["day", "hour", "minute"], seconds: int) -> str:
        whole, never_larger = timedelta(seconds=seconds), 10**9
        return dates.format_timedelta(
            whole, granularity=unit, threshold=never_larger, locale=self.locale
        )

    def known_country(self, untrusted: str) -> str:
        """Return a country code that CLDR knows, or "" so that a page shows no foreign text."""
        code = untrusted[:2].upper()
        return code if code == untrusted.upper() and code in self.locale.territories else ""

    def country(self, code: str) -> str:
        """Return the name of a country, or its code if CLDR has no name."""
        return str(self.locale.territories.get(code, code))


def read(folder: Path = LOCALES) -> dict[str, Language]:
    """Return English and the language of each catalogue in a folder, by tag."""
    languages = {ENGLISH: Language(ENGLISH, draft=False, texts={})}
    for path in sorted(folder.glob("*.po")):
        with path.open("rb") as file:
            catalogue = read_po(file, locale=path.stem.replace("-", "_"))
        texts = {str(m.id): str(m.string) for m in catalogue if m.id and m.string and not m.fuzzy}
        draft = DRAFT in catalogue.header_comment
        languages[path.stem] = Language(path.stem, draft, texts)
    return languages


def preferred(known: dict[str, Language], accepted: str) -> Language:
    """Return the known language that an Accept-Language header (RFC 9110, 12.5.4) prefers."""
    for tag in _by_weight(accepted[:MAX_HEADER]):
        if tag in known:
            return known[tag]
        if tag.partition("-")[0] in known:
            return known[tag.partition("-")[0]]
    return known[ENGLISH]


def _by_weight(accepted: str) -> list[str]:
    weighted = [_weighted(part) for part in accepted.split(",")]
    accepted_tags = [(weight, tag) for weight, tag in weighted if weight > 0]
    return [tag for _, tag in sorted(accepted_tags, key=itemgetter(0), reverse=True)]  # stable


def _weighted(part: str) -> tuple[float, str]:
    tag, _, parameters = part.partition(";")
    name, _, value = parameters.partition("=")
    try:
        weight = float(value) if name.strip().lower() == "q" else 1.0
    except ValueError:
        weight = 0.0
    return weight, tag.strip().lower()
