"""The report and the letter of a pack: what was found, in which order, and what was not done."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from hashing.evidence import timeline
from hashing.evidence.chain import moment_text
from hashing.evidence.paragraphs import Block, heading, row, subheading, text, title
from hashing.evidence.timeline import Incident, Local

BLANK: Final = "_" * 40
_REASONS: Final = {
    "removed": "was removed by the owner",
    "chosen": "was left out of this pack by the owner",
    "missing": "was not there when this pack was made",
    "damaged": "could not be opened when this pack was made",
    "unnamed": "is named by no item of this pack",
}
_NAMES: Final = {
    "platform": "Platform",
    "display_name": "Display name",
    "user_name": "User name",
    "profile_id": "Profile ID",
    "person": "Person, in the owner's words",
    "address": "Address",
    "final_address": "It led to",
    "clock": "Clock of the capture",
    "captured_by": "Captured by",
    "how": "How",
    "tool": "Tool",
    "note": "Note",
}


@dataclass(frozen=True, slots=True)
class Account:
    """What the texts of a pack are made of."""

    case_number: str
    made_at: datetime
    signer: str
    incidents: Sequence[Incident]
    left_out: Sequence[tuple[int, str]]
    """Numbers of what is not in the pack, each with the reason."""
    stamps: Sequence[tuple[int, str]]
    """Entries that authorities stamped, each with the authority's name."""
    local: Local
    not_done: Sequence[str] = ()
    """What was asked for and not done, in the owner's words."""


def report(account: Account) -> Iterator[Block]:
    """Yield the report: everything that is in the pack, item by item."""
    yield title(f"Evidence of case {account.case_number}")
    yield text(
        "This report lists every item of this pack. Its number is that of its entry in the chain "
        "of the case: item 7 is in the folder items/0007. Times are in UTC, which is the same "
        "everywhere, and in local time. VERIFY.txt says how to check that nothing was changed."
    )
    yield row("Made", _both(account.made_at, account.local))
    yield row("Items", str(len(account.incidents)))
    yield row("Key that signed this pack", account.signer)
    yield from _stamped(account)
    yield heading("Accounts, by person")
    yield from _accounts(account)
    yield heading("Items, in the order in which they happened")
    for each in timeline.in_order(account.incidents):
        yield from _item(each, account.local)
    if account.left_out:
        yield heading("What is not in this pack")
        for number, why in account.left_out:
            yield row(f"Entry {number}", f"It {_REASONS[why]}.")


def letter(account: Account) -> Iterator[Block]:
    """Yield the letter: evidence, what happened when, and what was not done."""
    yield title(f"Case {account.case_number}: request to act")
    yield text(
        "Fill in the lines, and take out what does not fit. You do not have to say more than you "
        "want to. A lawyer or a helpline can read this with you."
    )
    for label in ("To", "From", "Date", "Your reference"):
        yield row(label, BLANK)
    yield text(
        "\nIntimate pictures or videos of me were shared, or somebody threatens to share them, "
        "and I did not consent. I ask you to act on this and to keep what you hold about it."
    )
    yield heading("1. Evidence")
    yield text(
        "With this letter comes a pack (a zip file). Items in it: "
        f"{len(account.incidents)}. Each was encrypted, and entered in a chain at the time that is "
        "given with it. Whatever was changed "
        "later shows: VERIFY.txt in the pack says how to check this. The key that signed the pack "
        f"is {account.signer}."
    )
    yield from _stamped(account)
    yield from _accounts(account)
    yield heading("2. What happened, in its order")
    for each in timeline.in_order(account.incidents):
        yield row(f"{_when(each, account.local)}, item {each.number}", _in_short(each))
    yield heading("3. What was not done")
    if account.not_done:
        for number, words in enumerate(account.not_done, 1):
            yield row(str(number), words)
    else:
        yield text("What did you ask for, from whom, when, and what was not done?")
        for number in (1, 2, 3):
            yield row(str(number), BLANK)
    yield text("\nPlease confirm in writing that you have received this, and what you will do.")
    yield row("Name or reference", BLANK)
    yield row("Signature", BLANK)


def _stamped(account: Account) -> Iterator[Block]:
    if not account.stamps:
        yield text(
            "No authority for time stamps has attested these times: they are those of the "
            "service's clock."
        )
        return
    last = max(number for number, _ in account.stamps)
    names = ", ".join(sorted({name for _, name in account.stamps}))
    yield row("Attested by time stamps", f"entries 1 to {last}, by {names}")


def _accounts(account: Account) -> Iterator[Block]:
    for person, of_person in timeline.accounts(account.incidents).items():
        yield subheading(f"Person: {person}")
        for (platform, profile_id, user_name, display_name), acts in of_person.items():
            first, last = acts[0], acts[-1]
            names = ", ".join(each for each in (user_name, display_name) if each)
            known = f"profile ID {profile_id}" if profile_id else "profile ID not known"
            items = "item" if len(acts) == 1 else "items"
            numbers = ", ".join(str(each.number) for each in acts)
            when = _when(first, account.local)
            if last is not first:
                when += f" to {_when(last, account.local)}"
            what = f"{names or '(no name)'}; {known}; {when}; {items} {numbers}"
            yield row(platform or "Platform not named", what, first.original)


def _item(incident: Incident, local: Local) -> Iterator[Block]:
    record, original = incident.record, incident.original
    yield subheading(f"Item {incident.number}: {record.kind}")
    if record.happened_at is not None:
        yield row("Happened", _both(record.happened_at, local))
    yield row("Captured", _both(record.captured_at, local))
    yield row("Stored", f"{_both(incident.entry.at, local)}, by the clock of the service")
    for name, label in _NAMES.items():
        if value := getattr(record, name):
            yield row(label, value, original)
    for each in record.files:
        path = incident.paths.get(each.id, "not in this pack")
        yield row("File", f"{path}; {each.size:,} bytes; SHA-256 {each.sha256}")
        yield row("Its name on the device", each.name, original)
    if record.replaces:
        yield row("Corrects", f"the record {record.replaces}")
    if incident.corrected_by:
        yield row("Corrected", f"by item {incident.corrected_by}")
    yield row("SHA-256 of the sealed record", incident.entry.digest)


def _in_short(incident: Incident) -> str:
    record = incident.record
    by = record.user_name or record.display_name or record.person or "somebody not known"
    where = f" on {record.platform}" if record.platform else ""
    said = f". {record.note}" if record.note else ""
    corrected = f" (corrected by item {incident.corrected_by})" if incident.corrected_by else ""
    address = f" {record.address}" if record.address else ""
    return f"{record.kind.capitalize()} by {by}{where}{corrected}:{address or ' no address'}{said}"


def _when(incident: Incident, local: Local) -> str:
    moment = incident.record.happened_at or incident.record.captured_at
    return timeline.local_text(moment, local)


def _both(moment: object, local: Local) -> str:
    if not isinstance(moment, datetime):
        return str(moment)
    return f"{moment_text(moment)} (local: {timeline.local_text(moment, local)})"
