"""Where a pack comes from: the chain of a case, its stamps, and what is stored, still sealed."""

from __future__ import annotations

import base64
import binascii
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Protocol

from hashing.errors import InvalidEvidence
from hashing.evidence import canonical
from hashing.evidence.chain import Link, is_id, parse_link
from hashing.evidence.limits import CHUNK, MAX_RECORD, MIB, RECORD_OVERHEAD, TAG_BYTES

MAX_INDEX: Final = 64 * MIB
"""Most bytes of the chain and its stamps: some 10,000 entries."""


@dataclass(frozen=True, slots=True)
class Token:
    """A time stamp over a link, as an authority gave it."""

    sequence: int
    """Of the entry whose link it is."""
    authority: str
    """What the service calls it."""
    der: bytes
    """TimeStampResp of RFC 3161."""


class Source(Protocol):
    """The evidence of one case: from the service, or from a folder to which it was exported."""

    @property
    def case_number(self) -> str:
        """In its normal form."""
        ...

    @property
    def links(self) -> Sequence[Link]:
        """The whole chain."""
        ...

    @property
    def stamps(self) -> Sequence[Token]:
        """All time stamps."""
        ...

    def record(self, record_id: str) -> bytes | None:
        """Return a stored record; None if it is not there."""
        ...

    def chunks(self, file_id: str) -> Iterator[bytes] | None:
        """Return the stored chunks of a file, in order; None if it is not there."""
        ...


class FolderSource:
    """A folder: `evidence.json`, `records/ID`, and `files/ID` with all chunks of a file.

    Raises InvalidEvidence if there is none, or one that is not in its form.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        try:
            index = canonical.decode((folder / "evidence.json").read_bytes(), MAX_INDEX)
        except OSError as err:
            raise InvalidEvidence("There is no evidence.json in this folder.") from err
        if set(index) != {"case", "links", "stamps"} or not isinstance(index["case"], str):
            raise InvalidEvidence("evidence.json has case, links and stamps, and nothing else.")
        self.case_number: str = index["case"]
        self.links: Sequence[Link] = [parse_link(each) for each in _list(index["links"])]
        self.stamps: Sequence[Token] = [_token(each) for each in _list(index["stamps"])]

    def size(self) -> int:
        """Return how many bytes are stored."""
        return sum(each.stat().st_size for each in self._folder.rglob("*") if each.is_file())

    def record(self, record_id: str) -> bytes | None:
        """Return a stored record; None if it is not there."""
        path = self._folder / "records" / _checked(record_id)
        if not path.is_file():
            return None
        with path.open("rb") as stream:
            return stream.read(MAX_RECORD + RECORD_OVERHEAD + 1)

    def chunks(self, file_id: str) -> Iterator[bytes] | None:
        """Return the stored chunks of a file, in order; None if it is not there."""
        path = self._folder / "files" / _checked(file_id)
        return _chunks(path) if path.is_file() else None


def write_folder(source: Source, folder: Path) -> None:
    """Write what a FolderSource reads. What a source has not is not written either."""
    for name in ("records", "files"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    for link in source.links:
        entry = link.entry
        if entry.act == "record" and (stored := source.record(entry.id)) is not None:
            (folder / "records" / entry.id).write_bytes(stored)
        elif entry.act == "file" and (chunks := source.chunks(entry.id)) is not None:
            partial = folder / "files" / f"{entry.id}.part"
            with partial.open("wb") as stream:
                stream.writelines(chunks)
            shutil.move(partial, folder / "files" / entry.id)
    (folder / "evidence.json").write_bytes(index_document(source))


def index_document(source: Source) -> bytes:
    """Return what `evidence.json` says of a source."""
    links = [{"entry": each.entry.document(), "link": each.value.hex()} for each in source.links]
    stamps = [
        {
            "sequence": each.sequence,
            "authority": each.authority,
            "token": base64.b64encode(each.der).decode(),
        }
        for each in source.stamps
    ]
    return canonical.encode({"case": source.case_number, "links": links, "stamps": stamps})


def _list(untrusted: object) -> list[Any]:
    if not isinstance(untrusted, list):
        raise InvalidEvidence("links and stamps are lists.")
    return untrusted


def _token(untrusted: object) -> Token:
    if not isinstance(untrusted, dict) or set(untrusted) != {"sequence", "authority", "token"}:
        raise InvalidEvidence("A stamp has sequence, authority and token.")
    sequence, authority = untrusted["sequence"], untrusted["authority"]
    if type(sequence) is not int or not isinstance(authority, str):
        raise InvalidEvidence("A stamp has the number of an entry, and the name of an authority.")
    try:
        return Token(sequence, authority, base64.b64decode(untrusted["token"], validate=True))
    except (binascii.Error, TypeError, ValueError) as err:
        raise InvalidEvidence("The token of a stamp is in base64.") from err


def _checked(name: str) -> str:
    if not is_id(name):
        raise InvalidEvidence("An id is 32 digits of hexadecimal, in small letters.")
    return name


def _chunks(path: Path) -> Iterator[bytes]:
    with path.open("rb") as stream:
        while chunk := stream.read(CHUNK + TAG_BYTES):
            yield chunk
