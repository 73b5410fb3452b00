from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from service.matching import manifest
from service.matching.manifest import DamagedManifest, Manifest, SegmentRecord
from tests.examples import examples

bits = st.lists(st.booleans(), max_size=70).map(lambda given_bits: np.array(given_bits, bool))
segments = st.builds(
    lambda file, removed: SegmentRecord(file, len(removed), removed), st.text(max_size=12), bits
)
manifests = st.builds(
    Manifest,
    st.integers(0, 2**63 - 1),
    st.dictionaries(st.text(max_size=12), st.lists(segments, max_size=3).map(tuple), max_size=3),
)

FULL_DISK = """
import resource, sys
from pathlib import Path
from service.matching import manifest
folder = Path(sys.argv[1])
for limit in map(int, sys.argv[2:]):
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, resource.RLIM_INFINITY))
    try:
        manifest.write(folder, manifest.Manifest(7, {"bank-pdq": ()}))
    except OSError:
        print("full", *(each.name for each in folder.iterdir()))
resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY,) * 2)  # for what measures it
"""


def same(one: Manifest | None, other: Manifest) -> bool:
    def told(of: Manifest) -> object:
        return of.position, {
            name: [(each.file, each.count, each.removed.tolist()) for each in named]
            for name, named in of.indexes.items()
        }

    return one is not None and told(one) == told(other)


def small() -> Manifest:
    removed = np.zeros(20, bool)
    removed[[3, 19]] = True
    return Manifest(
        41, {"bank-pdq": (SegmentRecord("bank-pdq-1f.segment", 20, removed),), "seen-pdq": ()}
    )


@settings(max_examples=examples(40), deadline=None)
@given(manifests)
def test_a_manifest_is_read_as_it_was_written(
    tmp_path_factory: pytest.TempPathFactory, written: Manifest
) -> None:
    folder = tmp_path_factory.mktemp("manifest")
    manifest.write(folder, small())
    manifest.write(folder, written)
    assert same(manifest.read(folder), written)
    assert [each.name for each in folder.iterdir()] == [manifest.NAME]
    assert written.files() == {each.file for named in written.indexes.values() for each in named}


def test_a_manifest_is_replaced_as_a_whole(tmp_path: Path) -> None:
    manifest.write(tmp_path, small())
    path = tmp_path / manifest.NAME
    before = path.read_bytes()
    with path.open("rb") as reading:
        manifest.write(tmp_path, Manifest(42, {}))
        assert reading.read() == before


def test_many_removed_codes_are_kept(tmp_path: Path) -> None:
    removed = np.random.default_rng(1).random(100_003) < 0.3
    written = Manifest(1, {"bank-pdq": (SegmentRecord("a.segment", len(removed), removed),)})
    manifest.write(tmp_path, written)
    assert same(manifest.read(tmp_path), written)


def test_a_folder_without_a_manifest_has_none(tmp_path: Path) -> None:
    assert manifest.read(tmp_path) is None
    assert manifest.read(tmp_path / "gone") is None


def test_a_damaged_manifest_is_never_read_as_another(tmp_path: Path) -> None:
    manifest.write(tmp_path, small())
    path = tmp_path / manifest.NAME
    whole = path.read_bytes()
    for place in range(len(whole)):
        for value in (whole[place] ^ 1 << place % 8, whole[place] ^ 0x20, 0x0A):
            if value != whole[place]:
                path.write_bytes(whole[:place] + bytes([value]) + whole[place + 1 :])
                with pytest.raises(DamagedManifest, match=f"^{manifest.NAME}: "):
                    manifest.read(tmp_path)


def test_a_manifest_cut_short_or_longer_is_refused(tmp_path: Path) -> None:
    manifest.write(tmp_path, small())
    path = tmp_path / manifest.NAME
    whole = path.read_bytes()
    for other in (*(whole[:length] for length in range(len(whole))), whole + b" ", b"\n" + whole):
        path.write_bytes(other)
        with pytest.raises(DamagedManifest):
            manifest.read(tmp_path)


def test_a_manifest_of_another_version_is_refused(tmp_path: Path) -> None:
    manifest.write(tmp_path, small())
    path = tmp_path / manifest.NAME
    path.write_bytes(path.read_bytes().replace(b"takeback manifest 1 ", b"takeback manifest 2 ", 1))
    with pytest.raises(DamagedManifest, match="of another version"):
        manifest.read(tmp_path)


def test_what_is_no_file_cannot_be_read(tmp_path: Path) -> None:
    (tmp_path / manifest.NAME).mkdir()
    with pytest.raises(DamagedManifest, match="cannot be read"):
        manifest.read(tmp_path)


def test_a_full_disk_leaves_the_manifest_before(tmp_path: Path) -> None:
    manifest.write(tmp_path, small())
    before = (tmp_path / manifest.NAME).read_bytes()
    full([tmp_path, "0", "20"], said=["full manifest.json"] * 2)
    assert (tmp_path / manifest.NAME).read_bytes() == before
    full([tmp_path, "1000"], said=[])
    assert same(manifest.read(tmp_path), Manifest(7, {"bank-pdq": ()}))


def full(words: list[str | Path], *, said: list[str]) -> None:
    run = subprocess.run(
        [sys.executable, "-c", FULL_DISK, *words],
        capture_output=True, text=True, timeout=60, check=True,
    )  # fmt: skip
    assert run.stdout.splitlines() == said
