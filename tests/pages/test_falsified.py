"""A browser that alters the pixels scripts read is refused, or hashed rightly, never wrongly."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Browser, Page

from hashing import hash_file
from hashing.submission import content_document
from tests.pages.modules import Site

ALTERATIONS = {
    "constant": "for (let i = 0; i < b.length; i += 7) b[i] ^= 1 + (i % 3);",
    "random": "for (let i = 0; i < b.length; i += 1) if (Math.random() < 0.05) b[i] ^= 1;",
    "blank": "b.fill(255);",
    "black": "b.fill(0);",
}
"""What is done to the bytes that were read, `b`."""
COPY_TO = """const copy = VideoFrame.prototype.copyTo;
VideoFrame.prototype.copyTo = async function (into, options) {{
  const layout = await copy.call(this, into, options);
  const b = new Uint8Array(into.buffer ?? into, into.byteOffset ?? 0, into.byteLength);
  {alter}
  return layout;
}};"""
GET_IMAGE_DATA = """const get = OffscreenCanvasRenderingContext2D.prototype.getImageData;
OffscreenCanvasRenderingContext2D.prototype.getImageData = function (...where) {{
  const read = get.apply(this, where);
  const b = read.data;
  {alter}
  return read;
}};"""
NO_DECODER = "delete globalThis.ImageDecoder;"
NO_FRAME = "delete globalThis.VideoFrame; delete globalThis.ImageDecoder;"
PATCHES = {"copyTo": COPY_TO, "getImageData": GET_IMAGE_DATA}


class Altered:
    """Opens pages whose worker has altered globals, and hashes there."""

    def __init__(self, browser: Browser, site: Site) -> None:
        self._browser, self._site = browser, site

    def run(self, patch: str, *files: Path) -> tuple[Any, list[Any]]:
        """Return what `prove` says and what becomes of each file."""
        self._site.files["/patch.js"] = patch
        self._site.files["/altered.js"] = (
            'import "/patch.js";\nimport "/browser/worker/worker.js";\n'
        )
        with self._browser.new_context() as context:
            page: Page = context.new_page()
            page.goto(self._site.address)
            page.set_input_files("#files", files)
            proved = page.evaluate(
                """() => { window.hasher = window.makeHasher("/altered.js");
                return window.hasher.prove().then(({ by }) => by, ({ code }) => code); }"""
            )
            return proved, page.evaluate("window.hashAll('none')")


@pytest.fixture
def altered(chromium: Browser, site: Site) -> Altered:
    return Altered(chromium, site)


@pytest.fixture(scope="module")
def picture(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("falsified") / "picture.jpg"
    _soft(1).save(path, quality=92)
    return path


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("falsified") / "clip.mp4"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", 4)
        stream.width, stream.height, stream.pix_fmt = 320, 240, "yuv420p"
        for seed in range(6):
            shown = np.asarray(_soft(seed).resize((320, 240)))
            container.mux(stream.encode(av.VideoFrame.from_ndarray(shown, format="rgb24")))
        container.mux(stream.encode())
    return path


def _soft(seed: int) -> Image.Image:
    """Soft colours with much detail of low frequency."""
    few = np.random.default_rng(seed).integers(0, 256, (12, 16, 3), dtype=np.uint8)
    return Image.fromarray(few).resize((640, 480), Image.Resampling.BICUBIC)


def _bits(one: str, other: str) -> int:
    return (int(one, 16) ^ int(other, 16)).bit_count()


def _is_right(found: Any, file: Path) -> bool:
    known = content_document(hash_file(file))
    pairs = list(zip(found["signals"], known["signals"], strict=True))
    pairs += zip(found.get("frames", []), known.get("frames", []), strict=True)
    return all(_bits(one["value"], other["value"]) <= 4 for one, other in pairs)


WAYS = {
    "": {"ImageDecoder": "copyTo", "VideoFrame": "copyTo", "canvas": "getImageData"},
    "no ImageDecoder": {"VideoFrame": "copyTo", "canvas": "getImageData"},
    "no VideoFrame": {"canvas": "getImageData"},
}
"""What is there of the ways, the best first, and by what each reads."""
MISSING = {"": "", "no ImageDecoder": NO_DECODER, "no VideoFrame": NO_FRAME}
ALTERED = [
    pytest.param(missing, kind, marks=[pytest.mark.soak] * (bool(missing) and kind != "constant"))
    for missing in MISSING
    for kind in ALTERATIONS
]
"""Each alteration where all ways are there; where some are missing, one, and in a soak all."""


@pytest.mark.parametrize(("missing", "kind"), ALTERED)
def test_what_is_read_by_an_altered_reader_is_never_used(
    altered: Altered, picture: Path, missing: str, kind: str
) -> None:
    """Each reader alone, and both: the next true one is used, and without one it is refused."""
    for bad in (("copyTo",), ("getImageData",), ("copyTo", "getImageData")):
        there = [name for name in bad if (missing, name) != ("no VideoFrame", "copyTo")]
        patch = "".join(PATCHES[name].format(alter=ALTERATIONS[kind]) for name in there)
        proved, (found,) = altered.run(patch + MISSING[missing], picture)
        left = [way for way, reader in WAYS[missing].items() if reader not in bad]
        assert proved == (left[0] if left else "Falsified"), bad
        if left:
            assert _is_right(found, picture)
        else:
            assert found == {"error": "Falsified"}


@pytest.mark.parametrize("kind", ALTERATIONS)
def test_frames_of_a_video_are_not_read_through_an_altered_reader(
    altered: Altered, clip: Path, kind: str
) -> None:
    _, (found,) = altered.run(COPY_TO.format(alter=ALTERATIONS[kind]), clip)
    assert found == {"error": "Falsified"}


def test_a_video_is_hashed_rightly_where_only_canvases_are_altered(
    altered: Altered, clip: Path
) -> None:
    _, (found,) = altered.run(GET_IMAGE_DATA.format(alter="b.fill(255);"), clip)
    assert len(found["frames"]) == 6
    assert _is_right(found, clip)


@pytest.mark.parametrize("reads", range(1, 40, 5))
def test_an_alteration_that_begins_later_is_seen_by_the_proof_afterwards(
    altered: Altered, picture: Path, clip: Path, reads: int
) -> None:
    later = f"globalThis.reads = (globalThis.reads ?? 0) + 1; if (globalThis.reads > {reads}) "
    _, results = altered.run(COPY_TO.format(alter=later + "b.fill(255);"), picture, clip)
    for found, file in zip(results, (picture, clip), strict=True):
        assert found == {"error": "Falsified"} or _is_right(found, file)


def test_without_any_way_to_read_pixels_it_is_unsupported(altered: Altered, picture: Path) -> None:
    proved, (found,) = altered.run(NO_FRAME + "delete globalThis.OffscreenCanvas;", picture)
    assert proved == "Unsupported"
    assert found == {"error": "Unsupported"}
