from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from itertools import chain, repeat
from typing import TYPE_CHECKING

import pytest
import sqlalchemy as sa

from hashing.signals import (
    SEALED_LABEL_BYTES,
    ContentSignals,
    Signal,
    SignalType,
    Window,
    WindowSignal,
)
from service.domain.actor import Owner
from service.domain.case import MAX_ENTRIES, Concern, EntryStatus, erase_day
from service.domain.errors import CaseFull, Conflict, InvalidRequest, Withdrawn
from service.domain.sighting import Verdict
from service.store.schema import cases, concerns, entries, signals
from service.workflows import exclude, intake, review, status, withdraw
from service.workflows.intake import Added, NewCase
from tests.server.sealed import unsealed

if TYPE_CHECKING:
    from tests.server.conftest import World

ACTIVE, QUARANTINED = EntryStatus.ACTIVE, EntryStatus.QUARANTINED


def number_of(world: World, table: sa.Table) -> int:
    with world.context.database.read() as tx:
        return tx.scalar(sa.select(sa.func.count()).select_from(table)) or 0


def test_what_is_accepted_matches_at_once(world: World) -> None:
    picture = world.picture()
    platform = world.actor()
    assert world.ask(platform, picture) == [Verdict.NONE]
    world.open(picture)
    assert world.ask(platform, picture) == [Verdict.MATCH]


def test_the_same_submission_gives_the_same_number_and_one_case(world: World) -> None:
    picture, video = world.picture(world.pdq(), world.sha256()), world.video([world.value()] * 2)
    one = world.submission(picture, video)
    turned = ContentSignals(picture.kind, picture.signals[::-1])
    again = NewCase(one.access_key, "authorised", "said later", (video, turned))
    number, opened = intake.open_case(world.context, one, world.day)
    assert opened
    assert intake.open_case(world.context, one, world.day) == (number, False)
    assert intake.open_case(world.context, again, world.day) == (number, False)
    assert number_of(world, cases) == 1
    assert number_of(world, entries) == 2


def test_the_same_key_with_other_content_is_a_conflict(world: World) -> None:
    new = world.submission()
    intake.open_case(world.context, new, world.day)
    with pytest.raises(Conflict):
        intake.open_case(world.context, world.submission(key=new.access_key), world.day)
    assert number_of(world, entries) == 1


def test_a_withdrawn_case_is_not_opened_again(world: World) -> None:
    picture, key = world.picture(), world.value()
    owner = world.open(picture, key=key)
    withdraw.withdraw_case(world.context, owner, world.day)
    with pytest.raises(Withdrawn, match=rf"erased on {erase_day(world.day)}; before that .* undo"):
        world.open(picture, key=key)
    withdraw.erase_case(world.context, owner, world.day)
    with pytest.raises(Withdrawn, match="for good"):
        world.open(picture, key=key)


@pytest.mark.parametrize(
    ("kind", "value", "quality"),
    [
        (SignalType.PDQ, bytes(32), 100),
        (SignalType.PDQ, b"\xff" * 32, 100),
        (SignalType.PDQ, b"\x0f" * 32, 49),
        (SignalType.PHASH, b"\x0f" * 32, 59),
        (SignalType.PHASH, b"\x01" * 32, 100),
    ],
)
def test_a_signal_below_the_bar_or_of_no_picture_is_refused_whole(
    world: World, kind: SignalType, value: bytes, quality: int
) -> None:
    unfit = world.picture(Signal(kind, value, quality), world.sha256())
    with pytest.raises(InvalidRequest):
        world.open(world.picture(), unfit)
    assert number_of(world, cases) == 0
    owner = world.open()
    with pytest.raises(InvalidRequest):
        intake.add_entries(world.context, owner, [unfit], world.day)
    assert number_of(world, entries) == 1


def test_what_was_withdrawn_can_be_added_again(world: World) -> None:
    picture, platform = world.picture(), world.actor()
    owner = world.open(picture, world.picture())
    withdraw.withdraw_entry(world.context, owner, 1, world.day)
    assert world.ask(platform, picture) == [Verdict.NONE]
    assert intake.add_entries(world.context, owner, [picture], world.day).new == 1
    assert world.ask(platform, picture) == [Verdict.MATCH]
    assert world.statuses(owner) == [EntryStatus.WITHDRAWN, ACTIVE, ACTIVE]


@pytest.mark.stores("sqlite", "postgresql")
def labels_of(world: World, owner: Owner) -> list[bytes | None]:
    return [entry.sealed_label for entry in status.of_case(world.context, owner).entries]


@pytest.mark.stores("sqlite", "postgresql")
def test_a_label_is_kept_until_a_newer_one_or_until_its_entry_is_erased(world: World) -> None:
    one, two, three = (bytes([n]) * SEALED_LABEL_BYTES for n in (1, 2, 3))
    plain, other, last = world.picture(), world.picture(), world.picture()
    named = replace(plain, sealed_label=one)
    owner = world.open(plain, named, plain, replace(other, sealed_label=two), last)
    assert labels_of(world, owner) == [one, two, None]
    assert "sealed" not in repr(named)
    assert "\\x01" not in repr(status.of_case(world.context, owner))
    again = [replace(plain, sealed_label=three), other, replace(last, sealed_label=one)]
    assert intake.add_entries(world.context, owner, again, world.day) == Added(0, 0)
    assert labels_of(world, owner) == [three, two, one]
    withdraw.withdraw_entry(world.context, owner, 1, world.day)
    withdraw.undo_entry(world.context, owner, 1, world.day)
    assert labels_of(world, owner) == [three, two, one]
    withdraw.erase_entry(world.context, owner, 1)
    withdraw.withdraw_entry(world.context, owner, 2, world.day)
    assert intake.add_entries(world.context, owner, [other], world.day).new == 1
    assert labels_of(world, owner) == [None, None, one, None]
    withdraw.erase_case(world.context, owner, world.day)
    assert labels_of(world, owner) == [None] * 4


def test_identical_submissions_at_once_open_one_case(world: World) -> None:
    new = world.submission(world.picture(), world.picture())
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda _: intake.open_case(world.context, new, world.day), range(8)))
    assert len({number for number, _ in found}) == 1
    assert sum(opened for _, opened in found) == 1
    assert number_of(world, cases) == 1
    assert number_of(world, entries) == 2


@pytest.mark.stores("sqlite", "postgresql")
def test_a_number_in_use_is_not_given_again(world: World) -> None:
    digits = chain([1] * 9, [1] * 9, repeat(2)).__next__
    first = intake.open_case(world.context, world.submission(), world.day, digit=digits)
    second = intake.open_case(world.context, world.submission(), world.day, digit=digits)
    assert (first[0][:11], second[0][:11]) == ("111-111-111", "222-222-222")


def test_one_content_is_one_entry(world: World) -> None:
    picture = world.picture()
    owner = world.open(picture, picture)
    assert len(world.statuses(owner)) == 1
    assert intake.add_entries(world.context, owner, [picture, world.picture()], world.day).new == 1
    assert intake.add_entries(world.context, owner, [picture], world.day).new == 0
    assert len(world.statuses(owner)) == 2


def test_a_case_holds_so_many_entries(world: World) -> None:
    owner = world.open(*(world.picture() for _ in range(MAX_ENTRIES - 1)))
    with pytest.raises(CaseFull, match="withdrawn ones too, and this one has 49"):
        intake.add_entries(world.context, owner, [world.picture(), world.picture()], world.day)
    assert intake.add_entries(world.context, owner, [world.picture()], world.day).new == 1
    with pytest.raises(CaseFull):
        intake.add_entries(world.context, owner, [world.picture()], world.day)
    assert len(world.statuses(owner)) == MAX_ENTRIES


@pytest.mark.stores("sqlite", "postgresql")
def test_a_case_holds_no_more_when_many_add_at_once(world: World) -> None:
    owner = world.open(*(world.picture() for _ in range(MAX_ENTRIES - 4)))
    more = [[world.picture(), world.picture()] for _ in range(8)]

    def add(contents: list[ContentSignals]) -> int:
        try:
            return intake.add_entries(world.context, owner, contents, world.day).new
        except CaseFull:
            return 0

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(add, more)) == 4
    assert len(world.statuses(owner)) == MAX_ENTRIES


@pytest.mark.stores("sqlite", "postgresql")
def test_the_same_entry_added_at_once_is_added_once(world: World) -> None:
    owner, picture = world.open(), world.picture()
    with ThreadPoolExecutor(8) as pool:
        added = pool.map(
            lambda _: intake.add_entries(world.context, owner, [picture], world.day).new, range(8)
        )
        assert sum(added) == 1
    assert len(world.statuses(owner)) == 2


def test_nothing_is_added_to_a_withdrawn_case(world: World) -> None:
    owner = world.open()
    withdraw.withdraw_case(world.context, owner, world.day)
    with pytest.raises(Withdrawn, match="undo"):
        intake.add_entries(world.context, owner, [world.picture()], world.day)
    withdraw.erase_case(world.context, owner, world.day)
    with pytest.raises(Withdrawn, match="for good"):
        intake.add_entries(world.context, owner, [world.picture()], world.day)


@pytest.mark.stores("sqlite", "postgresql")
def test_adding_and_withdrawing_at_once_leaves_nothing_that_matches(world: World) -> None:
    owner, platform = world.open(), world.actor()
    more = [world.picture() for _ in range(8)]

    def add(content: ContentSignals) -> None:
        try:
            intake.add_entries(world.context, owner, [content], world.day)
        except Withdrawn:
            return

    with ThreadPoolExecutor(5) as pool:
        added = [pool.submit(add, content) for content in more]
        pool.submit(withdraw.withdraw_case, world.context, owner, world.day).result()
        for each in added:
            each.result()
    assert set(world.statuses(owner)) == {EntryStatus.WITHDRAWING}
    assert world.ask(platform, *more) == [Verdict.NONE] * 8


def concerned(world: World, owner: Owner) -> bool:
    """Whether an entry waits for a person because it is in many cases, and is matched meanwhile."""
    assert world.statuses(owner) == [ACTIVE]
    world.work()
    waiting = {one.entry.id: one for one in world.waiting()}.get(world.entry_id(owner))
    return waiting is not None and Concern.MANY_CASES in waiting.concerns


def test_content_of_many_cases_is_matched_and_concerns_a_reviewer(world: World) -> None:
    """Settings of these tests: three other cases are many."""
    value = world.value()
    owners = [world.open(world.picture(world.pdq(world.near(value, 10)))) for _ in range(4)]
    assert [concerned(world, owner) for owner in owners] == [False] * 3 + [True]
    (waiting,) = world.waiting()
    assert (waiting.other_cases, waiting.concerns) == (3, {Concern.MANY_CASES: world.day})


def test_many_cases_are_judged_again_whenever_one_is_withdrawn_or_is_back(world: World) -> None:
    picture = world.picture()
    owners = [world.open(picture) for _ in range(4)]
    assert concerned(world, owners[3])
    withdraw.withdraw_case(world.context, owners[0], world.day)
    assert not concerned(world, owners[3])
    withdraw.undo_case(world.context, owners[0], world.day)
    assert concerned(world, owners[3])
    withdraw.erase_case(world.context, owners[3], world.day)
    assert world.waiting() == []
    with world.context.database.read() as tx:
        assert tx.execute(sa.select(concerns)).all() == []


def test_what_is_added_again_while_it_is_held_is_told(world: World) -> None:
    picture, public = world.picture(), world.picture()
    exclude.exclude(world.context, [public], world.day)
    world.context.replica.catch_up()
    owner = world.open(public)
    added = intake.add_entries(world.context, owner, [public, picture], world.day)
    assert added == Added(1, 1)
    assert world.statuses(owner) == [QUARANTINED, ACTIVE]
    review.hold(world.context, world.entry_id(owner) + 1, world.day)
    again = intake.add_entries(world.context, owner, [picture, public], world.day)
    assert again == Added(0, 2)


def test_one_case_with_many_alike_is_one_case(world: World) -> None:
    value = world.value()
    for _ in range(2):
        world.open(*(world.picture(world.pdq(world.near(value, 5))) for _ in range(6)))
    assert not concerned(world, world.open(world.picture(world.pdq(value))))
    assert concerned(world, world.open(world.picture(world.pdq(value))))


def test_identical_bytes_of_many_cases_are_many_cases(world: World) -> None:
    whole = world.sha256()
    owners = [world.open(world.picture(world.pdq(), whole)) for _ in range(4)]
    assert [concerned(world, owner) for owner in owners] == [False] * 3 + [True]


def test_a_title_card_that_many_videos_share_concerns_nobody(world: World) -> None:
    card = world.value()
    for _ in range(5):
        world.open(world.video([card, world.value()]))
    assert world.waiting() == []


@pytest.mark.stores("sqlite", "postgresql")
def test_the_longest_video_is_taken_and_found(world: World) -> None:
    frames = [world.value() for _ in range(1200)]
    world.open(world.video(frames))
    asked = world.video([world.near(frame, 20) for frame in frames[300:1200]])
    assert world.ask(world.actor(), asked) == [Verdict.MATCH]


def windowed(world: World, *values: bytes) -> ContentSignals:
    named = zip(Window, values, strict=False)
    windows = tuple(WindowSignal(window, world.pdq(value)) for window, value in named)
    return replace(world.picture(), windows=windows)


def test_windows_that_are_plain_or_excluded_are_left_out_and_hold_nothing(world: World) -> None:
    good, public, plain = world.value(), world.value(), b"\x01" * 32
    exclude.exclude(world.context, [world.picture(world.pdq(public))], world.day)
    world.context.replica.catch_up()
    owner = world.open(windowed(world, good, world.near(public, 31), plain))
    assert world.statuses(owner) == [ACTIVE]
    with world.context.database.read() as tx:
        query = sa.select(signals.c.value).where(signals.c.window.is_not(None))
        assert [bytes(value) for value in tx.scalars(query)] == [good]


def test_a_window_that_many_pictures_share_concerns_nobody(world: World) -> None:
    """Nor does a picture that is a part of many others."""
    shared = world.value()
    owners = [world.open(windowed(world, shared)) for _ in range(5)]
    owners.append(world.open(world.picture(world.pdq(shared))))
    assert [world.statuses(owner) for owner in owners] == [[ACTIVE]] * 6
    assert world.waiting() == []


def test_content_is_the_same_whatever_its_windows(world: World) -> None:
    whole, window = world.picture(), world.value()
    owner = world.open(whole)
    again = replace(windowed(world, window), signals=whole.signals)
    assert intake.add_entries(world.context, owner, [again], world.day).new == 0


def test_a_submission_does_not_show_its_secrets(world: World) -> None:
    new = NewCase(b"k" * 32, "self", "a note", (world.picture(),))
    assert repr(new) == "NewCase(1 entries)"


@pytest.mark.stores("sqlite", "postgresql")
def test_a_note_is_sealed_and_any_text_may_be_one(world: World) -> None:
    note = "say \x00 it – 🙂"
    new = NewCase(world.value(), "self", note, (world.picture(),))
    intake.open_case(world.context, new, world.day)
    with world.context.database.read() as tx:
        sealed = tx.execute(sa.select(cases.c.note)).scalar_one()
    assert unsealed(bytes(sealed), bytes.fromhex(world.context.settings.secret)) == note
    assert note.encode() not in bytes(sealed)
