"""How long a picture takes, from the bytes of its file to its signals: ours beside the peers.

    python -m benchmarks.hash_speed [--json FILE] [--sizes 0.3,2,12] [--rounds N] [--svg FILE]

Every system takes the same JPEG files in the same process, one after the other on each picture
(A B C A B C …, beginning with the next one each round), after one round that is not counted.
Times are of the wall clock, medians and ninetieth percentiles over pictures and rounds.

Ours is what the product runs: `pixels.read` and `compute`, and `hash_picture`. It decodes a JPEG
to luma alone, and hashes a side above 1280 pixels at 1024 (docs/signals.md); the peers decode to
RGB and hash every pixel. The bits between the two are printed beside the times.
"""

from __future__ import annotations

import argparse
import hashlib
import io
import json
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import imagehash
import numpy as np
from PIL import Image, ImageOps
from tqdm import tqdm

from benchmarks import machine
from hashing import hash_files, hash_picture
from hashing.algorithms import pdq, phash
from hashing.media import pixels

PHOTOS = Path(__file__).resolve().parents[2] / "shared" / "photos"
SIZES = {0.3: (640, 480), 2.0: (1920, 1080), 12.0: (4000, 3000)}
"""Megapixels: (width, height)."""
SEED = 20261121
QUALITY = 90
"""Of the JPEG files, in Pillow's scale: 3 MB at 12 megapixels, as phones write them."""
DETAIL = {1: 3.0, 2: 4.0, 4: 5.0}
"""Grain in pixels: sigma of the noise in grey levels. An enlarged photograph has none of its own,
and a decoder is faster where blocks are empty."""
FOLDER, FOLDER_ROUNDS = 240, 3
"""Pictures in the folder for `hash_files`, and how often it is hashed."""
OURS = "takeback"
SIGNALS = ("PDQ", "pHash", "all")
PACKAGES = ("numpy", "pillow", "imagehash", "scipy", "pdqhash", "threatexchange")
INKS = ("#1b6e53", "#c9733a", "#e3a857")


class System(NamedTuple):
    """What is timed: `run` takes the bytes of a file."""

    name: str
    signal: str
    run: Callable[[bytes], object]


class Row(NamedTuple):
    """`ratio` is this system's median over ours for the same signal; None where it is ours."""

    system: str
    signal: str
    megapixels: float
    p50_ms: float
    p90_ms: float
    per_second: float
    ratio: float | None


Times = dict[tuple[str, str], list[float]]
"""(system, signal): milliseconds of each picture in each round, in one order for all."""


def ours() -> list[System]:
    """Return the product's own pipeline, whole and in parts."""
    return [
        System(OURS, "PDQ", lambda data: pdq.compute(pixels.read(data))),
        System(OURS, "pHash", lambda data: phash.compute(pixels.read(data))),
        System(OURS, "all", hash_picture),
        System(f"{OURS}, parts", "all", _parts),
    ]


def peers() -> list[System]:
    """Return what is installed of the peers, each used as its own documentation does."""
    found = [System("imagehash", "pHash", _imagehash), System("hashlib", "exact", _exact)]
    try:
        import pdqhash  # noqa: PLC0415 (it needs a compiler to install: not everyone has it)
    except ImportError:
        print("pdqhash is not installed: its rows are left out")
    else:
        found.append(System("pdqhash", "PDQ", lambda data: pdqhash.compute(np.asarray(_rgb(data)))))

        def one_decode(data: bytes) -> None:
            rgb = _rgb(data)
            pdqhash.compute(np.asarray(rgb))
            imagehash.phash(rgb, hash_size=16)
            _exact(data)

        found.append(System("peers, one decode", "all", one_decode))
    try:
        from threatexchange.signal_type.pdq import signal  # noqa: PLC0415 (as pdqhash)
    except ImportError:
        print("threatexchange is not installed: its row is left out")
    else:
        found.append(System("threatexchange", "PDQ", signal.PdqSignal.hash_from_bytes))
    return found


def _parts(data: bytes) -> None:
    luma = pixels.read(data)
    pdq.compute(luma)
    phash.compute(luma)
    _exact(data)


def _rgb(data: bytes) -> Image.Image:
    return Image.open(io.BytesIO(data)).convert("RGB")


def _imagehash(data: bytes) -> imagehash.ImageHash:
    return imagehash.phash(Image.open(io.BytesIO(data)), hash_size=16)


def _exact(data: bytes) -> tuple[bytes, bytes]:
    md5 = hashlib.md5(data, usedforsecurity=False)
    return md5.digest(), hashlib.sha256(data).digest()


def corpus(size: tuple[int, int], count: int) -> Iterator[bytes]:
    """Yield JPEG files of (width, height): photographs with grain added, else drawn ones."""
    photos = sorted(PHOTOS.glob("*.jpg"))
    for number in range(count):
        rng = np.random.default_rng([SEED, number, *size])
        if photos:
            with Image.open(photos[number * len(photos) // count % len(photos)]) as photo:
                base = ImageOps.fit(photo.convert("RGB"), size, Image.Resampling.BICUBIC)
        else:
            base = _drawn(size, rng)
        file = io.BytesIO()
        _grained(base, rng).save(file, "JPEG", quality=QUALITY)
        yield file.getvalue()


def _drawn(size: tuple[int, int], rng: np.random.Generator) -> Image.Image:
    """Soft colours with hard-edged boxes on them."""
    soft = Image.fromarray(rng.integers(0, 256, (9, 12, 3), dtype=np.uint8))
    picture = soft.resize(size, Image.Resampling.BICUBIC)
    for _ in range(40):
        left, top = (int(rng.integers(0, side)) for side in size)
        wide, high = (int(rng.integers(side // 40, side // 5)) for side in size)
        colour = tuple(int(part) for part in rng.integers(0, 256, 3))
        picture.paste(colour, (left, top, left + wide, top + high))
    return picture


def _grained(picture: Image.Image, rng: np.random.Generator) -> Image.Image:
    width, height = picture.size
    grain = np.zeros((height, width), np.float32)
    for pitch, sigma in DETAIL.items():
        coarse = rng.standard_normal((height // pitch + 1, width // pitch + 1), np.float32) * sigma
        grain += np.kron(coarse, np.ones((pitch, pitch), np.float32))[:height, :width]
    pixel = np.asarray(picture, np.float32) + grain[:, :, None]
    return Image.fromarray(pixel.clip(0, 255).astype(np.uint8))


def measure(systems: list[System], files: list[bytes], rounds: int) -> Times:
    """Time every system on every file, `rounds` times after one that is not counted."""
    times: Times = {(system.name, system.signal): [] for system in systems}
    for turn in tqdm(range(rounds + 1), leave=False, unit="round"):
        systems = systems[1:] + systems[:1]
        for data in files:
            for system in systems:
                began = time.perf_counter()
                system.run(data)
                if turn:
                    spent = 1000 * (time.perf_counter() - began)
                    times[system.name, system.signal].append(spent)
    return times


def rows(times: Times, megapixels: float) -> list[Row]:
    """Return a row a system, with the peers' sum beside our `all`."""
    summed = [("pdqhash", "PDQ"), ("imagehash", "pHash"), ("hashlib", "exact")]
    if all(part in times for part in summed):
        each = zip(*(times[part] for part in summed), strict=True)
        times = times | {("peers, summed", "all"): [sum(parts) for parts in each]}
    found = []
    for signal in SIGNALS:
        base = statistics.median(times[OURS, signal])
        for (system, its), spent in times.items():
            if its == signal:
                ratio = None if system.startswith(OURS) else statistics.median(spent) / base
                found.append(_row(system, signal, megapixels, spent, ratio))
    return found


def _row(system: str, signal: str, size: float, spent: list[float], ratio: float | None) -> Row:
    p50, p90 = (round(float(part), 2) for part in np.percentile(spent, [50, 90]))
    return Row(system, signal, size, p50, p90, round(1000 / p50, 1), ratio and round(ratio, 3))


def apart(systems: list[System], files: list[bytes]) -> dict[str, float]:
    """Return by signal the mean bits between ours and the peer whose algorithm it is."""
    bits: dict[str, list[int]] = {}
    for system in systems:
        if system.name in {"pdqhash", "imagehash"}:
            bits[system.signal] = [_bits(system, data) for data in files]
    return {signal: round(statistics.mean(found), 1) for signal, found in bits.items()}


def _bits(peer: System, data: bytes) -> int:
    found: Any = peer.run(data)
    theirs = np.packbits(found[0] if peer.signal == "PDQ" else found.hash.ravel()).tobytes()
    ours, _ = (pdq if peer.signal == "PDQ" else phash).compute(pixels.read(data))
    return (int.from_bytes(ours) ^ int.from_bytes(theirs)).bit_count()


def throughput(folder: Path) -> list[Row]:
    """Time `hash_files` over a folder, starting its workers included, with one and with two."""
    paths = [folder / f"{number}.jpg" for number in range(FOLDER)]
    for path, data in zip(paths, corpus(SIZES[0.3], FOLDER), strict=True):
        path.write_bytes(data)
    spent: dict[int, list[float]] = {1: [], 2: []}
    for _ in range(FOLDER_ROUNDS):
        for workers, found in spent.items():
            began = time.perf_counter()
            for _index, outcome in hash_files(paths, workers=workers):
                if isinstance(outcome, Exception):
                    raise outcome
            found.append(1000 * (time.perf_counter() - began) / FOLDER)
    alone = statistics.median(spent[1])
    return [
        _row("hash_files, 1 worker", "folder", 0.3, spent[1], None),
        _row("hash_files, 2 workers", "folder", 0.3, spent[2], alone / statistics.median(spent[2])),
    ]


def facts(files: dict[float, list[bytes]], rounds: int) -> dict[str, Any]:
    """Return what the numbers depend on."""
    photos = len(list(PHOTOS.glob("*.jpg")))
    return {
        "corpus": f"of {photos} photographs, with grain" if photos else "drawn pictures",
        "seed": SEED,
        "jpeg_quality": QUALITY,
        "pictures": {f"{megapixels:g}": _described(some) for megapixels, some in files.items()},
        "rounds": rounds,
        "folder": f"{FOLDER} pictures of 0.3 MP, {FOLDER_ROUNDS} rounds",
        **machine.described(PACKAGES),
    }


def _described(files: list[bytes]) -> str:
    width, height = Image.open(io.BytesIO(files[0])).size
    return f"{len(files)} of {width} x {height}, {round(statistics.mean(map(len, files)))} bytes"


def table(found: list[Row]) -> None:
    """Print every row, and name the peers that were faster than us."""
    print(f"{'MP':>4}  {'signal':8}{'system':24}{'p50 ms':>9}{'p90 ms':>9}{'per s':>8}{'ratio':>7}")
    for row in found:
        ratio = "-" if row.ratio is None else f"{row.ratio:.2f}"
        print(
            f"{row.megapixels:>4g}  {row.signal:8}{row.system:24}"
            f"{row.p50_ms:>9.2f}{row.p90_ms:>9.2f}{row.per_second:>8.1f}{ratio:>7}"
        )
    slower = [row for row in found if row.ratio is not None and row.ratio < 1]
    names = ", ".join(f"{row.system} {row.signal} at {row.megapixels:g} MP" for row in slower)
    print(f"\nratio: the peer's p50 over ours; of 2 workers, over 1. Below 1.0: {names or 'none'}")


def draw(found: list[Row], file: Path) -> None:
    """Draw the medians as bars, one panel a signal, on a log scale."""
    from matplotlib import rcParams  # noqa: PLC0415 (slow to load, and only for the drawing)
    from matplotlib.figure import Figure  # noqa: PLC0415 (the same)

    rcParams.update({"svg.fonttype": "none", "svg.hashsalt": "takeback", "font.size": 8})
    figure = Figure(figsize=(9.5, 3.2), layout="constrained")
    axes = figure.subplots(1, 3, sharey=True)
    for axis, signal in zip(axes, SIGNALS, strict=True):
        some = [row for row in found if row.signal == signal and "parts" not in row.system]
        systems = list(dict.fromkeys(row.system for row in some))
        for place, system in enumerate(systems):
            medians = [row.p50_ms for row in some if row.system == system]
            width = 0.8 / len(systems)
            spots = np.arange(len(medians)) + (place - (len(systems) - 1) / 2) * width
            bars = axis.bar(spots, medians, width * 0.92, color=INKS[place], label=system)
            axis.bar_label(bars, fmt=lambda ms: f"{ms:.{int(ms < 10)}f}", fontsize=6.5, padding=1)
        sizes = list(dict.fromkeys(row.megapixels for row in some))
        axis.set_xticks(range(len(sizes)), [f"{size:g} MP" for size in sizes])
        axis.set_title("PDQ + pHash + MD5 + SHA-256" if signal == "all" else signal)
        axis.set_yscale("log")
        axis.spines[["top", "right"]].set_visible(False)
        axis.legend(frameon=False, loc="upper left")
        axis.margins(y=0.25)
    axes[0].set_ylabel("ms from JPEG bytes (log, less is better)")
    file.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(file, metadata={"Date": None})


def main() -> None:
    """Measure, print the table, and write JSON and a drawing if asked to."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the numbers too")
    parser.add_argument("--svg", type=Path, metavar="FILE", help="draw them too")
    parser.add_argument("--sizes", default="0.3,2,12", help="which megapixels, between commas")
    parser.add_argument("--rounds", type=int, default=11, help="counted rounds (11)")
    chosen = parser.parse_args()
    systems = ours() + peers()
    megapixels = [float(size) for size in chosen.sizes.split(",")]
    if unknown := set(megapixels) - set(SIZES):
        parser.error(f"no such size: {unknown}")
    # Enough pictures to differ, few enough that 12 megapixels end in minutes.
    counts = {each: max(4, min(12, round(12 / each))) for each in megapixels}
    files = {each: list(corpus(SIZES[each], counts[each])) for each in megapixels}
    known = facts(files, chosen.rounds)
    found: list[Row] = []
    for each, some in files.items():
        found += rows(measure(systems, some, chosen.rounds), each)
    known["mean_bits_apart"] = {f"{e:g}": apart(systems, some) for e, some in files.items()}
    with tempfile.TemporaryDirectory() as folder:
        found += throughput(Path(folder))
    print(json.dumps(known, indent=2))
    table(found)
    if chosen.json:
        written = {"facts": known, "rows": [row._asdict() for row in found]}
        chosen.json.write_text(json.dumps(written, indent=2) + "\n")
    if chosen.svg:
        draw(found, chosen.svg)


if __name__ == "__main__":
    main()
