"""The directory in which the indexes of a process keep their segments, shared with other processes.

Whoever holds the directory's lock writes: first new segments, then the manifest that names them
(the commit), then it deletes the files that the manifest does not name (garbage collection). All
other processes reload each new manifest. A kill at any moment leaves the old manifest or the new
one, and perhaps a file that the next writer deletes.
"""

from __future__ import annotations

import fcntl
import logging
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from secrets import token_hex

import numpy as np

from service.matching import manifest, merge_policy, segment_writer
from service.matching.bit_order import Words
from service.matching.codes import Ids
from service.matching.index import HammingIndex, Snapshot
from service.matching.manifest import DamagedManifest, Manifest, SegmentRecord
from service.matching.merge_policy import SegmentSize
from service.matching.segment import DamagedSegment, Segment

log = logging.getLogger(__name__)

REPLAY_LIMIT = 20_000
"""Changes after its manifest that a start replays at most, before a new manifest is due."""

Paused = Callable[[], AbstractContextManager[int]]
"""While its context lasts no index changes; it gives the position that the indexes have reached."""

_Named = list[tuple[Segment, SegmentRecord]]
_Stamp = tuple[int, int, int]


@dataclass(frozen=True, slots=True)
class OpenResult:
    """The position that the opened indexes have reached, and those that must be rebuilt."""

    position: int
    lost: frozenset[str]


class SegmentDirectory:
    """The segments of some indexes, by name, in one directory."""

    def __init__(self, path: Path, indexes: Mapping[str, HammingIndex]) -> None:
        self.path = path
        self._indexes = indexes
        self._stamp: _Stamp | None = None
        self.store_name = ""
        """Of the store that the indexes follow; a manifest of another one is not loaded."""
        self.position = -1
        """Of the manifest that is installed; -1 before there is one."""

    @property
    def is_empty(self) -> bool:
        """Whether this process knows of no manifest here, and has no segment open."""
        return self._stamp is None and not any(each.segments for each in self._indexes.values())

    @contextmanager
    def write_lock(self, *, wait: bool = False) -> Iterator[bool]:
        """Hold the directory's lock; give False when another process has it.

        The system releases the lock of a process that is killed.
        """
        self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
        with (self.path / "lock").open("wb") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
            except BlockingIOError:
                yield False
            else:
                yield True

    def open(self) -> OpenResult:
        """Install what the manifest names. What is damaged is logged, and left empty."""
        while True:
            opened = self._open()
            if self._current_stamp() == self._stamp:  # else files may have been collected meanwhile
                return opened

    def rebuild(self, name: str, ids: Ids, words: Words) -> None:
        """Replace everything in an index by these codes, ids ascending.

        Call it with the lock held, and `commit` then, so that the next start finds them.
        """
        index = self._indexes[name]
        try:
            named = self._write(name, ids, words) if len(ids) >= merge_policy.TAIL_CODES else []
        except OSError:  # a full disk: searched from memory; `commit` reports what is wrong
            named = []
        index.reset([segment for segment, _ in named])
        if not named:
            index.add_permuted(ids, words)

    def is_flush_due(self, position: int) -> bool:
        """Whether there is enough to write, when the indexes have reached a position."""
        if position - max(self.position, 0) >= REPLAY_LIMIT:
            return True
        every = self._indexes.values()
        return any(merge_policy.is_due(each.unflushed, _sizes(each.segments)) for each in every)

    def commit(self, paused: Paused) -> None:
        """Flush and merge what is due, then commit a manifest of all. Call it with the lock held.

        Raises OSError when that fails; then the old manifest stays, installed and on disk.
        """
        self.reload(paused)  # another process may have committed meanwhile
        with paused() as position:
            if position < self.position:
                return  # this process has not seen all changes of that manifest: keep them
            snapshots = {name: index.snapshot() for name, index in self._indexes.items()}
        try:
            named = {name: self._flush(name, each) for name, each in snapshots.items()}
            records = {name: tuple(record for _, record in each) for name, each in named.items()}
            manifest.write(self.path, Manifest(position, records, self.store_name))
        except OSError:
            self._collect_garbage()
            raise
        with paused():
            self._stamp = self._current_stamp()
            self._install(named, position)
        self._collect_garbage()

    def reload(self, paused: Paused) -> None:
        """Install the manifest of another process, if there is a new one."""
        stamp = self._current_stamp()
        if stamp in {self._stamp, None}:
            return
        self._stamp = stamp
        try:
            found = self._read()
            if found is None:
                return
            named = {name: self._open_segments(name, found) for name in self._indexes}
        except (DamagedManifest, DamagedSegment) as err:
            # Files were collected while we read, and there is a newer manifest; or there is
            # damage, and the next commit or start replaces it.
            log.warning("manifest passed over: %s", err)
            return
        with paused():
            self._install(named, found.position)

    def discard(self) -> None:
        """Empty all indexes: what is here is of another store. Rebuild and commit then."""
        self.position = -1
        for index in self._indexes.values():
            index.reset()

    def _open(self) -> OpenResult:
        everything = frozenset(self._indexes)
        self._stamp = self._current_stamp()
        try:
            found = self._read()
        except DamagedManifest as err:
            _log_damage(err)
            return OpenResult(0, everything)
        if found is None:
            return OpenResult(0, everything)
        named, lost = {}, set()
        for name in everything:
            try:
                named[name] = self._open_segments(name, found)
            except DamagedSegment as err:
                _log_damage(err)
                lost.add(name)
        self._install(named, found.position)
        return OpenResult(found.position, frozenset(lost))

    def _read(self) -> Manifest | None:
        found = manifest.read(self.path)
        if found and found.store_name != self.store_name:
            raise DamagedManifest(f"{manifest.NAME}: of another store")
        return found

    def _open_segments(self, name: str, found: Manifest) -> _Named:
        """The segments of one index; those that are open already are not opened again."""
        if name not in found.indexes:
            raise DamagedSegment(f"{name}: not in the manifest")
        open_already = {each.path.name: each for each in self._indexes[name].segments}
        return [
            (open_already.get(record.file) or Segment(self.path / record.file), record)
            for record in found.indexes[name]
        ]

    def _install(self, named: Mapping[str, _Named], position: int) -> None:
        """Call it while paused."""
        for name, pairs in named.items():
            removed = [(segment, record.removed) for segment, record in pairs]
            self._indexes[name].install(removed, upto=position)
        self.position = position

    def _flush(self, name: str, snapshot: Snapshot) -> _Named:
        """Write the segments that the merge policy asks for; return all of the index after it."""
        sizes = _sizes([segment for segment, _ in snapshot.segments])
        merges = merge_policy.find_merges(len(snapshot.ids), sizes)
        merged = set().union(*merges)
        named = [
            (segment, SegmentRecord(segment.path.name, segment.count, removed))
            for index, (segment, removed) in enumerate(snapshot.segments)
            if index not in merged
        ]
        for number, merge in enumerate(merges):
            parts = [snapshot.live_codes(index) for index in sorted(merge)]
            if number == 0:
                parts.append((snapshot.ids, snapshot.words))
            ids = np.concatenate([ids for ids, _ in parts])
            order = np.argsort(ids, kind="stable")
            words = np.concatenate([words for _, words in parts])
            named += self._write(name, ids[order], words[order])
        return named

    def _write(self, name: str, ids: Ids, words: Words) -> _Named:
        """Write codes as segments, as many as are needed."""
        named = []
        for start in range(0, len(ids), merge_policy.SEGMENT_CODES):
            some = slice(start, start + merge_policy.SEGMENT_CODES)
            path = self.path / f"{name}-{token_hex(8)}.segment"
            segment = segment_writer.write(path, ids[some], words[some])
            removed = np.zeros(segment.count, bool)
            named.append((segment, SegmentRecord(path.name, segment.count, removed)))
        return named

    def _collect_garbage(self) -> None:
        """Delete segments that neither the manifest names nor this process has open.

        A process that has one of them open keeps its mapping.
        """
        try:
            found = manifest.read(self.path)
        except DamagedManifest:  # only a good one says what may be deleted
            return
        kept = found.files() if found else set()
        kept |= {each.path.name for index in self._indexes.values() for each in index.segments}
        for pattern in ("*.segment", "*.part"):
            for path in self.path.glob(pattern):
                if path.name not in kept:
                    path.unlink(missing_ok=True)

    def _current_stamp(self) -> _Stamp | None:
        """What tells the manifest on disk from any other; None when there is none."""
        try:
            found = (self.path / manifest.NAME).stat()
        except OSError:
            return None
        return found.st_ino, found.st_mtime_ns, found.st_size


def _sizes(segments: Sequence[Segment]) -> list[SegmentSize]:
    now = time.time()
    return [
        SegmentSize(
            each.count, each.count - each.live_count, now - each.written_at, each.path.exists()
        )
        for each in segments
    ]


def _log_damage(damage: Exception) -> None:
    log.error("index unusable, reading it from the store: %s", damage)
