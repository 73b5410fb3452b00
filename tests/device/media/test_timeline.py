from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hashing.media import timeline
from hashing.signals import FrameSignal, Signal, SignalType, distance


def frame(at_ms: int, value: int, until_ms: int | None = None) -> FrameSignal:
    until = at_ms if until_ms is None else until_ms
    return FrameSignal(at_ms, until, Signal(SignalType.PDQ, value.to_bytes(32), 100))


def test_near_frames_are_one_run_that_keeps_its_first() -> None:
    eight, nine = (1 << 8) - 1, (1 << 9) - 1
    folded = timeline.fold([frame(0, 0), frame(250, eight), frame(500, nine), frame(750, nine)])
    assert folded == (frame(0, 0, 250), frame(500, nine, 750))


def test_a_run_is_measured_from_its_first_so_it_cannot_drift() -> None:
    drifting = [frame(at * 250, (1 << at * 3) - 1) for at in range(5)]
    folded = timeline.fold(drifting)
    assert [run.at_ms for run in folded] == [0, 750]


def test_a_scene_that_comes_again_is_a_new_run() -> None:
    far = (1 << 100) - 1
    assert len(timeline.fold([frame(0, 0), frame(1, far), frame(2, 0)])) == 3


def test_a_span_never_shrinks() -> None:
    assert timeline.fold([frame(0, 0, 900), frame(250, 0)]) == (frame(0, 0, 900),)


def test_nothing_folds_to_nothing() -> None:
    assert timeline.fold([]) == ()


@pytest.mark.parametrize("count", [1200, 1201, 2400, 2401, 5000])
def test_no_video_has_more_than_1200_frame_signals(count: int) -> None:
    changing = [frame(at, ((1 << 128) - 1) << (64 * (at % 2))) for at in range(count)]
    folded = timeline.fold(changing)
    assert 600 < len(folded) <= timeline.MAX_FRAMES == 1200
    assert folded[0] == changing[0]


@given(st.lists(st.tuples(st.integers(0, 100), st.integers(0, 2**256 - 1)), max_size=40))
def test_what_is_folded_is_in_order_apart_and_covers_all(
    steps: list[tuple[int, int]],
) -> None:
    at, given_frames = 0, []
    for step, value in steps:
        at += step
        given_frames.append(frame(at, value))
    folded = timeline.fold(given_frames)
    for before, after in pairwise(folded):
        assert before.until_ms <= after.at_ms
        assert distance(before.signal, after.signal) > timeline.FOLD_DISTANCE
    for one in given_frames:
        assert any(run.at_ms <= one.at_ms <= run.until_ms for run in folded)


# --- which frames are sampled ---


def sampled(starts: list[int], end: int) -> dict[int, int]:
    """From when until when sampled frames stand, of a video whose frames begin at these times."""
    sampler = timeline.Sampler()
    spans = list(zip(starts, [*starts[1:], end], strict=True))
    found = [
        (at, sampler.until_ms(at, until, is_last=at == starts[-1]), until) for at, until in spans
    ]
    assert all(at <= stands <= max(at, until) for at, stands, until in found if stands is not None)
    return {at: stands for at, stands, _ in found if stands is not None}


def taken(starts: list[int], end: int) -> list[int]:
    return list(sampled(starts, end))


def test_a_frame_stands_for_the_sampling_times_at_which_it_is_shown() -> None:
    assert sampled([0, 200, 8200], 8240) == {0: 0, 200: 8000}
    assert sampled([0, 400, 1000], 3000) == {0: 250, 400: 750, 1000: 2750}
    assert sampled([0, 80, 160, 240, 320, 400], 480) == {0: 0, 320: 320}


@pytest.mark.parametrize("rate", [10, 12, 15, 20, 23.976, 24, 25, 29.97, 30, 50, 60, 120])
def test_at_ten_a_second_and_more_it_is_the_first_at_or_after(rate: float) -> None:
    starts = [int(1000 * number / rate) for number in range(int(5 * rate))]
    firsts = [min(at for at in starts if at >= due) for due in range(0, max(starts) + 1, 250)]
    assert taken(starts, 5000) == firsts


@pytest.mark.parametrize(
    ("starts", "end", "expected"),
    [
        ([0, 100], 8100, [0, 100]),  # a decoy, and then one picture for eight seconds
        ([0, 200, 8200], 8400, [0, 200, 8200]),
        ([0, 120], 160, [0, 120]),  # a short video: its last frame, too
        ([0, 40, 80, 120, 160], 200, [0, 160]),
        ([0], 40, [0]),
        ([0], 9000, [0]),
        ([0, 200, 400, 600, 800, 1000], 1200, [0, 200, 400, 800, 1000]),
        ([0, 100, 450, 550, 900], 1300, [0, 100, 550, 900]),
        ([0, 1480], 1520, [0, 1480]),
        ([0, 250, 480], 520, [0, 250]),  # the last one is not on screen until 600
        ([0, 250, 480], 600, [0, 250, 480]),
    ],
)
def test_of_slower_ones_it_is_what_is_shown(
    starts: list[int], end: int, expected: list[int]
) -> None:
    assert taken(starts, end) == expected


@given(st.lists(st.integers(1, 2000), min_size=1, max_size=40))
def test_whatever_is_shown_for_350_ms_is_sampled(lengths: list[int]) -> None:
    starts = [sum(lengths[:at]) for at in range(len(lengths))]
    found = taken(starts, sum(lengths))
    long = [at for at, length in zip(starts, lengths, strict=True) if length >= 350]
    assert found[0] == 0
    assert set(long) <= set(found)
