from __future__ import annotations

from datetime import date
from itertools import product
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hashing.signals import (
    ContentKind,
    ContentSignals,
    FrameSignal,
    Signal,
    SignalType,
    ViewSignals,
    Window,
)
from service.domain import admission, match_policy
from service.domain.alignment import Span, VideoExtent
from service.domain.case import Entry, EntryStatus, HoldReason
from service.domain.match_policy import Candidate, EntryVerdict, Reach
from service.domain.sighting import Feedback, Verdict

PDQ, PHASH, MD5, SHA256 = SignalType


LONG = VideoExtent(60, 60_000)


def hit(kind: SignalType = PDQ, distance: int = 0, *, entry: int = 1) -> Candidate:
    return Candidate(entry, kind, distance)


def span(at: float) -> Span:
    return Span(int(1000 * at), int(1000 * at) + 900)


def framed(asked: int, stored: float | None, distance: int = 0, orientation: int = 0) -> Candidate:
    """Frame number `asked` of a frame a second, found at a second of the other video."""
    of = None if stored is None else span(stored)
    return Candidate(1, PDQ, distance, asked, span(asked), orientation=orientation, stored_span=of)


def verdict(*hits: Candidate, query: VideoExtent = LONG, stored: VideoExtent = LONG) -> Verdict:
    return match_policy.overall(match_policy.judge(hits, query=query, stored={1: stored}))


@pytest.mark.parametrize(
    ("value", "quality", "unfit"),
    [
        (b"\x0f" * 32, 50, False),
        (b"\x0f" * 32, 49, True),
        (b"\x07" * 32, 100, False),
        (b"\x07" * 31 + b"\x03", 100, True),
        (b"\x1f" * 32, 100, False),
        (b"\x1f" * 31 + b"\x3f", 100, True),
    ],
)
def test_an_entry_has_only_signals_that_its_algorithm_makes(
    value: bytes, quality: int, *, unfit: bool
) -> None:
    signal = Signal(PDQ, value, quality)
    picture = ContentSignals(ContentKind.PICTURE, (signal,))
    video = ContentSignals(ContentKind.VIDEO, (), (FrameSignal(0, 0, signal),))
    exact = ContentSignals(ContentKind.VIDEO, (Signal(SHA256, bytes(32)),))
    assert (
        admission.is_matchable_view(ViewSignals("full", quality, (b"\x0f" * 32, value)))
        is not unfit
    )
    assert admission.has_unmatchable(picture) is admission.has_unmatchable(video) is unfit
    assert not admission.has_unmatchable(exact)


def test_nothing_found_is_no_match() -> None:
    assert match_policy.judge([]) == []
    assert verdict() is Verdict.NONE


@pytest.mark.parametrize(
    ("distance", "expected"),
    [(0, Verdict.MATCH), (31, Verdict.MATCH), (32, Verdict.NEAR), (48, Verdict.NEAR)],
)
def test_pdq_matches_up_to_31_bits(distance: int, expected: Verdict) -> None:
    assert verdict(hit(PDQ, distance)) is expected


@pytest.mark.parametrize("distance", [0, 31, 40])
def test_phash_alone_is_never_a_match(distance: int) -> None:
    assert verdict(hit(PHASH, distance)) is Verdict.NEAR


@pytest.mark.parametrize("kind", [MD5, SHA256])
def test_identical_bytes_are_a_match(kind: SignalType) -> None:
    assert verdict(hit(kind)) is Verdict.MATCH


def test_a_frame_found_in_a_picture_or_a_picture_in_a_frame_is_a_match() -> None:
    assert match_policy.judge([framed(7, None)], query=LONG) == [
        EntryVerdict(1, Verdict.MATCH, span(7))
    ]
    picture = Candidate(1, PDQ, 31, stored_span=span(3))
    assert match_policy.judge([picture], stored={1: LONG}) == [EntryVerdict(1, Verdict.MATCH)]
    assert verdict(framed(7, None, 32), Candidate(1, PDQ, 32, stored_span=span(3))) is Verdict.NEAR


def test_identical_bytes_match_although_frames_do_not() -> None:
    assert verdict(hit(SHA256), framed(3, 20)) is Verdict.MATCH


@pytest.mark.parametrize(
    ("distance", "enough"), [(0, 3), (31, 3), (32, 4), (40, 4), (41, 5), (48, 5)]
)
def test_so_many_frames_in_a_row_match_as_far_as_they_are(distance: int, enough: int) -> None:
    run = [framed(10 + n, 30 + n, distance) for n in range(enough)]
    assert verdict(*run[:-1]) is Verdict.NEAR
    assert verdict(*run) is Verdict.MATCH


def test_a_match_says_where_it_is() -> None:
    run = [framed(10 + n, 30 + n) for n in range(4)]
    found = match_policy.judge([*run, framed(50, 3)], query=LONG, stored={1: LONG})
    assert found == [EntryVerdict(1, Verdict.MATCH, Span(10_000, 13_900))]


def test_frames_out_of_order_or_orientation_are_near() -> None:
    assert verdict(*(framed(10 + n, 30 - n) for n in range(6))) is Verdict.NEAR
    turned = [framed(10 + n, 30 + n, orientation=n % 3) for n in range(5)]
    assert verdict(*turned) is Verdict.NEAR
    assert verdict(*(framed(10 + n, 30 + n, orientation=5) for n in range(3))) is Verdict.MATCH


def test_frames_scattered_over_a_video_are_near() -> None:
    assert verdict(framed(5, 5), framed(25, 25), framed(55, 55)) is Verdict.NEAR
    assert verdict(*(framed(n, n) for n in range(0, 60, 10))) is Verdict.MATCH


def test_of_a_video_of_few_frames_all_are_needed_and_most_of_the_time() -> None:
    """A picture that stands still for ten seconds, and one that passes."""
    still, short = VideoExtent(1, 9_900), VideoExtent(2, 1_900)
    held = Candidate(1, PDQ, 20, 0, Span(0, 9_900), stored_span=Span(40_000, 46_000))
    assert verdict(held, query=still) is Verdict.MATCH
    passing = Candidate(1, PDQ, 20, 0, Span(0, 9_900), stored_span=Span(40_000, 41_000))
    assert verdict(passing, query=still) is Verdict.NEAR
    assert verdict(framed(0, 30), query=short) is Verdict.NEAR
    assert verdict(framed(0, 30), framed(1, 31), query=short) is Verdict.MATCH
    assert verdict(framed(0, 30), framed(1, 31, 32), query=short) is Verdict.NEAR
    assert verdict(framed(0, 0), framed(1, 1), stored=short) is Verdict.MATCH


def test_a_video_of_one_frame_matches_by_it() -> None:
    assert verdict(framed(0, 0, 31), query=VideoExtent(1, 900)) is Verdict.MATCH
    assert verdict(framed(0, 0, 32), query=VideoExtent(1, 900)) is Verdict.NEAR


def test_an_item_has_one_verdict_an_entry_the_best_and_so_many_in_all() -> None:
    found = [EntryVerdict(n, Verdict.NEAR) for n in range(200)]
    best = EntryVerdict(150, Verdict.MATCH, span(3))
    ranked = match_policy.ranked([*found, best, EntryVerdict(151, Verdict.MATCH)])
    assert ranked[:3] == [best, EntryVerdict(151, Verdict.MATCH), EntryVerdict(0, Verdict.NEAR)]
    assert len(ranked) == len({one.entry_id for one in ranked}) == 200


def test_entries_that_the_same_view_is_most_like_are_one_match_and_all_that_are_near_one() -> None:
    found = [EntryVerdict(n, Verdict.NEAR) for n in range(3)]
    found += [EntryVerdict(n, Verdict.MATCH, view=n % 2) for n in range(3, 200)]
    groups = match_policy.grouped(reversed(found))
    whole, odd, *near = ([one.entry_id for one in same] for same in groups)
    assert (whole, odd, near) == ([*range(3, 200, 2)], [*range(4, 200, 2)], [[0, 1, 2]])


def test_entries_at_overlapping_places_of_a_video_are_one_match() -> None:
    spans = [Span(0, 900), Span(800, 2000), Span(100, 200), Span(2500, 2600)]
    found = [EntryVerdict(n, Verdict.MATCH, one) for n, one in enumerate(spans, 1)]
    assert [[one.entry_id for one in same] for same in match_policy.grouped(found)] == [
        [1, 2, 3],
        [4],
    ]


def test_the_last_match_stands_for_all_that_are_left() -> None:
    found = [EntryVerdict(n, Verdict.MATCH, Span(1000 * n, 1000 * n + 1)) for n in range(300)]
    groups = match_policy.grouped(found)
    assert len(groups) == match_policy.MOST_MATCHES
    assert sorted(one.entry_id for same in groups for one in same) == [*range(300)]
    assert match_policy.grouped([]) == []


def test_the_best_verdict_comes_first_then_the_lowest_entry() -> None:
    hits = [hit(PHASH, entry=1), hit(entry=4), hit(entry=3), hit(PDQ, 40, entry=2)]
    assert match_policy.judge(hits) == [
        EntryVerdict(3, Verdict.MATCH),
        EntryVerdict(4, Verdict.MATCH),
        EntryVerdict(1, Verdict.NEAR),
        EntryVerdict(2, Verdict.NEAR),
    ]


of_wholes = st.builds(hit, st.sampled_from(SignalType), st.integers(0, 48), entry=st.integers(1, 3))
of_frames = st.builds(
    framed,
    st.integers(0, 9),
    st.none() | st.integers(0, 9),
    st.integers(0, 48),
    st.integers(0, 1),
)


@given(st.lists(of_wholes | of_frames, max_size=8), of_wholes)
def test_one_more_hit_of_a_whole_never_makes_a_verdict_worse(
    found: list[Candidate], more: Candidate
) -> None:
    """A frame's may: one that is found elsewhere speaks against a copy."""
    order = [Verdict.NONE, Verdict.NEAR, Verdict.MATCH]
    assert order.index(verdict(*found, more)) >= order.index(verdict(*found))


@given(st.lists(of_wholes | of_frames, max_size=12), st.randoms(use_true_random=False))
def test_the_order_of_hits_does_not_matter(found: list[Candidate], random: Random) -> None:
    mixed = list(found)
    random.shuffle(mixed)
    extents = {1: LONG}
    expected = match_policy.judge(mixed, query=LONG, stored=extents)
    assert match_policy.judge(found, query=LONG, stored=extents) == expected


def test_frames_of_a_video_are_searched_closely_first() -> None:
    picture, video = ContentKind.PICTURE, ContentKind.VIDEO
    assert match_policy.search_radius(picture, PDQ, Reach.FULL) == 48
    assert match_policy.search_radius(video, PHASH, Reach.FULL) == 40
    assert match_policy.search_radius(video, PDQ, Reach.FULL) == 31
    assert match_policy.search_radius(video, PDQ, Reach.WIDE) == 48
    assert match_policy.search_radius(picture, PHASH, Reach.CLOSE) == 31


def test_the_radius_is_the_widest_verdict_of_a_type() -> None:
    assert match_policy.near_distance(PDQ) == 48
    assert match_policy.near_distance(PHASH) == 40


def test_an_entry_is_held_on_arrival_when_excluded_and_for_nothing_else() -> None:
    assert admission.hold_on_arrival(excluded=False) is None
    assert admission.hold_on_arrival(excluded=True) is HoldReason.EXCLUDED


def test_many_cases_are_as_many_as_the_setting_says() -> None:
    assert not admission.is_in_many_cases(7, most=8)
    assert admission.is_in_many_cases(8, most=8)


def test_many_matches_are_too_many_unless_confirmed() -> None:
    assert not admission.too_many_matches(10, [], most=10)
    assert admission.too_many_matches(11, [Feedback.NOT_BLOCKED], most=10)
    assert not admission.too_many_matches(11, [Feedback.BLOCKED], most=10)


def test_a_platform_that_did_not_block_any_of_a_match_is_answered_near() -> None:
    same = [EntryVerdict(n, Verdict.MATCH, Span(0, 9)) for n in (1, 2)]
    no, yes, later = Feedback.NOT_BLOCKED, Feedback.BLOCKED, Feedback.PENDING_REVIEW
    for own, verdict in (
        ({}, Verdict.MATCH),
        ({1: no}, Verdict.MATCH),
        ({1: no, 2: no}, Verdict.NEAR),
        ({1: yes, 2: later}, Verdict.MATCH),
        ({1: no, 2: no, 3: yes}, Verdict.NEAR),
    ):
        assert match_policy.answered(same, own) is verdict
    assert match_policy.answered([EntryVerdict(4, Verdict.NEAR)], {}) is Verdict.NEAR


@pytest.mark.parametrize(("status", "reviewed"), list(product(EntryStatus, [False, True])))
def test_only_what_is_active_and_not_reviewed_is_held(status: EntryStatus, reviewed: bool) -> None:  # noqa: FBT001 (a row of the table)
    entry = Entry(1, 1, 1, ContentKind.PICTURE, status, date(2026, 1, 1), reviewed=reviewed)
    assert admission.may_hold(entry) is (status is EntryStatus.ACTIVE and not reviewed)


COMMON = [None, Window.CENTRE_90, Window.CENTRE_50, Window.SQUARE]
OTHERS = sorted(set(Window) - set(COMMON))
PARTS = [
    *((view, window) for view, window in product((16, 29), COMMON)),
    *((view, window) for view, window in product((None, 0, 15), OTHERS)),
]


def part(view: int | None, window: str | None, distance: int) -> Candidate:
    return Candidate(1, PDQ, distance, view=view, window=window)


@pytest.mark.parametrize(("view", "window"), list(product((None, 0, 15), COMMON)))
def test_the_first_views_and_the_standard_windows_count_in_full(
    view: int | None, window: str | None
) -> None:
    assert verdict(part(view, window, 31)) is Verdict.MATCH
    assert verdict(part(view, window, 32)) is Verdict.NEAR
    assert verdict(part(view, window, 48)) is Verdict.NEAR


@pytest.mark.parametrize(("view", "window"), PARTS)
def test_later_views_and_other_windows_must_be_nearer(view: int | None, window: str | None) -> None:
    assert verdict(part(view, window, 25)) is Verdict.MATCH
    assert verdict(part(view, window, 26)) is Verdict.NEAR
    assert verdict(part(view, window, 40)) is Verdict.NEAR
    assert verdict(part(view, window, 41)) is Verdict.NONE


def test_a_part_that_does_not_count_takes_nothing_from_what_does() -> None:
    assert verdict(part(20, None, 41), part(3, None, 31)) is Verdict.MATCH
    assert verdict(part(20, None, 26), part(3, None, 48)) is Verdict.NEAR
