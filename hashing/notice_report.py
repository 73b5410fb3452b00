"""Every sentence and line about letters that ask for removal, as `report` has the others."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from hashing.printable import printable

NO_NOTICES = "There are no letters in this case."
NOT_ADVICE = "This is not legal advice. Nothing was stored or sent."
KEPT = "Kept, with its text. To send it, open it on the page of the service."
STARTED = "The clock has started. See: takeback notice list."
NO_ANSWERS = "This asks what the letter needs, and there is nobody to answer. Run it in a terminal."
NO_LETTER = "The letter could not be read. It is a text, as `takeback notice new` prints it."
EXISTS = "{path} is there already, and is never replaced. Choose another name."
NO_LAW = "There is no such law here. These are known: {laws}."
AGREED = "Is this true? It goes into the letter: “{sentence}”"
QUESTIONS = {
    "name": "Your name:",
    "mail": "E-mail address where they can reach you:",
    "contact": "Postal address and telephone:",
    "description": "What is it? (for example: a photo of me, posted by this account)",
    "work": "Which picture of yours was copied?",
    "circumstances": "What shows that you did not agree?",
    "why_unlawful": "Why is it against the law?",
    "evidence": "What shows that you may ask for this?",
    "connection": "How is it connected with that country?",
    "audience": "Who can see it: public or private?",
    "authority": "What lets you act for the person?",
    "signature": "Your signature: type your name:",
}
"""What is asked for each field, by its name in the service, in the order of its form."""
_STATES = {
    "draft": "not sent yet",
    "offered": "waits for the platform to fetch it",
    "sent": "sent",
    "received": "they have received it",
    "ordered": "an authority ordered its removal",
    "removed": "removed",
    "refused": "they refused",
}
_STATUS = {
    "in_force": "in force",
    "enacted_not_confirmed": "passed, but not confirmed to be in force",
    "bill": "not a law yet",
}


def law_lines(law: dict[str, Any]) -> Iterator[str]:
    """Yield the lines about a law, with its doubts."""
    doubts = f"; not confirmed: {', '.join(law['not_confirmed'])}" if law["not_confirmed"] else ""
    old = ", which is long ago: check it" if law["old"] else ""
    yield printable(f"{law['name']}: {_STATUS.get(law['status'], law['status'])}{doubts}.")
    yield printable(f"Source: {law['source']}; checked on {law['checked_on']}{old}.")
    if "identity_forwarded" in law["warnings"]:
        yield "Your name and contact details are passed on to whoever posted it."
    if "only_if_you_took_it" in law["warnings"]:
        yield "Use this only if you took the picture yourself."


_OF_THE_COMMAND = {
    "addressee": "Name the platform: --to NAME.",
    "filer": "By this law, nobody files in that position. Choose another --filer.",
    "wrong_lines": "An address is not one that can be looked at. Copy it whole; it begins with https://.",
}
"""What to do about what is wrong before anything was asked."""


def refused_lines(missing: Sequence[str]) -> list[str]:
    """Return what is wrong with the command itself, of what the service says is missing."""
    return [text for name, text in _OF_THE_COMMAND.items() if name in missing]


def missing_line(missing: Sequence[str]) -> str:
    """Return what is still missing, by the names of the service."""
    return printable(f"The letter is not complete. Missing: {', '.join(missing)}.")


def notice_lines(notices: Sequence[dict[str, Any]]) -> Iterator[str]:
    """Yield the lines about the letters of a case, with their clocks."""
    for one in notices:
        state = _STATES.get(one["state"], one["state"])
        yield printable(f"{one['n']:3}  {one['addressee']} ({one['regime']}): {state}")
        clock = one["clock"]
        if clock["state"] == "running":
            yield printable(f"     they have until {clock['due_at']}")
        elif clock["state"] == "overdue":
            yield printable(f"     their time was over on {clock['due_at']}")
        elif clock["state"] == "quiet":
            yield "     nothing has happened for a week"
        if one["reason"]:
            yield printable(f"     they say: {one['reason'].replace('_', ' ')}. {one['says']}")
    if not notices:
        yield NO_NOTICES
