"""The text of a notice, from the sentences of the data: as it is sent, copied and printed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from service.domain.notice import Written
from service.domain.regime import (
    STATEMENTS,
    Addressee,
    Asks,
    ClockStart,
    Field,
    Law,
    Regime,
    Status,
    Unconfirmed,
    Warned,
)

_PARAGRAPHS = (
    Field.DESCRIPTION,
    Field.WORK,
    Field.CIRCUMSTANCES,
    Field.WHY_UNLAWFUL,
    Field.EVIDENCE,
    Field.CONNECTION,
)
_LAST = (Field.NAME, Field.MAIL, Field.CONTACT, Field.SIGNATURE)
_HOUR = 60


@dataclass(frozen=True, slots=True)
class Draft:
    """A notice as it will be read. Hidden from `repr`."""

    language: str
    subject: str
    text: str = field(repr=False)
    is_fallback: bool
    """Whether it is in English only because we have no text in the addressee's language."""


def draft(law: Law, regime: Regime, notice: Written, addressee: str, language: str = "") -> Draft:
    """Return the text of a notice. `addressee`: the name of a platform; an authority has its own.

    What is missing is left out: whether it is complete is `notice.missing`.
    """
    chosen = regime.language(language)
    texts = law.texts[chosen]
    to = regime.addressee_name or addressee
    parts = [
        texts["to"].format(addressee=_plain(to)),
        "\n".join(_opening(regime, notice, texts, chosen)),
        "\n".join([texts["addresses"], *_numbered(notice.addresses)]),
        *_paragraphs(notice, texts),
        "\n".join(_said(regime, notice, chosen)),
        "\n".join(_asking(regime, texts)),
        "\n".join(texts[one].format(value=notice.values[one]) for one in _LAST if notice.has(one)),
    ]
    text = "\n\n".join(part for part in [texts["subject"], *parts] if part) + "\n"
    return Draft(chosen, texts["subject"], text, chosen not in regime.languages)


def _plain(text: str) -> str:
    return " ".join(text.split())


def _opening(
    regime: Regime, notice: Written, texts: Mapping[str, str], language: str
) -> Iterator[str]:
    yield texts["under"].format(law=regime.law[language])
    yield texts[notice.filer].format(authority=notice.values.get(Field.AUTHORITY, ""))


def _numbered(addresses: tuple[str, ...]) -> Iterator[str]:
    for number, address in enumerate(addresses, 1):
        yield f"{number}. {address}"


def _paragraphs(notice: Written, texts: Mapping[str, str]) -> Iterator[str]:
    for name in _PARAGRAPHS:
        if notice.has(name):
            yield f"{texts[name]}\n{notice.values[name]}"
    if audience := notice.values.get(Field.AUDIENCE):
        yield texts[f"audience_{audience}"]


def _said(regime: Regime, notice: Written, language: str) -> Iterator[str]:
    sentences = regime.statements[language]
    for name in STATEMENTS:
        if name in notice.statements and name in sentences:
            yield sentences[name]


def _asking(regime: Regime, texts: Mapping[str, str]) -> Iterator[str]:
    yield texts[f"ask_{regime.addressee}"]
    if regime.asks is not Asks.NONE:
        yield texts[f"ask_{regime.asks}"]
    if regime.addressee is Addressee.PLATFORM and regime.status is Status.IN_FORCE:
        yield _time(regime, texts)
    if Warned.IDENTITY_FORWARDED not in regime.warnings:
        yield texts["private"]
    yield texts["confirm"]


def _time(regime: Regime, texts: Mapping[str, str]) -> str:
    """Say how much time there is, but claim no hours that were not read in the law."""
    claims = regime.clock_starts is ClockStart.NOTICE and regime.minutes
    if not claims or Unconfirmed.MINUTES in regime.not_confirmed:
        return texts["promptly"]
    return texts["within"].format(time=texts["hours"].format(n=regime.minutes // _HOUR))
