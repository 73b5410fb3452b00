"""Sets of 256-bit codes to search in: at any size, the same from the same seed on any machine.

`uniform` is random bits. `skewed` has the statistics of PDQ hashes: of 16 codes, about 13 of
pictures that have nothing to do with each other, 3 of edited copies of them, and one in 100 near
the code of a plain picture. A smaller set is the beginning of a larger one with the same seed.

As measured (benchmarks/skew.py), bits of PDQ are even, and no two of them are correlated: what
there is lies in more bits at once. A bit is the sign of a coefficient of a DCT, and one strong edge
at y, x turns all of them towards cos(π(i+1)y)·cos(π(j+1)x). So that is what is sampled: one edge
a code with an amplitude, and noise. A quarter or so of the codes have an edge along y alone (the
rest of its pattern is random), as real columns repeat more than rows. Integers throughout.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

Codes = NDArray[np.uint8]
Integers = NDArray[np.int64]

MODEL = Path(__file__).with_name("skew.json")
SEED = 20261121
BITS, SIDE = 256, 16
BLOCK = 65536
"""Codes made from one seed; copies are of codes in their own block, so a family stays below 500."""
COPIES, PLAIN = 3 / 16, 1 / 100
"""Shares of edited copies and of plain pictures: assumed, as no bank shows its own."""
TABLE = 256
MIRRORED = np.frombuffer(b"\x55" * 32, np.uint8)
"""Bits that a mirror image turns: those of odd frequencies across (bit 16·i + j is of j + 1)."""


class Skew(NamedTuple):
    """What the sampler needs. Tables hold TABLE rows, of which each code takes one at random.

    `down` and `across`: int16 (TABLE, 16), patterns of an edge; `amplitudes`: int16 (TABLE);
    `means`: int16 (16, 16), 256 times the share of ones; `flips`: by kind of edit, int64 (TABLE),
    bits turned; `weights`: (256,), how much likelier than another a bit is turned, in the order
    of the bits; `plain` codes, and `plain_flips` (TABLE).
    """

    down: NDArray[np.int16]
    across: NDArray[np.int16]
    amplitudes: NDArray[np.int16]
    means: NDArray[np.int16]
    flips: dict[str, Integers]
    weights: NDArray[np.float64]
    plain: Codes
    plain_flips: Integers


def uniform(count: int, seed: int = SEED) -> Codes:
    """Return random codes, uint8 (count, 32)."""
    return _filled(count, lambda number: _random((BLOCK, 32), _rng(seed, 0, number)))


def skewed(count: int, seed: int = SEED) -> Codes:
    """Return codes, uint8 (count, 32), with the statistics of PDQ: unrelated, copies and plain."""
    skew = load()
    return _filled(count, lambda number: _mixed(skew, _rng(seed, 1, number)))


SETS: dict[str, Callable[[int, int], Codes]] = {"uniform": uniform, "skewed": skewed}


def turned(codes: Codes, flips: Integers, rng: np.random.Generator) -> Codes:
    """Return the codes with so many bits of each turned, at places of equal chance."""
    order = np.argsort(rng.random((len(codes), BITS)), axis=1)
    ranks = np.argsort(order, axis=1)
    turns: Codes = np.packbits(ranks < flips[:, None], axis=1)
    return codes ^ turns


def unrelated(skew: Skew, count: int, rng: np.random.Generator) -> Codes:
    """Return codes of pictures that have nothing to do with each other."""
    codes = np.empty((count, 32), np.uint8)
    for start in range(0, count, 4096):  # what fits in the cache
        some = codes[start : start + 4096]
        rows = _random((4, len(some)), rng)
        down = (skew.down[rows[0]] * skew.amplitudes[rows[1], None]) >> 8
        lean = (down[:, :, None] * skew.across[rows[2], None, :] + 16) >> 5
        lean += skew.means
        ones = _random((len(some), SIDE, SIDE), rng) < lean
        # Bit 16·i + j counts from the last, as in PDQ.
        some[:] = np.packbits(ones.reshape(-1, BITS), axis=1, bitorder="little")[:, ::-1]
    return codes


def _mixed(skew: Skew, rng: np.random.Generator) -> Codes:
    copies, plain = int(BLOCK * COPIES), int(BLOCK * PLAIN)
    first = unrelated(skew, BLOCK - copies - plain, rng)
    even = rng.random(copies)
    # Cubed, so that few pictures have many copies and most have none.
    place = (len(first) * (even * even * even)).astype(np.int64)
    some = [first, _edited(skew, first[place], rng), _plain(skew, plain, rng)]
    mixed: Codes = rng.permutation(np.concatenate(some))
    return mixed


def _edited(skew: Skew, codes: Codes, rng: np.random.Generator) -> Codes:
    kinds = list(skew.flips)
    kind = rng.integers(0, len(kinds), len(codes))
    flips = np.stack(list(skew.flips.values()))[kind, rng.integers(0, TABLE, len(codes))]
    chance = flips[:, None] * (skew.weights * 65536 / BITS)
    turns = rng.integers(0, 65536, (len(codes), BITS), np.uint16) < chance
    edited: Codes = codes ^ np.packbits(turns, axis=1)
    edited[kind == kinds.index("mirror")] ^= MIRRORED
    return edited


def _plain(skew: Skew, count: int, rng: np.random.Generator) -> Codes:
    codes = skew.plain[rng.integers(0, len(skew.plain), count)]
    return turned(codes, skew.plain_flips[rng.integers(0, TABLE, count)], rng)


def _filled(count: int, make: Callable[[int], Codes]) -> Codes:
    """Make blocks on all cores: each has a seed of its own, so their order does not matter."""
    codes = np.empty((count, 32), np.uint8)

    def fill(number: int) -> None:
        room = codes[number * BLOCK : (number + 1) * BLOCK]
        room[:] = make(number)[: len(room)]

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        for _ in pool.map(fill, range(-(-count // BLOCK))):
            pass
    return codes


def _rng(seed: int, stream: int, number: int) -> np.random.Generator:
    return np.random.Generator(np.random.SFC64([seed, stream, number]))


def _random(shape: tuple[int, ...], rng: np.random.Generator) -> Codes:
    return np.frombuffer(rng.bytes(int(np.prod(shape))), np.uint8).reshape(shape)


@cache
def load() -> Skew:
    """Return the committed model."""
    return built(json.loads(MODEL.read_text()))


def built(model: dict[str, Any]) -> Skew:
    """Return the tables of a model's parameters."""
    down, across = patterns(model["stripes"])
    return Skew(
        down=down,
        across=across,
        amplitudes=np.array(model["amplitudes"], np.int16),
        means=np.array(model["means"], np.int16).reshape(SIDE, SIDE),
        flips={kind: np.array(some) for kind, some in model["flips"].items()},
        weights=np.array(model["weights"]) / np.mean(model["weights"]),
        plain=np.stack([np.frombuffer(bytes.fromhex(one), np.uint8) for one in model["plain"]]),
        plain_flips=np.array(model["plain_flips"]),
    )


EDGE = 0.04
"""Edges keep this far from the border: those nearer would turn whole rows one way, which real
hashes hardly show."""


def patterns(stripes: int) -> tuple[NDArray[np.int16], NDArray[np.int16]]:
    """Return tables `down` and `across`; the last `stripes` rows of `across` are random signs."""
    # Low frequencies follow an edge more than high ones do: fitted to the chunks of rows.
    follows = np.sqrt(0.7 + 0.3 * np.exp(-np.arange(SIDE) / 3))
    signs = np.random.default_rng(SEED).choice([-1, 1], (stripes, SIDE)) * follows
    return _bytes(_waves(TABLE) * follows), _bytes(
        np.concatenate([_waves(TABLE - stripes) * follows, signs * np.sqrt(0.5)])
    )


def _waves(rows: int) -> NDArray[np.float64]:
    """How each frequency leans where an edge is, at so many places."""
    places = EDGE + (1 - 2 * EDGE) * (np.arange(rows) + 0.5) / rows
    waves: NDArray[np.float64] = np.cos(np.pi * np.outer(places, np.arange(1, SIDE + 1)))
    return waves


def _bytes(parts: NDArray[np.float64]) -> NDArray[np.int16]:
    return np.rint(127 * parts).astype(np.int16)
