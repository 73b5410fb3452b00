"""The chain of a case: what was stored and removed, in order, each link over all before it.

The service appends, everybody checks. Nothing here needs a key.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final, Literal, get_args

from hashing.errors import InvalidEvidence
from hashing.evidence import canonical

Act = Literal["record", "file", "removed"]
ACTS: Final = frozenset(get_args(Act))
_START: Final = b"takeback evidence chain v1"
_ID = re.compile(r"[0-9a-f]{32}")
_DIGEST = re.compile(r"[0-9a-f]{64}")
_MOMENT = "%Y-%m-%dT%H:%M:%SZ"
_LONG_AGO: Final = datetime(1970, 1, 1, tzinfo=UTC)
_FIELDS: Final = {"act", "at", "digest", "id", "sequence"}


@dataclass(frozen=True, slots=True)
class Entry:
    """What happened: a record or file was stored, or removed."""

    sequence: int
    """From 1."""
    act: Act
    at: datetime
    """In UTC, to the second, by the service's clock."""
    id: str
    """Of the record or file, in hexadecimal."""
    digest: str
    """SHA-256 of the stored record, or root of the file; of what was removed, what it was."""

    def document(self) -> dict[str, Any]:
        """Return the fields as JSON has them."""
        at = moment_text(self.at)
        digest, sequence = self.digest, self.sequence
        return {"act": self.act, "at": at, "digest": digest, "id": self.id, "sequence": sequence}

    def encoded(self) -> bytes:
        """Return what the link is made of."""
        return canonical.encode(self.document())


@dataclass(frozen=True, slots=True)
class Link:
    """An entry, and the link (32 bytes) that it makes with all before it."""

    entry: Entry
    value: bytes


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong with a chain, and at which entry."""

    sequence: int
    sentence: str


def start(case_number: str) -> bytes:
    """Return the link before the first entry: a chain of one case is none of another."""
    return hashlib.sha256(_START + case_number.encode("ascii")).digest()


def following(link: bytes, entry: Entry) -> bytes:
    """Return the link that an entry makes after `link`."""
    return hashlib.sha256(link + entry.encoded()).digest()


def moment_text(moment: datetime) -> str:
    """Return a time as documents have it: `2026-11-30T15:20:31Z`."""
    return moment.astimezone(UTC).strftime(_MOMENT)


def parse_moment(untrusted: object) -> datetime:
    """Return a time that is written as `moment_text` does. Raises InvalidEvidence."""
    try:
        moment = datetime.strptime(str(untrusted), _MOMENT).replace(tzinfo=UTC)
    except ValueError as err:
        raise InvalidEvidence("A time is like 2026-11-30T15:20:31Z.") from err
    if moment_text(moment) != untrusted:
        raise InvalidEvidence("A time is like 2026-11-30T15:20:31Z.")
    return moment


def is_id(untrusted: object) -> bool:
    """Whether this is the id of a record or file."""
    return isinstance(untrusted, str) and bool(_ID.fullmatch(untrusted))


def is_digest(untrusted: object) -> bool:
    """Whether this is a SHA-256 in hexadecimal, small letters."""
    return isinstance(untrusted, str) and bool(_DIGEST.fullmatch(untrusted))


def parse_entry(untrusted: object) -> Entry:
    """Return an entry of a document. Raises InvalidEvidence, which names the field."""
    if not isinstance(untrusted, dict) or set(untrusted) != _FIELDS:
        raise InvalidEvidence("An entry has act, at, digest, id and sequence, and nothing else.")
    act, sequence = untrusted["act"], untrusted["sequence"]
    if act not in ACTS:
        raise InvalidEvidence("The act of an entry is record, file or removed.")
    if type(sequence) is not int or sequence < 1:
        raise InvalidEvidence("The sequence of an entry is a number from 1 on.")
    if not is_id(untrusted["id"]):
        raise InvalidEvidence("The id of an entry is 32 digits of hexadecimal.")
    if not is_digest(untrusted["digest"]):
        raise InvalidEvidence("The digest of an entry is 64 digits of hexadecimal.")
    moment = parse_moment(untrusted["at"])
    return Entry(sequence, act, moment, untrusted["id"], untrusted["digest"])


def parse_link(untrusted: object) -> Link:
    """Return an entry with its link from {"entry": …, "link": …}. Raises InvalidEvidence."""
    if not isinstance(untrusted, dict) or set(untrusted) != {"entry", "link"}:
        raise InvalidEvidence("A link of the chain has entry and link, and nothing else.")
    if not is_digest(untrusted["link"]):
        raise InvalidEvidence("A link is 64 digits of hexadecimal.")
    return Link(parse_entry(untrusted["entry"]), bytes.fromhex(untrusted["link"]))


def faults(case_number: str, links: Sequence[Link]) -> Iterator[Fault]:
    """Yield what is wrong with a whole chain, from its first entry on; nothing if all is right."""
    known = _Known()
    before = start(case_number)
    for position, link in enumerate(links, 1):
        entry = link.entry
        if entry.sequence != position:
            yield Fault(position, _misplaced(entry.sequence, position))
            return  # whatever follows is in the wrong place, too
        yield from known.faults(entry)
        if following(before, entry) != link.value:
            if position == 1:
                sentence = "Entry 1 does not begin the chain of this case: it was changed, or is "
                sentence += "of another case."
            else:
                sentence = f"Entry {position} does not follow from the one before it: one of the "
                sentence += "two was changed."
            yield Fault(position, sentence)
        before = link.value


def _misplaced(found: int, position: int) -> str:
    if found > position:
        return f"Entry {position} is missing: entry {found} is in its place."
    return f"Entry {found} is there again, in the place of entry {position}."


@dataclass(slots=True)
class _Known:
    """What the entries so far say of ids and times."""

    stored: dict[str, str] = field(default_factory=dict)
    removed: set[str] = field(default_factory=set)
    latest: datetime = _LONG_AGO

    def faults(self, entry: Entry) -> Iterator[Fault]:
        n = entry.sequence
        if entry.at < self.latest:
            yield Fault(n, f"Entry {n} has an earlier time than the one before it.")
        self.latest = max(self.latest, entry.at)
        if entry.act != "removed":
            if entry.id in self.stored:
                yield Fault(n, f"Entry {n} has the id of an earlier one: it was put in again.")
            self.stored.setdefault(entry.id, entry.digest)
            return
        if entry.id not in self.stored:
            yield Fault(n, f"Entry {n} removes what no entry before it stored.")
        elif entry.id in self.removed:
            yield Fault(n, f"Entry {n} removes what was removed before.")
        elif self.stored[entry.id] != entry.digest:
            yield Fault(n, f"Entry {n} removes something, but not what was stored.")
        self.removed.add(entry.id)
