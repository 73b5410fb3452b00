"""Reading signals of the store for an index, and checking that an index is of this store."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np

from hashing.signals import SignalType
from service.matching.bit_order import Words, permute_bits
from service.matching.codes import Codes, Ids, codes_of
from service.matching.index import HammingIndex
from service.store import changes
from service.store import signals as stored_signals
from service.store.changes import Space
from service.store.database import Tx
from service.store.signals import StoredSignal

BATCH = 10_000
"""Signals read from the store at once."""
_SAMPLE = 100
"""Signals of each segment that are compared with the store: the newest, and as many others."""

NO_SIGNALS: tuple[Ids, Words] = (np.empty(0, np.int64), np.empty((0, 4), np.uint64))
"""What `read_all` leaves out: a type that a space has no signals of."""


class Signals(NamedTuple):
    """Signals of one type as an index takes them."""

    ids: Ids
    codes: Codes


def by_type(stored: Iterable[StoredSignal]) -> dict[SignalType, Signals]:
    """Return stored perceptual signals as arrays, by type."""
    of_type: dict[SignalType, list[StoredSignal]] = {}
    for signal in stored:
        of_type.setdefault(SignalType(signal.type), []).append(signal)
    return {
        signal_type: Signals(
            np.array([signal.id for signal in signals], np.int64),
            codes_of(signal.value for signal in signals),
        )
        for signal_type, signals in of_type.items()
    }


def read_all(tx: Tx, space: Space) -> dict[SignalType, tuple[Ids, Words]]:
    """Return all that the indexes of a space must hold: ids, ascending, and permuted codes."""
    ids: dict[SignalType, list[Ids]] = {}
    words: dict[SignalType, list[Words]] = {}
    for stored in stored_signals.searchable(tx, space, BATCH):
        for signal_type, signals in by_type(stored).items():
            ids.setdefault(signal_type, []).append(signals.ids)
            words.setdefault(signal_type, []).append(permute_bits(signals.codes))
    return {signal_type: _ascending(ids[signal_type], words[signal_type]) for signal_type in ids}


def is_of_store(tx: Tx, space: Space, index: HammingIndex, position: int) -> bool:
    """Whether a sample of an index, read from disk, is what the store held at a position.

    It is not after a backup was restored, or when the service is pointed at another store.
    """
    ids, words = index.sample(_SAMPLE, np.random.default_rng())
    in_index = dict(zip(ids.tolist(), words, strict=True))
    in_store = {
        each.id: each.value for each in stored_signals.searchable_by_id(tx, space, in_index)
    }
    missing = in_index.keys() - in_store.keys()
    return all(
        np.array_equal(permute_bits(codes_of([value]))[0], in_index[signal_id])
        for signal_id, value in in_store.items()
    ) and missing <= changes.touched(tx, space, missing, position)


def _ascending(ids: list[Ids], words: list[Words]) -> tuple[Ids, Words]:
    all_ids = np.concatenate(ids)
    order = np.argsort(all_ids, kind="stable")
    return all_ids[order], np.concatenate(words)[order]
