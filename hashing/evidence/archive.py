"""The one form of zip that a pack has: nothing compressed, nothing optional, nothing between.

Every byte that is no content follows from path, size and CRC-32 of the files, in their order: so
the same files give the same zip, and a reader who writes it again finds whatever was changed.
APPNOTE.TXT 6.3.10 of PKWARE: 4.3.7, 4.3.12, 4.3.14 to 4.3.16, 4.5.3.
"""

from __future__ import annotations

import re
import struct
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import BinaryIO, Final

from hashing.errors import InvalidEvidence

MAX_MEMBERS: Final = 30_000
MAX_PATH: Final = 100
_PATH: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*(/[A-Za-z0-9][A-Za-z0-9._-]*)*")
"""ASCII that every system knows, and nothing that leads upwards."""
_DAY: Final = 0x21
"""1 January 1980: a zip's first day, the same for all."""
_VERSION, _VERSION64 = 20, 45
_LOCAL = struct.Struct("<4s5H3L2H")
_ROW = struct.Struct("<4s6H3L5H2L")
_END = struct.Struct("<4s4H2LH")
_END64 = struct.Struct("<4sQ2H2L4Q")
_LOCATOR = struct.Struct("<4sLQL")
_EXTRA64 = struct.Struct("<2HQ")
LARGE: Final = 0xFFFFFFFF
"""From here on, an offset stands in a field of its own."""
MANY: Final = 0xFFFF
END_BYTES: Final = _END.size


@dataclass(frozen=True, slots=True)
class Member:
    """A file of a zip."""

    path: str
    size: int
    crc: int
    offset: int
    """Of its header."""

    def header(self) -> bytes:
        """Return what stands before its content."""
        name = self.path.encode("ascii")
        fields = (0, 0, 0, _DAY, self.crc, self.size, self.size, len(name), 0)
        return _LOCAL.pack(b"PK\3\4", _VERSION, *fields) + name

    def row(self) -> bytes:
        """Return its row of the directory."""
        name, large = self.path.encode("ascii"), self.offset >= LARGE
        extra = _EXTRA64.pack(1, 8, self.offset) if large else b""
        version = _VERSION64 if large else _VERSION
        fields = (0, 0, 0, _DAY, self.crc, self.size, self.size, len(name), len(extra), 0, 0, 0, 0)
        offset = LARGE if large else self.offset
        return _ROW.pack(b"PK\1\2", version, version, *fields, offset) + name + extra

    @property
    def content(self) -> int:
        """Where its content begins."""
        return self.offset + len(self.header())

    @property
    def end(self) -> int:
        """Where its content ends."""
        return self.content + self.size


def is_path(path: str) -> bool:
    """Whether a file of a pack can have this path."""
    return len(path) <= MAX_PATH and bool(_PATH.fullmatch(path)) and ".." not in path


def ending(members: list[Member], begin: int) -> bytes:
    """Return what stands after the content, which ends at `begin`: the directory, and the end."""
    directory = b"".join(each.row() for each in members)
    count, size, end64 = len(members), len(directory), b""
    if begin >= LARGE or count >= MANY:
        fields = (_VERSION64, _VERSION64, 0, 0, count, count, size, begin)
        end64 = _END64.pack(b"PK\6\6", _END64.size - 12, *fields)
        end64 += _LOCATOR.pack(b"PK\6\7", 0, begin + size, 1)
    small, offset = min(count, MANY), min(begin, LARGE)
    return directory + end64 + _END.pack(b"PK\5\6", 0, 0, small, small, size, offset, 0)


class ArchiveWriter:
    """Writes a zip to a stream that can be wound back. Files may be larger than the memory."""

    def __init__(self, out: BinaryIO) -> None:
        self._out = out
        self._at = 0
        self._paths: set[str] = set()
        self.members: list[Member] = []

    @contextmanager
    def writing(self, path: str) -> Iterator[Callable[[bytes], None]]:
        """Write a file; what this yields is called with its parts. After an error it is not there.

        Raises InvalidEvidence if there is no such path.
        """
        if not is_path(path) or path.lower() in self._paths:
            raise InvalidEvidence(f"No file of a pack is called {path}.")
        size = crc = 0
        self._out.seek(self._at)
        self._out.write(Member(path, 0, 0, self._at).header())

        def write(part: bytes) -> None:
            nonlocal size, crc
            if size + len(part) >= LARGE:
                raise InvalidEvidence(f"{path} has more than 4 GiB.")
            self._out.write(part)
            size, crc = size + len(part), zlib.crc32(part, crc)

        try:
            yield write
        except BaseException:
            self._out.seek(self._at)
            self._out.truncate()
            raise
        member = Member(path, size, crc, self._at)
        self._out.seek(self._at)
        self._out.write(member.header())
        self._at = member.end
        self._out.seek(self._at)
        self._paths.add(path.lower())
        self.members.append(member)

    def close(self) -> None:
        """Write the directory, after which nothing can be added."""
        self._out.seek(self._at)
        self._out.write(ending(self.members, self._at))


def parse_row(directory: bytes, at: int) -> tuple[Member, int]:
    """Return the file whose row begins at `at`, and where the row ends.

    Only what `Member.row` does not make again is refused. Raises InvalidEvidence.
    """
    if len(directory) - at < _ROW.size:
        raise InvalidEvidence("The directory of the zip is cut off.")
    fields = _ROW.unpack_from(directory, at)
    crc, size, whole, name_length, extra_length, comment = fields[7:13]
    begin, end = at + _ROW.size, at + _ROW.size + name_length + extra_length + comment
    if fields[0] != b"PK\1\2" or end > len(directory):
        raise InvalidEvidence("The directory of the zip was changed, so that it cannot be read.")
    path = directory[begin : begin + name_length].decode("ascii", "backslashreplace")
    offset = fields[-1]
    if offset == LARGE and extra_length == _EXTRA64.size:
        offset = _EXTRA64.unpack_from(directory, begin + name_length)[-1]
    if fields[4] != 0 or size != whole:
        raise InvalidEvidence(
            f"{path} is compressed, which no file of a pack is. Another program packed this zip "
            "again: ask for the one that was made first."
        )
    return Member(path, size, crc, offset), end


def parse_end(tail: bytes) -> tuple[int, int, int]:
    """Return how many rows the directory has, its size, and where it begins.

    `tail` ends where the zip does. Raises InvalidEvidence if no end of a zip is there.
    """
    if len(tail) < _END.size or tail[-_END.size :][:4] != b"PK\5\6":
        raise InvalidEvidence("The end of the zip is not there: it was cut off or changed.")
    _, _, _, _, count, size, begin, _ = _END.unpack(tail[-_END.size :])
    if begin == LARGE or count == MANY:
        both = tail[: -_END.size][-_END64.size - _LOCATOR.size :]
        if both[:4] != b"PK\6\6":
            raise InvalidEvidence("The end of the zip was changed, so that it cannot be read.")
        count, size, begin = _END64.unpack(both[: _END64.size])[-3:]
    return count, size, begin
