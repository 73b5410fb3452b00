"""Secrets, signals, addresses and numbers reach no log, no metric, and no file in the clear."""

from __future__ import annotations

import re
import sqlite3
import time
import urllib.request
from contextlib import closing
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from demo.server import Service
    from tests.promises.conftest import Picture, Submission

ADDRESS = "https://planted.example/secret-address"
NOTE = "planted words of a note"
LABEL = bytes(range(256)) + b"a" * 12
"""In place of a sealed label."""


@pytest.mark.enable_socket
def test_what_is_planted_is_found_in_no_sink(
    server: Service, picture: Picture, submission: Submission
) -> None:
    server.start()
    key = f"Bearer {server.new_key('Example Videos')}"
    content = submission(77, note=NOTE)
    content["entries"][0]["sealed_label"] = label = LABEL.hex()
    pdq = content["entries"][0]["signals"][0]["value"]
    sha256 = content["entries"][0]["signals"][1]["value"]
    _, answer = server.ask("POST", "/v1/cases", content)
    number = answer["case_number"]
    credential = f"Case {number}:{content['access_key']}"
    _, found = server.ask("POST", "/v1/lookup", {"items": [picture(77)]}, key)
    assert label not in str(found)
    server.ask(
        "POST", "/v1/observations", {"observations": [{"address": ADDRESS, **picture(77)}]}, key
    )
    server.ask("GET", "/v1/case", credential=credential)
    for wrong in (f"Case {number}:{'0' * 64}", "Bearer nonsense", f"Case {ADDRESS}:{pdq}"):
        assert server.ask("GET", "/v1/case", credential=wrong)[0] == 401
    for spoiled in (
        {**content, pdq: ADDRESS},
        {**content, "note": [NOTE, pdq]},
        {**content, "entries": [{**content["entries"][0], "sealed_label": label + pdq}]},
        [pdq],
        {"version": pdq},
    ):
        status, problem = server.ask("POST", "/v1/cases", spoiled)
        assert status == 422
        assert not {one for one in (label, pdq, ADDRESS, NOTE, number) if one in str(problem)}
    assert server.ask("GET", f"/v1/case/{pdq}?address={ADDRESS}")[0] == 404
    told = _told(server, credential)
    with urllib.request.urlopen(server.address + "/metrics", timeout=10) as got:
        metrics = got.read().decode()
    server.stop()
    secret = key.removeprefix("Bearer ")
    planted = [label, pdq, sha256, content["access_key"], number, ADDRESS, "planted", NOTE, secret]
    planted += told
    log = server.log
    assert '"route": "/v1/lookup"' in log
    for sink in (log, metrics):
        assert not [one for one in planted if one in sink]
        assert not re.search(r"\b\d{1,3}(\.\d{1,3}){3}:\d+\b.*(GET|POST)", sink)
    stored = b"".join(path.read_bytes() for path in server.state.rglob("*") if path.is_file())
    in_the_clear = [content["access_key"], ADDRESS, NOTE, secret, secret.rpartition("_")[2]]
    in_the_clear += told
    for one in in_the_clear:
        assert one.encode() not in stored
    assert bytes.fromhex(content["access_key"]) not in stored


MAIL = "planted.somebody@mail.example"
WEBHOOK = "https://127.0.0.1:1/planted-webhook"


def _told(server: Service, credential: str) -> list[str]:
    """Set up each way to tell an owner, let sending fail; return what must not be found."""
    chosen = {"wording": "news", "language": "en", "read_by_others": False}
    zone = {"begin": 9, "end": 17, "zone": "Antarctica/Troll"}
    secrets = [MAIL, MAIL.partition("@")[0], WEBHOOK, "planted-webhook", "Antarctica/Troll"]
    for kind, address in (("mail", MAIL), ("webhook", WEBHOOK), ("feed", None)):
        channel = {"kind": kind, "address": address, "hours": zone, **chosen}
        status, shown = server.ask("POST", "/v1/case/alerts/channels", channel, credential)
        assert status == 200, shown
        secrets += [one for one in (shown["feed"], shown["secret"]) if one]
    token = secrets[-1].rpartition("/")[2]
    with urllib.request.urlopen(f"{server.address}/feed/{token}", timeout=10) as got:
        assert got.status == 200
    assert server.ask("GET", "/feed/planted-token")[0] == 404
    code = {"code": "planted-code"}
    assert server.ask("POST", "/v1/case/alerts/channels/mail/code", code, credential)[0] == 422
    with closing(sqlite3.connect(server.state / "takeback.db")) as store:
        tried = "SELECT count(*) FROM deliveries WHERE trouble IS NOT NULL"
        while store.execute(tried).fetchone() != (2,):
            time.sleep(0.05)
    return [*secrets, token]


@pytest.mark.enable_socket
def test_windows_and_views_are_in_no_log_metric_or_answer(
    server: Service,
    submission: Submission,
    with_windows: Picture,
    with_views: Picture,
    video_with_views: Picture,
) -> None:
    server.start()
    key = f"Bearer {server.new_key('Example')}"
    items = [with_views(61), video_with_views(62)]
    planted = _values([with_windows(61), *items])
    assert len(planted) >= 25
    said = [server.ask("POST", "/v1/cases", submission(61, entries=[with_windows(61)]))]
    said.append(server.ask("POST", "/v1/lookup", {"items": items}, key))
    assert [item["verdict"] for item in said[-1][1]["items"]] == ["match", "none"]
    seen = [{"address": ADDRESS, **item} for item in items]
    said.append(server.ask("POST", "/v1/observations", {"observations": seen}, key))
    spoiled = [{**item, "windows": with_windows(61)["windows"]} for item in items]
    views: list[dict[str, Any]] = [
        {"view": "Full"},
        {"values": []},
        {"values": ["zz", *planted]},
        {"more": planted},
    ]
    spoiled += [{**items[0], "views": [{**items[0]["views"][0], **view}]} for view in views]
    for item in spoiled:
        status, problem = server.ask("POST", "/v1/lookup", {"items": [item]}, key)
        assert status == 422
        said.append((status, problem))
    many = {**items[0], "views": [items[0]["views"][0]] * 64}
    status, problem = server.ask("POST", "/v1/lookup", {"items": [many] * 100}, key)
    assert (status, problem["type"]) == (413, "takeback:problem:too-large")
    with urllib.request.urlopen(server.address + "/metrics", timeout=10) as got:
        metrics = got.read().decode()
    server.stop()
    log = server.log
    assert '"route": "/v1/lookup"' in log
    for sink in (log, metrics, str(said), str(problem)):
        assert not [value for value in planted if value in sink]


@pytest.mark.enable_socket
def test_withdrawn_signals_are_gone_from_the_disk(
    server: Service, submission: Submission, with_windows: Picture
) -> None:
    server.start()
    content = submission(91, entries=[with_windows(91)])
    values = [bytes.fromhex(value) for value in _values(content["entries"])]
    assert len(values) == 4
    content["entries"][0]["sealed_label"] = LABEL.hex()
    _, answer = server.ask("POST", "/v1/cases", content)
    credential = f"Case {answer['case_number']}:{content['access_key']}"
    assert server.ask("DELETE", "/v1/case?erase=now", credential=credential)[0] == 200
    server.stop()
    with sqlite3.connect(server.state / "takeback.db") as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()
    stored = b"".join(path.read_bytes() for path in server.state.rglob("*") if path.is_file())
    assert b"withdrawn" in stored
    assert not [value for value in [*values, LABEL] if value in stored]


def _values(contents: list[dict[str, Any]]) -> list[str]:
    """Every value in some entries or items, once."""
    return sorted(set(re.findall(r"'([0-9a-f]{64})'", str(contents))))


@pytest.mark.enable_socket
def test_the_secret_is_readable_by_its_user_only(server: Service) -> None:
    server.command("migrate")
    assert (server.state / "secret").stat().st_mode & 0o777 == 0o600
