from __future__ import annotations

import json
import logging
import os
import re
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from demo import server
from service import server as listening
from service.__main__ import main
from service.domain.case import Concern, EntryStatus
from service.domain.sighting import Feedback, Verdict
from service.logs import JsonLines
from service.settings import VERSION
from service.store import deliveries, set_aside
from service.store.changes import Space
from service.store.database import Database
from service.store.set_aside import Subject
from service.workflows import reconcile, respond
from service.workflows.respond import Response
from tests.server.listening import listen

if TYPE_CHECKING:
    from tests.server.conftest import World

Run = Callable[..., tuple[int, str, str]]
EXCLUDED = "HELD (excluded), matches nothing"
LINE = {"kind": "picture", "signals": [{"type": "pdq", "value": "0f" * 32, "quality": 100}]}


@pytest.fixture(autouse=True)
def _own_logging() -> Iterator[None]:
    """`main` sets up the logging of its process; this one is not its own."""
    root, ours = logging.getLogger(), logging.getLogger("service")
    before = (root.handlers[:], root.level, ours.level)
    yield
    root.handlers[:] = before[0]
    root.setLevel(before[1])
    ours.setLevel(before[2])


@pytest.fixture
def run(
    url: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Run:
    """Run a command; return exit code, output and errors, without log lines."""
    monkeypatch.setenv("TAKEBACK_STATE", str(tmp_path))
    monkeypatch.setenv("TAKEBACK_SECRET", "5e" * 32)
    monkeypatch.setenv("TAKEBACK_DATABASE_URL", url)

    def command(*words: str) -> tuple[int, str, str]:
        code = main(words)
        out, err = capsys.readouterr()
        return code, out, "".join(x for x in err.splitlines(keepends=True) if x[0] != "{")

    return command


@pytest.fixture
def embedded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The state folder of a service with an embedded store, which does not exist yet."""
    monkeypatch.delenv("TAKEBACK_DATABASE_URL", raising=False)
    monkeypatch.delenv("TAKEBACK_SECRET", raising=False)
    monkeypatch.setenv("TAKEBACK_STATE", str(tmp_path / "var"))
    return tmp_path / "var"


def sentence(capsys: pytest.CaptureFixture[str]) -> str:
    """The one sentence that was said, without log lines."""
    out, err = capsys.readouterr()
    (said,) = [line for line in err.splitlines() if not line.startswith("{")]
    assert out == ""
    assert said.startswith("service: ")
    return said


def test_the_embedded_store_keeps_itself_current(
    embedded: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["migrate"]) == 0
    assert {path.name for path in embedded.glob("*[!lm]")} == {"secret", "takeback.db"}
    database = Database(f"sqlite:///{embedded / 'takeback.db'}")
    database.downgrade("0004")
    database.close()
    capsys.readouterr()
    assert main(["keys", "list"]) == 0
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize(
    "words", [["keys", "list"], ["keys", "create", "--role", "platform", "--name", "x"], ["work"]]
)
def test_most_commands_make_no_store(
    embedded: Path, capsys: pytest.CaptureFixture[str], words: list[str]
) -> None:
    assert main(words) == 1
    assert "TAKEBACK_STATE" in sentence(capsys)
    assert not embedded.exists()


def test_a_secret_that_is_missing_or_another_is_refused(
    embedded: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(2):
        assert main(["migrate"]) == 0
    assert main(["keys", "create", "--role", "platform", "--name", "x"]) == 0
    capsys.readouterr()
    kept = (embedded / "secret").read_text()
    (embedded / "secret").unlink()
    for words in (["serve"], ["work"], ["migrate"], ["keys", "list"]):
        assert main(words) == 1
        assert "TAKEBACK_SECRET" in sentence(capsys)
        assert not (embedded / "secret").exists()
        monkeypatch.setenv("TAKEBACK_SECRET", "5e" * 32)
        assert main(words) == 1
        assert "not that of this store" in sentence(capsys)
        monkeypatch.delenv("TAKEBACK_SECRET")
    (embedded / "secret").write_text(kept)
    assert main(["keys", "list"]) == 0


@pytest.mark.stores("sqlite", "postgresql")
def test_a_store_from_before_takes_the_secret_that_it_is_opened_with(
    run: Run, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.key()
    monkeypatch.delenv("TAKEBACK_SECRET")
    code, _, err = run("keys", "list")
    assert (code, "missing" in err) == (1, True)
    monkeypatch.setenv("TAKEBACK_SECRET", "5e" * 32)
    assert run("keys", "list")[0] == 0
    monkeypatch.setenv("TAKEBACK_SECRET", "ab" * 32)
    assert run("keys", "list")[0] == 1


def test_a_state_that_cannot_be_used_is_told(
    embedded: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    embedded.write_text("a file, not a folder")
    for words in (["serve"], ["migrate"], ["keys", "list"]):
        assert main(words) == 1
        assert "TAKEBACK_STATE" in sentence(capsys)
    embedded.unlink()
    embedded.mkdir()
    (embedded / "takeback.db").write_bytes(b"no database" * 1000)
    for words in (["serve"], ["migrate"], ["keys", "list"]):
        assert main(words) == 1
        assert "takeback.db" in sentence(capsys)


@pytest.mark.skipif(os.getuid() == 0, reason="root may write everywhere")
def test_a_state_that_may_not_be_written_is_told(
    embedded: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    embedded.mkdir(mode=0o500)
    assert main(["migrate"]) == 1
    assert "takeback.db" in sentence(capsys)


@pytest.mark.enable_socket
def test_a_port_that_is_taken_is_told_before_anything_listens(
    embedded: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    del embedded
    with listening.bound("127.0.0.1", 0) as taken:
        taken.listen()
        monkeypatch.setenv("TAKEBACK_PORT", str(taken.getsockname()[1]))
        assert main(["serve"]) == 1
    assert "TAKEBACK_PORT" in sentence(capsys)


@pytest.mark.stores("sqlite", "postgresql")
def test_migrate_and_reindex_say_what_they_found(run: Run, world: World) -> None:
    world.open(world.picture(world.pdq(), world.phash()))
    assert run("migrate") == (0, "The tables are current.\n", "")
    code, out, _ = run("reindex")
    assert code == 0
    assert out.splitlines()[:2] == [
        "bank      pdq               1 signals",
        "bank      phash             1 signals",
    ]


def test_keys_are_made_shown_once_listed_and_revoked(run: Run) -> None:
    code, key, err = run("keys", "create", "--role", "crawler", "--name", "Our crawler")
    assert code == 0
    assert "only time" in err
    assert "This is a new crawler: Our crawler.\n" in err
    _, key_id, secret = key.strip().split("_")
    _, out, _ = run("keys", "list")
    lines = out.splitlines()
    assert lines[0] == "Our crawler (crawler)"
    assert lines[1].split()[0] == key_id
    assert lines[1].endswith("never used            live")
    assert secret not in out
    assert run("keys", "revoke", key_id) == (0, "Revoked.\n", "")
    assert "revoked" in run("keys", "list")[1]
    code, out, err = run("keys", "revoke", key_id)
    assert (code, out) == (1, "")
    assert err.startswith("service: There is no live key")


def test_a_key_of_a_name_that_is_known_is_one_more_of_the_same_platform(run: Run) -> None:
    keys = [run("keys", "create", "--role", "platform", "--name", "Example Videos")[1]]
    for name, others in (("example videos", "1 other live key"), ("EXAMPLE  VIDEOS", "2 other")):
        _, key, err = run("keys", "create", "--role", "platform", "--name", name)
        assert f"a key of the platform Example Videos, which has {others}" in err
        keys.append(key)
    run("keys", "create", "--role", "platform", "--name", "Other")
    run("keys", "revoke", keys[0].split("_")[1])
    lines = run("keys", "list")[1].splitlines()
    assert [line for line in lines if line[0] != " "] == [
        "Example Videos (platform)",
        "Other (platform)",
    ]
    assert [line.split()[0] for line in lines[1:4]] == [key.split("_")[1] for key in keys]
    assert "revoked" in lines[1]


def test_a_bad_name_is_told_without_a_traceback(run: Run) -> None:
    code, _, err = run("keys", "create", "--role", "platform", "--name", "  ")
    assert (code, len(err.splitlines())) == (1, 1)


def test_what_is_held_is_listed_released_and_kept(run: Run, world: World, tmp_path: Path) -> None:
    (tmp_path / "public.json").write_text(json.dumps(LINE))
    assert run("exclude", str(tmp_path / "public.json"))[:2] == (0, "1 new signals excluded.\n")
    world.context.replica.catch_up()
    owners = [world.open(world.picture(world.pdq(b"\x0f" * 32))) for _ in range(2)]
    _, out, _ = run("review", "list")
    assert out.splitlines() == [
        line
        for owner in owners
        for line in (
            f"entry {world.entry_id(owner)}  picture  added {world.day}  {EXCLUDED}",
            "  other cases  0",
            "  near         exclusion 1, 0 bits",
        )
    ]
    _, out, _ = run("review", "list", "--most", "1")
    assert out.splitlines()[3] == "There are more than these 1: give --most a larger number."
    assert run("review", "release", str(world.entry_id(owners[0])))[0] == 0
    assert run("review", "keep", str(world.entry_id(owners[1])))[0] == 0
    assert run("review", "list")[1] == ""
    assert world.statuses(owners[0]) == [EntryStatus.ACTIVE]
    assert run("review", "hold", str(world.entry_id(owners[0])))[0] == 0
    assert world.statuses(owners[0]) == [EntryStatus.QUARANTINED]
    code, _, err = run("review", "release", "999")
    assert (code, err) == (
        1,
        "service: There is no entry with this number that waits for review.\n",
    )


def test_what_concerns_a_reviewer_is_listed_with_all_that_is_known(
    run: Run, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TAKEBACK_CASES_PER_SIGNAL", "3")
    picture, platform = world.picture(), world.actor("Example Videos")
    owners = [world.open(picture) for _ in range(4)]
    world.work()
    for _ in range(5):
        world.ask(platform, picture)
    entry_id = world.entry_id(owners[3])
    said = [Response(world.reference(platform, picture), Feedback.NOT_BLOCKED)]
    respond.respond(world.context, platform, said, world.day)
    why = ", ".join(f"{one} since {world.day}" for one in list(Concern)[:3])
    lines = run("review", "list")[1].splitlines()
    name = f"entry {entry_id}  picture  added {world.day}  matched meanwhile"
    at = lines.index(name)
    assert lines[at : at + 5] == [
        name,
        f"  why          {why}",
        "  other cases  3",
        f"  platform     Example Videos: not_blocked {world.day}",
        f"  matches      {world.day}  6",
    ]
    assert run("review", "keep", str(entry_id))[2].endswith("python -m service review hold ENTRY\n")


def test_alerts_that_could_not_be_sent_are_listed_tried_again_and_dropped(
    run: Run, world: World
) -> None:
    owner = world.open()
    listen(world, owner)
    with world.context.database.write() as tx:
        deliveries.add(tx, 1, "a" * 24, 0)
        (claimed,) = deliveries.claim(tx, 1, 2, 9)
        deliveries.record_dead(tx, claimed, "server", world.day)
    code, out, _ = run("alerts", "list")
    assert code == 0
    assert re.search(r" 1 could not be sent\n +1  feed +1 attempts until 2026-11-21  server\n", out)
    assert owner.case_number not in out
    assert run("alerts", "retry", "9")[1].startswith("0 messages")
    assert run("alerts", "retry", "1")[1].startswith("1 messages")
    assert run("alerts", "drop")[1].startswith("0 messages")
    with world.context.database.write() as tx:
        (claimed,) = deliveries.claim(tx, 2**40, 2**41, 9)
        deliveries.record_dead(tx, claimed, "server", world.day)
    assert run("alerts", "drop")[1].startswith("1 messages")
    assert " 0 could not be sent" in run("alerts", "list")[1]


def test_what_the_worker_set_aside_is_listed_and_tried_again(run: Run, world: World) -> None:
    owner = world.open()
    left = Subject(Space.BANK, world.entry_id(owner))
    with world.context.database.write() as tx:
        set_aside.begin(tx, left, world.day)
        set_aside.explain(tx, left, "MemoryError")
    told = f"bank             1  {world.day}    1 attempts  MemoryError\n"
    assert run("set-aside", "list") == (0, told, "")
    assert reconcile.retry_set_aside(world.context, world.day) == 0  # not before tomorrow
    code, out, _ = run("set-aside", "retry")
    assert (code, out) == (0, "1 contents will be tried again by the worker within ten minutes.\n")
    assert reconcile.retry_set_aside(world.context, world.day) == 1
    assert run("set-aside", "list") == (0, "", "")


def test_what_was_excluded_is_listed_and_undone(run: Run, world: World, tmp_path: Path) -> None:
    (tmp_path / "public.json").write_text(json.dumps(LINE))
    owner = world.open(world.picture(world.pdq(b"\x0f" * 32)))
    _, out, _ = run("exclude", str(tmp_path / "public.json"))
    assert "matched no more because of it: 1. Is all of it public" in out
    world.work()
    code, out, _ = run("exclusions", "list")
    assert (code, out.split()[0], out.split()[-2:]) == (0, "1", ["1", "signal"])
    assert LINE["signals"][0]["value"] not in out  # type: ignore[index]
    assert run("exclusions", "remove", "1") == (
        0,
        "Removed: 1 signals. Entries matched again: 1.\n",
        "",
    )
    assert world.statuses(owner) == [EntryStatus.ACTIVE]
    assert run("exclusions", "list")[1] == ""
    assert run("exclusions", "remove", "1")[0] == 1


@pytest.mark.parametrize("entry", ["x", "0", "-1", str(2**63)])
def test_an_entry_is_a_number_that_the_store_can_hold(
    entry: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as raised:
        main(["review", "keep", "--", entry])
    assert raised.value.code == 2
    assert "a number, as `list` shows it" in capsys.readouterr().err


def test_lines_of_files_that_were_not_hashed_are_passed_over(run: Run, tmp_path: Path) -> None:
    lines = [{"path": "a.jpg", **LINE}, {"path": "b.jpg", "error": "too_plain", "says": "…"}]
    (tmp_path / "x.json").write_text("".join(json.dumps(line) + "\n" for line in lines))
    assert run("exclude", str(tmp_path / "x.json")) == (0, "1 new signals excluded.\n", "")
    assert run("exclude", str(tmp_path / "x.json"))[1] == "0 new signals excluded.\n"


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"{}",
        b"[]",
        b"[1]",
        b"7",
        b"null",
        b'"path"',
        b"{",
        b"\xff",
        b'{"kind":"picture","signals":[]}',
        b'{"kind":"picture","signals":[{"type":"pdq","value":"00","quality":1}]}',
    ],
)
def test_a_file_of_anything_else_is_refused_and_nothing_is_kept(
    run: Run, tmp_path: Path, line: bytes
) -> None:
    good = json.dumps(LINE).encode()
    (tmp_path / "x.json").write_bytes(good + b"\n" + line + b"\n" + good)
    code, out, err = run("exclude", str(tmp_path / "x.json"))
    assert (code, out) == (1, "")
    assert len(err.splitlines()) == 1
    assert run("reindex")[1].count(" 1 signals") == 0


def test_a_file_that_is_missing_is_told(run: Run, tmp_path: Path) -> None:
    code, _, err = run("exclude", str(tmp_path / "missing"))
    assert (code, err) == (1, f"service: {tmp_path / 'missing'} cannot be read.\n")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("TAKEBACK_PORT", "http"),
        ("TAKEBACK_SECRET", "hunter2"),
        ("TAKEBACK_DATABASE_URL", "nosql://u:hunter2@h/n"),
        ("TAKEBACK_PROT", "hunter2"),
    ],
)
def test_a_bad_setting_is_told_by_name(
    run: Run, monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setenv(name, value)
    code, out, err = run("keys", "list")
    assert (code, out) == (1, "")
    assert name in err
    assert "hunter2" not in err


@pytest.mark.stores("sqlite", "postgresql")
def test_a_store_that_was_not_migrated_is_told(
    run: Run, empty_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TAKEBACK_DATABASE_URL", empty_url)
    code, _, err = run("keys", "list")
    assert code == 1
    assert "python -m service migrate" in err


def test_a_store_out_of_reach_is_told(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(
        "TAKEBACK_DATABASE_URL", f"postgresql+psycopg://u:hunter2@/x?host={tmp_path}"
    )
    for words in (["migrate"], ["keys", "list"]):
        code, _, err = run(*words)
        assert code == 1
        assert err.startswith("service: The service is starting, or cannot reach its store.")


def test_a_log_line_has_our_words_only() -> None:
    def line(name: str, **told: object) -> dict[str, object]:
        record = logging.makeLogRecord({"name": name, "levelname": "INFO", "msg": "said", **told})
        found: dict[str, object] = json.loads(JsonLines().format(record))
        return found

    ours = line("service.edge.guard", route="/v1/case", status=200, address="203.0.113.9")
    assert ours["says"] == "said"
    assert (ours["route"], ours["status"]) == ("/v1/case", 200)
    assert "address" not in ours
    assert set(line("uvicorn.error", exc_info=None)) == {"at", "level", "from"}
    known = line("uvicorn.error", msg="Invalid HTTP request received.")
    assert known["says"] == "Invalid HTTP request received."
    try:
        dict[str, int]()["hunter2"]
    except KeyError:
        failed = line(
            "uvicorn.error", msg="Exception in ASGI application\n", exc_info=sys.exc_info()
        )
    assert (failed["says"], failed["error"]) == ("Exception in ASGI application", "KeyError")
    assert "hunter2" not in str(failed)


@contextmanager
def process(words: list[str], settings: dict[str, str]) -> Iterator[subprocess.Popen[str]]:
    environment = {k: v for k, v in os.environ.items() if not k.startswith("TAKEBACK_")}
    started = subprocess.Popen(
        [sys.executable, "-m", "service", *words],
        env={**environment, **settings},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        yield started
    finally:
        started.kill()
        started.communicate()


def until_line(started: subprocess.Popen[str], part: str) -> None:
    assert started.stderr
    for line in started.stderr:
        if part in line:
            return
    raise AssertionError(f"it ended without {part!r}")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_the_worker_works_until_it_is_told_to_end(url: str, tmp_path: Path, number: int) -> None:
    settings = {
        "TAKEBACK_DATABASE_URL": url,
        "TAKEBACK_STATE": str(tmp_path),
        "TAKEBACK_SECRET": "5e" * 32,
    }
    with process(["work"], settings) as started:
        until_line(started, '"says": "working"')
        started.send_signal(number)
        until_line(started, '"says": "ended"')
        assert started.wait(20) == 0


@pytest.mark.enable_socket
def test_serve_answers_and_logs_no_address(tmp_path: Path) -> None:
    with server.running(tmp_path / "state") as service:
        with urllib.request.urlopen(f"{service.address}/readyz", timeout=5) as answer:
            assert json.load(answer) == {"status": "ok"}
            assert "server" not in answer.headers
        service.stop(signal.SIGINT)
    lines = [line for line in service.log.splitlines() if line.startswith("{")]
    assert any('"/readyz"' in line for line in lines)
    told = [json.loads(line) for line in lines]
    assert [each["says"] for each in told if each.get("version") == VERSION] == [
        "listening",
        "ending",
        "ended",
    ]
    assert not any("127.0.0.1" in line for line in lines)


def test_matching_goes_on_after_release(run: Run, world: World, tmp_path: Path) -> None:
    """The command is another process than the server, which follows."""
    (tmp_path / "public.json").write_text(json.dumps(LINE))
    run("exclude", str(tmp_path / "public.json"))
    world.context.replica.catch_up()
    owner = world.open(world.picture(world.pdq(world.near(b"\x0f" * 32, 31))))
    run("review", "release", str(world.entry_id(owner)))
    world.context.replica.catch_up()
    far = world.picture(world.pdq(b"\xf0" * 32))
    assert world.statuses(owner) == [EntryStatus.ACTIVE]
    assert world.ask(world.actor(), far) == [Verdict.NONE]
