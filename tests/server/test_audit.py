"""Who did what: written with the act, in one order, and nobody changes it unnoticed."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Callable
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
import sqlalchemy as sa
from fastapi.testclient import TestClient
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from hashing.signals import ContentSignals
from service.domain.actor import Owner
from service.domain.audit import (
    DETAILS,
    OPERATOR,
    Audited,
    By,
    Check,
    Deed,
    Head,
    Kind,
    Row,
    details,
    following,
)
from service.domain.errors import NotFound
from service.domain.member import MemberRole
from service.domain.watch import Clock, target
from service.settings import Settings
from service.store import audit_log
from service.store.audit_schema import audit, audit_cases, audit_chain
from service.store.database import Database
from service.workflows import (
    auditing,
    exclude,
    keyring,
    membership,
    review,
    second_try,
    watching,
    withdraw,
)
from tests.examples import examples

if TYPE_CHECKING:
    from tests.server.conftest import World

pytestmark = pytest.mark.stores("sqlite", "postgresql")

AT = By(Kind.OPERATOR, minute=601)


def acts(world: World) -> list[str]:
    return [row.act for row in reversed(auditing.listed(world.context, 99))]


def held(world: World) -> tuple[Owner, int, ContentSignals]:
    picture = world.picture()
    owner = world.open(picture)
    n = world.entry_id(owner)
    review.hold(world.context, n, world.day, by=AT)
    return owner, n, picture


def test_every_act_of_an_operator_is_written_with_it(world: World) -> None:
    context, day = world.context, world.day
    owner, n, _ = held(world)
    review.keep(context, n, day, by=AT)
    review.release(context, n, day, by=AT)
    key = world.key("Somewhere").split("_")[1]
    keyring.revoke(context, key, day, by=AT)
    exclude.exclude(context, [world.picture()], day, by=AT)
    exclude.remove(context, exclude.listed(context)[0].id, day, by=AT)
    page = target("https://a.example/b")
    watching.add_for_operator(context, [page], day, by=AT)
    second_try.request(context, day, by=AT)
    here = membership.add_organisation(context, "Helpline", day, by=AT)
    clock = Clock(day, 1_800_000_000)
    membership.add(context, here, "Ana", MemberRole.LEAD, clock, by=AT)
    ana = membership.listed(context)[0].stored.id
    membership.reset(context, ana, clock, by=AT)
    membership.change_role(context, ana, MemberRole.MEMBER, day, by=AT)
    membership.disable(context, ana, day, by=AT)
    membership.disable_organisation(context, here, day, by=AT)
    rows = auditing.listed(context, 99)[::-1]
    assert [(row.act, row.details) for row in rows] == [
        ("entry_held", ""),
        ("entry_kept", ""),
        ("entry_released", ""),
        ("key_made", f'{{"platform":{world_platform(context)},"role":"platform"}}'),
        ("key_revoked", ""),
        ("excluded", '{"contents":1,"signals":1}'),
        ("exclusion_removed", '{"released":0,"signals":1}'),
        ("addresses_imported", '{"addresses":1}'),
        ("set_aside_retried", '{"contents":0}'),
        ("organisation_made", ""),
        ("member_invited", f'{{"organisation":{here},"role":"lead"}}'),
        ("member_reset", ""),
        ("role_changed", '{"role":"member"}'),
        ("member_disabled", ""),
        ("organisation_disabled", ""),
    ]
    assert {(row.actor_kind, row.day) for row in rows} == {("operator", str(day))}
    assert auditing.verify(context) == (None, len(rows), auditing.head(context))
    assert not re.search(f"{owner.case_number}|example|Ana|Helpline", str(rows))


def world_platform(context: Any) -> int:
    with context.database.read() as tx:
        return int(tx.scalar(sa.text("SELECT id FROM actors")))


def test_an_act_that_does_not_happen_is_not_written(world: World) -> None:
    before = auditing.head(world.context)
    refused: tuple[Callable[[], object], ...] = (
        lambda: review.keep(world.context, world.entry_id(world.open()), world.day),
        lambda: keyring.revoke(world.context, "none", world.day),
        lambda: membership.disable(world.context, 7, world.day),
    )
    for act in refused:
        with pytest.raises(NotFound):
            act()
    with pytest.raises(ZeroDivisionError):
        written_and_rolled_back(world)
    assert auditing.head(world.context) == before == Head(0, bytes(32))
    assert auditing.verify(world.context).fault is None


def written_and_rolled_back(world: World) -> None:
    with world.context.database.write() as tx:
        audit_log.append(tx, Deed(AT, world.day, Audited.SET_ASIDE_RETRIED))
        raise ZeroDivisionError


def test_an_owner_reads_what_others_did_until_the_case_is_erased(
    api: TestClient, served: World
) -> None:
    key = served.value()
    owner = served.open(key=key)
    n = served.entry_id(owner)
    review.hold(served.context, n, served.day, by=AT)
    other, *_ = held(served)
    proof = {"Authorization": f"Case {owner.case_number}:{key.hex()}"}
    answer = api.get("/v1/case/audit", headers=proof)
    done = {"by": "operator", "organisation": None, "act": "entry_held", "entry": 1}
    assert answer.json() == {"acts": [{"day": str(served.day), **done}]}
    assert api.get("/v1/case/audit").status_code == 401
    tagged = {row.case_tag for row in auditing.listed(served.context, 9)}
    assert len(tagged) == 2
    withdraw.erase_case(served.context, owner, served.day)
    assert api.get("/v1/case/audit", headers=proof).json() == {"acts": []}
    assert len(auditing.of_case(served.context, other)) == 1
    assert auditing.verify(served.context).fault is None
    with served.context.database.read() as tx:  # what would lead back to the case is gone
        kept = tx.execute(sa.select(audit_cases.c.case_id)).scalars().all()
        assert list(kept) == [other.case_id]


def test_an_older_beginning_is_pruned_and_the_rest_still_verifies(world: World) -> None:
    context, day = world.context, world.day
    for number in range(6):
        second_try.request(context, day + timedelta(days=number))
    later = day + timedelta(days=context.settings.audit_days + 3)
    head = auditing.head(context)
    assert auditing.prune(context, later) == 3
    assert auditing.prune(context, later) == 0
    assert acts(world) == [Audited.SET_ASIDE_RETRIED] * 3 + [Audited.PRUNED]
    assert auditing.verify(context).fault is None
    assert auditing.verify(context, head).fault is None
    assert auditing.verify(context, Head(2, bytes(32))).fault is not None
    with context.database.write() as tx:  # the same without a row that says so
        last = tx.execute(sa.select(audit).where(audit.c.n == 4)).one()
        tx.execute(sa.delete(audit).where(audit.c.n <= 4))
        tx.execute(sa.update(audit_chain).values(pruned_n=4, pruned_digest=last.digest))
    fault = auditing.verify(context).fault
    assert fault is not None
    assert (fault.n, "not by pruning" in fault.says) == (4, True)


def test_details_are_counts_ids_and_few_words() -> None:
    assert set(DETAILS) <= set(Audited)
    assert details(Audited.SIGN_INS_FAILED, {"count": 3}) == '{"count":3}'
    for act, values in (
        (Audited.SIGN_INS_FAILED, {}),
        (Audited.SIGN_INS_FAILED, {"count": "https://a.example"}),
        (Audited.SIGNED_IN, {"by_what": "a word of ours is not this"}),
        (Audited.ENTRY_HELD, {"note": 1}),
    ):
        with pytest.raises(ValueError, match=act):
            details(act, values)


ROWS = 5
BLOBS = {"case_tag", "previous", "digest"}
NUMBERS = {"n", "minute", "actor_id"}


@pytest.fixture
def written(world: World) -> World:
    """Five acts of several kinds."""
    _, n, _ = held(world)
    review.release(world.context, n, world.day, by=By(Kind.MEMBER, 3, 70))
    exclude.exclude(world.context, [world.picture()], world.day)
    world.key()
    held(world)
    with world.context.database.read() as tx:
        assert [row.n for row in audit_log.rows(tx)] == list(range(1, ROWS + 1))
    return world


def tampered(database: Database, *statements: tuple[str, dict[str, Any]]) -> str | None:
    """Change the store behind the service's back; return what is found, and undo it."""
    with database.engine.connect() as tx, tx.begin() as undone:
        tx.execution_options(takeback_write=True)
        for statement, values in statements:
            tx.execute(sa.text(statement), values)
        last, pruned = audit_log.head(tx), audit_log.pruned(tx)
        fault = Check(pruned).first_fault(audit_log.rows(tx), last)
        undone.rollback()
    return None if fault is None else f"{fault.n} {fault.says}"


def changed(column: str, value: Any, at: int) -> Any:
    """The value with one byte changed, or one more where there is none."""
    if column in NUMBERS:
        return (value or 0) ^ (1 << at % 3) or 9
    raw = bytearray(value if isinstance(value, bytes) else str(value or "").encode())
    if not raw:
        return b"\x01" if column in BLOBS else "x"
    raw[at % len(raw)] ^= 1
    return bytes(raw) if column in BLOBS else raw.decode()


COLUMNS = [name for name in Row._fields if name != "n"]


@hypothesis_settings(max_examples=examples(40), suppress_health_check=list(HealthCheck))
@given(st.integers(1, ROWS), st.sampled_from(COLUMNS), st.integers(0, 99))
def test_one_byte_changed_anywhere_is_named(written: World, n: int, column: str, at: int) -> None:
    database = written.context.database
    with database.read() as tx:
        before = tx.scalar(sa.select(audit.c[column]).where(audit.c.n == n))
    value = changed(column, before, at)
    if value == before or (before is None and value in {0, b"", ""}):
        return
    change = f"UPDATE audit SET {column} = :value WHERE n = :n"  # noqa: S608 (ours)
    found = tampered(database, (change, {"value": value, "n": n}))
    assert found is not None
    assert found.split()[0] == str(n)


def test_rows_removed_reordered_inserted_and_cut_off_are_named(written: World) -> None:
    database = written.context.database
    up, down = (
        "UPDATE audit SET n = n + 100 WHERE n > :n",
        "UPDATE audit SET n = n - :by WHERE n > 100",
    )
    for n in range(1, ROWS + 1):
        remove = ("DELETE FROM audit WHERE n = :n", {"n": n})
        assert str(tampered(database, remove)).startswith(f"{n} is missing")
        closed = tampered(database, remove, (up, {"n": n}), (down, {"by": 101}))
        assert str(closed).startswith(f"{n} ")
        cut = ("DELETE FROM audit WHERE n >= :n", {"n": n})
        assert "the end was cut off" in str(tampered(database, cut))
    for n in range(1, ROWS):
        swap = [
            ("UPDATE audit SET n = 999 WHERE n = :n", {"n": n}),
            ("UPDATE audit SET n = :n WHERE n = :n + 1", {"n": n}),
            ("UPDATE audit SET n = :n + 1 WHERE n = 999", {"n": n}),
        ]
        assert str(tampered(database, *swap)).startswith(f"{n} was changed")
    columns = ", ".join(COLUMNS)
    copied = f"INSERT INTO audit (n, {columns}) SELECT 3, {columns} FROM audit WHERE n = 1"  # noqa: S608 (ours)
    inserted = tampered(database, (up, {"n": 2}), (down, {"by": 99}), (copied, {}))
    assert str(inserted).startswith("3 was changed")


@pytest.mark.stores("sqlite")  # PostgreSQL takes no such bytes for text
def test_what_cannot_be_read_as_text_is_named(written: World) -> None:
    database = written.context.database
    change = "UPDATE audit SET act = CAST(x'ff41' AS TEXT), case_tag = 'text' WHERE n = 4"
    assert str(tampered(database, (change, {}))).startswith("4 was changed")


def test_a_forged_row_with_a_right_digest_is_named(written: World) -> None:
    """Whoever can compute digests inserts a row; the one after it tells."""
    database = written.context.database
    with database.read() as tx:
        rows = list(audit_log.rows(tx))
    forged = following(Deed(OPERATOR, written.day, Audited.ENTRY_KEPT), Head(2, rows[1].digest))
    moved: tuple[str, dict[str, Any]] = ("UPDATE audit SET n = n + 100 WHERE n > 2", {})
    back: tuple[str, dict[str, Any]] = ("UPDATE audit SET n = n - 99 WHERE n > 100", {})
    names = ", ".join(Row._fields)
    given_values = ", ".join(f":{name}" for name in Row._fields)
    insert = f"INSERT INTO audit ({names}) VALUES ({given_values})"  # noqa: S608 (ours)
    found = tampered(database, moved, back, (insert, forged._asdict()))
    assert str(found).startswith("3 was inserted")


def test_a_rewritten_end_is_found_by_a_head_that_was_kept(written: World) -> None:
    context = written.context
    kept = auditing.head(context)
    with context.database.write() as tx:
        rows = list(audit_log.rows(tx))
        tx.execute(sa.delete(audit).where(audit.c.n >= 4))
        back = {"head_n": 3, "head_digest": rows[2].digest}
        tx.execute(sa.update(audit_chain).values(back))
    assert auditing.verify(context).fault is None  # all that the store itself can say
    cut = auditing.verify(context, kept).fault
    assert cut is not None
    assert (cut.n, "cut off" in cut.says) == (4, True)
    for _ in range(3):
        second_try.request(context, written.day)
    rewritten = auditing.verify(context, kept).fault
    assert rewritten is not None
    assert (rewritten.n, "given head" in rewritten.says) == (5, True)


APPENDS = """
import sys
from datetime import date
from service.settings import Settings
from service.workflows import second_try, store_context
from pathlib import Path
context = store_context.create(
    Settings(state=Path(sys.argv[1]), database_url=sys.argv[2], secret="5e" * 32))
for _ in range(40):
    second_try.request(context, date(2026, 11, 21))
"""


def test_two_processes_that_append_keep_one_chain(
    world: World, settings: Settings, open_context: Callable[[], Any]
) -> None:
    del open_context
    command = [sys.executable, "-c", APPENDS, str(settings.state), settings.database_url]
    running = [subprocess.Popen(command, env=os.environ) for _ in range(2)]
    assert [one.wait(60) for one in running] == [0, 0]
    assert auditing.verify(world.context)[:2] == (None, 80)
