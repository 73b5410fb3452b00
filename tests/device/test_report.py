import json
from pathlib import Path

import pytest

from hashing import report, watch_report
from hashing.errors import Damaged
from hashing.gather import Gathered, Passed
from hashing.signals import (
    ContentKind,
    ContentSignals,
    FrameSignal,
    Signal,
    SignalType,
    Window,
    WindowSignal,
)
from hashing.submission import content_document

PDQ = Signal(SignalType.PDQ, b"\xab" * 32, 91)
MD5 = Signal(SignalType.MD5, b"\xcd" * 16)
VIDEO = ContentSignals(ContentKind.VIDEO, (MD5,), (FrameSignal(0, 250, PDQ),))
PATH = Path("a/b c.jpg")


def test_a_line_for_each_signal() -> None:
    lines = list(
        report.outcome_lines(PATH, ContentSignals(ContentKind.PICTURE, (PDQ, MD5)), as_json=False)
    )
    assert lines == [
        f"pdq     {'ab' * 32} quality 91  a/b c.jpg",
        f"md5     {'cd' * 16}{' ' * 32} {' ' * 11} a/b c.jpg",
    ]
    assert len({line.index("a/b c.jpg") for line in lines}) == 1


def test_a_line_for_each_window() -> None:
    windows = (WindowSignal(Window.CENTRE_90, PDQ), WindowSignal(Window.SQUARE, PDQ))
    content = ContentSignals(ContentKind.PICTURE, (MD5,), windows=windows)
    _, *lines = report.outcome_lines(PATH, content, as_json=False)
    assert lines == [
        f"window  {'ab' * 32} centre-90   quality 91 a/b c.jpg",
        f"window  {'ab' * 32} square      quality 91 a/b c.jpg",
    ]


def test_a_line_for_all_frames() -> None:
    signal, frames = report.outcome_lines(PATH, VIDEO, as_json=False)
    assert frames.startswith("frames  1 distinct frames")
    assert frames.index("a/b c.jpg") == signal.index("a/b c.jpg")


def test_json_lines() -> None:
    [line] = report.outcome_lines(PATH, VIDEO, as_json=True)
    assert json.loads(line) == {
        "path": "a/b c.jpg",
        "kind": "video",
        "signals": [{"type": "md5", "value": "cd" * 16}],
        "frames": [{"at_ms": 0, "until_ms": 250, "type": "pdq", "value": "ab" * 32, "quality": 91}],
    }
    [line] = report.outcome_lines(PATH, Damaged(), as_json=True)
    assert json.loads(line)["error"] == {"code": "damaged", "message": str(Damaged())}


def test_a_file_that_breaks_off_is_said_to() -> None:
    md5 = Signal(SignalType.MD5, bytes(16))
    part = ContentSignals(ContentKind.PICTURE, (md5,), incomplete=True)
    [note, _] = report.outcome_lines(PATH, part, as_json=False)
    assert note == f"note    a/b c.jpg: {report.INCOMPLETE}"
    [line] = report.outcome_lines(PATH, part, as_json=True)
    assert json.loads(line)["incomplete"] is True
    assert "incomplete" not in content_document(part)


def test_an_error_says_what_to_do() -> None:
    [line] = report.outcome_lines(PATH, Damaged(), as_json=False)
    assert line == f"error   a/b c.jpg: {Damaged()}"


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("plain ünïcode 写真.jpg", "plain ünïcode 写真.jpg"),
        ("\x1b[31mred.jpg", "\\x1b[31mred.jpg"),
        ("a\nb", "a\\nb"),
        ("\udcff.jpg", "\\udcff.jpg"),
        ("\u202egpj.exe", "\\u202egpj.exe"),
    ],
)
def test_a_name_cannot_steer_the_terminal(name: str, expected: str) -> None:
    assert report.shown(Path(name)) == expected
    [line] = report.outcome_lines(Path(name), Damaged(), as_json=False)
    assert expected in line
    line.encode()


def test_what_folders_hold_is_named_up_to_a_number(monkeypatch: pytest.MonkeyPatch) -> None:
    named = ((PATH, Passed.NEITHER), (Path("l"), Passed.LINK))
    gathered = Gathered((PATH,) * 3, passed_over=5, named=named, cut=True)
    *each, more, cut = report.passed_lines(gathered)
    assert each == [
        "Passed over a/b c.jpg: not a picture or video that we can read.",
        "Passed over l: a link; name it, and what it leads to is hashed.",
    ]
    assert more == "Passed over 3 more."
    assert cut == report.CUT.format(count=3)
    monkeypatch.setattr(report, "MAX_LISTED", 2)
    found = report.found_lines([Path("/a")], [PATH, Path("l"), PATH, PATH])
    assert list(found) == ["In /a:", "  a/b c.jpg", "  l", "  and 2 more"]


def test_an_address_and_what_happened_there() -> None:
    seen = [{"day": "2026-11-02", "presence": each} for each in ("there", "gone", "lost")]
    watch = {"n": 1, "address": "https://a.example/\x1b", "withheld": False, "changes": seen}
    rest = {"looked_on": "2026-11-09", "trouble": None}
    lines = list(watch_report.watch_lines([watch | rest]))
    assert lines == [
        "  1  https://a.example/\\x1b",
        "     2026-11-02  found there",
        "     2026-11-02  gone",
        "     2026-11-02  lost",
        "     2026-11-09  last checked",
    ]
    bare = watch | rest | {"changes": []}
    for change, told in (
        ({"trouble": "refused"}, "2026-11-09  the site asks programs to stay away"),
        ({"trouble": "odd"}, "2026-11-09  odd"),
        ({"looked_on": None}, "not checked yet"),
        ({"withheld": True, "trouble": "fault"}, "not being checked: somebody said"),
    ):
        _, line = watch_report.watch_lines([bare | change])
        assert line.startswith(f"     {told}")
    assert list(watch_report.watch_lines([])) == ["No addresses are being checked for this case."]


def test_verdicts() -> None:
    answer = {"verdict": "match", "matches": [{"match": "m1"}, {"match": "m2"}]}
    assert report.verdict_line(PATH, answer, as_json=False) == "match  a/b c.jpg m1 m2"
    nothing = {"verdict": "none", "matches": []}
    assert report.verdict_line(PATH, nothing, as_json=False) == "none   a/b c.jpg"
    assert json.loads(report.verdict_line(PATH, answer, as_json=True)) == {
        "path": "a/b c.jpg",
        **answer,
    }


def test_a_match_in_a_video_has_its_place() -> None:
    span = {"from_s": 12.25, "until_s": 80}
    answer = {"verdict": "match", "matches": [{"match": "m1", "span": span}, {"match": "m2"}]}
    line = report.verdict_line(PATH, answer, as_json=False)
    assert line == "match  a/b c.jpg m1 (12.25–80 s) m2"


def test_the_status_of_a_case() -> None:
    seen = {"platform": "Example", "seen_on": "2026-11-02", "source": "lookup", "outcome": None}
    blocked = {"platform": "Other", "seen_on": "2026-11-03", "source": "else", "outcome": "blocked"}
    status = {
        "case_number": "481-902-3475",
        "opened_on": "2026-11-01",
        "entries": [
            {
                "n": 1,
                "kind": "picture",
                "added_on": "2026-11-01",
                "status": "active",
                "sightings": [seen, blocked],
            },
            {
                "n": 2,
                "kind": "video",
                "added_on": "2026-11-01",
                "status": "of the future",
                "sightings": [],
            },
            {
                "n": 3,
                "kind": "picture",
                "added_on": "2026-11-01",
                "status": "withdrawing",
                "erase_on": "2026-11-05",
                "sightings": [],
            },
            {
                "n": 4,
                "kind": "picture",
                "added_on": "2026-11-01",
                "status": "withdrawn",
                "erase_on": None,
                "sightings": [],
            },
        ],
        "says": "We keep looking.",
    }
    away = "withdrawn, no longer looked for"
    assert list(report.status_lines(status)) == [
        "Case 481-902-3475, opened 2026-11-01",
        "  1. picture, added 2026-11-01: being looked for",
        "     2026-11-02  Example: found among uploads; they have not told us yet what they did",
        "     2026-11-03  Other: else; they blocked it",
        "  2. video, added 2026-11-01: of the future",
        f"  3. picture, added 2026-11-01: {away}; can be undone before 2026-11-05",
        f"  4. picture, added 2026-11-01: {away}, and erased",
        "We keep looking.",
    ]


def test_what_a_withdrawal_and_its_undo_did() -> None:
    first, *more = report.withdrawn_text("entry 2", {"withdrawn": 1}).splitlines()
    assert first == "Withdrawn: entry 2. It is no longer looked for."
    assert more == [report.ERASED]
    later = report.withdrawn_text("entry 2", {"withdrawn": 1, "erase_on": "2026-11-25"})
    assert later.splitlines()[0] == first
    assert "erased on 2026-11-25" in later
    assert report.ERASED not in later
    assert report.undone_text("entry 2", {"undone": 1}) == "Undone: entry 2 is as it was before."
    assert report.undone_text("entry 2", {"undone": 0}) == report.NOTHING_UNDONE


def test_a_hold_is_told_as_what_it_is() -> None:
    entry = {"n": 1, "kind": "picture", "added_on": "2026-11-01", "status": "quarantined"}

    def line(**more: object) -> str:
        entries = [{**entry, "sightings": [], **more}]
        status = {"case_number": "1", "opened_on": "2026-11-01", "entries": entries, "says": ""}
        return list(report.status_lines(status))[1]

    assert line().endswith(": on hold, not looked for until a person has reviewed it")
    assert line(held="waiting") == line()
    assert "a person reviewed it and decided this" in line(held="kept")
    assert line(status="active", held=None).endswith(": being looked for")


def test_what_was_added_and_what_of_it_is_held() -> None:
    added = "Added 1 to case 481-902-3475. What it had already was not added again."
    assert report.added_text("481-902-3475", {"added": 1}) == added
    assert report.added_text("481-902-3475", {"added": 1, "held": 0}) == added
    first, second = report.added_text("481-902-3475", {"added": 1, "held": 2}).split("\n")
    assert first == added
    assert second.startswith("2 of these are on hold: they are not looked for")
