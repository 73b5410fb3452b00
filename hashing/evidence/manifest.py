"""What a pack says of itself: its files, the chain, keys of its items, what was left out."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Literal, TypeVar, get_args

from hashing.errors import InvalidEvidence
from hashing.evidence import canonical
from hashing.evidence.archive import is_path
from hashing.evidence.chain import Link, is_digest, moment_text, parse_link, parse_moment
from hashing.evidence.limits import MIB

FORMAT: Final = "takeback evidence pack v1"
MAX_MANIFEST: Final = 64 * MIB
MANIFEST: Final = "manifest.json"
SIGNATURE: Final = "manifest.sig"
STAMP: Final = "manifest.tsr"
AFTER: Final = (MANIFEST, SIGNATURE, STAMP)
"""What a manifest cannot list, in this order at the end of a pack; the last may be missing."""
Reason = Literal["removed", "chosen", "missing", "damaged", "unnamed"]
REASONS: Final = frozenset(get_args(Reason))
One = TypeVar("One")


@dataclass(frozen=True, slots=True)
class Content:
    """A file of the pack."""

    path: str
    size: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Item:
    """A record or a file that is in the pack, by its entry in the chain."""

    sequence: int
    key: bytes
    path: str


@dataclass(frozen=True, slots=True)
class PackedStamp:
    """A time stamp over the link of an entry."""

    sequence: int
    authority: str
    path: str


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A stored record or file that is not in the pack, and why."""

    sequence: int
    why: Reason


@dataclass(frozen=True, slots=True)
class Manifest:
    """The manifest of a pack."""

    case_number: str
    made_at: datetime
    made_by: str
    """The program, and its version."""
    signer: str
    links: Sequence[Link]
    records: Sequence[Item]
    files: Sequence[Item]
    stamps: Sequence[PackedStamp]
    left_out: Sequence[LeftOut]
    contents: Sequence[Content]


def record_path(sequence: int) -> str:
    """Return where the record of an entry is."""
    return f"items/{sequence:04}/record.json"


def sealed_record_path(sequence: int) -> str:
    """Return where the same record is as it was stored."""
    return f"sealed/{sequence:04}.record"


def sealed_file_path(sequence: int) -> str:
    """Return where the digests of the stored chunks of a file are."""
    return f"sealed/{sequence:04}.chunks"


def encode(manifest: Manifest) -> bytes:
    """Return a manifest as canonical JSON."""
    links = [{"entry": each.entry.document(), "link": each.value.hex()} for each in manifest.links]
    return canonical.encode(
        {
            "format": FORMAT,
            "case": manifest.case_number,
            "made_at": moment_text(manifest.made_at),
            "made_by": manifest.made_by,
            "signer": manifest.signer,
            "chain": links,
            "records": [_item(each) for each in manifest.records],
            "files": [_item(each) for each in manifest.files],
            "stamps": [
                {"sequence": each.sequence, "authority": each.authority, "path": each.path}
                for each in manifest.stamps
            ],
            "left_out": [
                {"sequence": each.sequence, "why": each.why} for each in manifest.left_out
            ],
            "contents": [
                {"path": each.path, "size": each.size, "sha256": each.sha256}
                for each in manifest.contents
            ],
        }
    )


def decode(untrusted: bytes) -> Manifest:
    """Return the manifest that is written here. Raises InvalidEvidence, which says why not."""
    document = canonical.decode(untrusted, MAX_MANIFEST)
    if document.get("format") != FORMAT:
        raise InvalidEvidence("It is of another format than this program reads.")
    try:
        return _parsed(document)
    except (KeyError, TypeError) as err:
        raise InvalidEvidence("Something in it is missing, or of another kind.") from err


def _parsed(document: Mapping[str, Any]) -> Manifest:
    if len(document) != len(("format", *Manifest.__slots__)):
        raise InvalidEvidence("There is more in it than this program understands.")
    if not is_digest(document["signer"]):
        raise InvalidEvidence("The key in it is not 64 digits of hexadecimal.")
    return Manifest(
        case_number=_case(document["case"]),
        made_at=parse_moment(document["made_at"]),
        made_by=_text(document["made_by"]),
        signer=document["signer"],
        links=_all(document["chain"], parse_link),
        records=_all(document["records"], _parse_item),
        files=_all(document["files"], _parse_item),
        stamps=_all(document["stamps"], _parse_stamp),
        left_out=_all(document["left_out"], _parse_left_out),
        contents=_all(document["contents"], _parse_content),
    )


def _all(untrusted: Iterable[Any], parse: Callable[[Any], One]) -> Sequence[One]:
    return [parse(each) for each in untrusted]


def _item(item: Item) -> dict[str, Any]:
    return {"sequence": item.sequence, "key": item.key.hex(), "path": item.path}


def _parse_item(untrusted: Mapping[str, Any]) -> Item:
    if not is_digest(untrusted["key"]):
        raise InvalidEvidence("A key in it is not 64 digits of hexadecimal.")
    key = bytes.fromhex(untrusted["key"])
    return Item(_number(untrusted["sequence"]), key, _path(untrusted["path"]))


def _parse_stamp(untrusted: Mapping[str, Any]) -> PackedStamp:
    sequence, authority = _number(untrusted["sequence"]), _text(untrusted["authority"])
    return PackedStamp(sequence, authority, _path(untrusted["path"]))


def _parse_left_out(untrusted: Mapping[str, Any]) -> LeftOut:
    if untrusted["why"] not in REASONS:
        raise InvalidEvidence("Something in it was left out for no reason that there is.")
    return LeftOut(_number(untrusted["sequence"]), untrusted["why"])


def _parse_content(untrusted: Mapping[str, Any]) -> Content:
    if not is_digest(untrusted["sha256"]):
        raise InvalidEvidence("A SHA-256 in it is not 64 digits of hexadecimal.")
    path, size = _path(untrusted["path"]), _number(untrusted["size"])
    return Content(path, size, untrusted["sha256"])


def _number(untrusted: object) -> int:
    if type(untrusted) is not int or untrusted < 0:
        raise InvalidEvidence("A number in it is none.")
    return untrusted


def _text(untrusted: object) -> str:
    if not isinstance(untrusted, str) or len(untrusted) > 200:  # noqa: PLR2004 (a name)
        raise InvalidEvidence("A name in it is none.")
    return untrusted


def _case(untrusted: object) -> str:
    if not _text(untrusted).isascii():
        raise InvalidEvidence("The case number in it is none.")
    return str(untrusted)


def _path(untrusted: object) -> str:
    if not isinstance(untrusted, str) or not is_path(untrusted):
        raise InvalidEvidence("A path in it is one that no file of a pack has.")
    return untrusted
