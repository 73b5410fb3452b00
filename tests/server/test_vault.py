"""Evidence that owners keep: what came is there, what is removed is gone, and the chain says so."""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import sqlalchemy as sa
from fastapi.testclient import TestClient

from hashing.evidence import chain
from service import evidence_folder, limits
from service.domain.evidence import MAX_CHUNK
from service.edge import dependencies
from service.edge.budgets import Budgets
from service.settings import Settings
from service.store import vaults
from service.store.evidence_schema import (
    evidence_chain,
    evidence_chunks,
    evidence_discards,
    evidence_items,
    evidence_stamps,
    stamps_due,
)
from service.store.evidence_schema import vaults as vaults_table
from service.workflows import discarding, evidence_pruning, retention
from service.workflows.context import Context
from tests.server import listening
from tests.server.full_disk import files_of_at_most
from tests.server.vault_world import Keeper, SealedFile, files_in, new_id, sealed_record

if TYPE_CHECKING:
    from tests.server.conftest import Wire, World

TABLES = (
    vaults_table,
    evidence_items,
    evidence_chunks,
    evidence_chain,
    evidence_stamps,
    stamps_due,
    evidence_discards,
)


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return replace(
        settings,
        max_body_bytes=2**21,
        evidence_case_mib=8,
        evidence_total_mib=16,
        evidence_free_mib=0,
    )


@pytest.fixture
def keeper(api: TestClient, served: World, wire: Wire) -> Callable[[], Keeper]:
    app: Any = api.app
    app.dependency_overrides[dependencies.clock] = lambda: listening.clock(served.day)
    numbers = iter(range(1, 100))

    def another() -> Keeper:
        key = next(numbers).to_bytes(32).hex()
        document = wire.submission(served.picture(), key=key)
        number = api.post("/v1/cases", json=document).json()["case_number"]
        return Keeper(api, {"Authorization": f"Case {number}:{key}"}, number)

    return another


def context_of(api: TestClient) -> Context:
    app: Any = api.app
    context: Context = app.state.context
    return context


def folder_of(api: TestClient) -> Path:
    return context_of(api).settings.evidence


def rows(api: TestClient) -> int:
    with context_of(api).database.read() as tx:
        return sum(tx.scalar(sa.select(sa.func.count()).select_from(one)) or 0 for one in TABLES)


@pytest.mark.stores("sqlite", "postgresql")
def test_what_is_kept_comes_back_and_the_chain_is_the_one_that_a_device_checks(
    api: TestClient, keeper: Callable[[], Keeper]
) -> None:
    owner, record_id, sealed = keeper(), new_id(), sealed_record(3)
    one = SealedFile.of(16, 2)
    first = owner.put(f"/records/{record_id}", sealed)
    assert first.status_code == 200, first.text
    assert owner.put(f"/records/{record_id}", sealed).json() == first.json()
    assert owner.put(f"/records/{record_id}", sealed_record(3)).status_code == 409
    assert owner.announce(one).json()["received"] == []
    assert owner.send(one, 1).status_code == 200
    assert "Chunk 0" in owner.complete(one).json()["detail"]
    other = SealedFile(one.id, [os.urandom(MAX_CHUNK), one.chunks[1]])
    assert owner.send(one, 0).json() == owner.send(one, 0).json() == {"n": 0}
    assert owner.send(other, 0).status_code == 409
    assert owner.announce(one).json()["received"] == [[0, 1]]
    assert owner.complete(one, "ab" * 32).status_code == 422
    whole = owner.complete(one)
    assert whole.json() == owner.complete(one).json()
    assert owner.complete(one, "ab" * 32).status_code == 409
    assert owner.ask("GET", f"/records/{record_id}").content == sealed
    for n, chunk in enumerate(one.chunks):
        assert owner.ask("GET", f"/files/{one.id}/chunks/{n}").content == chunk
    links = owner.links()
    assert not list(chain.faults(owner.number, links))
    said = [(each.entry.act, each.entry.id, each.entry.digest) for each in links]
    digest = hashlib.sha256(sealed).hexdigest()
    assert said == [("record", record_id, digest), ("file", one.id, one.root)]
    assert links[-1].value.hex() == whole.json()["link"]
    shown = owner.shown()
    assert (shown["bytes"], shown["records"], shown["files"]) == (len(sealed) + one.size, 1, 1)
    assert (shown["case_number"], shown["unfinished"]) == (owner.number, [])
    assert len(files_in(folder_of(api))) == 3


def test_what_is_removed_is_gone_from_the_disk_at_once_and_its_links_stay(
    api: TestClient, keeper: Callable[[], Keeper]
) -> None:
    owner, record_id, one, half = keeper(), new_id(), SealedFile.of(16, 1), SealedFile.of(16, 16)
    sealed = sealed_record()
    owner.put(f"/records/{record_id}", sealed)
    owner.keep(one)
    owner.announce(half)
    owner.send(half, 0)
    assert owner.ask("DELETE", f"/files/{half.id}").json() == {"removed": None}
    removed = owner.ask("DELETE", f"/records/{record_id}").json()["removed"]
    assert owner.ask("DELETE", f"/records/{record_id}").json()["removed"] == removed
    assert owner.ask("DELETE", f"/files/{one.id}").status_code == 200
    assert not files_in(folder_of(api))
    assert owner.ask("GET", f"/records/{record_id}").status_code == 410
    assert owner.ask("GET", f"/files/{one.id}/chunks/0").status_code == 410
    assert owner.put(f"/records/{record_id}", sealed).status_code == 409
    assert owner.announce(one).status_code == 409
    assert owner.announce(half).status_code == 200
    links = owner.links()
    assert not list(chain.faults(owner.number, links))
    assert [each.entry.act for each in links] == ["record", "file", "removed", "removed"]
    assert links[2].entry.digest == hashlib.sha256(sealed).hexdigest()
    shown = owner.shown()
    assert (shown["bytes"], shown["records"], shown["files"]) == (half.size, 0, 1)


@pytest.mark.stores("sqlite", "postgresql")
def test_two_devices_at_once_make_one_chain_without_a_gap(
    keeper: Callable[[], Keeper],
) -> None:
    owner, same = keeper(), (new_id(), sealed_record())

    def device(_: int) -> None:
        for _ in range(5):
            assert owner.put(f"/records/{new_id()}", sealed_record()).status_code == 200
        assert owner.put(f"/records/{same[0]}", same[1]).status_code == 200

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(device, range(4)))
    links = owner.links()
    assert len(links) == 21
    assert not list(chain.faults(owner.number, links))
    assert owner.shown()["records"] == 21


def test_a_chain_of_many_entries_is_read_in_pages(
    keeper: Callable[[], Keeper], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "EVIDENCE_PAGE", 2)
    owner = keeper()
    for _ in range(5):
        owner.put(f"/records/{new_id()}", sealed_record())
    assert [one["sequence"] for one in owner.ask("GET", "?after=3").json()["entries"]] == [4, 5]
    assert not list(chain.faults(owner.number, owner.links()))


def test_what_does_not_fit_is_refused_with_what_to_do_and_nothing_is_written(
    api: TestClient, keeper: Callable[[], Keeper], monkeypatch: pytest.MonkeyPatch
) -> None:
    owner = keeper()
    for sealed in (b"", sealed_record()[:-1], sealed_record() + b"x", sealed_record(65)):
        assert owner.put(f"/records/{new_id()}", sealed).status_code in {413, 422}
    one, wrong = SealedFile.of(16, 4), SealedFile.of(16, 16)
    for size, chunks in ((one.size + 1, 2), (one.size, 1), (one.size, 3), (16, 1), (2**40, 2)):
        assert owner.announce(one, size=size, chunks=chunks).status_code == 422
    assert owner.send(one, 0).status_code == 404
    owner.announce(one)
    assert owner.put(f"/files/{one.id}/chunks/1", wrong.chunks[1]).status_code == 422
    assert owner.put(f"/files/{one.id}/chunks/2", one.chunks[1]).status_code == 404
    assert owner.put(f"/files/{one.id}/chunks/0", b"x" * (MAX_CHUNK + 1)).status_code == 413
    large = SealedFile.of(*[16] * 7)
    full = owner.announce(large)
    assert (full.status_code, full.json()["type"]) == (422, "takeback:problem:evidence-full")
    assert "may keep 8 MiB of evidence, and has 6 left" in full.json()["detail"]
    monkeypatch.setattr(limits, "EVIDENCE_RECORDS", 1)
    owner.put(f"/records/{new_id()}", sealed_record())
    assert owner.put(f"/records/{new_id()}", sealed_record()).status_code == 422
    assert len(files_in(folder_of(api))) == 1


def test_a_full_disk_is_told_as_one_and_loses_nothing(
    api: TestClient, keeper: Callable[[], Keeper]
) -> None:
    owner, kept, coming = keeper(), SealedFile.of(16, 1), SealedFile.of(16, 1)
    owner.keep(kept)
    owner.announce(coming)
    with files_of_at_most(700_000):
        full = owner.send(coming, 0)
        assert (full.status_code, full.json()["type"]) == (507, "takeback:problem:no-room")
        assert owner.send(coming, 1).status_code == 200
    assert owner.ask("GET", f"/files/{kept.id}/chunks/0").content == kept.chunks[0]
    assert len(files_in(folder_of(api))) == 3
    assert owner.send(coming, 0).status_code == 200
    assert owner.complete(coming).status_code == 200
    context = context_of(api)
    context.settings = replace(context.settings, evidence_free_mib=10**9)
    assert owner.put(f"/records/{new_id()}", sealed_record()).status_code == 507
    context.settings = replace(context.settings, evidence_free_mib=0, evidence_total_mib=2)
    assert owner.put(f"/records/{new_id()}", sealed_record()).status_code == 507


def test_evidence_that_comes_and_goes_is_counted_for_its_source_and_its_case(
    api: TestClient, keeper: Callable[[], Keeper], monkeypatch: pytest.MonkeyPatch
) -> None:
    owner, one = keeper(), SealedFile.of(16, 1)
    app: Any = api.app
    monkeypatch.setattr(limits, "EVIDENCE_READ_PER_DAY", 100_000)
    small = replace(context_of(api).settings, evidence_day_mib=1)
    app.state.budgets = Budgets(small, lambda _: None)
    owner.announce(one)
    assert owner.send(one, 1).status_code == 200
    late = owner.send(one, 0)
    assert (late.status_code, int(late.headers["Retry-After"]) > 60) == (429, True)
    assert "What came is kept" in late.json()["detail"]
    assert owner.ask("GET", f"/files/{one.id}/chunks/1").status_code == 200
    assert owner.ask("GET", f"/files/{one.id}/chunks/1").status_code == 429


def test_once_somebody_may_be_under_18_no_file_is_taken_and_it_is_said_who_helps(
    api: TestClient, keeper: Callable[[], Keeper]
) -> None:
    owner, before, half, late = keeper(), *(SealedFile.of(1) for _ in range(3))
    owner.keep(before)
    assert owner.shown()["takes_files"] is True
    owner.announce(half)
    owner.send(half, 0)
    refused = owner.announce(late, shows_minor=True)
    assert refused.status_code == 422
    assert refused.json()["type"] == "takeback:problem:not-eligible"
    for name in ("NCMEC Take It Down", "Internet Watch Foundation", "Report Remove"):
        assert name in refused.json()["detail"]
    assert owner.announce(late).status_code == 422
    assert owner.send(half, 0).status_code == 404
    assert owner.shown()["takes_files"] is False
    assert owner.put(f"/records/{new_id()}", sealed_record()).status_code == 200
    assert len(files_in(folder_of(api))) == 2
    other = keeper()
    assert other.ask("POST", "/under-18").json() == {"takes_files": False}
    assert other.announce(SealedFile.of(1)).status_code == 422


@pytest.mark.stores("sqlite", "postgresql")
def test_erasing_the_case_erases_all_of_it_and_a_withdrawal_does_so_when_it_is_final(
    api: TestClient, served: World, keeper: Callable[[], Keeper]
) -> None:
    owner, other, one = keeper(), keeper(), SealedFile.of(16, 1)
    for each in (owner, other):
        each.keep(one)
        each.put(f"/records/{new_id()}", sealed_record())
    assert api.delete("/v1/case?erase=now", headers=owner.headers).status_code == 200
    assert len(files_in(folder_of(api))) == 3
    api.delete("/v1/case", headers=other.headers)
    assert other.put(f"/records/{new_id()}", sealed_record()).status_code == 410
    assert other.ask("GET", f"/files/{one.id}/chunks/0").content == one.chunks[0]
    retention.erase_withdrawn(context_of(api), served.day + timedelta(days=2))
    assert len(files_in(folder_of(api))) == 3
    retention.erase_withdrawn(context_of(api), served.day + timedelta(days=9))
    assert not files_in(folder_of(api))
    assert rows(api) == 0


def test_a_file_that_does_not_come_whole_in_a_week_is_forgotten(
    api: TestClient, served: World, keeper: Callable[[], Keeper]
) -> None:
    owner, half, whole = keeper(), SealedFile.of(16, 1), SealedFile.of(1)
    owner.keep(whole)
    owner.announce(half)
    owner.send(half, 0)
    shown = owner.shown()["unfinished"]
    until = served.day + timedelta(days=8)
    assert shown == [
        {"id": half.id, "size": half.size, "received": MAX_CHUNK, "until_on": str(until)}
    ]
    assert evidence_pruning.forget_unfinished(context_of(api), until - timedelta(days=1)) == 0
    assert evidence_pruning.forget_unfinished(context_of(api), until) == 1
    assert owner.shown()["unfinished"] == []
    assert owner.shown()["bytes"] == whole.size
    assert len(files_in(folder_of(api))) == 1
    owner.keep(half)


def test_what_an_interrupted_removal_or_upload_left_is_swept_and_nothing_else(
    api: TestClient,
    served: World,
    keeper: Callable[[], Keeper],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    owner, kept, coming, gone = keeper(), SealedFile.of(1), SealedFile.of(16, 1), SealedFile.of(1)
    context, folder = context_of(api), folder_of(api)
    for each in (kept, gone):
        owner.keep(each)
    owner.announce(coming)
    owner.send(coming, 1)
    with monkeypatch.context() as killed:
        killed.setattr(discarding, "remove_noted", lambda _: 0)
        owner.ask("DELETE", f"/files/{gone.id}")
    assert len(files_in(folder)) == 3
    assert discarding.remove_noted(context) == 1
    assert discarding.remove_noted(context) == 0
    before = files_in(folder)
    assert len(before) == 2
    with context.database.read() as tx:
        (name,) = (one.folder for one in tx.execute(sa.select(vaults_table.c.folder)))
    place = folder / name[:2] / name
    old = time.time() - evidence_folder.SETTLED_SECONDS - 1
    left = [place / new_id() / f"0.{'ab' * 32}", before[0].with_name(f"5.{'cd' * 32}.x.part")]
    left += [before[0].parent / f"7.{'ef' * 32}", folder / "ff" / ("ff" * 16) / new_id() / "0"]
    for each in left:
        each.parent.mkdir(parents=True, exist_ok=True)
        each.write_bytes(b"left")
    new = before[0].with_name(f"8.{'ab' * 32}")
    new.write_bytes(b"just written by another process")
    for each in (*left, *before):
        os.utime(each, (old, old))
    for _ in range(evidence_folder.PREFIXES):
        evidence_pruning.sweep(context, served.day)
    assert files_in(folder) == sorted([*before, new])
    assert owner.send(coming, 0).status_code == 200
    assert owner.complete(coming).status_code == 200


def test_a_late_removal_does_not_hit_the_file_that_has_come_again(
    api: TestClient, keeper: Callable[[], Keeper], monkeypatch: pytest.MonkeyPatch
) -> None:
    owner, one, context = keeper(), SealedFile.of(16, 1), context_of(api)
    owner.announce(one)
    owner.send(one, 0)
    with monkeypatch.context() as killed:
        killed.setattr(discarding, "remove_noted", lambda _: 0)
        owner.ask("DELETE", f"/files/{one.id}")
    owner.keep(one)
    assert discarding.remove_noted(context) == 1
    assert owner.ask("GET", f"/files/{one.id}/chunks/0").content == one.chunks[0]
    assert len(files_in(folder_of(api))) == 2


def test_a_chunk_that_was_swept_before_it_was_noted_is_asked_for_again(
    api: TestClient, keeper: Callable[[], Keeper], monkeypatch: pytest.MonkeyPatch
) -> None:
    owner, one = keeper(), SealedFile.of(1)
    owner.announce(one)
    folder = context_of(api).evidence
    write = folder.write

    def swept(path: Path, sealed: bytes, *, keep_free: int) -> None:
        write(path, sealed, keep_free=keep_free)
        path.unlink()

    with monkeypatch.context() as patch:
        patch.setattr(folder, "write", swept)
        assert owner.send(one, 0).status_code == 503
    assert owner.complete(one).status_code == 422
    assert owner.send(one, 0).status_code == 200
    assert owner.complete(one).status_code == 200


def test_the_clock_may_go_back_and_the_chain_does_not(
    api: TestClient, served: World, keeper: Callable[[], Keeper]
) -> None:
    owner, app = keeper(), api.app
    for second in (5000, 4000, 6000):
        app.dependency_overrides[dependencies.clock] = lambda at=second: listening.clock(  # type: ignore[attr-defined]
            served.day, at
        )
        owner.put(f"/records/{new_id()}", sealed_record())
    links = owner.links()
    assert not list(chain.faults(owner.number, links))
    assert [one.entry.at.hour * 3600 + one.entry.at.minute * 60 for one in links] == [
        4980,
        4980,
        6000,
    ]


def test_nobody_reads_or_removes_the_evidence_of_another_case(
    api: TestClient, keeper: Callable[[], Keeper]
) -> None:
    owner, other, one, record_id = keeper(), keeper(), SealedFile.of(1), new_id()
    owner.keep(one)
    owner.put(f"/records/{record_id}", sealed_record())
    for method, path in (
        ("GET", f"/records/{record_id}"),
        ("DELETE", f"/records/{record_id}"),
        ("GET", f"/files/{one.id}"),
        ("GET", f"/files/{one.id}/chunks/0"),
        ("DELETE", f"/files/{one.id}"),
    ):
        assert other.ask(method, path).status_code == 404
    assert other.send(one, 0).status_code == 404
    assert other.shown()["entries"] == []
    with context_of(api).database.read() as tx:
        assert vaults.total(tx) == one.size + len(sealed_record())
