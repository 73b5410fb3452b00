"""Sightings that wait for the store: a file of each process, in the state folder.

A lookup that matches does not wait for whoever is writing to the store. It appends here what is to
be recorded, and is answered when that is on the disk. Then some process of this machine copies the
file into the store, once, and deletes it. `docs/adr/0015-journal.md` says why.
"""

from __future__ import annotations

import fcntl
import json
import logging
import os
import secrets
import threading
import time
import zlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from service.domain.errors import NotReady
from service.domain.sighting import Sighting, Source, Verdict

log = logging.getLogger(__name__)

MOST_BYTES = 64 * 2**20
"""Of all files of a machine, 100 bytes a sighting. Beyond half of it, what a file holds already is
not written to it again, so that only the count of a day's matches suffers. Beyond all of it,
lookups that match are refused: an answer whose sighting is lost would break a promise."""
_SUFFIX = ".sightings"
_NEW_SUFFIX = ".new"
"""Of a file that is not locked yet: nobody takes it, so nothing written to it is lost."""
_NEW_SECONDS = 3600
"""After that a file with this suffix is of a process that was killed, and empty."""
_CHECKSUM_DIGITS = 8

_Key = tuple[int, int, date, Verdict, str]


@dataclass(frozen=True, slots=True)
class Pending:
    """A file that no process writes to any more, and what is in it."""

    path: Path
    sightings: list[Sighting]

    @property
    def name(self) -> str:
        """A name that no other file ever has."""
        return self.path.stem


class Journal:
    """Any thread may append. Any process of the machine may copy what others have left."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._writing = threading.Lock()
        self._syncing = threading.Lock()
        self._file: int | None = None
        self._bytes = self._others = 0
        self._written = self._synced = 0
        self._held: set[_Key] = set()

    def append(self, seen: Iterable[Sighting]) -> None:
        """Keep sightings of a lookup; they are on the disk when this returns.

        Threads that append at the same time share one `fsync`. Raises NotReady if there is too
        much already, or the disk takes no more.
        """
        try:
            with self._writing:
                self._write(list(seen))
                self._written += 1
                mine, file = self._written, self._file
            with self._syncing:
                if self._synced < mine and file is not None:
                    upto = self._written
                    if file == self._file:  # else it was synced when it was closed
                        os.fsync(file)
                    self._synced = upto
        except OSError as err:
            log.error(  # noqa: TRY400
                "the journal of sightings cannot be written: make room in the state folder",
                extra={"error": os.strerror(err.errno or 0)},
            )
            raise NotReady from err

    def take(self) -> Iterator[Pending]:
        """Yield every file of this machine that nobody writes to, this process's own closed first.

        Delete each with `discard` once its sightings are in the store.
        """
        with self._syncing, self._writing:
            self._close()
        for path in self._folder.glob(f"*{_NEW_SUFFIX}"):
            _delete_if_old(path)
        for path in sorted(self._folder.glob(f"*{_SUFFIX}")):
            if _is_left(path):
                yield Pending(path, list(_read(path)))

    def discard(self, pending: Pending) -> None:
        """Delete a file."""
        pending.path.unlink(missing_ok=True)

    def references(self, actor_id: int) -> Mapping[str, set[tuple[int, Verdict]]]:
        """Return what each match reference of an actor stands for, by what waits on this machine.

        Each entry is given with its verdict.
        """
        found: dict[str, set[tuple[int, Verdict]]] = {}
        for path in self._folder.glob(f"*{_SUFFIX}"):
            for one in _read(path):
                if one.actor_id == actor_id:
                    found.setdefault(one.reference, set()).add((one.entry_id, one.verdict))
        return found

    def _write(self, seen: list[Sighting]) -> None:
        if self._others + self._bytes > MOST_BYTES // 2:
            seen = [one for one in seen if _key(one) not in self._held]
        if not seen:
            return
        text = json.dumps([_row(one) for one in seen], separators=(",", ":")).encode()
        line = f"{zlib.crc32(text):0{_CHECKSUM_DIGITS}x} ".encode() + text + b"\n"
        if self._file is None:
            self._open()
        if self._others + self._bytes + len(line) > MOST_BYTES:
            raise NotReady
        assert self._file is not None  # noqa: S101 (just opened)
        before = self._bytes
        try:
            self._bytes += os.write(self._file, line)
        except OSError:
            os.ftruncate(self._file, before)
            raise
        if self._bytes - before < len(line):  # a full disk takes a part of it
            os.ftruncate(self._file, before)
            self._bytes = before
            raise NotReady
        self._held.update(map(_key, seen))

    def _open(self) -> None:
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        path = self._folder / f"{secrets.token_hex(16)}{_SUFFIX}"
        self._others = sum(map(_size, self._folder.glob(f"*{_SUFFIX}")))
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND
        new = path.with_suffix(_NEW_SUFFIX)
        file = os.open(new, flags, 0o600)
        try:
            fcntl.flock(file, fcntl.LOCK_EX)
            new.rename(path)
        except OSError:
            os.close(file)
            raise
        self._file, self._bytes = file, 0
        folder = os.open(self._folder, os.O_RDONLY)
        try:
            os.fsync(folder)  # the name, too, outlasts a power cut
        finally:
            os.close(folder)

    def _close(self) -> None:
        """End the file of this process; the system does so when a process is killed."""
        if self._file is None:
            return
        os.fsync(self._file)
        self._synced = self._written
        os.close(self._file)
        self._file, self._bytes, self._held = None, 0, set()


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except FileNotFoundError:  # another process has just copied it
        return 0


def _delete_if_old(path: Path) -> None:
    try:
        if path.stat().st_mtime < time.time() - _NEW_SECONDS:
            path.unlink()
    except FileNotFoundError:  # another process has just deleted it, or given it its name
        pass


def _is_left(path: Path) -> bool:
    """Whether no process writes to a file any more."""
    try:
        with path.open("rb") as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except (BlockingIOError, FileNotFoundError):
        return False
    return True


def _read(path: Path) -> Iterator[Sighting]:
    """Yield the sightings of a file; a line that a kill cut short was never acknowledged."""
    try:
        lines = path.read_bytes().splitlines()
    except FileNotFoundError:  # another process has just copied it
        return
    for line in lines:
        checksum, text = line[:_CHECKSUM_DIGITS], line[_CHECKSUM_DIGITS + 1 :]
        if checksum == f"{zlib.crc32(text):0{_CHECKSUM_DIGITS}x}".encode():
            yield from map(_sighting, json.loads(text))


def _key(one: Sighting) -> _Key:
    return one.entry_id, one.actor_id, one.seen_on, one.verdict, one.reference


def _row(one: Sighting) -> list[int | str]:
    return [one.entry_id, one.actor_id, one.seen_on.isoformat(), one.verdict, one.reference]


def _sighting(row: list[int | str]) -> Sighting:
    entry_id, actor_id, day, verdict, reference = row
    seen_on = date.fromisoformat(str(day))
    return Sighting(
        int(entry_id), int(actor_id), seen_on, Source.LOOKUP, Verdict(str(verdict)), str(reference)
    )
