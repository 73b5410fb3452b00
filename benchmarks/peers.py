"""The systems that answer the same question as ours, each behind `System`, used as it documents.

Every search returns all pairs within the radius that the system finds, as places of the codes
that it was built from. FAISS leaves out what is exactly at the radius it is given.
"""

from __future__ import annotations

import pickle
import time
from pathlib import Path
from typing import Any

import faiss
import numpy as np
from numpy.typing import NDArray

from benchmarks.sets import BITS, Codes
from benchmarks.system import ALWAYS, GROWTH, Pairs, halved, listed

NEAREST = 512
"""Answers asked of pynear, which knows no radius: more than any family of the sets at 1 M."""


class _Faiss:
    """What the FAISS indexes share."""

    counts = GROWTH

    def __init__(self) -> None:
        self._index: Any = None

    def threads(self, count: int) -> None:
        """Use so many from now on."""
        faiss.omp_set_num_threads(count)

    def search(self, codes: Codes, radius: int) -> Pairs:
        """Return what it finds, in the order of the queries."""
        limits, _, places = self._index.range_search(codes, radius + 1)
        return Pairs(_owners(limits), places)

    def held(self) -> int | None:
        """Return None: it does not say how large it is."""
        return None

    def start(self, folder: Path) -> float | None:
        """Save it and time reading it again."""
        file = str(folder / "index.faiss")
        faiss.write_index_binary(self._index, file)
        began = time.perf_counter()
        faiss.read_index_binary(file)
        return time.perf_counter() - began

    def close(self) -> None:
        """Free it."""
        self._index = None


class Flat(_Faiss):
    """A linear scan."""

    name = "faiss-flat"
    most, reason = ALWAYS, ""

    def build(self, codes: Codes) -> None:
        """Add all codes at once."""
        self._index = faiss.IndexBinaryFlat(BITS)
        self._index.add(codes)


class MultiHash(_Faiss):
    """Multi-index hashing over 16 chunks of 16 bits, each with one bit turned: exact up to 31.

    With ids, as one needs them: it takes half the time then. Building leaves holes in the heap,
    over which each search scatters the set of what it has seen; the table of ids fills them.
    """

    name = "faiss-multihash"
    most, reason = 10**7, "takes 15 GB at 50 M"

    def build(self, codes: Codes) -> None:
        """Add all codes at once, their places as ids."""
        inner = faiss.IndexBinaryMultiHash(BITS, 16, 16)
        inner.nflip = 1
        self._index = faiss.IndexBinaryIDMap2(inner)
        self._inner = inner  # the other does not keep it
        self._index.add_with_ids(codes, np.arange(len(codes), dtype=np.int64))


class ThreatExchange:
    """`PdqSignal.get_index_cls()`, which is `pdq_index.PDQIndex`: a FAISS multihash with ids.

    Its radius is a class method, so another one is a class of its own, as its own flat index has.
    `pdq_index2.PDQIndex2` says that it is to replace this one in 2.0, and is not used yet.
    """

    name = "threatexchange"
    counts = GROWTH
    most, reason = 10**6, "takes 8 s and 1 GB a million to build, in Python"

    def __init__(self) -> None:
        self._index: Any = None
        self._radius = 31

    def build(self, codes: Codes) -> None:
        """Add all codes at once."""
        from threatexchange.signal_type.pdq.signal import PdqSignal  # noqa: PLC0415 (optional)

        shipped: Any = PdqSignal.get_index_cls()
        # An attribute on the class: a subclass made here could not be pickled.
        shipped.get_match_threshold = classmethod(lambda _: self._radius)
        self._index = shipped((code.tobytes().hex(), at) for at, code in enumerate(codes))

    def threads(self, count: int) -> None:
        """Use so many from now on."""
        faiss.omp_set_num_threads(count)

    def search(self, codes: Codes, radius: int) -> Pairs:
        """Return what it finds, in the order of the queries."""
        self._radius = radius
        asked = [code.tobytes().hex() for code in codes]
        if len(asked) == 1:
            found = [[match.metadata for match in self._index.query(asked[0])]]
        else:  # `query` takes one; what it calls takes many
            found = self._index.index.search(asked, radius, return_as_ids=True)
        return listed(found)

    def held(self) -> int | None:
        """Return None: it does not say how large it is."""
        return None

    def start(self, folder: Path) -> float | None:
        """Save it and time reading it again."""
        return _unpickled(self._index, folder)

    def close(self) -> None:
        """Free it."""
        self._index = None


class PyNear:
    """`MIHBinaryIndex` of 16 chunks: complete within the radius, as far as NEAREST reaches."""

    name = "pynear"
    counts = GROWTH
    most, reason = 10**6, "takes 3 minutes to build at 10 M"

    def __init__(self) -> None:
        self._index: Any = None
        self._threads = 1

    def build(self, codes: Codes) -> None:
        """Add all codes at once."""
        import pynear  # noqa: PLC0415 (optional)

        self._index = pynear.MIHBinaryIndex(16)
        self._index.set(codes)

    def threads(self, count: int) -> None:
        """Use so many from now on."""
        self._threads = count

    def search(self, codes: Codes, radius: int) -> Pairs:
        """Return what it finds, in the order of the queries."""
        return halved(lambda some, _: self._found(some, radius), codes, self._threads)

    def _found(self, codes: Codes, radius: int) -> Pairs:
        places, distances = self._index.searchKNN_arrays(codes, NEAREST, radius)
        queries, ranks = np.nonzero((places >= 0) & (distances <= radius))
        return Pairs(queries, places[queries, ranks])

    def held(self) -> int | None:
        """Return None: it does not say how large it is."""
        return None

    def start(self, folder: Path) -> float | None:
        """Save it and time reading it again."""
        try:
            return _unpickled(self._index, folder)
        except TypeError:  # it has no pickling
            return None

    def close(self) -> None:
        """Free it."""
        self._index = None


def _owners(limits: NDArray[Any]) -> NDArray[np.int64]:
    """The query of each pair, where `limits` holds each query's first and the end."""
    counts = (limits[1:] - limits[:-1]).astype(np.int64)
    return np.repeat(np.arange(len(counts)), counts)


def _unpickled(index: object, folder: Path) -> float:
    file = folder / "index.pickle"
    with file.open("wb") as out:
        pickle.dump(index, out)
    began = time.perf_counter()
    with file.open("rb") as saved:
        pickle.load(saved)  # noqa: S301 (written three lines above)
    return time.perf_counter() - began
