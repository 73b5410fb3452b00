"""A zip that somebody handed over: what is in it, and what no pack of ours would have.

Nothing is written to the disk, and nothing is decompressed, so there is nothing to escape or burst.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import BinaryIO, Final

from hashing.errors import InvalidEvidence, NoPack
from hashing.evidence.archive import (
    END_BYTES,
    MAX_MEMBERS,
    MAX_PATH,
    Member,
    ending,
    is_path,
    parse_end,
    parse_row,
)
from hashing.evidence.limits import MIB
from hashing.printable import printable

_TAIL: Final = 128
"""More than all that stands after the directory."""
_MAX_DIRECTORY: Final = MAX_MEMBERS * (MAX_PATH + 64)
_MAX_COMMENT: Final = 1 << 16


class Archive:
    """The files of a zip, in their order. `faults` are sentences about the zip itself.

    Raises NoPack if it is no zip; InvalidEvidence if it was one, and cannot be read any more.
    """

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self.faults: list[str] = []
        self.members: dict[str, Member] = {}
        length = self._end()
        count, size, begin = parse_end(self._read(max(0, length - _TAIL), min(_TAIL, length)))
        if count > MAX_MEMBERS or size > _MAX_DIRECTORY or begin + size > length:
            raise InvalidEvidence("The end of the zip was changed: there is no such directory.")
        members = self._rows(self._read(begin, size))
        if len(members) != count:
            self.faults.append("The end of the zip names another number of files.")
        self._compare(members, begin, length)

    def content(self, member: Member) -> Iterator[bytes]:
        """Yield the content of a file, a megabyte at a time."""
        at, missing = member.content, member.size
        while missing and (part := self._read(at, min(MIB, missing))):
            yield part
            at, missing = at + len(part), missing - len(part)

    def read(self, path: str, most: int) -> bytes:
        """Return the content of a small file. Raises InvalidEvidence if it is larger."""
        member = self.members[path]
        if member.size > most:
            raise InvalidEvidence(f"{path} has {member.size:,} bytes; at most {most:,} are read.")
        return b"".join(self.content(member))

    def _read(self, at: int, length: int) -> bytes:
        self._stream.seek(at)
        return self._stream.read(length)

    def _end(self) -> int:
        """Return where the zip ends: the end of the file, unless something was added."""
        length = self._stream.seek(0, 2)
        start = max(0, length - _MAX_COMMENT - END_BYTES)
        tail = self._read(start, length - start)
        at = tail.rfind(b"PK\5\6")
        if at < 0 and self._read(0, 4) != b"PK\3\4":
            raise NoPack
        if at < 0 or len(tail) - at < END_BYTES:
            raise InvalidEvidence("The end of the zip is not there: it was cut off or changed.")
        if len(tail) - at > END_BYTES:
            self.faults.append("Something was added after the end of the zip.")
        return start + at + END_BYTES

    def _rows(self, directory: bytes) -> list[Member]:
        members: list[Member] = []
        known: set[str] = set()  # without capitals, which some systems do not tell apart
        at = 0
        while at < len(directory):
            member, end = parse_row(directory, at)
            if not is_path(member.path):
                shown = printable(member.path, MAX_PATH)
                self.faults.append(f"A file of the zip is called {shown}, which none of ours is.")
            elif member.row() != directory[at:end]:
                self.faults.append(f"The zip says something of {member.path} that we never do.")
            if member.path.lower() in known:
                shown = printable(member.path, MAX_PATH)
                self.faults.append(f"{shown} is twice in the zip.")
            else:
                known.add(member.path.lower())
                members.append(member)
                self.members[member.path] = member
            at = end
        return members

    def _compare(self, members: list[Member], begin: int, length: int) -> None:
        """Name what differs from the zip that these files make."""
        plain = [each for each in members if is_path(each.path)]
        for member in plain:
            if self._read(member.offset, len(member.header())) != member.header():
                self.faults.append(
                    f"The zip's header of {member.path} says something else than its directory."
                )
        expected = 0
        for member in plain:
            if member.offset != expected:
                self.faults.append(f"Before {member.path} there is something that is in no file.")
            expected = member.end
        if expected != begin:
            self.faults.append("Before the directory of the zip there is something in no file.")
        tail = self._read(begin, length - begin)
        if not self.faults and tail != ending(plain, begin):
            self.faults.append("The end of the zip was changed.")


def in_order(first: list[str], second: list[str]) -> bool:
    """Whether what both lists have is in the same order in both."""
    places = {path: place for place, path in enumerate(second)}
    found = [places[path] for path in first if path in places]
    return all(one < other for one, other in pairwise(found))
