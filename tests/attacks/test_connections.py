"""Connections that are kept, and requests that never end."""

from __future__ import annotations

import json
import socket
import sqlite3
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import pytest

from service.edge import work_threads
from tests.attacks.target import MIB, Target, head

pytestmark = pytest.mark.enable_socket


def entry(seed: int) -> dict[str, object]:
    return {"kind": "picture", "signals": [{"type": "md5", "value": f"{seed:032x}"}]}


def submission(seed: int, **more: object) -> dict[str, object]:
    return {
        "version": 1,
        "access_key": f"{seed:064x}",
        "eligibility": {"subject": "self", "adults": True, "intimate": True},
        "entries": [entry(seed)],
        **more,
    }


def sent_as_far_as_it_goes(opened: socket.socket, data: bytes) -> None:
    """Send until nobody takes more."""
    opened.settimeout(1)
    sent = 0
    try:
        while sent < len(data):
            sent += opened.send(data[sent : sent + 2**18])
    except OSError:
        pass


def test_silent_connections_give_way(target: Target) -> None:
    """Before: 500 of them, and everybody else got 503 for as long as they liked."""
    with target.connections(520):
        assert target.is_alive()
        assert target.lookup() == 200
    with target.connections(520) as begun:
        for each in begun[-500:]:
            each.sendall(b"POST /v1/cases HTTP/1.1\r\nHost: x\r\nX-")
        assert target.is_alive()
        assert target.lookup() == 200
    with target.connections(520) as begun:
        for each in begun[-500:]:
            each.sendall(head("/v1/cases", 100) + b"{")
        assert target.is_alive()
        assert target.lookup() == 200


def test_bodies_one_byte_short_keep_little_and_nobody_out(target: Target) -> None:
    """Before: 100 of them kept 2 GB."""
    body = b" " * (4 * MIB - 1)
    with target.memory_watched() as grown, target.connections(60) as begun:
        with ThreadPoolExecutor(60) as pool:
            for each in begun:
                each.sendall(head("/v1/cases", 4 * MIB))
                pool.submit(sent_as_far_as_it_goes, each, body)
        assert target.is_alive()
        assert target.lookup() == 200
        assert target.service.ask("POST", "/v1/cases", submission(1))[0] == 201
        large = submission(2, note="n")
        padded = json.dumps(large).encode() + b" " * MIB
        assert target.post("/v1/cases", padded)[0] in {201, 503}
    assert grown[0] < 128


def test_whoever_waits_for_the_store_keeps_no_lookup_waiting(target: Target) -> None:
    """Before: 40 submissions had every thread, and `/healthz` was answered after them."""
    file = target.service.state / "takeback.db"
    with closing(sqlite3.connect(file, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with ThreadPoolExecutor(45) as pool:
            posted = [
                pool.submit(target.service.ask, "POST", "/v1/cases", submission(100 + n))
                for n in range(45)
            ]
            while sum(one.running() for one in posted) < work_threads.OPENING + 1:
                assert target.is_alive()
            for _ in range(5):
                assert target.is_alive()
                assert target.lookup() == 200
            assert not any(one.done() for one in posted)
            other.execute("ROLLBACK")
            assert {one.result()[0] for one in posted} == {201}


def test_requests_that_never_end_keep_no_process_alive(own_target: Target) -> None:
    """Before: one half-sent body kept it alive for more than 40 s."""
    begun = (b"", b"POST /v1/ca", head("/v1/cases", 100) + b"{")
    with own_target.connections(len(begun)) as opened:
        for each, sent in zip(opened, begun, strict=True):
            each.sendall(sent)
        assert own_target.is_alive()
        own_target.process.terminate()
        assert own_target.service.ended(5)
    assert '"says": "ended"' in own_target.service.log


def test_guessing_is_slowed_down_and_keeps_no_owner_out(target: Target) -> None:
    """Before: 131 a second on one connection, without end; then, who shared its address was out.

    Whoever lives with her guessed 21 times a minute, and she could neither read, withdraw nor undo.
    """
    number = target.service.ask("POST", "/v1/cases", submission(7))[1]["case_number"]
    attacker = "X-Forwarded-For: 203.0.113.1"
    statuses = [
        target.post("/v1/case/undo", b"", f"Authorization: Case {number}:{n:064x}", attacker)[0]
        for n in range(100, 140)
    ]
    assert statuses[:20] == [401] * 20
    assert statuses.count(429) >= 15
    right = f"Case {number}:{7:064x}"
    assert target.service.ask("GET", "/v1/case", None, right)[0] == 200
    for source in (attacker, "X-Forwarded-For: 203.0.113.2"):
        undone = target.post("/v1/case/undo", b"", f"Authorization: {right}", source)
        assert undone[0] == 200
    assert "203.0.113" not in target.service.log
