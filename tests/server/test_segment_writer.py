from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from service.matching import plan, segment, segment_writer
from service.matching.bit_order import permute_bits
from service.matching.codes import Ids
from service.matching.segment import MAX_CODES, Segment
from tests.server.following import uniform

FULL_DISK = """
import errno, resource, sys
from pathlib import Path
import numpy as np
from service.matching import segment_writer
from service.matching.bit_order import permute_bits
words, path = permute_bits(np.zeros((1000, 32), np.uint8)), Path(sys.argv[1])
for limit in map(int, sys.argv[2:]):
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, resource.RLIM_INFINITY))
    try:
        segment_writer.write(path, np.arange(1000), words)
    except OSError as err:
        print(errno.errorcode[err.errno], *(each.name for each in path.parent.iterdir()))
"""

KILLED = """
import os, random, signal, sys, time
from pathlib import Path
import numpy as np
from service.matching import segment_writer
from service.matching.bit_order import permute_bits
from tests.server.following import loaded
loaded()
folder, count = Path(sys.argv[1]), int(sys.argv[2])
random.seed(5)
words = permute_bits(np.arange(count * 32, dtype=np.uint64).astype(np.uint8).reshape(-1, 32))

def write_for_ever():
    for number in range(10_000):
        segment_writer.write(folder / f"{round}-{number}.segment", np.arange(count), words)

for round in range(12):
    child = os.fork()
    if not child:
        write_for_ever()
    while not any(folder.glob(f"{round}-*")):
        time.sleep(0.001)
    time.sleep(random.uniform(0, 0.15))
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
"""


def run(script: str, *words: str) -> str:
    started = subprocess.run(
        [sys.executable, "-c", script, *words],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert not started.returncode, started.stderr
    return started.stdout.strip()


@pytest.mark.parametrize("count", [1, 2, 63, 64, 65, 1000])
@pytest.mark.parametrize("chunks", [None, plan.chunking(16), plan.chunking(27)], ids=str)
def test_what_is_written_is_read_again(
    tmp_path: Path, count: int, chunks: plan.Chunking | None
) -> None:
    path, ids, words = (
        tmp_path / "a.segment",
        np.arange(count) ** 2,
        permute_bits(uniform(1, count)),
    )
    written = segment_writer.write(path, ids, words, chunks=chunks)
    assert written.chunks == (chunks or plan.best_chunking(count))
    for opened in (written, Segment(path)):
        assert np.array_equal(opened.ids, ids)
        assert np.array_equal(opened.words, words)
        assert not opened.removed.any()
    assert path.stat().st_size == segment.file_bytes(count, written.chunks)
    assert [each.name for each in tmp_path.iterdir()] == ["a.segment"]


def test_sections_do_not_overlap_and_lie_at_whole_lines() -> None:
    for count in (1, 7, 64, 1000):
        for number in (16, 25, 32):
            end = 0
            for each in segment.sections(count, plan.chunking(number)):
                assert each.start % 64 == 0
                assert end <= each.start < end + 64
                end = each.start + each.size
            assert 0 <= segment.file_bytes(count, plan.chunking(number)) - segment.BODY - end < 64


@pytest.mark.parametrize("ids", [[], [2, 1], [1, 1], [0, 5, 5, 9], [0, 3, 2, 9]], ids=str)
def test_ids_that_do_not_ascend_are_refused(tmp_path: Path, ids: list[int]) -> None:
    with pytest.raises(ValueError, match="ascending, each once"):
        segment_writer.write(
            tmp_path / "a.segment", np.array(ids, np.int64), permute_bits(uniform(2, len(ids)))
        )
    assert not list(tmp_path.iterdir())


def test_more_codes_than_numbers_are_refused(tmp_path: Path) -> None:
    ids: Ids = np.arange(MAX_CODES + 1)
    with pytest.raises(ValueError, match=f"1 to {MAX_CODES} ids"):
        segment_writer.write(
            tmp_path / "a.segment", ids, np.broadcast_to(np.uint64(0), (MAX_CODES + 1, 4))
        )
    assert not list(tmp_path.iterdir())


def test_a_full_disk_leaves_nothing_behind(tmp_path: Path) -> None:
    size = segment.file_bytes(1000, plan.best_chunking(1000))
    limits = map(str, (0, 4096, 50_000, size - 1, size))
    said = run(FULL_DISK, str(tmp_path / "a.segment"), *limits)
    assert said.splitlines() == ["EFBIG"] * 4
    assert [each.name for each in tmp_path.iterdir()] == ["a.segment"]


def test_a_folder_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        segment_writer.write(
            tmp_path / "no" / "a.segment", np.arange(3), permute_bits(uniform(3, 3))
        )


def test_a_write_that_fails_leaves_the_segment_of_that_name(tmp_path: Path) -> None:
    path = tmp_path / "a.segment"
    segment_writer.write(path, np.arange(9), permute_bits(uniform(4, 9)))
    whole = path.read_bytes()
    assert run(FULL_DISK, str(path), "4096") == "EFBIG a.segment"
    assert path.read_bytes() == whole


def test_a_kill_leaves_whole_segments_and_at_most_one_part(tmp_path: Path) -> None:
    count = 20_000
    run(KILLED, str(tmp_path), str(count))
    words = permute_bits(np.arange(count * 32, dtype=np.uint64).astype(np.uint8).reshape(-1, 32))
    segments = list(tmp_path.glob("*.segment"))
    for path in segments:
        assert np.array_equal(Segment(path).words, words)
    parts = list(tmp_path.glob("*.part"))
    assert len(segments) + len(parts) == len(list(tmp_path.iterdir()))
    assert len({path.name.split("-")[0] for path in parts}) == len(parts)
    assert parts, "no kill came in the middle of a write"
