"""The folder of the chunks of evidence: sealed bytes, each chunk in a file of its own.

    ab/ab12…/            a case, by a random name that only the store has
    ab/ab12…/5f3c…/      an item, by its id (a file also by its number in the store)
    ab/ab12…/5f3c…/0.9b… a chunk: its number and the SHA-256 of its bytes

A chunk is written under another name, flushed to the disk, renamed, and its folder flushed: what
`write` returned from is there after a power cut. The name holds the digest, so a file is never
written over with other bytes. The store says which files count; the others are swept.
"""

from __future__ import annotations

import errno
import logging
import os
import re
import secrets
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from service.domain.errors import NoRoom, NotReady

log = logging.getLogger(__name__)

_PART = ".part"
_NAME = re.compile(r"(\d{1,4})\.([0-9a-f]{64})")
_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
SETTLED_SECONDS = 3600
"""After which a file that the store does not know is one that a crash left. A chunk is in the store
a moment after it is on the disk."""
PREFIXES = 256
_REMEMBERED = 10_000


class EvidenceFolder:
    """The chunks on the disk. Several machines may share it, by a mount that has rename and fsync.

    Every method raises NotReady where the folder cannot be used.
    """

    def __init__(self, root: Path) -> None:
        self._root = root
        self._swept = 0
        """Which two digits `next_folders` begins with next."""
        self._made: set[Path] = set()
        """Folders that are on the disk."""

    def path(self, folder: str, place: str, n: int, digest: bytes) -> Path:
        """Return where a chunk is: of a case's folder, at an item's place."""
        return self._case(folder) / place / f"{n}.{digest.hex()}"

    def write(self, path: Path, sealed: bytes, *, keep_free: int) -> None:
        """Write a chunk; when this returns, it is on the disk.

        Raises NoRoom if the disk is full, or would have fewer than `keep_free` bytes free.
        """
        part = path.with_name(f"{path.name}.{secrets.token_hex(8)}{_PART}")
        try:
            self._make(path.parent)
            if shutil.disk_usage(path.parent).free < keep_free + len(sealed):
                raise NoRoom
            _write(part, sealed)
            part.rename(path)
            _flush(path.parent)
        except OSError as err:
            with suppress(OSError):
                part.unlink(missing_ok=True)
            if err.errno in _FULL:
                raise NoRoom from err
            log.error("the folder of evidence cannot be written to")  # noqa: TRY400 (names are in it)
            raise NotReady from err

    def has(self, path: Path, size: int) -> bool:
        """Whether a chunk is here, with so many bytes."""
        try:
            return path.stat().st_size == size
        except OSError:
            return False

    def read(self, path: Path) -> bytes:
        """Return a chunk. Raises NotReady if its file is missing."""
        try:
            return path.read_bytes()
        except OSError as err:
            raise NotReady from err

    def drop(self, path: Path) -> None:
        """Remove a chunk, if it is here."""
        with _usable():
            path.unlink(missing_ok=True)

    def discard(self, of: str) -> None:
        """Remove all of a case, `FOLDER`, or of an item, `FOLDER/PLACE`."""
        folder, _, place = of.partition("/")
        gone = self._case(folder) / place
        with _usable():
            if gone.exists():
                shutil.rmtree(gone)
                _flush(gone.parent)

    # --- what a crash leaves ---

    def next_folders(self) -> list[str]:
        """Return the folders of some cases, those that come next with each call."""
        some = self._root / f"{self._swept:02x}"
        self._swept = (self._swept + 1) % PREFIXES
        with _usable():
            return sorted(each.name for each in some.iterdir()) if some.exists() else []

    def settled(self, folder: str) -> Iterator[tuple[str, Path]]:
        """Yield the files of a case, by place, that have been here for a while."""
        before = time.time() - SETTLED_SECONDS
        with _usable():
            for path in self._case(folder).glob("*/*"):
                with suppress(FileNotFoundError):
                    if path.stat().st_mtime < before:
                        yield path.parent.name, path

    def forget_empty(self, folder: str) -> None:
        """Remove the folders of items that hold nothing."""
        with suppress(OSError):
            for each in self._case(folder).iterdir():
                with suppress(OSError):
                    each.rmdir()

    # --- below ---

    def _case(self, folder: str) -> Path:
        return self._root / folder[:2] / folder

    def _make(self, place: Path) -> None:
        """Have a folder, and those above it, on the disk.

        That one is here may be another process's doing, which has not flushed it yet.
        """
        if place in self._made and place.is_dir():
            return
        place.mkdir(mode=0o700, parents=True, exist_ok=True)
        for each in (place, *place.parents):
            _flush(each.parent)
            if each == self._root:
                break
        if len(self._made) >= _REMEMBERED:
            self._made.clear()
        self._made.add(place)


def chunk_of(path: Path) -> tuple[int, bytes] | None:
    """Return number and digest of a chunk by its file's name; None if it is no chunk."""
    found = _NAME.fullmatch(path.name)
    return (int(found[1]), bytes.fromhex(found[2])) if found else None


@contextmanager
def _usable() -> Iterator[None]:
    """Raise NotReady instead of any error of the file system."""
    try:
        yield
    except OSError as err:
        raise NotReady from err


def _write(part: Path, sealed: bytes) -> None:
    with part.open("xb", buffering=0) as file:
        written = 0
        while written < len(sealed):
            written += file.write(memoryview(sealed)[written:])
        os.fsync(file.fileno())


def _flush(place: Path) -> None:
    """Have the names in a folder on the disk (fsync(2): a file's own fsync does not do that)."""
    opened = os.open(place, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)
