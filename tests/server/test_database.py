from __future__ import annotations

import json
import shutil
import sqlite3
import stat
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from fastapi.testclient import TestClient

from service.domain.errors import NotReady
from service.settings import InvalidSetting
from service.store import database as database_module
from service.store.database import Database, Tx
from service.store.schema import cases, entries, excluded_signals, metadata, progress, signals

if TYPE_CHECKING:
    from tests.server.conftest import Wire, World

pytestmark = pytest.mark.stores("sqlite", "postgresql")


def tables(database: Database) -> set[str]:
    return set(sa.inspect(database.engine).get_table_names())


def test_migrations_go_up_and_down_and_up_again(empty_url: str) -> None:
    database = Database(empty_url)
    assert not database.is_current()
    for _ in range(2):
        database.migrate()
        assert database.is_current()
        assert tables(database) == {*metadata.tables, "alembic_version"}
        database.migrate()
        database.downgrade("base")
        assert not database.is_current()
        assert tables(database) == {"alembic_version"}
    database.close()


def test_a_store_without_windows_forgets_them_and_keeps_the_rest(database: Database) -> None:
    row = {"type": "pdq", "value": b"v" * 32, "added_on": date(2026, 1, 1)}
    rows = [row, {**row, "value": b"w" * 32, "window": "centre-50"}]
    with database.write() as tx:
        tx.execute(sa.insert(excluded_signals).values([{"window": None, **one} for one in rows]))
    database.downgrade("0002")
    with database.engine.connect() as connection:
        columns = {one["name"] for one in sa.inspect(connection).get_columns("excluded_signals")}
        left = connection.exec_driver_sql("SELECT value FROM excluded_signals").scalars().all()
    assert "window" not in columns
    assert [bytes(value) for value in left] == [b"v" * 32]
    database.migrate()
    with database.read() as tx:
        assert tx.scalars(sa.select(excluded_signals.c.window)).all() == [None]


def test_a_store_without_undo_makes_every_withdrawal_final(database: Database) -> None:
    day = date(2026, 1, 1)
    case = {"subject": "self", "document_hash": b"d" * 32, "opened_on": day, "note": b"n"}
    entry = {"kind": "picture", "reviewed": False, "added_on": day, "reason": "disputed"}
    with database.write() as tx:
        for n, (status, erase_on) in enumerate([("withdrawing", day), ("quarantined", None)], 1):
            known = {"id": n, "number": str(n), "access_hash": bytes([n]) * 32}
            closed = {"withdrawn_on": erase_on, "erase_on": erase_on}
            tx.execute(sa.insert(cases).values({**case, **known, **closed}))
            undo = {"status": status, "undo_to": "active" if erase_on else None}
            of_case = {"case_id": n, "n": 1, "document_hash": bytes([n]) * 32, "id": n}
            tx.execute(sa.insert(entries).values({**entry, **of_case, **undo}))
            signal = {"type": "pdq", "value": bytes([n]) * 32, "entry_id": n}
            tx.execute(sa.insert(signals).values(signal))
    database.downgrade("0003")
    with database.engine.connect() as connection:
        columns = {one["name"] for one in sa.inspect(connection).get_columns("entries")}
        query = "SELECT status, reason, document_hash IS NULL FROM entries ORDER BY id"
        left = [tuple(row) for row in connection.exec_driver_sql(query)]
        stored = connection.exec_driver_sql("SELECT entry_id FROM signals").scalars().all()
        query = "SELECT note IS NULL, withdrawn_on IS NULL FROM cases ORDER BY id"
        notes = [tuple(map(bool, row)) for row in connection.exec_driver_sql(query)]
    assert not columns & {"undo_to", "erase_on"}
    assert left == [("withdrawn", None, True), ("quarantined", "disputed", False)]
    assert stored == [2]
    assert notes == [(True, False), (False, True)]
    database.migrate()
    with database.read() as tx:
        assert tx.scalars(sa.select(entries.c.undo_to)).all() == [None, None]


def test_the_migrated_tables_are_those_of_the_schema(database: Database) -> None:
    with database.engine.connect() as connection:
        options = {"compare_type": True, "compare_server_default": True}
        found = compare_metadata(MigrationContext.configure(connection, opts=options), metadata)
    assert found == []


@pytest.mark.stores("sqlite")  # a sequence of PostgreSQL never goes back
def test_ids_that_others_keep_in_hand_are_never_used_twice(database: Database) -> None:
    """An index knows a signal by its id alone; a match reference is made of an actor's; a worker
    sends to a channel that may be replaced meanwhile; the audit names members by them;
    folders are named by items of evidence."""
    with database.read() as tx:
        query = "SELECT name FROM sqlite_master WHERE sql LIKE '%AUTOINCREMENT%'"
        named = set(tx.exec_driver_sql(query).scalars())
    of_signals = {"signals", "excluded_signals", "observed_signals"}
    of_members = {"organisations", "members", "passkeys", "sessions"}
    of_alerts, of_desk = {"channels", "deliveries"}, {"grants", "intake_links", "case_notes"}
    of_evidence = {"evidence_items", "evidence_discards"}
    of_others = {"changes", "actors", "visits"}
    assert named == {*of_signals, *of_members, *of_alerts, *of_desk, *of_evidence, *of_others}


def test_sqlite_keeps_its_promises(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path / 'new' / 'takeback.db'}")
    promised = {
        "journal_mode": "wal",
        "synchronous": 2,
        "foreign_keys": 1,
        "secure_delete": 1,
        "trusted_schema": 0,
        "busy_timeout": database_module.BUSY_MS,
    }
    with database.read() as tx:
        found = {name: tx.exec_driver_sql(f"PRAGMA {name}").scalar() for name in promised}
    assert found == promised
    assert stat.S_IMODE((tmp_path / "new").stat().st_mode) == 0o700
    database.close()


def test_a_write_that_fails_leaves_nothing(database: Database) -> None:
    row = sa.insert(progress).values(name="x", position=1)
    with pytest.raises(sa.exc.IntegrityError), database.write() as tx:
        _twice(tx, row)
    with database.read() as tx:
        assert tx.execute(sa.select(progress)).all() == []


def _twice(tx: Tx, statement: sa.Insert) -> None:
    tx.execute(statement)
    tx.execute(statement)


def test_a_read_sees_one_state_and_changes_nothing(database: Database) -> None:
    query = sa.select(sa.func.count()).select_from(progress)
    with database.read() as before:
        assert before.scalar(query) == 0
        with database.write() as tx:
            tx.execute(sa.insert(progress).values(name="x", position=1))
        assert before.scalar(query) == 0
    with database.read() as after:
        assert after.scalar(query) == 1


@pytest.mark.stores("postgresql")  # SQLite has no such transaction
def test_postgresql_refuses_a_write_where_one_reads(database: Database) -> None:
    with pytest.raises(sa.exc.InternalError), database.read() as tx:
        tx.execute(sa.insert(progress).values(name="x", position=1))


def test_a_broken_rule_is_not_taken_for_a_store_out_of_reach(database: Database) -> None:
    with pytest.raises(sa.exc.IntegrityError), database.write() as tx:
        tx.execute(sa.insert(progress).values(name=None, position=1))


def test_a_store_out_of_reach_is_not_ready(tmp_path: Path) -> None:
    for url in (
        f"postgresql+psycopg://x@/x?host={tmp_path}",
        f"sqlite:///{tmp_path / 'made' / 'takeback.db'}",
    ):
        database = Database(url)
        shutil.rmtree(tmp_path / "made", ignore_errors=True)
        for asked in (database.is_current, database.migrate, lambda: database.downgrade("base")):  # noqa: B023 (used here)
            with pytest.raises(NotReady):
                asked()
        with pytest.raises(NotReady), database.write():
            raise AssertionError
        database.close()


def test_a_store_with_no_connection_left_is_not_ready(database: Database) -> None:
    database.engine.pool._timeout = 0.01  # type: ignore[attr-defined]  # noqa: SLF001 (30 s otherwise)
    taken = [database.engine.connect() for _ in range(15)]
    with pytest.raises(NotReady), database.read():
        raise AssertionError
    for connection in taken:
        connection.close()


@pytest.mark.stores("sqlite")  # PostgreSQL waits as long as it takes
def test_a_writer_waits_for_another(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """And gives up in words that we know."""
    monkeypatch.setattr(database_module, "BUSY_MS", 10)
    with database.write() as tx:
        tx.execute(sa.insert(progress).values(name="x", position=1))
        with pytest.raises(NotReady), database.write():
            raise AssertionError


@pytest.mark.parametrize(
    "address",
    ["postgresql", "mysql://u:hunter2@h/n", "nosql://u:hunter2@h/n", "u:hunter2@h", "://"],
)
def test_an_address_that_cannot_be_used_is_refused_and_not_repeated(address: str) -> None:
    with pytest.raises(InvalidSetting, match="TAKEBACK_DATABASE_URL") as raised:
        Database(address)
    assert "hunter2" not in str(raised.value)


@pytest.mark.stores("sqlite")
def test_a_full_disk_is_told_as_one_and_what_is_there_is_read(
    api: TestClient, served: World, wire: Wire, caplog: pytest.LogCaptureFixture
) -> None:
    """SQLite says the same of a full disk and of a file that may not grow."""
    engine = served.context.database.engine
    engine.dispose()

    def grow_no_further(connection: sqlite3.Connection, _record: object) -> None:
        connection.execute("PRAGMA max_page_count=1")  # as many as there are

    video = served.video([served.value() for _ in range(1200)])
    key = served.value().hex()
    before = api.post("/v1/cases", json=wire.submission(served.picture(), key=key)).json()
    engine.dispose()
    sa.event.listen(engine, "connect", grow_no_further)
    answer = api.post("/v1/cases", json=wire.submission(video))
    assert (answer.status_code, answer.json()["type"]) == (507, "takeback:problem:store-full")
    assert "nothing is lost on your device" in answer.json()["detail"].lower()
    assert [record.message for record in caplog.records if record.levelname == "ERROR"] == [
        "store full"
    ]
    assert api.post("/v1/cases", json=wire.submission(video)).status_code == 507  # no second line
    assert caplog.text.count("store full") == 1
    sent = b"document=" + json.dumps(wire.submission(video)).encode() + b"\r\n"
    page = api.post("/en/sent", content=sent, headers={"Content-Type": "text/plain"})
    assert (page.status_code, "We cannot accept this right now." in page.text) == (507, True)
    owner = {"Authorization": f"Case {before['case_number']}:{key}"}
    assert api.get("/v1/case", headers=owner).status_code == 200
    assert 'status="507"' in api.get("/metrics").text
