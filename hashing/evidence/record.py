"""A record: one captured fact, with what makes it usable: where, who, when, how, by whose clock."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields
from datetime import UTC, date, datetime
from types import MappingProxyType
from typing import Any, Final, Literal, get_args

from hashing.errors import InvalidEvidence
from hashing.evidence import canonical
from hashing.evidence.chain import is_digest, is_id, moment_text, parse_moment
from hashing.evidence.limits import MAX_FILE, MAX_RECORD

Kind = Literal["page", "post", "profile", "message", "payment", "call", "file"]
Clock = Literal["device", "server", "page"]
Capturer = Literal["owner", "advocate", "crawler"]
MAX_FILES: Final = 50
_TEXTS: Final = {
    "platform": 100,
    "address": 4000,
    "final_address": 4000,
    "display_name": 300,
    "user_name": 300,
    "profile_id": 300,
    "person": 300,
    "how": 1000,
    "tool": 300,
    "note": 20_000,
}
"""Free texts, and the most characters (Unicode code points) of each."""
_CHOICES: Final = {"kind": get_args(Kind), "clock": get_args(Clock)}
_CHOICES["captured_by"] = get_args(Capturer)
_FILE_TEXTS: Final = {"name": 255, "media_type": 100}


@dataclass(frozen=True, slots=True)
class AttachedFile:
    """A file of a record, by what it is once opened."""

    id: str
    name: str
    """As the owner's device had it. It is shown, and never a path."""
    media_type: str
    size: int
    """In bytes."""
    sha256: str
    """Of the content."""
    root: str
    """Of its stored chunks."""


@dataclass(frozen=True, slots=True)
class Record:
    """One captured fact. What is not known is None."""

    kind: Kind
    captured_at: datetime
    """In UTC, to the second."""
    happened_at: datetime | date | None = None
    clock: Clock | None = None
    """Whose `captured_at` is."""
    captured_by: Capturer | None = None
    platform: str | None = None
    address: str | None = None
    final_address: str | None = None
    """Where `address` led."""
    display_name: str | None = None
    user_name: str | None = None
    profile_id: str | None = None
    """Stays when the names change."""
    person: str | None = None
    """Whose account it is, in the owner's own words."""
    how: str | None = None
    tool: str | None = None
    note: str | None = None
    files: tuple[AttachedFile, ...] = ()
    replaces: str | None = None
    """Id of the record that this one corrects."""
    signer: str | None = None
    """Public key that signs the packs of this owner."""
    unknown: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}))
    """Fields of later versions: kept, and not understood."""


_KNOWN: Final = frozenset(each.name for each in fields(Record)) - {"unknown"}


def encode(record: Record) -> bytes:
    """Return a record as canonical JSON. Raises InvalidEvidence, which says what is wrong."""
    document = dict(record.unknown)
    for name in _KNOWN - {"files", "captured_at", "happened_at"}:
        if (value := getattr(record, name)) is not None:
            document[name] = value
    document["captured_at"] = moment_text(record.captured_at)
    if isinstance(record.happened_at, datetime):
        document["happened_at"] = moment_text(record.happened_at)
    elif record.happened_at is not None:
        document["happened_at"] = record.happened_at.isoformat()
    if record.files:
        document["files"] = [_file_document(each) for each in record.files]
    parse(document)
    encoded = canonical.encode(document)
    if len(encoded) > MAX_RECORD:
        raise InvalidEvidence(f"A record has at most {MAX_RECORD:,} bytes; this has more.")
    return encoded


def decode(untrusted: bytes) -> Record:
    """Return a record from canonical JSON. Raises InvalidEvidence, which says what is wrong."""
    return parse(canonical.decode(untrusted, MAX_RECORD))


def parse(untrusted: Mapping[str, Any]) -> Record:
    """Return the record of a document. Raises InvalidEvidence, which says what is wrong."""
    for name in ("kind", "captured_at"):
        if name not in untrusted:
            raise InvalidEvidence(f"A record needs {name}.")
    known: dict[str, Any] = {}
    for name in _KNOWN & set(untrusted):
        known[name] = _field(name, untrusted[name])
    unknown = {name: value for name, value in untrusted.items() if name not in _KNOWN}
    return Record(**known, unknown=MappingProxyType(unknown))


def _field(name: str, untrusted: object) -> object:
    if name in _CHOICES:
        return _choice(name, untrusted)
    if name in _TEXTS:
        return _text(name, untrusted, _TEXTS[name])
    if name == "captured_at":
        return _moment(name, untrusted)
    if name == "happened_at":
        return _day(untrusted) or _moment(name, untrusted)
    if name == "files":
        return tuple(_files(untrusted))
    right = is_id(untrusted) if name == "replaces" else is_digest(untrusted)
    if not right:
        raise InvalidEvidence(f"{name} is digits of hexadecimal, in small letters.")
    return untrusted


def _choice(name: str, untrusted: object) -> object:
    if untrusted not in _CHOICES[name]:
        raise InvalidEvidence(f"{name} is one of {', '.join(_CHOICES[name])}.")
    return untrusted


def _text(name: str, untrusted: object, most: int) -> str:
    if not isinstance(untrusted, str) or not untrusted:
        raise InvalidEvidence(f"{name} is a text, and not an empty one.")
    if len(untrusted) > most:
        raise InvalidEvidence(f"{name} has {len(untrusted):,} characters; at most {most:,} fit.")
    if any((one < " " and one not in "\n\t") or one == "\x7f" for one in untrusted):
        raise InvalidEvidence(f"{name} has a control character.")
    return untrusted


def _moment(name: str, untrusted: object) -> datetime:
    try:
        return parse_moment(untrusted)
    except InvalidEvidence as err:
        raise InvalidEvidence(f"{name} is a time in UTC like 2026-11-30T15:20:31Z.") from err


def _day(untrusted: object) -> date | None:
    try:
        day = datetime.strptime(str(untrusted), "%Y-%m-%d").replace(tzinfo=UTC).date()
    except ValueError:
        return None
    return day if day.isoformat() == untrusted else None


def _files(untrusted: object) -> Iterable[AttachedFile]:
    if not isinstance(untrusted, list) or not 0 < len(untrusted) <= MAX_FILES:
        raise InvalidEvidence(f"files is a list of 1 to {MAX_FILES}.")
    if len({each.get("id") for each in untrusted if isinstance(each, dict)}) != len(untrusted):
        raise InvalidEvidence("Each of files is an object with an id of its own.")
    for each in untrusted:
        yield _file(each)


def _file(untrusted: dict[str, Any]) -> AttachedFile:
    if set(untrusted) != {each.name for each in fields(AttachedFile)}:
        raise InvalidEvidence("A file has id, media_type, name, root, sha256 and size.")
    if not is_id(untrusted["id"]):
        raise InvalidEvidence("The id of a file is 32 digits of hexadecimal, in small letters.")
    for name in ("root", "sha256"):
        if not is_digest(untrusted[name]):
            raise InvalidEvidence(f"The {name} of a file is 64 digits of hexadecimal.")
    for name, most in _FILE_TEXTS.items():
        _text(f"The {name} of a file", untrusted[name], most)
    size = untrusted["size"]
    if type(size) is not int or not 0 <= size <= MAX_FILE:
        raise InvalidEvidence(f"The size of a file is 0 to {MAX_FILE:,} bytes.")
    return AttachedFile(**untrusted)


def _file_document(attached: AttachedFile) -> dict[str, Any]:
    return {each.name: getattr(attached, each.name) for each in fields(AttachedFile)}
