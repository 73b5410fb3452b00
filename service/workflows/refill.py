"""Reading indexes anew from the store, and telling whether one is of this store at all."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np

from hashing.signals import SignalType
from service.matching.codes import CODE_BYTES, Codes, Ids, Words, arranged
from service.matching.index import HammingIndex
from service.store import changes, signals
from service.store.changes import Space
from service.store.database import Tx
from service.store.signals import StoredSignal as Stored

CHUNK = 10_000
"""Signals taken from the store at once."""
_SAMPLE = 100
"""Signals of each index that are compared with the store: the newest, and as many others."""


NOTHING: tuple[Ids, Words] = (np.empty(0, np.int64), np.empty((0, 4), np.uint64))
"""What an index of no signals is filled with."""


class Signals(NamedTuple):
    """Signals of one type as an index takes them."""

    ids: Ids
    codes: Codes


def codes_of(values: Iterable[bytes]) -> Codes:
    """Return perceptual values as an index takes them."""
    return np.frombuffer(b"".join(values), np.uint8).reshape(-1, CODE_BYTES)


def by_type(stored: Iterable[Stored]) -> dict[SignalType, Signals]:
    """Return the perceptual signals among these, as arrays."""
    of: dict[SignalType, list[Stored]] = {}
    for one in stored:
        of.setdefault(SignalType(one.type), []).append(one)
    return {
        kind: Signals(
            np.array([one.id for one in found], np.int64), codes_of(one.value for one in found)
        )
        for kind, found in of.items()
    }


def everything(tx: Tx, space: Space) -> dict[SignalType, tuple[Ids, Words]]:
    """Return all that the indexes of a space must hold, by id, ready for a segment."""
    ids: dict[SignalType, list[Ids]] = {}
    words: dict[SignalType, list[Words]] = {}
    for stored in signals.searchable(tx, space, CHUNK):
        for kind, found in by_type(stored).items():
            ids.setdefault(kind, []).append(found.ids)
            words.setdefault(kind, []).append(arranged(found.codes))
    return {kind: _ascending(ids[kind], words[kind]) for kind in ids}


def agrees(tx: Tx, space: Space, index: HammingIndex, position: int) -> bool:
    """Whether a sample of an index, read from disk, is what the store held at a position.

    It is not after a backup was restored, or when the service is pointed at another store.
    """
    ids, words = _sample(index)
    here = dict(zip(ids.tolist(), words, strict=True))
    there = signals.searchable_by_id(tx, space, here)
    same = (np.array_equal(arranged(codes_of([one.value]))[0], here[one.id]) for one in there)
    missing = here.keys() - {one.id for one in there}
    return all(same) and missing <= changes.touched(tx, space, missing, position)


def _sample(index: HammingIndex) -> tuple[Ids, Words]:
    ids, words = [np.empty(0, np.int64)], [np.empty((0, 4), np.uint64)]
    for segment in index.segments:
        live = np.flatnonzero(segment.removed == 0)
        newest = live[-_SAMPLE:]
        places = np.union1d(newest, np.random.default_rng().choice(live, min(_SAMPLE, len(live))))
        ids.append(segment.ids[places])
        words.append(segment.words[places])
    return np.concatenate(ids), np.concatenate(words)


def _ascending(ids: list[Ids], words: list[Words]) -> tuple[Ids, Words]:
    every = np.concatenate(ids)
    order = np.argsort(every, kind="stable")
    return every[order], np.concatenate(words)[order]
