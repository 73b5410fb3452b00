"""The folder where the indexes of a process keep their segments, shared with other processes.

Whoever holds the folder's lock writes: new segments first, then the manifest that names them,
then away with what it does not name. All others take over each new manifest. A kill at any
moment leaves the old one or the new one, and perhaps a file that the next writer removes.
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

from service.matching import build, manifest, merging
from service.matching.codes import Ids, Words
from service.matching.index import HammingIndex, Held
from service.matching.manifest import DamagedManifest, Manifest, Named
from service.matching.segment import DamagedSegment, Segment

log = logging.getLogger(__name__)

REPLAYED = 20_000
"""Changes after its manifest that a start goes through at most, before a new manifest is due."""

Paused = Callable[[], AbstractContextManager[int]]
"""While it lasts nothing is added or removed; it gives the position that the indexes show."""

_Shown = Mapping[str, list[tuple[Segment, Named]]]
_Stamp = tuple[int, int, int]


@dataclass(frozen=True, slots=True)
class Opened:
    """What a start found: the position its indexes show, and those that must be filled anew."""

    position: int
    lost: frozenset[str]


class Shelf:
    """The segments of some indexes, by name, in one folder."""

    def __init__(self, folder: Path, indexes: Mapping[str, HammingIndex]) -> None:
        self.folder = folder
        self._indexes = indexes
        self._stamp: _Stamp | None = None
        self.store = ""
        """The name of the store that the indexes follow; another one's manifest is not taken."""
        self.position = -1
        """Of the manifest that this process shows; -1 before there is one."""

    @property
    def is_empty(self) -> bool:
        """Whether the folder has no manifest, as far as this process has seen."""
        return self._stamp is None

    @contextmanager
    def writing(self, *, wait: bool = False) -> Iterator[bool]:
        """Hold the folder's lock, which a killed process lets go of; False if another has it."""
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with (self.folder / "lock").open("wb") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
            except BlockingIOError:
                yield False
            else:
                yield True

    def open(self) -> Opened:
        """Show what the folder holds. What is damaged is named in the log, and left empty."""
        while True:
            opened = self._open()
            if self._stamped() == self._stamp:  # else another process swept as we read: once more
                return opened

    def fill(self, name: str, ids: Ids, words: Words) -> None:
        """Show these, ids ascending, in place of all that an index held.

        Call it while `writing`. They are found at the next start once they are published.
        """
        index = self._indexes[name]
        try:
            parts = self._written(name, ids, words) if len(ids) >= merging.TAIL else []
        except OSError:  # a full disk: found all the same, and `publish` says what is wrong
            parts = []
        index.restart([segment for segment, _ in parts])
        if not parts:
            index.hold(ids, words)

    def due(self, position: int) -> bool:
        """Whether there is enough to write."""
        if position - max(self.position, 0) >= REPLAYED:
            return True
        every = self._indexes.values()
        return any(merging.due(each.newest, _sizes(each.segments)) for each in every)

    def publish(self, paused: Paused) -> None:
        """Write what is due, then a manifest of it all. Call it while `writing`.

        Raises OSError when that cannot be; then the old manifest stays, here and on disk.
        """
        self.adopt(paused)  # another process may have been first
        with paused() as position:
            if position < self.position:
                return  # that other one knows of later changes, which must not be undone
            held = {name: index.held() for name, index in self._indexes.items()}
        try:
            shown = {name: self._merged(name, each) for name, each in held.items()}
            named = {name: tuple(named for _, named in pairs) for name, pairs in shown.items()}
            manifest.write(self.folder, Manifest(position, named, self.store))
        except OSError:
            self._sweep()
            raise
        with paused():
            self._stamp = self._stamped()
            self._show(shown, position)
        self._sweep()

    def adopt(self, paused: Paused) -> None:
        """Show the manifest of another process, if there is a new one."""
        stamp = self._stamped()
        if stamp in {self._stamp, None}:
            return
        self._stamp = stamp
        try:
            found = self._read()
            if found is None:
                return
            shown = {name: self._opened(name, found) for name in self._indexes}
        except (DamagedManifest, DamagedSegment) as err:
            # Swept as we read, and then there is a newer manifest; or damaged, and then whoever
            # writes next, or starts next, puts a good one in its place.
            log.warning("manifest passed over: %s", err)
            return
        with paused():
            self._show(shown, found.position)

    def forget(self) -> None:
        """Show nothing: what the folder holds is not of this store. Fill and publish anew."""
        self.position = -1
        for index in self._indexes.values():
            index.restart()

    def _open(self) -> Opened:
        everything = frozenset(self._indexes)
        self._stamp = self._stamped()
        try:
            found = self._read()
        except DamagedManifest as err:
            _say(err)
            return Opened(0, everything)
        if found is None:
            return Opened(0, everything)
        shown, lost = {}, set()
        for name in everything:
            try:
                shown[name] = self._opened(name, found)
            except DamagedSegment as err:
                _say(err)
                lost.add(name)
        self._show(shown, found.position)
        return Opened(found.position, frozenset(lost))

    def _read(self) -> Manifest | None:
        found = manifest.read(self.folder)
        if found and found.store != self.store:
            raise DamagedManifest(f"{manifest.NAME}: of another store")
        return found

    def _opened(self, name: str, found: Manifest) -> list[tuple[Segment, Named]]:
        """The segments of one index; those that are open already are not opened again."""
        if name not in found.indexes:
            raise DamagedSegment(f"{name}: not in the manifest")
        here = {each.path.name: each for each in self._indexes[name].segments}
        return [
            (here.get(named.file) or Segment(self.folder / named.file), named)
            for named in found.indexes[name]
        ]

    def _show(self, shown: _Shown, position: int) -> None:
        """Call it while paused."""
        for name, pairs in shown.items():
            removed = [(segment, named.removed) for segment, named in pairs]
            self._indexes[name].show(removed, upto=position)
        self.position = position

    def _merged(self, name: str, held: Held) -> list[tuple[Segment, Named]]:
        """Write what merging asks for; return all segments of the index after it."""
        sizes = _sizes([segment for segment, _ in held.segments])
        groups = merging.taken(len(held.ids), sizes)
        gone = set().union(*groups)
        kept = [
            (segment, Named(segment.path.name, segment.count, removed))
            for place, (segment, removed) in enumerate(held.segments)
            if place not in gone
        ]
        for first, group in enumerate(groups):
            parts = [held.live(place) for place in sorted(group)]
            if not first:
                parts.append((held.ids, held.words))
            ids = np.concatenate([ids for ids, _ in parts])
            order = np.argsort(ids, kind="stable")
            words = np.concatenate([words for _, words in parts])
            kept += self._written(name, ids[order], words[order])
        return kept

    def _written(self, name: str, ids: Ids, words: Words) -> list[tuple[Segment, Named]]:
        written = []
        for start in range(0, len(ids), merging.FULL):
            some = slice(start, start + merging.FULL)
            path = self.folder / f"{name}-{token_hex(8)}.segment"
            segment = build.write(path, ids[some], words[some])
            removed = np.zeros(segment.count, bool)
            written.append((segment, Named(path.name, segment.count, removed)))
        return written

    def _sweep(self) -> None:
        """Remove what neither the manifest names nor this process shows.

        Another process that has it open keeps what it has.
        """
        try:
            found = manifest.read(self.folder)
        except DamagedManifest:  # the next one that is written will tell
            return
        named = found.files() if found else set()
        named |= {each.path.name for index in self._indexes.values() for each in index.segments}
        for pattern in ("*.segment", "*.part"):
            for path in self.folder.glob(pattern):
                if path.name not in named:
                    path.unlink(missing_ok=True)

    def _stamped(self) -> _Stamp | None:
        try:
            found = (self.folder / manifest.NAME).stat()
        except OSError:
            return None
        return found.st_ino, found.st_mtime_ns, found.st_size


def _sizes(segments: Sequence[Segment]) -> list[merging.Size]:
    now = time.time()
    return [
        merging.Size(each.count, each.count - each.live, now - each.written_at, each.path.exists())
        for each in segments
    ]


def _say(damage: Exception) -> None:
    log.error("index unusable, reading it from the store: %s", damage)
