"""What messages say: as little as may be, and nothing of who sends them or why.

They are here and not in the catalogues of the pages, because the worker sends them.
"""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple


class Wording(StrEnum):
    """What an owner may have us write."""

    NEWS = "news"
    REMINDER = "reminder"
    LIST = "list"
    BARE = "bare"
    """A subject that says nothing, and no text."""


class Message(NamedTuple):
    """A subject and a text of one line."""

    subject: str
    text: str


_MESSAGES: dict[str, dict[Wording, Message]] = {
    "en": {
        Wording.NEWS: Message("News", "Something you asked about has news."),
        Wording.REMINDER: Message("Reminder", "This is the reminder you asked for."),
        Wording.LIST: Message("Your list", "There is something new on your list."),
        Wording.BARE: Message("Hello", ""),
    },
    "es": {
        Wording.NEWS: Message("Novedades", "Hay novedades sobre algo que preguntaste."),
        Wording.REMINDER: Message("Recordatorio", "Este es el recordatorio que pediste."),
        Wording.LIST: Message("Tu lista", "Hay algo nuevo en tu lista."),
        Wording.BARE: Message("Hola", ""),
    },
    "ar": {
        Wording.NEWS: Message("جديد", "هناك جديد بشأن أمر سألت عنه."),
        Wording.REMINDER: Message("تذكير", "هذا هو التذكير الذي طلبته."),
        Wording.LIST: Message("قائمتك", "هناك شيء جديد في قائمتك."),
        Wording.BARE: Message("مرحبا", ""),
    },
}
_CODES = {
    "en": Message("Code", "{code} is the code you asked for. If you did not ask, do nothing."),
    "es": Message("Código", "{code} es el código que pediste. Si no lo pediste, no hagas nada."),
    "ar": Message("رمز", "{code} هو الرمز الذي طلبته. إن لم تطلبه، فلا تفعل شيئًا."),
}
LANGUAGES = tuple(_MESSAGES)


def message(wording: Wording, language: str) -> Message:
    """Return what is written in a language of LANGUAGES."""
    return _MESSAGES[language][wording]


def code_message(code: str, language: str) -> Message:
    """Return what is written to find out whether an address is the owner's."""
    subject, text = _CODES[language]
    return Message(subject, text.format(code=code))
