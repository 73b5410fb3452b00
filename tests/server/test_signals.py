from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import TYPE_CHECKING, Any

import pytest
import sqlalchemy as sa

from hashing.signals import (
    ContentKind,
    ContentSignals,
    FrameSignal,
    SignalType,
    ViewSignals,
    Window,
    WindowSignal,
)
from service.domain.case import EntryStatus
from service.store import changes, entries, exclusions, provenance, signals
from service.store.changes import Change, Space
from service.store.signals import StoredSignal
from tests.server.following import statistics_of

if TYPE_CHECKING:
    from tests.server.conftest import World

pytestmark = pytest.mark.stores("sqlite", "postgresql")

DAY = date(2026, 1, 1)


def row(kind: str, value: bytes, quality: int | None, **more: object) -> dict[str, object]:
    told = {"type": kind, "value": value, "quality": quality}
    return {**told, "at_ms": None, "until_ms": None, "window": None, **more}


def test_rows_say_what_a_frame_is(world: World) -> None:
    value = world.value()
    rows = signals.rows_of(world.video([value], world.md5(b"m" * 16)))
    assert rows == [
        row("md5", b"m" * 16, None),
        row("pdq", value, 100, at_ms=0, until_ms=999),
    ]


def test_rows_say_what_a_window_or_view_is_and_leave_out_what_is_plain(world: World) -> None:
    whole, part, seen, other = (world.value() for _ in range(4))
    one, two, *_ = Window
    windows = (WindowSignal(one, world.pdq(part)), WindowSignal(two, world.pdq(b"\x01" * 32)))
    views = (ViewSignals("pad-5", 70, (seen, other)), ViewSignals("content", 49, (other,)))
    picture = ContentSignals(ContentKind.PICTURE, (world.pdq(whole),), (), windows, views)
    assert signals.rows_of(picture) == [
        row("pdq", whole, 100),
        row("pdq", part, 100, window=one),
        row("pdq", seen, 70, window="pad-5"),
    ]
    frame = FrameSignal(1, 2, world.pdq(whole), views)
    assert signals.rows_of(ContentSignals(ContentKind.VIDEO, (), (frame,))) == [
        row("pdq", whole, 100, at_ms=1, until_ms=2),
        row("pdq", seen, 70, at_ms=1, until_ms=2, window="pad-5"),
    ]


def test_of_views_those_are_kept_that_count_in_full(world: World) -> None:
    views = tuple(ViewSignals(f"v-{n}", 90, (world.value(),)) for n in range(20))
    picture = ContentSignals(ContentKind.PICTURE, (), views=views)
    assert [each["window"] for each in signals.rows_of(picture)] == [f"v-{n}" for n in range(16)]


def test_how_much_of_a_video_there_is(world: World) -> None:
    owner, other = world.open(world.video([world.value() for _ in range(3)])), world.open()
    ids = [world.entry_id(owner), world.entry_id(other)]
    with world.context.database.read() as tx:
        assert provenance.extents(tx, Space.BANK, ids) == {ids[0]: (3, 2999)}
        assert provenance.extents(tx, Space.BANK, []) == {}


def test_only_parts_are_forgotten(world: World) -> None:
    window = WindowSignal(next(iter(Window)), world.pdq())
    world.open(replace(world.picture(), windows=(window,)))
    with world.context.database.write_changes() as tx:
        ids = [one.id for part in signals.searchable(tx, Space.BANK, 9) for one in part]
        signals.delete_parts(tx, ids)
        (left,) = signals.by_id(tx, Space.BANK, ids)
    assert left.value != window.signal.value
    world.context.replica.catch_up()
    assert statistics_of(world.context, Space.BANK, SignalType.PDQ).signals == 1


def test_an_index_is_given_perceptual_signals_of_active_entries(world: World) -> None:
    pdq, phash = world.pdq(), world.phash()
    owner = world.open(world.picture(pdq, phash, world.md5(), world.sha256()))
    with world.context.database.write_changes() as tx:
        found = [one for part in signals.searchable(tx, Space.BANK, 1) for one in part]
        assert {(one.type, one.value) for one in found} == {
            (pdq.type, pdq.value),
            (phash.type, phash.value),
        }
        ids = [one.id for one in found]
        assert (
            sorted(signals.searchable_by_id(tx, Space.BANK, range(ids[0], ids[0] + 2000))) == found
        )
        assert len(signals.by_id(tx, Space.BANK, range(1, 2000))) == 4
        (entry,) = entries.of_case(tx, owner.case_id)
        places = provenance.by_signal(tx, Space.BANK, range(1, 2000))
        assert {place.content_id for place in places.values()} == {entry.id}
        assert [place.type for place in places.values()].count(SignalType.MD5) == 1
        entries.set_status(tx, entry, EntryStatus.QUARANTINED)
        assert list(signals.searchable(tx, Space.BANK, 1)) == []
        assert signals.searchable_by_id(tx, Space.BANK, ids) == []
        assert signals.by_id(tx, Space.BANK, ids) == []
        assert provenance.of_contents(tx, Space.BANK, [entry.id]) == []
        assert provenance.by_signal(tx, Space.BANK, ids) == {}


def test_all_signals_of_a_content_are_given_with_their_provenance(world: World) -> None:
    frames, sha256 = [world.value() for _ in range(5)], world.sha256()
    owner = world.open(world.video(frames, sha256), world.picture())
    entry_id = world.entry_id(owner)
    with world.context.database.read() as tx:
        stored = provenance.of_contents(tx, Space.BANK, [entry_id])
        assert [value for _, value in stored] == [sha256.value, *frames]
        assert {origin.content_id for origin, _ in stored} == {entry_id}
        assert [origin.span for origin, _ in stored][:2] == [None, (0, 999)]
        spans = provenance.frame_spans(tx, Space.BANK, [entry_id])
        assert spans == {entry_id: [(1000 * n, 1000 * n + 999) for n in range(5)]}
        assert provenance.of_contents(tx, Space.BANK, []) == []


def test_identical_values_are_told_with_their_entries(world: World) -> None:
    md5, sha256 = world.md5(), world.sha256()
    one, two = world.open(world.picture(md5, sha256)), world.open(world.picture(sha256))
    with world.context.database.read() as tx:
        found = provenance.identical(tx, Space.BANK, [sha256, md5, world.sha256(), world.md5()])
        assert sorted((signal.type, place.content_id) for signal, place in found) == sorted(
            [
                ("md5", world.entry_id(one)),
                ("sha256", world.entry_id(one)),
                ("sha256", world.entry_id(two)),
            ]
        )


def test_a_signal_is_excluded_once(world: World) -> None:
    pdq, phash = world.pdq(), world.phash()
    with world.context.database.write_changes() as tx:
        assert exclusions.insert(tx, [pdq, phash, pdq], DAY) == 2
        assert exclusions.insert(tx, [phash, world.phash(pdq.value)], DAY) == 1
        told = changes.after(tx, 0, 9)
        assert [(row.space, row.change) for row in told] == 3 * [(Space.EXCLUDED, Change.ADD)]
        stored = signals.by_id(tx, Space.EXCLUDED, [row.first_id for row in told])
        assert stored[0] == StoredSignal(told[0].first_id, "pdq", pdq.value)


def test_exclusions_are_listed_and_deleted_by_content(world: World) -> None:
    shared = world.pdq()
    with world.context.database.write_changes() as tx:
        exclusions.insert(tx, [shared, world.phash()], DAY)
        exclusions.insert(tx, [shared, world.phash()], DAY)
        first, second = exclusions.listed(tx)
        assert [(one.added_on, one.signals) for one in (first, second)] == [(DAY, 2), (DAY, 1)]
        before = changes.last(tx)
        gone = exclusions.signal_ids(tx, first.id)
        assert exclusions.delete(tx, first.id) == 2
        told = [(row.change, one) for row in changes.after(tx, before, 9) for one in row.ids]
        assert told == [(Change.REMOVE, signal_id) for signal_id in gone]
        assert exclusions.listed(tx) == [second]
        assert exclusions.delete(tx, first.id) == 0
        assert exclusions.insert(tx, [world.pdq()], DAY) == 1
        assert exclusions.listed(tx)[1].id not in {first.id, second.id}


def test_a_video_of_as_many_frames_as_one_may_have_is_kept(world: World) -> None:
    values = [world.value() for _ in range(1200)]
    world.open(world.video(values))
    with world.context.database.read() as tx:
        found = [one.value for part in signals.searchable(tx, Space.BANK, 500) for one in part]
    assert sorted(found) == sorted(values)
    assert statistics_of(world.context, Space.BANK, SignalType.PDQ).signals == 1200


@pytest.mark.stores("sqlite")  # PostgreSQL counts what it has
@pytest.mark.parametrize("space", Space)
def test_what_is_asked_by_id_or_value_reads_no_more_than_that(world: World, space: Space) -> None:
    """SQLite would rather read all that is active, or of a type, than a few hundred by id."""
    database = world.context.database
    asked: list[tuple[str, Any]] = []
    sa.event.listen(
        database.engine,
        "before_cursor_execute",
        lambda *given: asked.append((given[2], given[3])),
    )
    with database.read() as tx:
        signals.searchable_by_id(tx, space, range(1, 801))
        signals.by_id(tx, space, range(1, 801))
        if space is not Space.EXCLUDED:
            provenance.by_signal(tx, space, range(1, 801))
            provenance.identical(tx, space, [world.md5() for _ in range(800)])
    queries = [(text, values) for text, values in asked if "SELECT" in text]
    assert len(queries) >= 2
    with database.read() as tx:
        for text, values in queries:
            plan = tx.exec_driver_sql(f"EXPLAIN QUERY PLAN {text}", values).all()
            found = [row[3] for row in plan]
            assert found
            for step in found:
                by_id = "INTEGER PRIMARY KEY" in step or "rowid=?" in step
                assert by_id or "(type=? AND value=?)" in step, (step, text[:200])
