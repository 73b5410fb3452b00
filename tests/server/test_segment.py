from __future__ import annotations

import json
import re
import struct
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from service.matching import kernels, plan, segment, segment_writer
from service.matching.bit_order import permute_bits
from service.matching.codes import Codes, Ids
from service.matching.plan import Chunking
from service.matching.scan import Triples
from service.matching.segment import BODY, DamagedSegment, Segment
from tests.examples import examples
from tests.server.following import compared, flipped, in_order, uniform

RADII = (0, 1, 16, 31, 40, 48, 64, 100, 256)
seeds = st.integers(0, 2**32 - 1)


class Made(NamedTuple):
    ids: Ids
    codes: Codes
    asked: Codes


def alike(random: np.random.Generator, count: int) -> Codes:
    """Few codes many times over, so that buckets are crowded."""
    few = random.integers(0, 256, (random.integers(1, 4), 32), np.uint8)
    return few[random.integers(0, len(few), count)]


def around(random: np.random.Generator, count: int) -> Codes:
    return flipped(random, alike(random, count), 70)


def low(random: np.random.Generator, count: int) -> Codes:
    """All the same but for two bytes."""
    stored = alike(random, 1).repeat(count, axis=0)
    stored[:, 6:8] = random.integers(0, 256, (count, 2), np.uint8)
    return stored


def ends(random: np.random.Generator, count: int) -> Codes:
    return np.where(random.integers(0, 2, (count, 1)), np.uint8(255), np.uint8(0)).repeat(32, 1)


def at_random(random: np.random.Generator, count: int) -> Codes:
    return random.integers(0, 256, (count, 32), np.uint8)


KINDS: list[Callable[[np.random.Generator, int], Codes]] = [at_random, alike, around, low, ends]


def made(kind: Callable[[np.random.Generator, int], Codes], count: int, seed: int) -> Made:
    """Codes under ids that leave gaps, and queries: some stored, some near, some not."""
    random = np.random.default_rng(seed)
    stored = kind(random, count)
    ids = np.sort(random.choice(np.int64(3) * count, count, replace=False)).astype(np.int64)
    known = stored[random.integers(0, count, 3)]
    parts = [known, flipped(random, known, 64), at_random(random, 1), ends(random, 1)]
    return Made(ids, stored, np.concatenate(parts))


def by_kernels(path: Path, opened: Segment, asked: Codes, radius: int) -> Triples:
    """What the kernels write, abandoned queries too, however many rooms it takes."""
    body, dead = np.fromfile(path, np.uint8, offset=BODY), np.zeros(opened.count, np.uint8)
    allowed = np.array(plan.chunk_radii(opened.chunks, radius), np.int64)
    table, probes = segment.layout(opened.count, opened.chunks), plan.probes(opened.chunks, radius)
    found, room, query = [np.empty((0, 3), np.int64)], 1, 0
    while query < len(asked):
        rows = np.full((room, 3), -7, np.int64)
        hits, query = kernels.search(
            permute_bits(asked), query, table, body, dead, probes, allowed, radius, rows
        )
        found.append(rows[:hits])
        assert np.all(rows[:hits] != -7)
        room *= 2
    return np.concatenate(found)


@settings(max_examples=examples(40), deadline=None)
@given(
    st.sampled_from(KINDS),
    st.one_of(st.integers(1, 40), st.integers(1, 5000)),
    st.integers(16, 32),
    seeds,
    st.booleans(),
)
def test_a_search_equals_comparing_everything(
    tmp_path_factory: pytest.TempPathFactory,
    kind: Callable[[np.random.Generator, int], Codes],
    count: int,
    number: int,
    seed: int,
    by_buckets: bool,  # noqa: FBT001 (hypothesis fills it in)
) -> None:
    ids, stored, asked = made(kind, count, seed)
    path = tmp_path_factory.mktemp("made") / "a.segment"
    opened = segment_writer.write(path, ids, permute_bits(stored), chunks=plan.chunking(number))
    with pytest.MonkeyPatch.context() as patched:
        if by_buckets:  # however few codes there are, up to radii that are sometimes looked up
            patched.setattr(plan, "cost", lambda _cut, _count, radius: 0 if radius < 65 else 1e9)
        equals_comparing(opened, ids, stored, asked, seed)
    path.unlink()


def equals_comparing(opened: Segment, ids: Ids, stored: Codes, asked: Codes, seed: int) -> None:
    count = opened.count
    gone = np.random.default_rng(seed).random(count) < 0.2
    for radius in RADII:
        everything = compared(ids, stored, asked, radius)
        assert np.array_equal(in_order(opened.search(permute_bits(asked), radius)), everything)
    opened.remove(np.concatenate([ids[gone], ids[gone], [ids[-1] + 1]]))
    assert opened.live_count == count - gone.sum()
    for radius in RADII:
        left = compared(ids[~gone], stored[~gone], asked, radius)
        rows = opened.search(permute_bits(asked), radius)
        assert np.array_equal(in_order(rows), left)
        assert np.all(np.diff(rows[:, 0]) >= 0)


@settings(max_examples=examples(25), deadline=None)
@given(st.sampled_from(KINDS), st.integers(1, 3000), st.integers(16, 32), st.integers(0, 64), seeds)
def test_the_kernels_alone_find_each_code_once_or_give_up(
    tmp_path_factory: pytest.TempPathFactory,
    kind: Callable[[np.random.Generator, int], Codes],
    count: int,
    number: int,
    radius: int,
    seed: int,
) -> None:
    ids, stored, asked = made(kind, count, seed)
    path = tmp_path_factory.mktemp("made") / "a.segment"
    opened = segment_writer.write(path, ids, permute_bits(stored), chunks=plan.chunking(number))
    rows = by_kernels(path, opened, asked, radius)
    given_up = rows[rows[:, 1] == kernels.ABANDONED, 0]
    assert len(np.unique(given_up)) == len(given_up)
    everything = compared(ids, stored, asked, radius)
    answered = everything[~np.isin(everything[:, 0], given_up)]
    assert np.array_equal(in_order(rows[rows[:, 1] != kernels.ABANDONED]), answered)
    path.unlink()


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> tuple[Made, Path, Segment]:
    """So many codes that buckets are cheaper than a scan at the widest radii."""
    count, random = 300_000, np.random.default_rng(8)
    stored = at_random(random, count)
    asked = at_random(random, 12)
    for number, one in enumerate(asked):  # answers at many distances, far apart in the file
        places = random.choice(count, 60, replace=False)
        stored[places] = flipped(random, one[None].repeat(60, axis=0), 2 * number + 50)
    stored[5:6005] = ends(random, 1)  # more than the candidates that are looked at in one go
    path = tmp_path_factory.mktemp("large") / "a.segment"
    cut = plan.chunking(16)
    ids = np.arange(10, 10 + count)
    return (
        Made(ids, stored, asked),
        path,
        segment_writer.write(path, ids, permute_bits(stored), chunks=cut),
    )


@pytest.mark.parametrize("radius", [0, 16, 31, 40, 48, 64])
def test_the_kernels_answer_at_wide_radii(large: tuple[Made, Path, Segment], radius: int) -> None:
    (ids, stored, asked), path, opened = large
    rows = by_kernels(path, opened, asked, radius)
    assert kernels.ABANDONED not in rows[:, 1]
    expected = compared(ids, stored, asked, radius)
    assert np.array_equal(in_order(rows), expected)
    assert radius < 31 or len(expected) > 100
    assert np.array_equal(in_order(opened.search(permute_bits(asked), radius)), expected)


def test_a_bucket_may_be_larger_than_what_is_looked_at_in_one_go(
    large: tuple[Made, Path, Segment],
) -> None:
    (ids, stored, _), path, opened = large
    rows = by_kernels(path, opened, stored[5:6], 0)
    assert np.array_equal(in_order(rows), compared(ids, stored, stored[5:6], 0))
    assert len(rows) == 6000


@pytest.mark.parametrize("same", [1, 2, 30, 31, 32, 33, 62, 63, 64, 65, 95, 96, 97])
def test_a_bucket_ends_where_the_next_one_begins(tmp_path: Path, same: int) -> None:
    # The other code is in the bucket beside that of the rest, by the first chunk alone.
    words = np.zeros((same + 1, 4), np.uint64)
    words[same, 0] = 1
    path = tmp_path / "a.segment"
    opened = segment_writer.write(path, np.arange(same + 1), words, chunks=plan.chunking(32))
    dead, found = np.zeros(same + 1, np.uint8), np.zeros((2 * same + 9, 3), np.int64)
    body, table = np.fromfile(path, np.uint8, offset=BODY), segment.layout(same + 1, opened.chunks)
    probes, allowed = (
        plan.probes(opened.chunks, 1),
        np.array(plan.chunk_radii(opened.chunks, 1), np.int64),
    )
    hits, _ = kernels.search(words[:1], 0, table, body, dead, probes, allowed, 1, found)
    expected = [[0, one, int(one == same)] for one in range(same + 1)]
    assert sorted(found[:hits].tolist()) == expected


def test_crowded_buckets_are_left_to_the_scan(tmp_path: Path) -> None:
    random = np.random.default_rng(9)
    stored = np.concatenate([alike(random, 10_000), at_random(random, 10_000)])
    ids, asked = np.arange(len(stored)), np.concatenate([stored[-3:], stored[:2], stored[-6:-3]])
    path = tmp_path / "a.segment"
    opened = segment_writer.write(path, ids, permute_bits(stored), chunks=plan.chunking(24))
    assert plan.cost(opened.chunks, len(stored), 31) < len(stored)  # so that buckets are tried
    rows = by_kernels(path, opened, asked, 31)
    assert rows[rows[:, 1] == kernels.ABANDONED, 0].tolist() == [3, 4]
    found = opened.search(permute_bits(asked), 31)
    assert np.array_equal(in_order(found), compared(ids, stored, asked, 31))
    assert np.all(np.diff(found[:, 0]) >= 0)


@pytest.mark.parametrize("same", [255, 256, 257, 600])
def test_more_is_found_than_there_is_room_for_at_first(tmp_path: Path, same: int) -> None:
    stored = np.concatenate([uniform(10, 1).repeat(same, axis=0), uniform(11, 900)])
    ids, asked = np.arange(len(stored)), stored[[0, -1, 1, 2]]
    path = tmp_path / "a.segment"
    opened = segment_writer.write(path, ids, permute_bits(stored))
    assert kernels.ABANDONED not in by_kernels(path, opened, asked, 0)[:, 1]
    found = opened.search(permute_bits(asked), 0)
    assert np.array_equal(in_order(found), compared(ids, stored, asked, 0))
    assert len(found) == 3 * same + 1


def test_removed_codes_take_no_room(tmp_path: Path) -> None:
    stored, ids = uniform(12, 1).repeat(300, axis=0), np.arange(300)
    opened = segment_writer.write(tmp_path / "a.segment", ids, permute_bits(stored))
    opened.remove_rows(np.arange(299))
    opened.remove_rows(np.array([5, 5, 298]))
    assert opened.live_count == 1
    assert opened.search(permute_bits(stored[:1]), 0).tolist() == [[0, 299, 0]]
    assert opened.locate(np.array([298, 299, 300, -1]))[1].tolist() == [False, True, False, False]


def test_no_query_has_no_answer(tmp_path: Path) -> None:
    opened = segment_writer.write(
        tmp_path / "a.segment", np.arange(5), permute_bits(uniform(13, 5))
    )
    for radius in (0, 31, 256):
        assert opened.search(permute_bits(uniform(1, 0)), radius).shape == (0, 3)


# --- damage ---

SMALL = plan.chunking(32)


@pytest.fixture
def written(tmp_path: Path) -> Path:
    path = tmp_path / "bank-7.segment"
    segment_writer.write(path, np.arange(40) * 3, permute_bits(uniform(14, 40)), chunks=SMALL)
    return path


def test_an_opened_segment_holds_what_was_written(written: Path) -> None:
    opened = Segment(written)
    assert opened.path == written
    assert opened.count == opened.live_count == 40
    assert opened.chunks == SMALL
    assert np.array_equal(opened.ids, np.arange(40) * 3)
    assert np.array_equal(opened.words, permute_bits(uniform(14, 40)))
    assert written.stat().st_size == segment.file_bytes(40, SMALL)


def refused(path: Path, why: str = "") -> None:
    with pytest.raises(DamagedSegment, match=f"^{re.escape(path.name)}: .*{why}"):
        Segment(path)


def test_one_bit_of_any_section_is_noticed(written: Path) -> None:
    whole = written.read_bytes()
    for name, start, size in segment.sections(40, SMALL):
        for place in {0, size // 2, size - 1}:
            altered = bytearray(whole)
            altered[BODY + start + place] ^= 1 << place % 8
            written.write_bytes(altered)
            refused(written, f"{name} is altered")


def test_one_bit_of_the_header_is_noticed(written: Path) -> None:
    whole = written.read_bytes()
    (length,) = struct.unpack_from("<I", whole, 16)
    for place in range(24 + length):
        altered = bytearray(whole)
        altered[place] ^= 1 << place % 8
        written.write_bytes(altered)
        refused(written, "header is altered")


def test_a_length_that_reaches_far_is_noticed(written: Path) -> None:
    whole = bytearray(written.read_bytes())
    for length in (0, BODY, 2**31, 2**32 - 1):
        struct.pack_into("<I", whole, 16, length)
        written.write_bytes(whole)
        refused(written, "header is altered")


def test_a_segment_cut_short_anywhere_is_noticed(written: Path) -> None:
    whole = written.read_bytes()
    starts = [BODY + each.start for each in segment.sections(40, SMALL)]
    for length in {0, 1, 15, 16, 24, 100, BODY - 1, BODY, *starts, len(whole) - 64, len(whole) - 1}:
        written.write_bytes(whole[:length])
        refused(written)


def test_a_segment_longer_than_it_says_is_noticed(written: Path) -> None:
    for more in (1, 64, 4096):
        written.write_bytes(written.read_bytes() + bytes(more))
        refused(written, "longer than it says")


def test_a_missing_segment_is_named(tmp_path: Path) -> None:
    refused(tmp_path / "gone.segment", "missing")
    (tmp_path / "folder.segment").mkdir()
    refused(tmp_path / "folder.segment", "cannot be read")


def change_header(path: Path, count: int, chunks: Chunking, **other: int) -> None:
    """Give a file a sound header that says something else."""
    whole = bytearray(path.read_bytes())
    (length,) = struct.unpack_from("<I", whole, 16)
    told = json.loads(whole[24 : 24 + length]) | {"count": count, "chunks": len(chunks)} | other
    text = json.dumps(told).encode()
    head = whole[:16] + struct.pack("<II", len(text), zlib.crc32(text)) + text
    whole[:BODY] = head.ljust(BODY, b"\0")
    path.write_bytes(whole)


def test_a_segment_of_another_version_is_refused(written: Path) -> None:
    change_header(written, 40, SMALL)
    assert Segment(written).count == 40
    change_header(written, 40, SMALL, version=2)
    refused(written, "of version 2, not 1")


def test_a_segment_of_another_size_than_it_says_is_refused(written: Path) -> None:
    change_header(written, 4000, SMALL)
    refused(written, "cut short, or longer")
    change_header(written, 40, plan.chunking(31))
    refused(written, "cut short, or longer")
