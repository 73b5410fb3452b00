import errno
import io
import json
import os
import pty
import runpy
import signal
import subprocess
import sys
import termios
import time
from collections.abc import Callable
from importlib import metadata
from pathlib import Path

import numpy as np
import psutil
import pytest
from numpy.typing import NDArray
from PIL import Image

from hashing import batch, cli, commands, grant_report, hash_file, report, watch_report
from hashing.errors import NotTakeback
from hashing.passphrase import derive, normalise, word_list
from hashing.submission import content_document
from hashing.views.profile import Profile
from hashing.work import Work, extended
from tests.device.conftest import scene
from tests.device.serving import CHALLENGE, Service

Scene = Callable[..., NDArray[np.uint8]]
MakeVideo = Callable[..., Path]
Captured = pytest.CaptureFixture[str]

WORDS = " ".join(word_list()[1400:1407])
ANSWERS = ["--subject", "self", "--adults", "--intimate", "--yes"]


def takeback(*arguments: str) -> int:
    with pytest.raises(SystemExit) as caught:
        cli.main(arguments)
    assert isinstance(caught.value.code, int)
    return caught.value.code


@pytest.fixture
def pictures(tmp_path: Path, make_scene: Scene) -> Path:
    folder = tmp_path / "pictures"
    folder.mkdir()
    for seed in range(3):
        Image.fromarray(make_scene(seed)).save(folder / f"{seed}.png")
    return folder


@pytest.fixture
def passphrase(monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("TAKEBACK_PASSPHRASE", WORDS.upper())
    return WORDS


def answering(monkeypatch: pytest.MonkeyPatch, *lines: str) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO("".join(f"{line}\n" for line in lines)))


# --- hash ---


def test_hash_prints_signals_to_standard_output(pictures: Path, capsys: Captured) -> None:
    assert takeback("hash", str(pictures)) == 0
    out, err = capsys.readouterr()
    lines = out.splitlines()
    assert [line.split()[0] for line in lines] == [
        *["pdq", "phash", "md5", "sha256", "window", "window", "window"],
    ] * 3
    assert lines[0].split()[1] == hash_file(pictures / "0.png").signals[0].hex
    assert err == ""


def test_hash_prints_json_lines_in_the_order_named(
    pictures: Path, make_video: MakeVideo, capsys: Captured
) -> None:
    named = [pictures / "2.png", make_video(), pictures / "0.png"]
    assert takeback("hash", "--json", *map(str, named)) == 0
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert lines == [{"path": str(p), **content_document(hash_file(p))} for p in named]


def test_some_failed_is_exit_code_1(pictures: Path, capsys: Captured) -> None:
    (pictures / "broken.jpg").write_bytes(b"\xff\xd8\xff\xe0")
    (pictures / "notes.txt").write_text("text")
    assert takeback("hash", "--json", str(pictures), str(pictures / "missing")) == 1
    out, err = capsys.readouterr()
    codes = [json.loads(line).get("error", {}).get("code") for line in out.splitlines()]
    assert codes == [None, None, None, "damaged", "unreadable"]
    assert err == f"Passed over {pictures}/notes.txt: not a picture or video that we can read.\n"


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["hash"],
        ["sing"],
        ["status", "--server", "https://x"],
        ["submit", "a", "--server", "https://x", "--subject", "friend"],
        ["withdraw", "--server", "https://x", "--case", "1", "--entry", "one"],
        ["withdraw", "--server", "https://x", "--case", "1", "--undo", "--now"],
        ["status", "--server", "https://x", "--case", "1", "--passphrase", WORDS],
        ["submit", "a", "--server", "https://x", "--passphrase", WORDS],
        ["withdraw", "--server", "https://x", "--case", "1", "--passphrase", WORDS],
        ["status", "--server", "https://x", "--case", "1", WORDS],
        ["lookup", "a", "--server", "https://x", "--key", "secret"],
    ],
)
def test_wrong_usage_is_exit_code_2(arguments: list[str], capsys: Captured) -> None:
    assert takeback(*arguments) == 2
    assert "usage: takeback" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["hash", ""], "argument PATH: empty"),
        (["submit", "", "--server", "https://x", *ANSWERS], "argument PATH: empty"),
        (["lookup", "a", "", "--server", "https://x"], "argument PATH: empty"),
        (["status", "--server", "https://x", "--case", " - "], "not a case number"),
        (["withdraw", "--server", "https://x", "--case", "1", "--entry", "0"], "see status"),
        (["withdraw", "--server", "https://x", "--case", "1", "--n"], "unrecognized"),
        (["status", "--case", "1"], "--server is needed"),
        (["submit", "a"], "--server is needed"),
        (["lookup", "a", "--server", ""], "--server is needed"),
        (["watch", "add", "a", "--server", "https://x", "--case", "1", "--depth", "-1"], "links"),
        (["watch", "add", "a", "--server", "https://x", "--case", "1", "--depth", "99"], "at most"),
    ],
)
def test_wrong_usage_is_told(arguments: list[str], said: str, capsys: Captured) -> None:
    assert takeback(*arguments) == 2
    assert said in capsys.readouterr().err


@pytest.mark.parametrize("secret", [["--passphrase", WORDS], [f"--key={WORDS}"], WORDS.split()])
def test_a_secret_among_the_arguments_is_not_repeated(secret: list[str], capsys: Captured) -> None:
    assert takeback("status", "--server", "https://x", "--case", "1", *secret) == 2
    err = capsys.readouterr().err
    assert not [word for word in WORDS.split() if word in err]


def test_the_version(capsys: Captured, monkeypatch: pytest.MonkeyPatch) -> None:
    assert takeback("--version") == 0
    assert capsys.readouterr().out == f"takeback {metadata.version('takeback')}\n"
    with monkeypatch.context() as patch:
        patch.setattr(sys, "path", [str(Path(cli.__file__).parents[1])])  # the source alone
        assert takeback("--version") == 0
    assert capsys.readouterr().out == "takeback (not installed)\n"


@pytest.mark.parametrize("command", ["hash", "submit", "status", "withdraw", "lookup"])
def test_no_option_takes_a_secret(command: str, capsys: Captured) -> None:
    assert takeback(command, "--help") == 0
    options = [word for word in capsys.readouterr().out.lower().split() if word.startswith("-")]
    assert options
    assert not [o for o in options if any(part in o for part in ("pass", "key", "secret", "word"))]


# --- submit ---


def test_submit_opens_a_case_and_shows_the_passphrase_first(
    service: Service, pictures: Path, capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("TAKEBACK_PASSPHRASE", raising=False)
    service.will({"case_number": "481-902-3475"}, 201)
    code = takeback("submit", str(pictures), "--server", service.url, *ANSWERS)
    out = capsys.readouterr().out
    assert code == 0
    shown = next(
        line.strip() for line in out.splitlines() if len(line.split()) == 7 and line[0] == " "
    )
    assert normalise(shown) == shown
    assert out.index(shown) < out.index("481-902-3475")
    _, asked = service.asked
    assert asked.body["access_key"] == derive(shown).access.hex()
    assert "note" not in asked.body  # until there is somebody who reads it
    assert asked.body["eligibility"] == {"subject": "self", "adults": True, "intimate": True}
    assert asked.body["entries"] == [
        content_document(hash_file(path)) for path in sorted(pictures.iterdir())
    ]


def test_submit_again_with_the_passphrase_shown(
    service: Service, pictures: Path, passphrase: str, capsys: Captured
) -> None:
    service.will({"case_number": "481-902-3475"})
    assert takeback("submit", str(pictures), "--server", service.url, *ANSWERS) == 0
    out = capsys.readouterr().out
    assert "Using the passphrase in TAKEBACK_PASSPHRASE." in out
    assert passphrase not in out
    assert service.asked[1].body["access_key"] == derive(passphrase).access.hex()


def test_submit_does_the_work_that_the_service_asks_for(
    service: Service, pictures: Path, passphrase: str
) -> None:
    service.price["pieces"] = 2
    service.will({"case_number": "481-902-3475"})
    assert takeback("submit", str(pictures), "--server", service.url, *ANSWERS) == 0
    done = extended(Work(CHALLENGE), derive(passphrase).access, 2)
    assert service.asked[1].body["work"]["nonces"] == list(done.nonces)


def test_submit_adds_to_a_case_without_asking_again(
    service: Service, pictures: Path, passphrase: str, capsys: Captured
) -> None:
    (pictures / "broken.jpg").write_bytes(b"\xff\xd8\xff\xe0")
    service.will({"added": 2})
    command = ["submit", str(pictures), "--server", service.url, "--case", "481-902-3475"]
    assert takeback(*command, "--yes") == 1
    out, err = capsys.readouterr()
    assert out == "Added 2 to case 481-902-3475. What it had already was not added again.\n"
    assert "1 file could not be hashed." in err
    assert "broken.jpg: The file is damaged" in err
    [asked] = service.asked
    assert asked.path == "/v1/case/entries"
    assert asked.headers["Authorization"].endswith(derive(passphrase).access.hex())


@pytest.mark.usefixtures("passphrase")
@pytest.mark.parametrize(
    ("answers", "subject"),
    [(("y", "yes", "Y"), "self"), (("n", "y", "y", "perhaps", "y"), "authorised")],
)
def test_submit_asks_what_no_option_says(
    service: Service,
    pictures: Path,
    monkeypatch: pytest.MonkeyPatch,
    answers: tuple[str, ...],
    subject: str,
) -> None:
    answering(monkeypatch, *answers)
    service.will({"case_number": "1"})
    assert takeback("submit", str(pictures), "--server", service.url, "--yes") == 0
    assert service.asked[1].body["eligibility"]["subject"] == subject


@pytest.mark.parametrize(
    ("answers", "expected"),
    [
        (("y", "n"), (1, "takeitdown.ncmec.org")),
        (("y", "y", ""), (1, "report form")),
        (("n", "n"), (1, "Only the person shown")),
        ((), (2, "nobody to answer it")),
        (("y", "y"), (2, "nobody to answer it")),
        (("y", "y", "y", "n"), (1, "In ")),
        (("y", "y", "y"), (2, "add --yes")),
    ],
)
def test_submit_sends_nothing_without_the_answers(
    service: Service,
    pictures: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: Captured,
    answers: tuple[str, ...],
    expected: tuple[int, str],
) -> None:
    code, told = expected
    answering(monkeypatch, *answers)
    assert takeback("submit", str(pictures), "--server", service.url) == code
    out, err = capsys.readouterr()
    assert told in err
    assert "Nothing was sent." in err
    assert out == ""
    assert service.asked == []


def test_a_folder_is_named_before_all_of_it_is_sent(
    service: Service,
    pictures: Path,
    passphrase: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: Captured,
) -> None:
    monkeypatch.chdir(pictures)
    (pictures / "\x1b[2J.png").write_bytes((pictures / "0.png").read_bytes())
    answering(monkeypatch, "y")
    service.will({"case_number": "1"})
    assert takeback("submit", ".", "--server", service.url, *ANSWERS[:-1]) == 0
    assert capsys.readouterr().err == (
        f"In {pictures}:\n  \\x1b[2J.png\n  0.png\n  1.png\n  2.png\n"
        "Send the hashes of all of these? [y/N] "
    )
    assert len(service.asked[1].body["entries"]) == 4
    files = [str(path) for path in sorted(pictures.iterdir())]
    assert takeback("submit", *files, "--server", service.url, *ANSWERS[:-1]) == 0
    assert "Send" not in capsys.readouterr().err  # each was named
    assert passphrase


@pytest.mark.usefixtures("socket_enabled")
def test_a_dry_run_shows_what_would_be_sent_and_asks_nothing(
    pictures: Path, capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("TAKEBACK_PASSPHRASE", raising=False)
    answering(monkeypatch)
    items = [hash_file(path) for path in sorted(pictures.iterdir())]
    for more in ([], ["--case", "1"], ["--server", "https://localhost:1"]):
        assert takeback("submit", "--dry-run", str(pictures), *more) == 0
        out, err = capsys.readouterr()
        assert json.loads(out) == {"entries": [content_document(item) for item in items]}
        assert err.startswith("Nothing was sent. Above are the hashes of 3 files")
    assert takeback("lookup", "--dry-run", "--profile", "plain", str(pictures / "0.png")) == 0
    [item] = json.loads(capsys.readouterr().out)["items"]
    assert item["signals"] == content_document(items[0])["signals"]


@pytest.mark.usefixtures("passphrase")
def test_labels_are_asked_for_sealed_and_told_by_status(
    pictures: Path,
    service: Service,
    capsys: Captured,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    secret = "a place \u202e by the sea"
    answering(monkeypatch, "x" * 61, f"  {secret}", "", "third")
    service.will({"case_number": "481-902-3475"})
    command = ["submit", str(pictures), "--server", service.url, *ANSWERS, "--labels"]
    assert takeback(*command) == 0
    err = capsys.readouterr().err
    assert err.count("Label of ") == 4
    assert "A label has 1 to 60 characters." in err
    entries = service.asked[-1].body["entries"]
    sealed = [entry.get("sealed_label") for entry in entries]
    assert [sealed_one and len(sealed_one) for sealed_one in sealed] == [536, None, 536]
    assert secret not in repr(service.asked)
    told = [
        {
            "n": n,
            "kind": "picture",
            "status": "active",
            "added_on": "2026-11-21",
            "sightings": [],
            "sealed_label": label,
        }
        for n, label in enumerate([*sealed, "00" * 268], 1)
    ]
    service.will({"case_number": "1", "opened_on": "2026-11-21", "says": ".", "entries": told})
    assert takeback("status", "--case", "1", "--server", service.url) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[1] == (
        r"  1. picture “a place \u202e by the sea”, added 2026-11-21: being looked for"
    )
    assert lines[2:5] == [
        "  2. picture, added 2026-11-21: being looked for",
        "  3. picture “third”, added 2026-11-21: being looked for",
        "  4. picture (its label cannot be read), added 2026-11-21: being looked for",
    ]
    assert takeback("status", "--json", "--case", "1", "--server", service.url) == 0
    found = json.loads(capsys.readouterr().out)["entries"]
    assert [one.get("label") for one in found] == [secret, None, "third", None]


@pytest.mark.usefixtures("passphrase")
def test_a_label_is_changed_and_taken_away_and_never_an_argument(
    service: Service, capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    secret = "by the \u202e sea"
    command = ["label", "3", "--case", "1", "--server", service.url]
    answering(monkeypatch, "x" * 61, f" {secret} ")
    service.will({"n": 3})
    assert takeback(*command) == 0
    out, err = capsys.readouterr()
    assert "A label has 1 to 60 characters." in err
    assert out == "Entry 3 is now called “by the \\u202e sea”.\n"
    asked = service.asked[-1]
    assert (asked.method, asked.path) == ("PUT", "/v1/case/entries/3/label")
    assert len(asked.body["sealed_label"]) == 536
    assert secret not in repr(service.asked)
    service.will({"n": 3})
    assert takeback(*command, "--remove") == 0
    assert service.asked[-1].body == {"sealed_label": None}
    before = len(service.asked)
    answering(monkeypatch, "")
    assert takeback(*command) == 1
    assert "To remove the label, add --remove." in capsys.readouterr().err
    answering(monkeypatch)
    assert takeback(*command) == 2
    assert "nobody to type it" in capsys.readouterr().err
    assert takeback(*command, secret) == 2
    assert len(service.asked) == before


@pytest.mark.usefixtures("passphrase")
def test_labels_that_nobody_types_send_nothing(
    pictures: Path, service: Service, capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    answering(monkeypatch, "one", "two")
    command = ["submit", str(pictures), "--server", service.url, *ANSWERS, "--labels"]
    assert takeback(*command) == 2
    assert "Leave out --labels" in capsys.readouterr().err
    assert service.asked == []


def test_a_dry_run_says_that_labels_would_be_sent_and_asks_for_none(
    pictures: Path, capsys: Captured
) -> None:
    assert takeback("submit", "--dry-run", "--labels", str(pictures)) == 0
    out, err = capsys.readouterr()
    assert "sealed_label" not in out
    assert "and your labels, encrypted" in err


@pytest.mark.usefixtures("passphrase")
@pytest.mark.parametrize("more", [ANSWERS, ["--case", "1"], ["--dry-run"]])
def test_submit_sends_nothing_if_nothing_was_hashed(
    tmp_path: Path, capsys: Captured, more: list[str]
) -> None:
    assert takeback("submit", str(tmp_path / "no"), "--server", "https://x", *more) == 1
    out, err = capsys.readouterr()
    assert "None of these files could be hashed, so nothing was sent." in err
    assert out == ""


def test_submit_refuses_more_files_than_a_case_holds(
    pictures: Path, capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(commands, "MAX_ENTRIES", 2)
    assert takeback("submit", str(pictures), "--server", "https://x", *ANSWERS) == 1
    assert "These are 3 files, and a case holds 2." in capsys.readouterr().err


@pytest.mark.usefixtures("passphrase")
def test_submit_refuses_plain_http(pictures: Path, capsys: Captured) -> None:
    assert takeback("submit", str(pictures), "--server", "http://example.org", *ANSWERS) == 1
    out, err = capsys.readouterr()
    assert "must begin with https://" in err
    assert out == ""


# --- status, withdraw, lookup ---

STATUS = {"case_number": "1", "opened_on": "2026-11-01", "entries": [], "says": "Still looking."}


@pytest.mark.usefixtures("passphrase")
def test_status_as_text_and_as_json(service: Service, capsys: Captured) -> None:
    service.will(STATUS)
    assert takeback("status", "--case", "1", "--server", service.url) == 0
    assert capsys.readouterr().out == "Case 1, opened 2026-11-01\nStill looking.\n"
    assert takeback("status", "--case", "1", "--server", service.url, "--json") == 0
    assert json.loads(capsys.readouterr().out) == STATUS


def test_an_address_is_watched_as_the_options_say(
    service: Service, passphrase: str, capsys: Captured
) -> None:
    watch = {"n": 1, "address": "a.example/x", "withheld": False, "presence": "waiting"}
    watch |= {"changes": [], "looked_on": None, "trouble": None}
    where = ["--server", service.url, "--case", "1"]
    service.will(watch)
    site = ["--scope", "site", "--depth", "2", "--adults"]
    assert takeback("watch", "add", *where, "a.example/x", *site) == 0
    service.will({"watches": [watch]})
    assert takeback("watch", "list", *where) == 0
    listed = "  1  a.example/x\n     not checked yet\n"
    out = capsys.readouterr().out
    assert out == f"{listed}{watch_report.WATCHED}\n{listed}"
    assert takeback("watch", "list", *where, "--json") == 0
    assert json.loads(capsys.readouterr().out) == [watch]
    assert takeback("watch", "remove", *where, "1") == 0
    asked = [(one.method, one.path) for one in service.asked]
    path = "/v1/case/watches"
    assert asked == [("POST", path), ("GET", path), ("GET", path), ("DELETE", f"{path}/1")]
    body = {"address": "a.example/x", "scope": "site", "depth": 2, "shows_minor": False}
    assert service.asked[0].body == body
    key = derive(passphrase).access.hex()
    assert {one.headers["Authorization"] for one in service.asked} == {f"Case 1:{key}"}


CONTACT = {
    "wording": "news",
    "language": "en",
    "hours": {"begin": 9, "end": 17, "zone": "Europe/Madrid"},
    "read_by_others": False,
    "ask_on": "2027-02-28",
    "muted_until": None,
}
MAIL = "somebody.private@example.org"


@pytest.mark.usefixtures("passphrase")
def test_how_an_owner_is_told_is_as_the_options_say(
    service: Service, capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    where = ["--server", service.url, "--case", "1"]
    told = {"contact": CONTACT, "channels": [{"kind": "mail", "status": "live"}], "asks": True}
    service.will({"kind": "feed", "feed": "/feed/abc", "secret": None})
    hours = ["--hours", "9-17", "--zone", "Europe/Madrid", "--others", "no"]
    assert takeback("alerts", "set", "feed", *where, *hours) == 0
    assert f"{service.url}/feed/abc\n" in capsys.readouterr().out
    service.will({"kind": "mail", "feed": None, "secret": None})
    answering(monkeypatch, "n", MAIL)
    assert takeback("alerts", "set", "mail", *where) == 0
    assert MAIL not in capsys.readouterr().out
    service.will(told)
    assert takeback("alerts", "show", *where) == 0
    out = capsys.readouterr().out
    assert "9 to 17 (Europe/Madrid)" in out
    assert "takeback alerts keep" in out
    assert takeback("alerts", "keep", *where, "--ask-after", "180") == 0
    assert takeback("alerts", "mute", *where, "--days", "3") == 0
    answering(monkeypatch, "123456")
    assert takeback("alerts", "confirm", *where) == 0
    service.will({"same": True})
    answering(monkeypatch, MAIL)
    assert takeback("alerts", "check", "mail", *where) == 0
    assert takeback("alerts", "test", "mail", *where) == 0
    assert takeback("alerts", "set", "none", *where) == 0
    path = "/v1/case/alerts"
    assert [(one.method, one.path.removeprefix(path), one.body) for one in service.asked] == [
        ("POST", "/channels", {"kind": "feed", "address": None, **ASKED}),
        ("POST", "/channels", {"kind": "mail", "address": MAIL, **ASKED, "hours": None}),
        ("GET", "", None),
        ("PUT", "/ask", {"after_days": 180}),
        ("PUT", "/mute", {"days": 3}),
        ("POST", "/channels/mail/code", {"code": "123456"}),
        ("POST", "/channels/mail/check", {"address": MAIL}),
        ("POST", "/channels/mail/test", None),
        ("DELETE", "", None),
    ]


ASKED = {
    **{name: CONTACT[name] for name in ("wording", "language", "hours", "read_by_others")},
    "ask_after_days": 90,
}


@pytest.mark.usefixtures("passphrase")
def test_an_organisation_is_granted_what_the_options_say(
    service: Service, capsys: Captured
) -> None:
    grant = {"n": 1, "organisation": None, "state": "offered", "scopes": ["status", "act_for_me"]}
    grant |= {"code_until_on": "2026-11-28", "until_on": "2026-12-21"}
    where = ["--server", service.url, "--case", "1"]
    service.will(grant | {"code": "k7q2-9d4m-x0tz-3bfn"})
    assert takeback("grant", "new", *where, "--scope", "act_for_me", "--days", "30") == 0
    assert capsys.readouterr().out.startswith("Code: k7q2-9d4m-x0tz-3bfn\nIt works once")
    held = grant | {"organisation": "Helpline\x1b", "state": "held"}
    service.will({"grants": [held, grant]})
    assert takeback("grant", "list", *where) == 0
    assert capsys.readouterr().out.splitlines() == [
        "  1  Helpline\\x1b: may see your case",
        "     until 2026-12-21; they may:",
        "     - read when and where copies were found",
        "     - have addresses checked, write letters for you, and pause messages to you",
        "  1  a code nobody has used yet",
    ]
    assert takeback("grant", "list", *where, "--json") == 0
    assert json.loads(capsys.readouterr().out) == [held, grant]
    assert takeback("grant", "revoke", *where, "1") == 0
    assert capsys.readouterr().out == f"{grant_report.REVOKED}\n"
    assert list(grant_report.grant_lines([])) == [grant_report.NO_GRANTS]
    assert service.asked[0].body == {"scopes": ["act_for_me"], "days": 30}
    path = "/v1/case/grants"
    asked = [(one.method, one.path) for one in service.asked]
    assert asked == [("POST", path), ("GET", path), ("GET", path), ("DELETE", f"{path}/1")]
    assert takeback("grant", "new", *where, "--days", "366") == 2


@pytest.mark.usefixtures("passphrase")
@pytest.mark.parametrize(
    "answer",
    [{}, {**STATUS, "entries": [1]}, {**STATUS, "entries": {}}, {**STATUS, "says": None}],
)
def test_a_status_that_is_none_is_told(
    service: Service, capsys: Captured, answer: dict[str, object]
) -> None:
    service.will(answer)
    assert takeback("status", "--case", "1", "--server", service.url) == 1
    out, err = capsys.readouterr()
    assert out == ""
    assert err == f"takeback: {NotTakeback()}\n"


@pytest.mark.usefixtures("passphrase")
def test_what_a_service_says_cannot_steer_the_terminal(service: Service, capsys: Captured) -> None:
    service.will({**STATUS, "says": "\x1b[2J\u202egood"})
    assert takeback("status", "--case", "1", "--server", service.url) == 0
    assert "\\x1b[2J\\u202egood" in capsys.readouterr().out


@pytest.mark.usefixtures("passphrase")
def test_what_the_service_refuses_is_told(service: Service, capsys: Captured) -> None:
    service.will({"detail": "No such case."}, 401)
    assert takeback("status", "--case", "1", "--server", service.url) == 1
    assert capsys.readouterr().err == "takeback: No such case.\n"


def test_a_wrong_passphrase_is_told_before_anything_is_sent(
    service: Service, capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TAKEBACK_PASSPHRASE", "three words only")
    assert takeback("status", "--case", "1", "--server", service.url) == 1
    assert "A passphrase has 7 words; this has 3." in capsys.readouterr().err
    assert service.asked == []


@pytest.mark.usefixtures("passphrase")
@pytest.mark.parametrize(
    ("options", "path", "told"),
    [([], "/v1/case", "the whole case"), (["--entry", "2"], "/v1/case/entries/2", "entry 2")],
)
def test_withdraw_asks_first(
    service: Service,
    capsys: Captured,
    monkeypatch: pytest.MonkeyPatch,
    options: list[str],
    path: str,
    told: str,
) -> None:
    command = ["withdraw", "--case", "1", "--server", service.url, *options]
    answering(monkeypatch, "no")
    assert takeback(*command) == 1
    assert "Nothing was withdrawn." in capsys.readouterr().err
    assert service.asked == []
    answering(monkeypatch, "y")
    service.will({"withdrawn": 1, "erase_on": "2026-11-25"})
    assert takeback(*command) == 0
    out, err = capsys.readouterr()
    assert f"Withdraw {told}? [y/N]" in err
    assert f"Withdrawn: {told}. It is no longer looked for." in out
    assert "erased on 2026-11-25" in out
    assert "--undo" in out
    assert takeback(*command, "--yes") == 0
    assert [(a.method, a.path) for a in service.asked] == [("DELETE", path)] * 2


@pytest.mark.usefixtures("passphrase")
@pytest.mark.parametrize(
    ("options", "path", "told"),
    [([], "/v1/case", "the whole case"), (["--entry", "2"], "/v1/case/entries/2", "entry 2")],
)
def test_withdraw_now_asks_and_undo_does_not(
    service: Service,
    capsys: Captured,
    monkeypatch: pytest.MonkeyPatch,
    options: list[str],
    path: str,
    told: str,
) -> None:
    command = ["withdraw", "--case", "1", "--server", service.url, *options]
    answering(monkeypatch, "y")
    service.will({"withdrawn": 1, "erase_on": None})
    assert takeback(*command, "--now") == 0
    out, err = capsys.readouterr()
    assert f"Withdraw {told} for good, so that nobody can undo it? [y/N]" in err
    assert "This cannot be undone." in out
    for undone, said in ((1, f"Undone: {told} is as it was before."), (0, "Nothing")):
        service.will({"undone": undone})
        assert takeback(*command, "--undo") == 0
        assert capsys.readouterr().out.startswith(said)
    asked = [("DELETE", f"{path}?erase=now"), *[("POST", f"{path}/undo")] * 2]
    assert [(a.method, a.path) for a in service.asked] == asked
    service.will({"detail": "This was withdrawn for good."}, 410)
    assert takeback(*command, "--undo") == 1
    assert capsys.readouterr().err == "takeback: This was withdrawn for good.\n"


def test_lookup_in_parts(
    service: Service, pictures: Path, capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TAKEBACK_KEY", "key-1")
    monkeypatch.setattr(commands, "LOOKUP_BATCH", 1)
    service.will({"items": [{"verdict": "match", "matches": [{"match": "m1"}]}]})
    assert takeback("lookup", str(pictures), "--server", service.url) == 0
    assert capsys.readouterr().out.splitlines() == [
        f"match  {pictures / name} m1" for name in ("0.png", "1.png", "2.png")
    ]
    assert len(service.asked) == 3


def test_a_lookup_waits_when_the_service_asks_it_to(
    service: Service, pictures: Path, capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TAKEBACK_KEY", "key-1")
    waited: list[float] = []
    monkeypatch.setattr(time, "sleep", waited.append)
    service.first = [(429, {"detail": "Too often."})]
    service.will({"items": [{"verdict": "none", "matches": []}]}, 200, **{"Retry-After": "150"})
    command = ["lookup", str(pictures / "0.png"), "--server", service.url, "--profile", "plain"]
    assert takeback(*command) == 0
    out, err = capsys.readouterr()
    assert out == f"none   {pictures / '0.png'}\n"
    assert err == "The service asks us to wait 3 minutes.\n"
    assert waited == [150]
    service.will({"detail": "Too often."}, 429, **{"Retry-After": "3600"})
    assert takeback(*command) == 1
    assert "Too often." in capsys.readouterr().err
    assert waited == [150]


def test_a_lookup_that_has_waited_often_enough_is_given_up(
    service: Service, pictures: Path, capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TAKEBACK_KEY", "key-1")
    waited: list[float] = []
    monkeypatch.setattr(time, "sleep", waited.append)
    service.will({"detail": "Too often."}, 429, **{"Retry-After": "150"})
    command = ["lookup", str(pictures / "0.png"), "--server", service.url, "--profile", "plain"]
    assert takeback(*command) == 1
    assert "takeback: Too often." in capsys.readouterr().err
    assert waited == [150] * commands.MOST_WAITS
    assert len(service.asked) == commands.MOST_WAITS + 1


@pytest.mark.parametrize("dry", [[], ["--dry-run"]])
def test_a_lookup_tells_what_could_not_be_hashed(
    service: Service,
    pictures: Path,
    capsys: Captured,
    monkeypatch: pytest.MonkeyPatch,
    dry: list[str],
) -> None:
    monkeypatch.setenv("TAKEBACK_KEY", "key-1")
    broken = pictures / "broken.jpg"
    broken.write_bytes(b"\xff\xd8\xff\xe0")
    service.will({"items": [{"verdict": "none", "matches": []}]})
    command = ["lookup", str(broken), str(pictures / "0.png"), "--server", service.url]
    assert takeback(*command, "--profile", "plain", *dry) == 1
    out, err = capsys.readouterr()
    assert err.startswith(f"{broken}: The file is damaged")
    assert str(broken) not in out
    assert len(json.loads(out)["items"]) == 1 if dry else out == f"none   {pictures / '0.png'}\n"


def test_a_folder_without_pictures_is_told(tmp_path: Path, capsys: Captured) -> None:
    assert takeback("hash", str(tmp_path)) == 0
    assert capsys.readouterr() == ("", f"{report.NOTHING_FOUND}\n")


def test_lookup_sends_the_views_of_its_profile_and_no_windows(
    service: Service, pictures: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TAKEBACK_KEY", "key-1")
    service.will({"items": [{"verdict": "none", "matches": []}]})
    command = ["lookup", str(pictures / "0.png"), "--server", service.url]
    for profile in ([], *(["--profile", each.value] for each in Profile)):
        assert takeback(*command, *profile) == 0
    items = [asked.body["items"][0] for asked in service.asked]
    counts = [len(item.get("views", [])) for item in items]
    assert counts == [16, 0, 4, 16, 30]
    assert not any("windows" in item for item in items)


def test_lookup_says_where_in_a_video_a_match_is(
    service: Service, make_video: MakeVideo, capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TAKEBACK_KEY", "key-1")
    span = {"from_s": 0.5, "until_s": 3}
    found = {"verdict": "match", "matches": [{"match": "m1", "span": span}]}
    service.will({"items": [found]})
    path = make_video()
    command = ["lookup", str(path), "--server", service.url, "--profile", "fast"]
    assert takeback(*command) == 0
    assert capsys.readouterr().out == f"match  {path} m1 (0.5–3 s)\n"
    [frame, *_] = service.asked[0].body["items"][0]["frames"]
    assert len(frame["views"]) == 2
    assert takeback(*command, "--json") == 0
    assert json.loads(capsys.readouterr().out) == {"path": str(path), **found}


@pytest.mark.parametrize(("chosen", "count"), [("none", 0), ("standard", 3), ("all", 8)])
def test_the_windows_chosen_are_hashed_and_submitted(
    chosen: str, count: int, service: Service, pictures: Path, passphrase: str, capsys: Captured
) -> None:
    path = pictures / "0.png"
    assert takeback("hash", "--json", "--windows", chosen, str(path)) == 0
    printed = json.loads(capsys.readouterr().out)
    assert len(printed.get("windows", [])) == count
    service.will({"case_number": "481-902-3475"}, 201)
    command = ["submit", *ANSWERS, "--windows", chosen, "--server", service.url]
    assert takeback(*command, str(path)) == 0
    [entry] = service.asked[1].body["entries"]
    assert len(entry.get("windows", [])) == count
    assert "views" not in entry
    assert passphrase


@pytest.mark.parametrize(
    "arguments",
    [
        ["hash", "a", "--windows", "some"],
        ["hash", "a", "--profile", "fast"],
        ["lookup", "a", "--server", "https://x", "--profile", "best"],
        ["lookup", "a", "--server", "https://x", "--windows", "all"],
    ],
)
def test_windows_are_for_entries_and_profiles_for_lookups(arguments: list[str]) -> None:
    assert takeback(*arguments) == 2


def test_lookup_needs_a_key(capsys: Captured, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TAKEBACK_KEY", raising=False)
    assert takeback("lookup", "a", "--server", "https://x") == 2
    assert "Set TAKEBACK_KEY" in capsys.readouterr().err


# --- as a process ---


def start(*arguments: str, **options: object) -> "subprocess.Popen[bytes]":
    clean = {k: v for k, v in os.environ.items() if not k.startswith("TAKEBACK_")}
    return subprocess.Popen(  # type: ignore[call-overload, no-any-return]
        [sys.executable, "-m", "hashing", *arguments], env=clean, **options
    )


def on_a_terminal(*arguments: str) -> tuple[int, bytes, bytes]:
    """Run with standard error on a pseudo-terminal; return exit code, output, and what it saw."""
    ours, theirs = pty.openpty()
    termios.tcsetwinsize(theirs, (24, 100))
    process = start(*arguments, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=theirs)
    os.close(theirs)
    seen = b""
    try:
        while chunk := os.read(ours, 4096):
            seen += chunk
    except OSError:  # Linux tells so that the other side is closed
        pass
    os.close(ours)
    out, _ = process.communicate()
    return process.returncode, out, seen


def test_a_bar_is_shown_on_a_terminal_and_not_otherwise(pictures: Path) -> None:
    code, out, seen = on_a_terminal("hash", str(pictures))
    assert code == 0
    assert b"Hashing:" in seen
    assert b"/3 files" in seen
    assert len(out.splitlines()) == 21
    process = start("hash", str(pictures), stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert process.communicate() == (out, b"")


def test_the_bar_moves_within_a_video(make_video: MakeVideo) -> None:
    film = make_video(frames=[scene(seed, 480, 640) for seed in range(3)] * 100, rate=2)
    _, _, seen = on_a_terminal("hash", str(film))
    shown = {part.split(b"|")[-1].split(b"/1 files")[0].strip() for part in seen.split(b"\r")}
    assert {b"0.1", b"0.2", b"0.3", b"0.4", b"0.5", b"0.6", b"0.7", b"0.8", b"0.9"} & shown


def test_no_terminal_to_ask_for_the_passphrase_is_told() -> None:
    process = start(
        *["status", "--case", "1", "--server", "https://localhost:1"],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )
    _, err = process.communicate()
    assert process.returncode == 2
    assert err.startswith(b"takeback: No passphrase was given.")


TYPES = """
import os, pty, sys
pty.spawn(sys.argv[1:])
"""


@pytest.mark.parametrize("typed", [f"{WORDS}\n", "\4"])
def test_a_passphrase_is_typed_unseen(service: Service, typed: str) -> None:
    """On a terminal of its own, while input and output are something else."""
    service.will(STATUS)
    command = [sys.executable, "-m", "hashing", "status", "--case", "1", "--server", service.url]
    clean = {k: v for k, v in os.environ.items() if not k.startswith("TAKEBACK_")}
    process = subprocess.Popen(
        [sys.executable, "-c", TYPES, *command],
        env=clean,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    seen = b""
    while not seen.endswith(b": ") and (part := os.read(process.stdout.fileno(), 4096)):
        seen += part
    told, _ = process.communicate(typed.encode())
    assert not [word for word in WORDS.split() if word.encode() in seen + told]
    if typed == "\4":
        assert b"No passphrase was given." in told
        assert service.asked == []
    else:
        assert b"Still looking." in told
        assert service.asked[0].headers["Authorization"].endswith(derive(WORDS).access.hex())


def test_a_reader_that_goes_away_is_no_error_message(pictures: Path) -> None:
    for index in range(400):
        (pictures / f"{index}.jpg").write_bytes(b"\xff\xd8\xff\xe0")
    process = start("hash", str(pictures), stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert process.stdout is not None
    process.stdout.close()
    assert process.stderr is not None
    assert process.stderr.read() == b""
    process.stderr.close()
    assert process.wait() == 1


@pytest.mark.parametrize(
    ("command", "said"),
    [
        ("hash {0} > /dev/full", "The output could not be written"),
        ("hash {0} >&-", "There is no output to write to."),
        ("--version > /dev/full", "The output could not be written"),
        ("--help > /dev/full", "The output could not be written"),
    ],
)
def test_an_output_that_takes_nothing_is_told(pictures: Path, command: str, said: str) -> None:
    shell = f"{sys.executable} -m hashing {command.format(pictures / '0.png')}"
    done = subprocess.run(["/bin/sh", "-c", shell], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stderr.startswith(f"takeback: {said}")
    assert done.stderr.count("\n") == 1


def test_results_are_written_where_nothing_else_can_be(pictures: Path) -> None:
    (pictures / "notes.txt").write_text("passed over, which is a remark")
    shell = f"{sys.executable} -m hashing hash --json {pictures} 2>&-"
    lines = subprocess.check_output(["/bin/sh", "-c", shell]).splitlines()
    assert [json.loads(line)["path"] for line in lines] == [
        str(pictures / name) for name in ("0.png", "1.png", "2.png")
    ]


def test_a_device_that_has_no_more_to_give_is_told(
    pictures: Path, capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_: object, **__: object) -> None:
        raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))

    monkeypatch.setattr(batch, "ProcessPoolExecutor", fails)
    assert takeback("hash", str(pictures)) == 1
    assert capsys.readouterr().err.startswith("takeback: This device could not continue (Too many")


def test_the_number_of_a_case_is_shown_even_if_nobody_reads_the_output_any_more(
    service: Service, pictures: Path
) -> None:
    service.price["pieces"] = 60  # time enough to go away
    service.will({"case_number": "481-902-3475"})
    command = ["submit", str(pictures / "0.png"), "--server", service.url, *ANSWERS]
    process = start(*command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert process.stdout is not None
    assert process.stdout.readline().startswith(b"Your passphrase.")
    process.stdout.close()
    assert process.stderr is not None
    assert b"It is 481-902-3475." in process.stderr.read()
    process.stderr.close()
    assert process.wait() == 1


def test_a_passphrase_is_read_from_the_input_if_there_is_no_terminal(service: Service) -> None:
    service.will({"withdrawn": 1})
    process = start(
        *["withdraw", "--yes", "--case", "1", "--server", service.url],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )
    _, err = process.communicate(f"{WORDS.title()}\r\n".encode())
    assert (process.returncode, err) == (0, b"")
    assert service.asked[0].headers["Authorization"].endswith(derive(WORDS).access.hex())


@pytest.mark.usefixtures("_ctrl_c")
def test_what_is_hashed_is_printed_at_once_and_not_lost(
    pictures: Path, endless_video: Path
) -> None:
    process = start(
        *["hash", str(pictures / "0.png"), str(endless_video)],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline().startswith(b"pdq ")
    os.killpg(process.pid, signal.SIGINT)
    process.communicate(timeout=30)
    assert process.returncode == 130


@pytest.mark.usefixtures("_ctrl_c")
@pytest.mark.parametrize("seconds", [0, 0.3, 1.5])
def test_ctrl_c_ends_everything_at_once(endless_video: Path, seconds: float) -> None:
    """A terminal tells the command and its workers alike, whether they work yet or not."""
    process = start(
        *["hash", str(endless_video)],
        stderr=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        start_new_session=True,
    )
    while not psutil.Process(process.pid).children():
        time.sleep(0.01)
    time.sleep(seconds)
    os.killpg(process.pid, signal.SIGINT)
    _, err = process.communicate(timeout=30)  # seconds: its work would take minutes
    assert (process.returncode, err) == (130, b"takeback: Stopped. Nothing more was sent.\n")


def test_what_was_started_to_ignore_ctrl_c_goes_on(pictures: Path) -> None:
    """By `nohup`, or in the background of a script, whose Ctrl-C reaches it all the same."""
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    process = start(
        *["hash", str(pictures)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )
    signal.signal(signal.SIGINT, before)
    while process.poll() is None:
        os.killpg(process.pid, signal.SIGINT)
        time.sleep(0.05)
    out, err = process.communicate()
    assert (process.returncode, err) == (0, b"")
    assert out.count(b"pdq") == 3


def test_python_m_hashing_is_takeback(capsys: Captured, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["takeback", "--help"])
    with pytest.raises(SystemExit):
        runpy.run_module("hashing", run_name="__main__")
    assert capsys.readouterr().out.startswith("usage: takeback")
    assert "main" in runpy.run_module("hashing.__main__", run_name="imported")
