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
