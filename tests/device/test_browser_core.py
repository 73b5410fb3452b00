# The browser's modules against ours: the same pixels give the same bits.
#
# `python -m tests.device.test_browser_core` writes tests/vectors/pixels.json anew.
import hashlib
import io
import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image
from scipy.fft import dct

from hashing import windows
from hashing.algorithms import pdq, phash
from hashing.hasher import hash_file
from hashing.media import grey, pixels, timeline
from hashing.media.fields import one_moment
from hashing.signals import FrameSignal, Signal, SignalType
from hashing.submission import Eligibility, Submission
from hashing.work import Work

Luma = NDArray[np.uint8]
Bytes = NDArray[np.uint8]

ROOT = Path(__file__).parents[2]
VECTORS = ROOT / "tests" / "vectors" / "pixels.json"
NODE = Path(sys.executable).parent / "node"
needs_node = pytest.mark.skipif(
    not NODE.exists(), reason="node is not in the environment: install the group `test`"
)
ORIENTATION = 0x0112

# --- pictures that both languages draw ---


def noise(seed: int, place: NDArray[np.int64]) -> NDArray[np.int64]:
    """8 bits that look random, of each place in a picture."""
    bits = place * 0x9E3779B1 + seed * 0x85EBCA6B & 0xFFFFFFFF
    for _ in range(2):
        bits ^= bits >> 16
        bits = bits * 0x045D9F3B & 0xFFFFFFFF
    return (bits ^ (bits >> 16)) >> 24


def drawn(shape: str, seed: int, rows: int, columns: int) -> Luma:
    """The luma that `drawn` of tests/browser/pictures.mjs makes."""
    row, column = np.mgrid[:rows, :columns].astype(np.int64)
    place = row * columns + column
    across = np.minimum(column, columns - 1 - column)
    down = np.minimum(row, rows - 1 - row)
    made: dict[str, Callable[[], NDArray[np.int64]]] = {
        "noise": lambda: noise(seed, place),
        "blocks": lambda: noise(seed, (row >> 4) * 4096 + (column >> 4)),
        "flat": lambda: np.full((rows, columns), seed),
        "gradient": lambda: 255 * (row + column) // (rows + columns - 2),
        "checker": lambda: (row // seed + column // seed) % 2 * 255,
        "mirrored": lambda: noise(seed, (row >> 3) * 4096 + (across >> 3)),
        "kaleidoscope": lambda: noise(seed, (down >> 2) * 4096 + (across >> 2)),
        "sparse": lambda: (noise(seed, place) < 2) * 255,
        "faint": lambda: 128 + (noise(seed, place) & 1),
        "rings": lambda: (((2 * row - rows) ** 2 + (2 * column - columns) ** 2) >> 7) & 255,
    }
    luma: Luma = made[shape]().astype(np.uint8)
    return luma


PICTURES = [
    ("noise", 1, 16, 16),
    ("noise", 2, 63, 200),
    ("noise", 3, 64, 64),
    ("noise", 4, 129, 127),
    ("noise", 5, 1025, 120),
    ("noise", 6, 1280, 1281),
    ("blocks", 7, 200, 63),
    ("blocks", 8, 300, 400),
    ("blocks", 9, 480, 640),
    ("blocks", 10, 1281, 700),
    ("blocks", 11, 700, 1300),
    ("blocks", 12, 1300, 1290),
    ("blocks", 13, 2200, 1400),  # both sides squeezed, one much more: rows first all the same
    ("flat", 0, 64, 64),
    ("flat", 137, 257, 129),
    ("flat", 255, 96, 1300),
    ("gradient", 0, 64, 64),
    ("gradient", 0, 333, 555),
    ("gradient", 0, 1281, 1281),
    ("checker", 1, 64, 64),
    ("checker", 2, 128, 192),
    ("checker", 17, 512, 512),
    ("checker", 32, 1024, 1024),
    ("mirrored", 14, 64, 64),
    ("mirrored", 15, 255, 256),
    ("mirrored", 16, 640, 513),
    ("kaleidoscope", 17, 64, 64),
    ("kaleidoscope", 18, 101, 99),
    ("kaleidoscope", 19, 384, 385),
    ("sparse", 20, 65, 65),
    ("sparse", 21, 300, 300),
    ("faint", 22, 64, 64),
    ("faint", 23, 500, 300),
    ("rings", 0, 64, 64),
    ("rings", 0, 128, 127),
    ("rings", 0, 600, 800),
]
SMALL = [
    ("noise", 30, 5, 5),
    ("noise", 31, 7, 9),
    ("noise", 32, 5, 64),
    ("noise", 33, 65, 5),
    ("flat", 90, 5, 6),
    ("mirrored", 34, 15, 15),
]


def signals_of(luma: Luma) -> dict[str, Any]:
    found = windows.compute(luma, windows.WindowSet.ALL)
    return {
        "luma": [*luma.shape, digest(luma)],
        **perceptual(luma),
        "windows": [[one.window.value, one.signal.hex, one.signal.quality] for one in found],
    }


def perceptual(luma: Luma) -> dict[str, Any]:
    (value, quality), (other, other_quality) = pdq.compute(luma), phash.compute(luma)
    return {"pdq": [value.hex(), quality], "phash": [other.hex(), other_quality]}


def squeezed(luma: Luma) -> Luma:
    return pixels.raster(Image.fromarray(luma))


def digest(luma: Luma) -> str:
    return hashlib.sha256(np.ascontiguousarray(luma).tobytes()).hexdigest()


def vectors() -> str:
    """Text of tests/vectors/pixels.json, as Python computes it today."""
    keys = ("shape", "seed", "rows", "columns")
    parts = {
        "pictures": [
            dict(zip(keys, one, strict=True)) | signals_of(squeezed(drawn(*one)))
            for one in PICTURES
        ],
        "small": [dict(zip(keys, one, strict=True)) | perceptual(drawn(*one)) for one in SMALL],
    }
    about = (
        "Luma to signals: pictures of whole numbers alone, squeezed, and what is computed of them."
        " A browser must give the same (tests/browser/pictures.mjs draws them)."
    )
    lists = (
        f'"{name}": [\n'
        + ",\n".join(json.dumps(one, separators=(",", ":")) for one in made)
        + "\n]"
        for name, made in parts.items()
    )
    return f'{{\n"about": {json.dumps(about)},\n' + ",\n".join(lists) + "\n}\n"


def test_the_vectors_are_what_python_computes_today() -> None:
    assert VECTORS.read_text() == vectors()
    assert VECTORS.stat().st_size < 60_000


# --- fresh pictures, and node's answers to them ---


@dataclass
class Questions:
    """What is asked of the browser's modules, and what Python says to it."""

    folder: Path
    asked: list[dict[str, Any]] = field(default_factory=list)
    expected: list[Any] = field(default_factory=list)
    content: bytearray = field(default_factory=bytearray)

    def ask(self, task: str, content: Bytes, expected: object, **how: object) -> None:
        raw = np.ascontiguousarray(content).tobytes()
        self.asked.append({"task": task, "at": len(self.content), "length": len(raw), **how})
        self.content += raw
        self.expected.append(expected)

    def answers(self) -> list[Any]:
        questions, content = self.folder / "questions.json", self.folder / "content"
        questions.write_text(json.dumps(self.asked))
        content.write_bytes(self.content)
        script = ROOT / "tests" / "browser" / "answer.mjs"
        command = [NODE, script, questions, content]
        done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
        assert done.returncode == 0, done.stderr
        found: list[Any] = json.loads(done.stdout)
        return found

    def check(self) -> None:
        assert self.asked
        for question, expected, found in zip(
            self.asked, self.expected, self.answers(), strict=True
        ):
            assert found == expected, question


@pytest.fixture
def questions(tmp_path: Path) -> Questions:
    return Questions(tmp_path)


def pictures(seed: int, sides: list[int] | None = None) -> Iterator[Luma]:
    """Photograph-like, noisy, flat, mirrored, ramped and sparse pictures of any size."""
    rng = np.random.default_rng(seed)
    while True:
        rows, columns = (int(one) for one in rng.choice(sides or np.arange(16, 200), 2))
        noisy = rng.integers(0, 256, (rows, columns)).astype(np.uint8)
        coarse = Image.fromarray(noisy[:12, :12])
        yield np.asarray(coarse.resize((columns, rows), Image.Resampling.BICUBIC))
        yield noisy
        yield np.full((rows, columns), rng.integers(256), np.uint8)
        yield noisy // 2 + noisy[:, ::-1] // 2
        yield noisy // 4 + noisy[::-1] // 4 + noisy[:, ::-1] // 4 + noisy[::-1, ::-1] // 4
        yield (
            np.add.outer(np.arange(rows), np.arange(columns)) * int(rng.integers(1, 9)) // 8
        ).astype(np.uint8)
        yield np.where(noisy < 1, 255, 0).astype(np.uint8)


@needs_node
def test_signals_are_ours(questions: Questions) -> None:
    edges = [31, 63, 64, 65, 127, 128, 129, 256, 257, 1025, 1280, 1281, 1700]
    for luma in [*islice(pictures(1), 210), *islice(pictures(2, edges), 42)]:
        rows, columns = luma.shape
        questions.ask("signals", luma, signals_of(squeezed(luma)), rows=rows, columns=columns)
    questions.check()


@needs_node
def test_pdq_of_what_no_limit_has_refused_is_ours(questions: Questions) -> None:
    for luma in islice(pictures(3, list(range(5, 70))), 210):
        rows, columns = luma.shape
        value, quality = pdq.compute(luma)
        questions.ask("pdq", luma, [value.hex(), quality], rows=rows, columns=columns)
    questions.check()


@needs_node
def test_each_coefficient_of_phash_is_ours_to_the_last_bit(questions: Questions) -> None:
    for small in islice(pictures(4, [64]), 700):
        spectrum = dct(dct(small.astype(np.float64), axis=0), axis=1)[:16, :16]
        questions.ask("spectrum", small, np.ascontiguousarray(spectrum).tobytes().hex())
    questions.check()


def resized(luma: Luma, high: int, wide: int, how: Image.Resampling) -> Luma:
    """Pillow's reduction, rows first by two calls: 13.0 alone would begin with tall columns."""
    once = Image.fromarray(luma).resize((wide, len(luma)), how)
    return np.asarray(once.resize((wide, high), how))


def test_tall_pictures_are_reduced_rows_first_by_any_pillow() -> None:
    tall = drawn("blocks", 40, 4000, 1300)
    both = resized(tall, 1024, 1024, Image.Resampling.BOX)
    assert np.array_equal(squeezed(tall), both)
    small = resized(tall, 64, 64, Image.Resampling.LANCZOS)
    assert phash.compute(tall) == phash.compute(small)
    columns_first = Image.fromarray(tall).resize((1300, 1024), Image.Resampling.BOX)
    assert not np.array_equal(
        both, np.asarray(columns_first.resize((1024, 1024), Image.Resampling.BOX))
    )


@needs_node
@pytest.mark.parametrize("name", ["BOX", "LANCZOS"])
def test_resampling_is_pillows(questions: Questions, name: str) -> None:
    rng = np.random.default_rng(5)
    for luma in islice(pictures(5, [16, 40, 63, 64, 65, 99, 131, 300, 700]), 150):
        rows, columns = luma.shape
        high, wide = (int(side) for side in rng.choice([16, 50, 64, 99], 2))
        wanted = resized(luma, high, wide, Image.Resampling[name])
        how = {"rows": rows, "columns": columns, "high": high, "wide": wide, "filter": name}
        questions.ask("resample", luma, digest(wanted), **how)
    questions.check()


@needs_node
def test_of_two_fields_one_moment_is_ours(questions: Questions) -> None:
    """Part of each picture moves, from none to all of it, and either field is the first."""
    rng = np.random.default_rng(9)
    changed = 0
    for luma in islice(pictures(9, [16, 17, 18, 33, 64, 131, 300]), 140):
        rows, columns = luma.shape
        frame = luma.copy()
        moving, step, late = (int(one) for one in rng.integers((0, 1, 0), (columns + 1, 20, 2)))
        frame[late::2, :moving] = np.roll(luma, step, axis=1)[late::2, :moving]
        after = np.roll(luma, 2 * step, axis=1)
        after[late::2] = np.roll(luma, 3 * step, axis=1)[late::2]
        shown = one_moment(frame, partial(np.asarray, after))
        changed += shown is not frame
        both = np.stack((frame, after))
        questions.ask("moment", both, digest(shown), rows=rows, columns=columns)
    assert 10 < changed < 120
    questions.check()


@needs_node
def test_pictures_are_made_upright_as_ours(questions: Questions) -> None:
    for index, luma in enumerate(islice(pictures(6, [50, 64, 99, 200, 1281, 1300]), 40)):
        orientation = index % 8 + 1
        image, out = Image.fromarray(luma), io.BytesIO()
        exif = image.getexif()
        exif[ORIENTATION] = orientation
        image.save(out, "PNG", exif=exif, compress_level=1)
        turned = pixels.read(out.getvalue())
        expected = [*turned.shape, digest(turned)]
        rows, columns = luma.shape
        how = {"rows": rows, "columns": columns, "orientation": orientation}
        questions.ask("upright", luma, expected, **how)
    questions.check()


@needs_node
def test_luma_of_pictures_and_frames_is_ours(questions: Questions) -> None:
    rng = np.random.default_rng(7)
    for _ in range(40):
        rows, columns = (int(side) for side in rng.integers(1, 99, 2))
        how = {"rows": rows, "columns": columns}
        rgba = rng.integers(0, 256, (rows, columns, 4)).astype(np.uint8)
        bgra, opaque = rgba[:, :, [2, 1, 0, 3]], Image.fromarray(rgba[:, :, :3])
        on_white = digest(np.asarray(grey.grey(Image.fromarray(rgba))))
        luma = digest(np.asarray(opaque.convert("L")))
        framed = cv2.cvtColor(np.ascontiguousarray(bgra[:, :, :3]), cv2.COLOR_BGR2GRAY)
        questions.ask("rgb", rgba, luma, layout="RGBX", **how)
        questions.ask("rgb", bgra, luma, layout="BGRX", **how)
        questions.ask("rgb", rgba, on_white, layout="RGBA", **how)
        questions.ask("rgb", bgra, on_white, layout="BGRA", **how)
        questions.ask("frame", bgra, digest(np.asarray(framed)), layout="BGRX", **how)
    questions.check()


@needs_node
def test_every_level_on_white_with_every_alpha_is_ours(questions: Questions) -> None:
    level, alpha = np.mgrid[:256, :256].astype(np.uint8)
    rgba = np.stack([level, level, level, alpha], axis=2)
    expected = digest(np.asarray(grey.grey(Image.fromarray(rgba))))
    questions.ask("rgb", rgba, expected, layout="RGBA", rows=256, columns=256)
    questions.check()


@needs_node
def test_digests_are_ours(questions: Questions) -> None:
    rng = np.random.default_rng(8)
    for length in [0, 1, 55, 56, 63, 64, 65, 119, 120, 1000, 100_001]:
        content = rng.integers(0, 256, length).astype(np.uint8)
        for name in ("md5", "sha256"):
            expected = hashlib.new(name, content.tobytes()).hexdigest()
            questions.ask(name, content, expected, chunk=int(rng.integers(1, 200)))
    questions.check()


@needs_node
@pytest.mark.parametrize("count", [0, 1, 40, 6000])
def test_frames_are_folded_as_ours(questions: Questions, count: int) -> None:
    rng, frames, value = np.random.default_rng(count), [], 0
    for index in range(count):
        for bit in rng.integers(0, 256, rng.integers(0, 12)):
            value ^= 1 << int(bit)
        signal = Signal(SignalType.PDQ, value.to_bytes(32), 60)
        frames.append(FrameSignal(250 * index, 250 * index, signal))
    expected = [document_of(frame) for frame in timeline.fold(frames)]
    asked = [document_of(frame) for frame in frames]
    questions.ask("fold", np.zeros(0, np.uint8), expected, frames=asked)
    questions.check()


def document_of(frame: FrameSignal) -> dict[str, Any]:
    signal = frame.signal
    span = {"at_ms": frame.at_ms, "until_ms": frame.until_ms}
    return {**span, "type": "pdq", "value": signal.hex, "quality": signal.quality}


@needs_node
def test_the_document_is_ours_key_by_key(questions: Questions, shared: Path) -> None:
    photo = min((shared / "photos").iterdir())
    answers = Eligibility("authorised", adults=True, intimate=True)
    submission = Submission((hash_file(photo),), answers, "Call “before” noon")
    work = Work("1." + "ab" * 20, (3, 4))
    expected = submission.document(bytes(range(32)), work)
    made = {
        "accessKey": expected["access_key"],
        "work": expected["work"],
        "eligibility": expected["eligibility"],
        "note": expected["note"],
        "entries": expected["entries"],
    }
    text = json.dumps(expected, ensure_ascii=False, separators=(",", ":"))
    questions.ask("document", np.zeros(0, np.uint8), text, made=made)
    questions.check()


if __name__ == "__main__":
    VECTORS.write_text(vectors())
