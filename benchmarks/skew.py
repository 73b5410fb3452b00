"""How real PDQ hashes differ from random bits, and whether the set `skewed` differs alike.

    python -m benchmarks.skew                     # synthetic codes beside what was measured
    python -m benchmarks.skew --measure FOLDER    # measure pictures, write benchmarks/skew.json

What decides how fast an index over chunks is: how often two unrelated codes have the same value in
a chunk (`repeats`, times the number of values, so 1 for random bits), and the fullest bucket.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from benchmarks import sets
from benchmarks.sets import BITS, SEED, SIDE, TABLE, Codes, Integers

WIDTH = 16
SAMPLE = 40_000
"""Synthetic codes in each step of the fit."""
STABLE = 75
"""Percentile of the bits between a plain picture and its copy above which copies are left out:
a gradient has a few coefficients, and re-encoding turns the rest at random."""


class Chunks(NamedTuple):
    """Of 16 chunks of 16 bits: mean and most of `repeats`, most codes in one bucket."""

    repeats: float
    most: float
    fullest: int


def layouts() -> dict[str, Integers]:
    """Return by name the order in which bits, from the first, are laid into chunks."""
    rows, random = np.arange(SIDE), np.random.default_rng(5)
    return {
        "contiguous": np.arange(BITS),
        "interleaved": np.concatenate([SIDE * rows + chunk for chunk in rows]),
        "diagonal": np.concatenate([SIDE * rows + (rows + chunk) % SIDE for chunk in rows]),
        "random": random.permutation(BITS),
    }


def chunks(codes: Codes, layout: Integers, group: Integers | None = None) -> Chunks:
    """Count over pairs of codes; with `group`, only over pairs of two groups."""
    group = np.arange(len(codes)) if group is None else group
    sizes = np.unique(group, return_counts=True)[1].astype(float)
    pairs = len(codes) ** 2 - (sizes**2).sum()
    bits = np.unpackbits(codes, axis=1)[:, layout]
    repeats, fullest = [], 0
    for start in range(0, BITS, WIDTH):
        values = bits[:, start : start + WIDTH].astype(np.int64) @ (1 << np.arange(WIDTH))
        buckets = np.unique(values, return_counts=True)[1].astype(float)
        own = np.unique(values * (group.max() + 1) + group, return_counts=True)[1].astype(float)
        repeats.append(((buckets**2).sum() - (own**2).sum()) / pairs * 2**WIDTH)
        fullest = max(fullest, int(buckets.max()))
    return Chunks(round(float(np.mean(repeats)), 3), round(max(repeats), 2), fullest)


def table(codes: Codes, group: Integers | None = None) -> dict[str, Chunks]:
    """Return `chunks` of every layout."""
    return {name: chunks(codes, layout, group) for name, layout in layouts().items()}


def measured(folder: Path) -> dict[str, Any]:
    """Return the model of the pictures in a folder, and what was measured of them."""
    from benchmarks import pictures  # noqa: PLC0415 (decoders, which the check does without)

    real = pictures.measure(folder)
    bits = np.unpackbits(real.codes, axis=1)
    turns = {
        kind: np.unpackbits(real.originals ^ some, axis=1) for kind, some in real.copies.items()
    }
    turns[pictures.MIRROR] = np.unpackbits(
        real.originals ^ real.copies[pictures.MIRROR] ^ sets.MIRRORED, axis=1
    )
    flips = {kind: _quantiles(some.sum(axis=1)) for kind, some in turns.items()}
    weights = np.concatenate(list(turns.values())).mean(axis=0)
    stable = real.plain_flips[real.plain_flips <= np.percentile(real.plain_flips, STABLE)]
    model: dict[str, Any] = {
        "about": "Made by `python -m benchmarks.skew --measure`; what the set `skewed` is made of.",
        "pictures": len(real.originals),
        "codes": len(real.codes),
        "seed": SEED,
        "real": {name: list(some) for name, some in table(real.codes, real.photo).items()},
        "bit_means": _spread(bits.mean(axis=0)),
        "apart": _spread(_apart(real.codes, real.photo)),
        "stripes": 0,
        "amplitudes": _amplitudes(1.0),
        "means": np.rint(256 * bits.mean(axis=0)[::-1]).astype(int).tolist(),
        "flips": flips,
        "weights": np.rint(1000 * weights).astype(int).tolist(),
        "plain": sorted({bytes(code).hex() for code in real.plain}),
        "plain_flips": _quantiles(stable),
    }
    return model


def _quantiles(some: Integers) -> list[int]:
    found = np.quantile(some, (np.arange(TABLE) + 0.5) / TABLE)
    return [int(one) for one in np.rint(found)]


def _spread(some: NDArray[Any]) -> list[float]:
    """Least, mean, standard deviation, most."""
    return [round(float(one), 4) for one in (some.min(), some.mean(), some.std(), some.max())]


def _apart(codes: Codes, group: Integers) -> Integers:
    """Bits between 200,000 pairs of codes of two groups."""
    one, other = np.random.default_rng(SEED).integers(0, len(codes), (2, 200_000))
    some = group[one] != group[other]
    bits: Integers = np.bitwise_count(codes[one[some]] ^ codes[other[some]]).sum(axis=1, dtype=int)
    return bits


def _amplitudes(strength: float) -> list[int]:
    """Quantiles of a gamma distribution of shape 4, whose mean is `strength`, of 256."""
    drawn = np.sort(np.random.default_rng(SEED).gamma(4, strength / 4, 256 * TABLE))
    return [min(255, round(256 * float(one))) for one in drawn[128::256]]


def fitted(model: dict[str, Any]) -> dict[str, Any]:
    """Choose how strong edges are, and how many are along y alone, to repeat as real chunks do."""
    rows, columns = (model["real"][name][0] for name in ("contiguous", "interleaved"))
    low, high = 0.1, 0.6
    for step in range(9):
        strength = (low + high) / 2
        model["amplitudes"] = _amplitudes(strength)
        found = table(_sample(model, SAMPLE))
        share = max(0.0, 1 - float(np.sqrt((rows - 1) / (columns - 1))))
        model["stripes"] = round(share * TABLE)
        off = found["interleaved"].repeats - columns
        low, high = (low, strength) if off > 0 else (strength, high)
        print(f"step {step}: strength {strength:.3f}, off by {off:+.3f}", file=sys.stderr)
    return model


def _sample(model: dict[str, Any], count: int) -> Codes:
    return sets.unrelated(sets.built(model), count, np.random.default_rng(SEED))


def check(model: dict[str, Any]) -> None:
    """Print real and synthetic statistics at equal sample sizes, and of whole sets."""
    real = {name: Chunks(*some) for name, some in model["real"].items()}
    count = model["codes"]
    alike = _sample(model, count)
    print(f"{count} codes of parts of {model['pictures']} pictures, pairs of two pictures only;")
    print("as many synthetic ones; mean and most of `repeats` over 16 chunks, fullest bucket\n")
    _print("real, unrelated", real)
    _print("synthetic, unrelated", table(alike))
    for size in (count, 1_000_000):
        for name, make in sets.SETS.items():
            _print(f"{name}, {size}", table(make(size, SEED)))
    ones = np.unpackbits(alike, axis=1).mean(axis=0)
    print("\nleast, mean, deviation, most of     real                    synthetic")
    print(f"share of ones by bit      {model['bit_means']}  {_spread(ones)}")
    found = _spread(_apart(alike, np.arange(count)))
    print(f"bits between two codes    {model['apart']}  {found}")
    off = np.abs(256 * ones - np.array(model["means"])[::-1]).mean() / 256
    print(f"a bit's share is off by {off:.4f} on average, by chance {0.4 / count**0.5:.4f}")
    began = time.perf_counter()
    sets.skewed(2**20)
    print(f"{2**20 / (time.perf_counter() - began):.0f} codes a second are made")


def _print(what: str, some: dict[str, Chunks]) -> None:
    parts = [f"{n} {c.repeats:5.2f} {c.most:5.2f} {c.fullest:5d}" for n, c in some.items()]
    print(f"{what:22} | " + " | ".join(parts))


def main() -> None:
    """Measure if asked to, and check."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--measure", type=Path, metavar="FOLDER", help="of .jpg files")
    folder = parser.parse_args().measure
    if folder:
        model = fitted(measured(folder))
        sets.MODEL.write_text(json.dumps(model, indent=None, separators=(",", ":")) + "\n")
        sets.load.cache_clear()
    check(json.loads(sets.MODEL.read_text()))


if __name__ == "__main__":
    main()
