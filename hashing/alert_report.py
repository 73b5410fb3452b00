"""Every sentence and line about how an owner is told, as `report` has the others."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from hashing.printable import printable

BY_YOURSELF = "You come back by yourself: nobody sends you anything. To change that: alerts set."
OTHERS_QUESTION = "Does anybody else read what arrives there, or might they?"
NO_ALERT_ANSWER = (
    "This asks a question, and there is nobody to answer it. Nothing was sent. Say --others yes or "
    "--others no."
)
MAIL_QUESTION = "The mail address:"
WEBHOOK_QUESTION = "The web address, which begins with https://:"
NO_CONTACT_ADDRESS = "An address is needed, and there is nobody to type one. Nothing was sent."
CODE_QUESTION = "The six digits in the message:"
NO_CODE = "A code is needed, and there is nobody to type one. Nothing was sent."
CONFIRMED = "This is your address. From now on you are told."
REMOVED = "Nobody sends you anything any more."
TEST_SENT = "If the address is right, a test comes within a few minutes."
SAME = "Yes, it is this one."
NOT_SAME = "No, it is another one."
KEPT = "Good. We ask again when you look here after {day}."
MUTED = "Nothing is sent before {day}. What happens until then is in your status."
UNMUTED = "You are told again, from now on."
_FEED = """\
Your feed, shown this once:

    {address}

Whoever has this address sees on which days there was news, and nothing else. Open it once in your
feed reader: then it begins."""
_WEBHOOK = """\
The secret that messages are signed with, shown this once:

    {secret}

A test is sent now. Once it is answered with a status of 200 to 299, this begins."""
_MAIL = """\
If the address is right, a code comes within a few minutes. Then: takeback alerts confirm. It says
nothing of us, and the service keeps the address sealed."""
_KINDS = {"feed": "feed", "webhook": "webhook", "mail": "mail"}
_STATUS = {
    "unconfirmed": "not confirmed yet",
    "live": "you are told this way",
    "dead": "cannot be used any more: what is sent there is refused. Set it up again, or remove it",
}
_WORDINGS = {
    "news": "News: something you asked about has news",
    "reminder": "Reminder: the reminder you asked for",
    "list": "Your list: something new on your list",
    "bare": "Hello, and no text",
}
_ASKS = (
    "The day has come on which you wanted to be asked: is all of this still safe? If it is: "
    "takeback alerts keep. If not: takeback alerts set none."
)


def shown_once(answer: dict[str, Any], server: str) -> str:
    """Return what is said after a channel was set up."""
    if answer["kind"] == "feed":
        return _FEED.format(address=printable(f"{server.rstrip('/')}{answer['feed']}"))
    if answer["kind"] == "webhook":
        return _WEBHOOK.format(secret=printable(answer["secret"] or ""))
    return _MAIL


def lines(alerts: dict[str, Any]) -> Iterator[str]:
    """Yield how an owner is told."""
    if not alerts["channels"]:
        yield BY_YOURSELF
        return
    for channel in alerts["channels"]:
        kind, status = channel["kind"], channel["status"]
        yield printable(f"{_KINDS.get(kind, kind):8} {_STATUS.get(status, status)}")
    if contact := alerts["contact"]:
        yield from (printable(line) for line in _contact_lines(contact))
    if alerts["asks"]:
        yield _ASKS


def _contact_lines(contact: dict[str, Any]) -> Iterator[str]:
    wording = contact["wording"]
    yield f"words    {_WORDINGS.get(wording, wording)} ({contact['language']})"
    hours = contact["hours"]
    yield (
        f"hours    {hours['begin']} to {hours['end']} ({hours['zone']})"
        if hours
        else "hours    at any time"
    )
    yield f"others   {'may read it' if contact['read_by_others'] else 'do not read it'}"
    yield f"asked    again on {contact['ask_on']}"
    if until := contact["muted_until"]:
        yield f"muted    until {until}"
