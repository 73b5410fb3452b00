"""The form of a letter, for owners and for advocates who act for them: fields ↔ what is written."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from service.domain import contact, notice
from service.domain.errors import InvalidRequest
from service.domain.notice import OWN_FILERS
from service.domain.regime import ENGLISH, STATEMENTS, Field, Filer, Regime
from service.web.forms import INVALID
from service.web.languages import Language
from service.workflows import noticing
from service.workflows.noticing import Composed, OwnerNotice
from service.workflows.store_context import StoreContext

AGOS = (15, 30, 60, 180, 360, 720, 1440, 2880, 10_080)
"""Minutes: how long ago something happened, as the pages offer it."""
_TYPED = ("addressee", "filer", "language", "zone", *(str(one) for one in Field))


def typed(fields: Mapping[str, str]) -> dict[str, str]:
    """Return what of a form belongs to the letter."""
    return {name: fields[name] for name in _TYPED if name in fields}


def composed(context: StoreContext, fields: Mapping[str, str]) -> Composed:
    """Return the letter of a form. Raises InvalidRequest for what no form sends."""
    regime = noticing.regime_of(context, fields.get("regime", ""))
    filer, lines = fields.get("filer", ""), fields.get("addresses", "")
    written = notice.written(filer, lines, fields, loopback=context.settings.watch_loopback)
    addressee, language = fields.get("addressee", ""), fields.get("language", "")
    about = noticing.about(regime, addressee, language, fields.get("zone", ""))
    return Composed(regime, written, about)


def ago(fields: Mapping[str, str]) -> int:
    """Return how many minutes ago something happened. Raises InvalidRequest."""
    if fields.get("ago") not in {"0", *map(str, AGOS)}:
        raise InvalidRequest(INVALID)
    return int(fields["ago"])


def shown_form(
    language: Language,
    regime: Regime,
    values: Mapping[str, str],
    filers: Iterable[Filer],
    missing: tuple[str, ...] = (),
    wrong_lines: tuple[int, ...] = (),
) -> dict[str, Any]:
    """Return what the template of the form shows."""
    asked = {one.name for one in regime.fields}
    names, tag = language.locale.languages, language.tag
    read_in = tag if tag in regime.statements else ENGLISH
    sentences = regime.statements[read_in]
    return {
        "regime": regime,
        "typed": {"language": regime.language(), **values},
        "filers": list(filers),
        "authorised": not OWN_FILERS & set(filers),
        "missing": missing,
        "wrong_lines": wrong_lines,
        "required": {"addressee", "authority", *regime.required},
        "fields": [one for one in Field if one in asked],
        "statements": STATEMENTS,
        "sentences": [(one, sentences[one]) for one in STATEMENTS if one in sentences],
        "read_in": read_in,
        "spoken": [(each, names.get(each, each)) for each in regime.statements],
        "is_fallback": regime.language() not in regime.languages,
        "zones": contact.zones(),
    }


def shown(one: OwnerNotice) -> dict[str, Any]:
    """Return a letter as templates read it, its time as clocks show it where the owner is."""
    due_at = one.clock.due_at
    due = None if due_at is None else notice.local(due_at, one.about.zone)
    return {name: getattr(one, name) for name in OwnerNotice.__slots__} | {"due": due}
