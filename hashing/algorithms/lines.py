"""Running sums down the columns of several planes at once, each in one fixed order.

A sum of binary32 depends on its order, so that it cannot be made from parts. But planes lie side by
side, whatever their shapes: each column is a sum of its own, with the same additions as by itself,
and NumPy is called once for all of them.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Sequence

import numpy as np

from hashing.luma import Plane

Sums = tuple[Plane, Plane]
"""The sums of windows, binary32 (indices, width), and how many lines each index's window has."""


class Lines:
    """Planes of these lengths and widths, with a window down each of them.

    `parts` are to be filled with the planes, binary32 (length, width). The window of index i begins
    at i + half - window and ends before i + half.
    """

    def __init__(
        self, lengths: Sequence[int], widths: Sequence[int], window: Callable[[int], int]
    ) -> None:
        self._lengths = lengths
        self._windows = [window(length) for length in lengths]
        ends = list(itertools.accumulate(widths))
        self._across = [slice(end - width, end) for end, width in zip(ends, widths, strict=True)]
        steps = max(n + half(w) - 1 for n, w in zip(lengths, self._windows, strict=True))
        self._lines = np.empty((steps, ends[-1]), np.float32)
        self.parts = []
        for length, across in zip(lengths, self._across, strict=True):
            self.parts.append(self._lines[:length, across])
            self._lines[length:, across] = 0  # which change no sum

    def summed(self, indices: Sequence[Sequence[int]]) -> Iterator[Sums]:
        """Yield the sums of each plane, at its ascending indices."""
        alike = len(set(self._lengths)) == 1 and len(indices[0]) <= self._lengths[0]
        if alike:
            sums = self._summed_at(indices[0])
        else:
            sums = np.empty_like(self._lines)
            self._run(sums)
        for at, length, window, across in zip(
            indices, self._lengths, self._windows, self._across, strict=True
        ):
            first = half(window) - 1
            chosen = sums[:, across] if alike else sums[np.asarray(at) + first, across]
            yield chosen, counts(length, window)[at]

    def _summed_at(self, indices: Sequence[int]) -> Plane:
        """Planes of one length have their sums in the same lines; all others are discarded."""
        sums = np.empty((len(indices), self._lines.shape[1]), np.float32)
        first = half(self._windows[0]) - 1
        into: list[Plane] = [np.empty_like(self._lines[0])] * len(self._lines)
        for index, line in zip(indices, sums, strict=True):
            into[index + first] = line
        self._run(into)
        return sums

    def _run(self, into: Sequence[Plane] | Plane) -> None:
        """Add the line that enters, then subtract the one that leaves, each rounded to binary32."""
        first = min(self._windows)
        total = np.zeros(self._lines.shape[1], np.float32)
        for line, sums in zip(self._lines[:first], into, strict=False):
            total = np.add(total, line, sums)
        leaving = self._leaving(first)
        for line, leaves, sums in zip(self._lines[first:], leaving, into[first:], strict=True):
            total = np.subtract(np.add(total, line, sums), leaves, sums)

    def _leaving(self, first: int) -> Plane:
        """What leaves at each step, from the first at which anything does."""
        steps = len(self._lines)
        if max(self._windows) == first:
            return self._lines[: steps - first]
        leaving = np.zeros((steps - first, self._lines.shape[1]), np.float32)
        for window, across in zip(self._windows, self._across, strict=True):
            leaving[window - first :, across] = self._lines[: steps - window, across]
        return leaving


def half(window: int) -> int:
    """Return how far beyond an index its window ends."""
    return (window + 2) // 2


def counts(length: int, window: int) -> Plane:
    """Return how many positions the window of each index has within a side of this length."""
    past = np.arange(length) + half(window)
    within: Plane = (np.minimum(past, length) - np.maximum(past - window, 0)).astype(np.float32)
    return within
