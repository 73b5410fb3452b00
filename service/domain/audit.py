"""What is audited, how a row of the audit is chained to the one before, and how a chain is checked.

Each row has the digest of the row before it and one of its own, of all that it says. Whoever
changes, removes, inserts or reorders rows breaks the chain at the first of them.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import NamedTuple

from service.domain.reviewing import Decision, Why

DIGEST_BYTES = 32
BEGINNING = bytes(DIGEST_BYTES)
"""The digest before the first row."""
_DOMAIN = b"takeback audit row v1"


class Kind(StrEnum):
    """Who acts."""

    OPERATOR = "operator"
    MEMBER = "member"
    """Of an organisation: an advocate."""
    PLATFORM = "platform"
    CRAWLER = "crawler"
    OWNER = "owner"
    SERVICE = "service"
    """What the service does by itself, for its own audit."""
    REVIEWER = "reviewer"
    """Stands for a member in what an owner reads of a review, without who. In no row."""


class Of(StrEnum):
    """What an act is about."""

    NOTHING = ""
    CASE = "case"
    ENTRY = "entry"
    """Of a case, by its number in that."""
    KEY = "key"
    EXCLUSION = "exclusion"
    ORGANISATION = "organisation"
    MEMBER = "member"
    AUDIT = "audit"


class Audited(StrEnum):
    """Every act that is audited."""

    KEY_MADE = "key_made"
    KEY_REVOKED = "key_revoked"
    ENTRY_RELEASED = "entry_released"
    ENTRY_KEPT = "entry_kept"
    ENTRY_HELD = "entry_held"
    ENTRY_REVIEWED = "entry_reviewed"
    """By a lead of an organisation that reviews."""
    EXCLUDED = "excluded"
    EXCLUSION_REMOVED = "exclusion_removed"
    ADDRESSES_IMPORTED = "addresses_imported"
    ADDRESS_RELEASED = "address_released"
    SET_ASIDE_RETRIED = "set_aside_retried"
    ORGANISATION_MADE = "organisation_made"
    ORGANISATION_DISABLED = "organisation_disabled"
    REVIEWER_NAMED = "reviewer_named"
    REVIEWER_ENDED = "reviewer_ended"
    MEMBER_INVITED = "member_invited"
    MEMBER_DISABLED = "member_disabled"
    MEMBER_RESET = "member_reset"
    ROLE_CHANGED = "role_changed"
    INVITATION_ACCEPTED = "invitation_accepted"
    SIGNED_IN = "signed_in"
    SIGN_INS_FAILED = "sign_ins_failed"
    SIGNED_OUT_EVERYWHERE = "signed_out_everywhere"
    PASSWORD_SET = "password_set"  # noqa: S105 (the name of an act)
    PASSKEY_ADDED = "passkey_added"
    PASSKEY_REMOVED = "passkey_removed"
    RECOVERY_CODES_MADE = "recovery_codes_made"
    GRANT_REDEEMED = "grant_redeemed"
    CASE_READ = "case_read"
    CASE_EXPORTED = "case_exported"
    CASE_ASSIGNED = "case_assigned"
    TAGS_SET = "tags_set"
    DUE_SET = "due_set"
    NOTE_WRITTEN = "note_written"
    NOTE_SHARED = "note_shared"
    OWNER_CONFIRMED = "owner_confirmed"
    ADDRESS_ADDED = "address_added"
    ADDRESS_WITHHELD = "address_withheld"
    ALERTS_MUTED = "alerts_muted"
    LETTER_WRITTEN = "letter_written"
    FILE_CHECKED = "file_checked"
    FILES_ADDED = "files_added"
    LINK_MADE = "link_made"
    CASE_OPENED_BY_LINK = "case_opened_by_link"
    PRUNED = "pruned"


WORDS = frozenset(
    {"platform", "crawler", "lead", "member", "observer", "passkey", "password", "recovery_code"}
    | {*Decision, *Why}
)
"""The only words that details may have: roles, how somebody signed in, and reviews."""
DETAILS: Mapping[Audited, Mapping[str, type]] = {
    Audited.KEY_MADE: {"role": str, "platform": int},
    Audited.ENTRY_REVIEWED: {"decision": str, "why": str},
    Audited.EXCLUDED: {"contents": int, "signals": int},
    Audited.EXCLUSION_REMOVED: {"signals": int, "released": int},
    Audited.ADDRESSES_IMPORTED: {"addresses": int},
    Audited.SET_ASIDE_RETRIED: {"contents": int},
    Audited.MEMBER_INVITED: {"role": str, "organisation": int},
    Audited.ROLE_CHANGED: {"role": str},
    Audited.SIGNED_IN: {"by_what": str},
    Audited.INVITATION_ACCEPTED: {"by_what": str},
    Audited.SIGN_INS_FAILED: {"count": int},
    Audited.FILES_ADDED: {"contents": int},
    Audited.PRUNED: {"up_to": int},
}
"""Which details an act has: counts, ids of the store, and WORDS. An act without a row has none."""


class By(NamedTuple):
    """Who acts, and when in the day."""

    kind: Kind
    id: int | None = None
    """Of a member, platform or crawler, in the store."""
    minute: int | None = None
    """Of the day, in UTC. None for owners, of whom only days are stored."""


OPERATOR = By(Kind.OPERATOR)
"""The operator, at a time that is not known."""
SERVICE = By(Kind.SERVICE)


@dataclass(frozen=True, slots=True)
class Deed:
    """One act, before it has a place in the audit."""

    by: By
    day: date
    act: Audited
    of: Of = Of.NOTHING
    object_id: str = ""
    case_tag: bytes | None = None
    """What stands for a case (see `Seals.case_tag`)."""
    details: str = ""


class Row(NamedTuple):
    """One row as it is stored: values may be anything that somebody wrote there."""

    n: int
    day: str
    minute: int | None
    actor_kind: str
    actor_id: int | None
    act: str
    object_kind: str
    object_id: str
    case_tag: bytes | None
    details: str
    previous: bytes
    digest: bytes


class Head(NamedTuple):
    """A row's number and digest: enough to know later that nothing up to it was changed."""

    n: int
    digest: bytes

    def __str__(self) -> str:
        return f"{self.n}:{self.digest.hex()}"


class Fault(NamedTuple):
    """The first row that is not as it was written, and what is wrong there."""

    n: int
    says: str


def details(act: Audited, values: Mapping[str, object]) -> str:
    """Return the details of an act as canonical JSON. Raises ValueError for any others."""
    expected = DETAILS.get(act, {})
    if set(values) != set(expected):
        raise ValueError(act)
    for name, value in values.items():
        if type(value) is not expected[name] and not isinstance(value, StrEnum):
            raise ValueError(act, name)
        if isinstance(value, str) and value not in WORDS:
            raise ValueError(act, name)
    return json.dumps(values, sort_keys=True, separators=(",", ":")) if values else ""


def following(deed: Deed, head: Head) -> Row:
    """Return the row of an act that comes after a row."""
    row = Row(
        head.n + 1,
        deed.day.isoformat(),
        deed.by.minute,
        deed.by.kind.value,
        deed.by.id,
        deed.act.value,
        deed.of.value,
        deed.object_id,
        deed.case_tag,
        deed.details,
        head.digest,
        b"",
    )
    return row._replace(digest=digest(row))


def digest(row: Row) -> bytes:
    """Return SHA-256 of all that a row says, but its digest: each value behind its length."""
    hashed = hashlib.sha256(_DOMAIN)
    for value in row[:-1]:
        encoded = _encoded(value)
        hashed.update(b"-" if encoded is None else b"%d:" % len(encoded))
        hashed.update(encoded or b"")
    return hashed.digest()


def _encoded(value: object) -> bytes | None:
    if value is None or isinstance(value, bytes):
        return value
    return str(value).encode("utf-8", "surrogateescape")


def parse_head(text: str) -> Head | None:
    """Return the head that somebody kept; None if it has not that form."""
    n, _, hexadecimal = text.strip().partition(":")
    try:
        head = Head(int(n), bytes.fromhex(hexadecimal))
    except ValueError:
        return None
    return head if head.n >= 0 and len(head.digest) == DIGEST_BYTES else None


class Check:
    """Follows a chain from where it was pruned to its end."""

    def __init__(self, pruned: Head, kept: Head | None = None) -> None:
        self._pruned = pruned
        self._kept = kept
        self._before = pruned
        self._last = pruned
        self._pruning_found = pruned == Head(0, BEGINNING)

    def first_fault(self, rows: Iterable[Row], head: Head) -> Fault | None:
        """Return what is wrong first, None if nothing is. `head` is what the store says it is."""
        kept = self._kept
        if kept and kept.n < self._pruned.n:
            return Fault(kept.n, "is pruned: nothing can be said of the head that was given")
        if kept and kept.n == self._pruned.n and kept.digest != self._pruned.digest:
            return Fault(kept.n, "is not the row that the given head names")
        for row in rows:
            if fault := self._fault(row):
                return fault
            self._before, self._last = self._last, Head(row.n, row.digest)
            self._pruning_found |= self._is_pruning(row)
            if kept and kept.n == row.n and kept.digest != row.digest:
                return Fault(row.n, "is not the row that the given head names")
        return self._fault_at_end(head)

    def _fault(self, row: Row) -> Fault | None:
        n = self._last.n + 1
        if row.n != n:
            return Fault(n, "is missing")
        if digest(row) == row.digest and row.previous == self._last.digest:
            return None
        if row.previous == self._before.digest != self._last.digest:
            return Fault(self._last.n, "was inserted, or what followed it was removed")
        return Fault(n, "was changed, or another row is in its place")

    def _is_pruning(self, row: Row) -> bool:
        said = {"up_to": self._pruned.n}
        return (
            row.act == Audited.PRUNED
            and row.details == details(Audited.PRUNED, said)
            and row.object_id == self._pruned.digest.hex()
        )

    def _fault_at_end(self, head: Head) -> Fault | None:
        latest = max(head.n, self._kept.n if self._kept else 0)
        if self._last.n < latest:
            return Fault(self._last.n + 1, "is missing, and all after it: the end was cut off")
        if self._last.n > head.n:
            return Fault(head.n + 1, "was added without the service")
        if self._last != head:
            return Fault(head.n, "is not the row that the service wrote last")
        if not self._pruning_found:
            return Fault(self._pruned.n, "and what is before it were removed, but not by pruning")
        return None
