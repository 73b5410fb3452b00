"""An owner writes a letter in the terminal, sends it herself, and reads its clock there."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from io import StringIO

import pytest

from demo import server
from demo.server import Service
from hashing import OwnerClient, Submission, cli, notice_report
from hashing.passphrase import new_passphrase
from hashing.signals import ContentKind, ContentSignals, Signal, SignalType
from hashing.submission import Eligibility

pytestmark = pytest.mark.enable_socket

Captured = pytest.CaptureFixture[str]
Notice = Callable[..., int]
ADDRESS = "https://videos.example/secret-path"
ANSWERS = "ana@private.example\nA photo of me.\nNever agreed to.\nAna Signed\ny\n"


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    with server.running(tmp_path_factory.mktemp("state"), WORK_PIECES="0") as running:
        yield running


@pytest.fixture
def notice(service: Service, monkeypatch: pytest.MonkeyPatch) -> Notice:
    """`takeback notice` for a case of its own; returns the exit code."""
    words = new_passphrase()
    monkeypatch.setenv("TAKEBACK_PASSPHRASE", words)
    content = ContentSignals(ContentKind.PICTURE, (Signal(SignalType.SHA256, b"a" * 32),))
    submission = Submission((content,), Eligibility("self", adults=True, intimate=True))
    number = OwnerClient(service.address, words).open_case(submission)

    def run(action: str, *more: str, typed: str = "") -> int:
        monkeypatch.setattr("sys.stdin", StringIO(typed))
        where = ("--server", service.address, "--case", number)
        with pytest.raises(SystemExit) as caught:
            cli.main(("notice", action, *where, *more))
        assert isinstance(caught.value.code, int)
        return caught.value.code

    return run


def test_what_is_wrong_with_the_command_is_said_before_anything_is_asked(
    notice: Notice, capsys: Captured
) -> None:
    assert notice("new", "--law", "US-TIDA", ADDRESS, "nonsense", typed=ANSWERS) == 1
    out, err = capsys.readouterr()
    assert out == ""
    assert "Name the platform: --to NAME. An address is not one" in err
    assert "E-mail" not in err


def test_a_letter_is_written_sent_and_followed(
    service: Service, notice: Notice, capsys: Captured
) -> None:
    tida = ("--law", "US-TIDA", "--to", "Example Videos", ADDRESS)
    assert notice("list") == 0
    assert capsys.readouterr().out == f"{notice_report.NO_NOTICES}\n"
    assert notice("new", "--law", "XX-NONE", ADDRESS) == 1
    assert notice("new", *tida) == 2, "nobody is here to answer"
    assert "US-TIDA, US-DMCA" in capsys.readouterr().err
    assert notice("new", *tida, typed=ANSWERS.replace("y\n", "n\n")) == 1
    assert "Missing: not_consented" in capsys.readouterr().err
    assert notice("new", *tida, typed=ANSWERS) == 0
    out, err = capsys.readouterr()
    assert out.startswith("Request to remove intimate content\n\nTo: Example Videos\n")
    assert [one for one in (ADDRESS, "Signed electronically: Ana Signed") if one not in out] == []
    assert "TAKE IT DOWN Act: in force." in err
    assert err.endswith(f"{notice_report.NOT_ADVICE}\n")
    assert notice("list", "--json") == 0
    assert json.loads(capsys.readouterr().out) == []

    assert notice("new", *tida, "--sent", "30", typed=ANSWERS) == 0
    assert capsys.readouterr().err.endswith(f"{notice_report.STARTED}\n")
    assert notice("new", *tida, "--keep", typed=ANSWERS) == 0
    capsys.readouterr()
    assert notice("list") == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "  2  Example Videos (US-TIDA): not sent yet"
    assert lines[1] == "  1  Example Videos (US-TIDA): sent"
    assert lines[2].startswith("     they have until 20")
    assert notice("list", "--json") == 0
    draft, sent = json.loads(capsys.readouterr().out)
    assert (draft["text"], sent["text"]) == (out, None)
    assert [one for one in ("secret-path", "Ana", "private") if one in service.log] == []
