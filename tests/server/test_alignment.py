from __future__ import annotations

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.domain.alignment import PERIOD_MS, Alignment, FramePair, SkipCost, Span, best_alignment

FREE = SkipCost(0, 0)
PRICE = SkipCost(hidden=0.5, elsewhere=5)


def pair(
    place: int, asked: float, stored: float, *, bits: int = 0, turn: int = 0, last: float = 0
) -> FramePair:
    """Frames at seconds of either video, each `last` seconds long."""
    begin, other = int(1000 * asked), int(1000 * stored)
    spans = Span(begin, begin + int(1000 * last)), Span(other, other + int(1000 * last))
    return FramePair(place, *spans, turn, bits, 10)


def copy(
    frames: int = 40, *, speed: float = 1, offset: float = 7, random: Random | None = None
) -> list[FramePair]:
    """A frame each quarter of a second, sampled in the other video at its own quarters."""
    moved = random.random() if random else 0
    return [
        pair(n, n / 4, round(4 * (offset + speed * (n + moved) / 4)) / 4) for n in range(frames)
    ]


def run_of(pairs: list[FramePair], price: SkipCost = PRICE) -> Alignment:
    found = best_alignment(pairs, price)
    assert found
    return found


def test_no_pairs_are_no_run() -> None:
    assert best_alignment([], PRICE) is None


def test_one_pair_is_a_run() -> None:
    assert run_of([pair(3, 1, 9, last=2)]) == Alignment(10, 1, 2000 + PERIOD_MS, Span(1000, 3000))


@pytest.mark.parametrize("speed", [0.5, 0.8, 0.96, 1, 1.0417, 1.1, 1.25, 1.5, 2])
def test_a_copy_is_found_whole_at_its_speed(speed: float) -> None:
    """A slower one has some of the other's frames twice."""
    found = run_of(copy(speed=speed, random=Random(1)))
    different = min(40, round(40 * speed))
    assert found.frames >= 0.9 * different
    assert found.query.until_ms - found.query.at_ms >= 9000


@pytest.mark.parametrize("speed", [-1, 0.2, 4])
def test_what_runs_back_or_much_faster_or_slower_is_no_copy(speed: float) -> None:
    pairs = [pair(n, 5 * n, 100 + 5 * n * speed) for n in range(20)]
    assert run_of(pairs).frames <= 2


def test_a_clip_inside_a_longer_video_is_found_where_it_is() -> None:
    pairs = [pair(n, n / 4, 100 + n / 4) for n in range(80, 120)]
    assert run_of(pairs).query == Span(20_000, 29_750)


def test_a_loop_and_a_scene_that_returns_count_once() -> None:
    loop = [pair(n, n / 4, n % 12 / 4) for n in range(120)]
    assert run_of(loop).frames == 12
    returning = copy() + [pair(n, n / 4, 60 + n / 4) for n in range(10, 20)]
    assert run_of(returning).frames == 40


def test_near_pairs_elsewhere_do_not_hide_the_run() -> None:
    random = Random(3)
    noise = [pair(n, n / 4, random.uniform(0, 60), bits=5) for n in range(40) for _ in range(5)]
    assert run_of([*copy(), *noise]).frames >= 38


def test_what_is_farther_than_the_nearest_does_not_count() -> None:
    own, alike = copy(), [pair(n, n / 4, 50, bits=9) for n in range(40)]
    assert run_of([*own, *alike]) == run_of(own)
    assert run_of([pair(0, 0, 0, bits=9), pair(0, 0, 30)]).frames == 1


def test_a_frame_that_is_passed_over_costs_more_when_it_is_elsewhere() -> None:
    every = copy(9)
    assert run_of(every[::2]).evidence == 5 * 10 - 4 * 0.5
    elsewhere = [pair(at, at / 4, 200 - 3 * at) for at in (3, 5)]
    assert run_of([*every[::2], *elsewhere]).evidence == 5 * 10 - 2 * 0.5 - 2 * 5
    assert run_of([*every[::2], *elsewhere], FREE).evidence == 50


def test_a_chain_begins_anew_where_too_much_lies_between() -> None:
    pairs = copy(200)
    assert run_of([*pairs[:3], *pairs[150:154]]).query == Span(37_500, 38_250)
    assert run_of([*pairs[:30], *pairs[150:154]]).query == Span(0, 7_250)


def test_a_run_that_was_folded_on_one_side_fits_and_costs_nothing() -> None:
    """One stored frame stands for ten seconds; the asked side has four of them."""
    still = Span(10_000, 20_000)
    asked = [Span(2500 * n, 2500 * n + 2200) for n in range(4)]
    pairs = [FramePair(n, each, still, 0, 0, 10) for n, each in enumerate(asked)]
    found = run_of(pairs)
    assert (found.frames, found.evidence) == (1, 10)
    assert found.covered_ms == 4 * (2200 + PERIOD_MS)
    moving = [pair(n, n, 10 + n, last=0.9) for n in range(4, 10)]
    after = [FramePair(10 + n, each, still, 0, 0, 10) for n, each in enumerate(asked)]
    assert run_of([*moving, *after][:7]).frames >= 6


def test_orientations_are_not_mixed() -> None:
    pairs = [one._replace(orientation=n % 2) for n, one in enumerate(copy(20))]
    assert run_of(pairs, FREE).frames == 10


spans = st.builds(lambda at, last: Span(at, at + last), st.integers(0, 9000), st.integers(0, 3000))
some = st.lists(
    st.builds(
        FramePair,
        st.integers(0, 9),
        spans,
        spans,
        st.integers(0, 1),
        st.integers(0, 48),
        st.just(10),
    ),
    min_size=1,
    max_size=15,
)


@given(some, st.randoms(use_true_random=False))
def test_the_order_of_pairs_does_not_matter(pairs: list[FramePair], random: Random) -> None:
    mixed = list(pairs)
    random.shuffle(mixed)
    assert best_alignment(mixed, PRICE) == best_alignment(pairs, PRICE)


@given(some)
def test_a_run_is_worth_no_more_than_its_frames(pairs: list[FramePair]) -> None:
    found = run_of(pairs)
    assert 10 <= found.evidence <= 10 * found.frames
    assert found.frames <= min(len({p.frame for p in pairs}), len({p.stored for p in pairs}))
