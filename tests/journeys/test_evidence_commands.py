"""`takeback evidence` against a real service, by the words that an owner types."""

from __future__ import annotations

import io
import json
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from demo.server import Service, running
from hashing import cli, evidence_transfer
from hashing.errors import BrokenOff, FileChanged, NotOpened, NotSecure, Refused
from hashing.evidence import chain
from hashing.evidence.limits import CHUNK
from hashing.evidence.sources import FolderSource
from hashing.evidence_calls import EvidenceClient
from hashing.evidence_transfer import Digested, patiently, stored_again
from hashing.passphrase import derive, new_passphrase

pytestmark = pytest.mark.enable_socket
Captured = pytest.CaptureFixture[str]
Say = Callable[..., tuple[int, str]]


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """For all tests of this file: each has a case of its own."""
    state = tmp_path_factory.mktemp("evidence") / "state"
    with running(state, WORK_PIECES="0", EVIDENCE_FREE_MIB="0", EVIDENCE_CASE_MIB="6") as one:
        yield one


class Case:
    """A case whose owner types commands."""

    def __init__(self, service: Service) -> None:
        self.service = service
        self.passphrase = new_passphrase()
        document = {
            "version": 1,
            "access_key": derive(self.passphrase).access.hex(),
            "eligibility": {"subject": "self", "adults": True, "intimate": True},
            "entries": [{"kind": "picture", "signals": [{"type": "sha256", "value": "ab" * 32}]}],
        }
        self.number = service.ask("POST", "/v1/cases", document)[1]["case_number"]
        self.client = EvidenceClient(service.address, self.passphrase, self.number)

    def chunks(self) -> int:
        """How many files all cases have on the disk."""
        return sum(1 for one in (self.service.state / "evidence").rglob("*") if one.is_file())


@pytest.fixture
def case(service: Service) -> Case:
    return Case(service)


@pytest.fixture
def say(case: Case, monkeypatch: pytest.MonkeyPatch, capsys: Captured) -> Say:
    """Type a command, and answers; return its exit code, and all that it said."""
    monkeypatch.setenv("TAKEBACK_PASSPHRASE", case.passphrase)

    def typed(*words: str, answers: str = "") -> tuple[int, str]:
        monkeypatch.setattr(sys, "stdin", io.StringIO(answers))
        action, *others = words
        named = ["--server", case.service.address, "--case", case.number]
        with pytest.raises(SystemExit) as ended:
            cli.main(["evidence", action, *named, *others])
        out, err = capsys.readouterr()
        assert isinstance(ended.value.code, int)
        return ended.value.code, out + err

    return typed


@pytest.fixture
def screenshot(tmp_path: Path) -> Path:
    path = tmp_path / "screenshot.png"
    path.write_bytes(b"a screenshot " * 100_000)
    return path


def test_what_is_kept_is_shown_saved_and_removed(
    case: Case, say: Say, screenshot: Path, tmp_path: Path
) -> None:
    before = case.chunks()
    told = ("--kind", "message", "--platform", "Telegram", "--person", "my ex", "--note")
    code, said = say("add", *told, answers="he wrote at night\n")
    assert code == 0
    assert "Kept, encrypted, as number 1. What came first stays as it is" in said
    chat = tmp_path / "../chat.txt"
    chat.write_text("chat")
    words = ("add", "--adults", "--happened", "2026-11-29", str(screenshot), str(chat))
    assert "as number 4" in say(*words)[1]
    assert "kept already, as number 4" in say(*words)[1]
    assert "as number 5" in say("add", "--adults", "--platform", "X", str(screenshot))[1]
    code, listed = say("list")
    assert code == 0
    for line in (
        *("   1  message  ", "person: my ex", "note: he wrote at night", "happened: 2026-11-29"),
        *("screenshot.png  1.2 MiB", "chat.txt  4 bytes", "Records: 3. Files: 2. "),
        *(" of 6.0 MiB.", "no time stamp yet"),
    ):
        assert line in listed
    shown = json.loads(say("list", "--json")[1])
    assert [(one["n"], one["record"]["kind"]) for one in shown] == [
        (1, "message"),
        (4, "file"),
        (5, "file"),
    ]
    assert say("get", "4", str(tmp_path / "back"))[0] == 0
    assert (tmp_path / "back/0004-1-screenshot.png").read_bytes() == screenshot.read_bytes()
    assert (tmp_path / "back/0004-2-chat.txt").read_text() == "chat"
    assert "There is a file already" in say("get", "4", str(tmp_path / "back"))[1]
    assert "Nothing was removed." in say("remove", "4", answers="n\n")[1]
    assert say("remove", "4", answers="y\n")[0] == 0
    assert case.chunks() - before == 4  # two records, and the screenshot, which number 5 names
    assert say("remove", "--yes", "5")[0] == 0
    assert say("remove", "--yes", "5") == (
        1,
        "takeback: There is no number 5. `evidence list` shows what there is.\n",
    )
    assert case.chunks() - before == 1
    assert "Kept, encrypted" in say(*words)[1]
    assert not list(chain.faults(case.number, case.client.evidence().links))


def test_files_that_may_show_somebody_under_18_are_never_sent(
    case: Case, say: Say, screenshot: Path
) -> None:
    before = case.chunks()
    code, said = say("add", str(screenshot))
    assert (code, "add --adults" in said) == (2, True)
    assert case.client.evidence().kept["takes_files"]
    code, said = say("add", str(screenshot), answers="y\n")
    assert (code, "NCMEC Take It Down" in said) == (1, True)
    code, said = say("add", "--adults", str(screenshot))
    assert (code, "takes no files" in said) == (1, True)
    assert case.chunks() == before
    assert say("add", "--kind", "profile", "--address", "https://x.example/a")[0] == 0


def test_all_of_it_is_exported_sealed_and_an_export_that_was_stopped_goes_on(
    case: Case, say: Say, screenshot: Path, tmp_path: Path
) -> None:
    say("add", "--adults", str(screenshot))
    folder = tmp_path / "export"
    assert say("export", str(folder))[0] == 0
    source = FolderSource(folder)
    assert not list(chain.faults(case.number, source.links))
    (file, record) = (one.entry for one in source.links)
    whole = (folder / "files" / file.id).read_bytes()
    assert chain.is_digest(file.digest)
    assert b"screenshot" not in whole + (folder / "records" / record.id).read_bytes()
    (folder / "files" / file.id).rename(folder / "files" / f"{file.id}.part")
    for left in (CHUNK + 16 + 99, 99, len(whole)):
        (folder / "files" / f"{file.id}.part").write_bytes(whole[:left])
        assert say("export", str(folder))[0] == 0
        assert (folder / "files" / file.id).read_bytes() == whole
        (folder / "files" / file.id).rename(folder / "files" / f"{file.id}.part")


def test_a_pack_is_made_of_an_export_and_checked_without_the_service(
    say: Say, screenshot: Path, tmp_path: Path, capsys: Captured
) -> None:
    say("add", "--adults", "--person", "my ex", "--user-name", "=x", str(screenshot))
    say("add", "--kind", "call")
    say("remove", "--yes", "3")
    say("export", str(tmp_path / "export"))
    packed = tmp_path / "pack.zip"
    pack = ["evidence", "pack", str(tmp_path / "export"), "--out", str(packed), "--text-only"]
    for words in (pack, ["verify", str(packed)]):
        with pytest.raises(SystemExit) as ended:
            cli.main(words)
        assert ended.value.code == 0, capsys.readouterr()
    said = capsys.readouterr().out
    assert "Nothing in this pack was changed since it was made." in said
    assert "Items in it: 1. Files: 1." in said
    assert "Not in the pack, as its maker says: entries 3." in said
    assert "Entries 1 to 4 have no time stamp" in said


def test_a_download_that_was_stopped_goes_on_and_what_is_not_the_file_is_refused(
    case: Case, screenshot: Path, tmp_path: Path
) -> None:
    attached = case.client.attach(screenshot, "a", "image/png")
    part = tmp_path / ".back.part"
    part.write_bytes(screenshot.read_bytes()[: CHUNK + 5])
    case.client.save(attached, tmp_path / "back")
    assert (tmp_path / "back").read_bytes() == screenshot.read_bytes()
    other = tmp_path / ".other.part"
    other.write_bytes(b"x" * CHUNK)
    with pytest.raises(NotOpened):
        case.client.save(attached, tmp_path / "other")
    assert not (tmp_path / "other").exists()
    case.client.save(attached, tmp_path / "other")
    assert (tmp_path / "other").read_bytes() == screenshot.read_bytes()


def test_errors_say_what_to_do(case: Case, say: Say, screenshot: Path, tmp_path: Path) -> None:
    assert "Name a file, or say what it is" in say("add", "--platform", "X")[1]
    assert "missing.png" in say("add", "--adults", str(tmp_path / "missing.png"))[1]
    large = tmp_path / "large"
    large.write_bytes(bytes(7 * CHUNK))
    code, said = say("add", "--adults", str(large))
    assert (code, "may keep 6 MiB of evidence, and has 6 left" in said) == (1, True)
    assert "2026-11-30" in say("add", "--kind", "page", "--happened", "yesterday")[1]
    other = Case(case.service)
    case.client.attach(screenshot, "a", "b")
    with pytest.raises(Refused):
        EvidenceClient(case.service.address, other.passphrase, case.number).evidence()
    assert "a file that no record names" in say("list")[1]


def test_a_file_that_changes_while_it_is_sent_is_never_sealed_under_the_same_key(
    case: Case,
) -> None:
    digested = Digested.of(io.BytesIO(bytes(CHUNK + 5)))
    key = case.client.keys.file_key("ab" * 16, digested.sha256)
    changed = io.BytesIO(bytes(CHUNK) + b"other")
    sealed = stored_again(changed, digested, key, "ab" * 16)
    assert next(sealed)[0] == 0
    with pytest.raises(FileChanged):
        next(sealed)


def test_a_call_is_repeated_while_that_may_help_and_no_longer(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    waited: list[float] = []
    now = [0.0]

    def sleep(seconds: float) -> None:
        waited.append(seconds)
        now[0] += seconds

    monkeypatch.setattr(time, "sleep", sleep)
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    answers: list[Exception | str] = []

    def once() -> str:
        answer = answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    broken: list[int] = []
    busy = Refused(status=429, retry_after=30)
    answers[:] = [BrokenOff(), busy, Refused(status=507), "there"]
    with pytest.raises(Refused):
        patiently(once, lambda: broken.append(1))
    assert (waited, len(broken)) == ([evidence_transfer.FIRST_PAUSE, 30], 2)
    for at_once in (NotSecure(), Refused(status=409), Refused(status=429, retry_after=3600)):
        answers[:] = [at_once, "there"]
        with pytest.raises(type(at_once)):
            patiently(once, lambda: None)
    answers[:] = [BrokenOff()] * 1000
    waited.clear()
    with pytest.raises(BrokenOff):
        patiently(once, lambda: None)
    assert 600 <= sum(waited) <= 610
