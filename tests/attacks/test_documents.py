"""Documents that are made to cost much."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.attacks.target import Target, answer, head

pytestmark = pytest.mark.enable_socket
MIB = 2**20


def opened(entries: bytes) -> bytes:
    eligibility = b'{"subject":"self","adults":true,"intimate":true}'
    start = b'{"version":1,"access_key":"' + b"ab" * 32 + b'","eligibility":' + eligibility
    return start + b',"entries":[' + entries + b"]}"


def test_a_document_of_nothing_but_faults_is_read_up_to_the_first(target: Target) -> None:
    """Before: 300,000 errors, 3 s of CPU, all on the event loop."""
    video = b'{"kind":"video","signals":[],"frames":[' + b",".join([b"{}"] * 1200) + b"]}"
    before = target.cpu
    with target.memory_watched() as grown:
        status, problem = target.post("/v1/cases", opened(b",".join([video] * 50)))
    assert status == 422
    assert {fault.partition(":")[0].rpartition(".")[0] for fault in problem["faults"]} == {
        "body.entries.0.frames.0"
    }
    assert target.cpu - before < 1
    assert grown[0] < 64


def test_a_document_of_unknown_names_is_not_read_far(target: Target) -> None:
    """Before: 13 MB took 29.5 s and 2.7 GB."""
    names = b",".join(b'"n%d":1' % n for n in range(150_000))
    before = target.cpu
    with target.memory_watched() as grown:
        assert target.post("/v1/cases", b"{" + names + b"}")[0] == 422
        more = b",".join(b'"n%d":1' % n for n in range(300_000))
        assert target.post("/v1/cases", b"{" + more + b"}")[0] == 413
    assert target.cpu - before < 1.5
    assert grown[0] < 150


def test_large_bodies_at_once_take_no_more_memory_than_there_is(target: Target) -> None:
    """Before: four of 15 MB took 3.8 GB, and two were not answered after 400 s."""
    frame = {"at_ms": 0, "until_ms": 1, "type": "pdq", "value": "0f" * 32, "quality": 0}
    video = json.dumps({"kind": "video", "signals": [], "frames": [frame] * 1200}).encode()
    body = opened(b",".join([video] * 16))
    assert len(body) > 2.4 * MIB
    with target.memory_watched() as grown, ThreadPoolExecutor(8) as pool:
        posted = [pool.submit(target.post, "/v1/cases", body) for _ in range(8)]
        while not all(one.done() for one in posted):
            assert target.is_alive()
            assert target.lookup() == 200
    assert {one.result()[0] for one in posted} <= {422, 503}
    assert grown[0] < 512


def test_without_a_key_no_body_is_read(target: Target) -> None:
    """Before: 15 MB were read and parsed for 3.3 s, then answered with 401."""
    for path in ("/v1/lookup", "/v1/observations", "/v1/feedback", "/v1/case/entries"):
        with target.connect() as begun:
            begun.sendall(head(path, 8 * MIB))
            assert answer(begun)[0] == 401
    with target.connect() as begun:
        begun.sendall(head("/v1/cases", 5 * MIB))
        assert answer(begun)[0] == 413
