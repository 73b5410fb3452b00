from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

import pytest
import sqlalchemy as sa

from service.domain.case import EntryStatus, HoldReason
from service.domain.errors import IllegalTransition
from service.store import cases, changes, entries, schema, signals
from service.store.changes import Change, Space
from service.store.entries import NewEntry

if TYPE_CHECKING:
    from tests.server.conftest import World

pytestmark = pytest.mark.stores("sqlite", "postgresql")

DAY = date(2026, 1, 1)
LATER = date(2026, 1, 5)


def opened(world: World, *, number: str = "000-000-0001", access: bytes = b"a" * 32) -> int:
    values = {
        "number": number,
        "access_hash": access,
        "document_hash": b"d" * 32,
        "subject": "self",
        "opened_on": DAY,
    }
    with world.context.database.write_changes() as tx:
        return cases.insert(tx, values)


def test_a_case_is_found_by_number_and_by_access(world: World) -> None:
    case_id = opened(world)
    with world.context.database.write_changes() as tx:
        found = cases.get(tx, "000-000-0001")
        assert found == cases.by_access(tx, b"a" * 32) == cases.lock(tx, case_id)
        assert cases.get(tx, "000-000-0002") is None
        assert cases.by_access(tx, b"b" * 32) is None
    assert found == cases.Case(case_id, "000-000-0001", b"a" * 32, b"d" * 32, DAY, None)


def test_two_cases_never_share_a_number_or_a_key(world: World) -> None:
    opened(world)
    with pytest.raises(sa.exc.IntegrityError):
        opened(world, access=b"b" * 32)
    with pytest.raises(sa.exc.IntegrityError):
        opened(world, number="000-000-0002")


def test_entries_are_numbered_on(world: World) -> None:
    case_id = opened(world)
    new = [NewEntry(world.picture(), bytes([n]) * 32, None) for n in range(4)]
    with world.context.database.write_changes() as tx:
        entries.insert(tx, case_id, new[:3], DAY)
        entries.insert(tx, case_id, new[3:], DAY)
    with world.context.database.read() as tx:
        found = entries.of_case(tx, case_id)
        assert entries.document_hashes(tx, case_id) == {
            one.document_hash: EntryStatus.ACTIVE for one in new
        }
        assert entries.by_id(tx, [one.id for one in found]) == {e.id: e for e in found}
    assert [entry.n for entry in found] == [1, 2, 3, 4]


def test_any_number_of_entries_may_be_asked_for_at_once(world: World) -> None:
    """More than a store takes as parameters of one statement (SQLite 32,766, PostgreSQL 65,535)."""
    entry_id = world.entry_id(world.open())
    with world.context.database.read() as tx:
        assert set(entries.by_id(tx, range(70_000))) == {entry_id}


def test_only_what_is_active_is_told_to_the_index(world: World) -> None:
    case_id = opened(world)
    held = NewEntry(world.picture(), b"h" * 32, HoldReason.EXCLUDED)
    assert held.status is EntryStatus.QUARANTINED
    with world.context.database.write_changes() as tx:
        entries.insert(tx, case_id, [held], DAY)
        assert changes.last(tx) == 0
        (kept,) = entries.held(tx)
        assert kept == entries.of_case(tx, case_id)[0]
        assert kept.hold is HoldReason.EXCLUDED
        assert entries.document_hashes(tx, case_id) == {b"h" * 32: EntryStatus.QUARANTINED}


def test_a_step_is_told_to_the_index(world: World) -> None:
    owner = world.open(world.picture(world.pdq(), world.phash()))
    for to, change in (
        (EntryStatus.QUARANTINED, Change.REMOVE),
        (EntryStatus.ACTIVE, Change.ADD),
        (EntryStatus.WITHDRAWN, Change.REMOVE),
    ):
        with world.context.database.write_changes() as tx:
            entry = entries.of_case(tx, owner.case_id)[0]
            before = changes.last(tx)
            entries.set_status(tx, entry, to)
            told = changes.after(tx, before, 9)
        assert [(row.space, row.change) for row in told] == [(Space.BANK, change)]


def test_no_other_step_is_written(world: World) -> None:
    owner = world.open()
    with world.context.database.write_changes() as tx:
        entries.erase(tx, entries.of_case(tx, owner.case_id)[0])
    for to in EntryStatus:
        with pytest.raises(IllegalTransition), world.context.database.write_changes() as tx:
            entries.set_status(tx, entries.of_case(tx, owner.case_id)[0], to)
    assert world.statuses(owner) == [EntryStatus.WITHDRAWN]


def test_a_review_is_kept_through_later_steps(world: World) -> None:
    owner = world.open()
    with world.context.database.write_changes() as tx:
        entries.mark_reviewed(tx, entries.of_case(tx, owner.case_id)[0], DAY)
        entries.set_status(tx, entries.of_case(tx, owner.case_id)[0], EntryStatus.QUARANTINED)
        assert entries.of_case(tx, owner.case_id)[0].reviewed
        assert entries.held(tx) == []


def test_withdrawing_erases_the_signals_of_that_entry_alone(world: World) -> None:
    owner = world.open(world.picture(), world.video([world.value()] * 3, world.sha256()))
    with world.context.database.write_changes() as tx:
        first, second = entries.of_case(tx, owner.case_id)
        entries.erase(tx, second)
        left = tx.scalars(sa.select(schema.signals.c.entry_id)).all()
        assert left == [first.id]
        assert tx.scalars(
            sa.select(schema.entries.c.status).order_by(schema.entries.c.n)
        ).all() == [
            "active",
            "withdrawn",
        ]


@pytest.mark.parametrize("held", [False, True])
def test_a_withdrawal_and_its_undo_are_told_to_the_index(world: World, *, held: bool) -> None:
    owner = world.open(world.picture(world.pdq(), world.phash()))
    with world.context.database.write_changes() as tx:
        if held:
            entry = entries.of_case(tx, owner.case_id)[0]
            entries.set_status(tx, entry, EntryStatus.QUARANTINED, reason=HoldReason.REVIEW)
            entries.mark_reviewed(tx, entry, DAY)
        was = entries.of_case(tx, owner.case_id)[0]
        before = changes.last(tx)
        entries.begin_withdrawal(tx, was, DAY)
        away = entries.of_case(tx, owner.case_id)[0]
        back = entries.undo_withdrawal(tx, away)
        assert back == was == entries.of_case(tx, owner.case_id)[0]
        told = [row.change for row in changes.after(tx, before, 9)]
        row = tx.execute(sa.select(schema.entries)).one()
        with pytest.raises(IllegalTransition):
            entries.undo_withdrawal(tx, back)
    assert (away.status, away.undo_to) == (EntryStatus.WITHDRAWING, was.status)
    assert away.erase_on == DAY
    assert told == [Change.REMOVE, *([] if held else [Change.ADD])]
    assert (row.reason, row.reviewed) == (HoldReason.REVIEW if held else None, held)


def test_what_no_index_holds_is_erased_without_telling_them(world: World) -> None:
    owner = world.open()
    with world.context.database.write_changes() as tx:
        entries.begin_withdrawal(tx, entries.of_case(tx, owner.case_id)[0], DAY)
        before = changes.last(tx)
        entries.erase(tx, entries.of_case(tx, owner.case_id)[0])
        assert changes.last(tx) == before
        assert tx.scalars(sa.select(schema.signals.c.id)).all() == []
        row = tx.execute(sa.select(schema.entries)).one()
    assert (row.document_hash, row.undo_to, row.erase_on) == (None, None, None)


def test_closing_keeps_the_note_and_erasing_erases_it(world: World) -> None:
    owner = world.open()
    with world.context.database.write_changes() as tx:
        sealed = {"note": world.context.seals.seal("something private")}
        tx.execute(sa.update(schema.cases).values(sealed))
        cases.close(tx, owner.case_id, DAY, LATER)
        assert tx.execute(sa.select(schema.cases.c.note)).scalar_one() is not None
        closed = cases.lock(tx, owner.case_id)
        assert (closed.withdrawn_on, closed.erase_on) == (DAY, LATER)
        cases.reopen(tx, owner.case_id)
        opened_again = cases.lock(tx, owner.case_id)
        assert (opened_again.withdrawn_on, opened_again.erase_on) == (None, None)
        cases.close(tx, owner.case_id, DAY, LATER)
        assert entries.erase_all(tx, owner.case_id) == 1
        assert entries.erase_all(tx, owner.case_id) == 0
        cases.close_for_good(tx, cases.lock(tx, owner.case_id), LATER)
        assert tx.execute(sa.select(schema.cases.c.note)).scalar_one() is None
        erased = cases.lock(tx, owner.case_id)
        assert (erased.withdrawn_on, erased.erase_on) == (DAY, None)


def test_an_entry_without_signals_is_passed_over_by_banks(world: World) -> None:
    with world.context.database.write_changes() as tx:
        signals.insert(tx, Space.BANK, [])
        assert changes.last(tx) == 0
