from __future__ import annotations

from datetime import date
from itertools import product
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hashing.signals import ContentKind, ContentSignals, FrameSignal, Signal, SignalType
from service.domain import policy
from service.domain.case import Entry, EntryStatus, HoldReason
from service.domain.policy import Found, Hit
from service.domain.sighting import Feedback, Verdict

PDQ, PHASH, MD5, SHA256 = SignalType


def hit(
    kind: SignalType = PDQ,
    distance: int = 0,
    *,
    entry: int = 1,
    frame: int | None = None,
    stored_frame: bool = False,
) -> Hit:
    return Hit(entry, kind, distance, frame, stored_frame)


def verdict(*hits: Hit, asked_frames: int = 0) -> Verdict:
    return policy.best(policy.judge(hits, asked_frames=asked_frames))


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
    assert policy.unfit(picture) is policy.unfit(video) is unfit
    assert not policy.unfit(exact)


def test_nothing_found_is_no_match() -> None:
    assert policy.judge([], asked_frames=0) == []
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
    assert verdict(hit(frame=0, stored_frame=False), asked_frames=9) is Verdict.MATCH
    assert verdict(hit(frame=None, stored_frame=True)) is Verdict.MATCH


def test_one_frame_of_a_video_in_another_is_near_and_two_are_a_match() -> None:
    one = hit(frame=0, stored_frame=True)
    again = hit(distance=9, frame=0, stored_frame=True)
    other = hit(frame=5, stored_frame=True)
    assert verdict(one, again, asked_frames=9) is Verdict.NEAR
    assert verdict(one, other, asked_frames=9) is Verdict.MATCH
    far = hit(distance=32, frame=5, stored_frame=True)
    assert verdict(one, far, asked_frames=9) is Verdict.NEAR


def test_a_video_of_one_frame_matches_by_it() -> None:
    assert verdict(hit(frame=0, stored_frame=True), asked_frames=1) is Verdict.MATCH
    assert verdict(hit(PHASH), asked_frames=0) is Verdict.NEAR


def test_the_best_verdict_comes_first_then_the_lowest_entry() -> None:
    hits = [hit(PHASH, entry=1), hit(entry=4), hit(entry=3), hit(PDQ, 40, entry=2)]
    assert policy.judge(hits, asked_frames=0) == [
        Found(3, Verdict.MATCH),
        Found(4, Verdict.MATCH),
        Found(1, Verdict.NEAR),
        Found(2, Verdict.NEAR),
    ]


hits = st.builds(
    Hit,
    st.integers(1, 3),
    st.sampled_from(SignalType),
    st.integers(0, 48),
    st.none() | st.integers(0, 3),
    st.booleans(),
)


@given(st.lists(hits, max_size=8), hits, st.integers(1, 4))
def test_one_more_hit_never_makes_a_verdict_worse(
    found: list[Hit], more: Hit, asked_frames: int
) -> None:
    order = [Verdict.NONE, Verdict.NEAR, Verdict.MATCH]
    before = policy.best(policy.judge(found, asked_frames=asked_frames))
    after = policy.best(policy.judge([*found, more], asked_frames=asked_frames))
    assert order.index(after) >= order.index(before)


@given(st.lists(hits, max_size=8), st.randoms(use_true_random=False))
def test_the_order_of_hits_does_not_matter(found: list[Hit], random: Random) -> None:
    mixed = list(found)
    random.shuffle(mixed)
    assert policy.judge(found, asked_frames=4) == policy.judge(mixed, asked_frames=4)


def test_the_radius_is_the_widest_verdict_of_a_type() -> None:
    assert policy.radius(PDQ) == 48
    assert policy.radius(PHASH) == 40


def test_an_entry_is_held_on_arrival_when_excluded_or_in_many_cases() -> None:
    assert policy.on_arrival(excluded=False, other_cases=7, most_cases=8) is None
    held = policy.on_arrival(excluded=False, other_cases=8, most_cases=8)
    assert held is HoldReason.MANY_CASES
    held = policy.on_arrival(excluded=True, other_cases=8, most_cases=8)
    assert held is HoldReason.EXCLUDED


def test_many_matches_are_too_many_unless_confirmed() -> None:
    assert not policy.too_many_matches(10, [], most=10)
    assert policy.too_many_matches(11, [Feedback.NOT_BLOCKED], most=10)
    assert not policy.too_many_matches(11, [Feedback.BLOCKED], most=10)


def test_two_platforms_dispute() -> None:
    no, yes, later = Feedback.NOT_BLOCKED, Feedback.BLOCKED, Feedback.PENDING_REVIEW
    assert not policy.disputed([no, yes, later])
    assert policy.disputed([no, yes, no])


@pytest.mark.parametrize(("status", "reviewed"), list(product(EntryStatus, [False, True])))
def test_only_what_is_active_and_not_reviewed_is_held(status: EntryStatus, reviewed: bool) -> None:  # noqa: FBT001 (a row of the table)
    entry = Entry(1, 1, 1, ContentKind.PICTURE, status, date(2026, 1, 1), reviewed=reviewed)
    assert policy.may_hold(entry) is (status is EntryStatus.ACTIVE and not reviewed)
