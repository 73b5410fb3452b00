"""`make demo` as its user runs it: every row right."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from demo import corpus, table

ROOT = Path(__file__).parents[2]


def run_demo(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "demo", *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )


def test_every_row_is_right() -> None:
    done = run_demo()
    assert done.returncode == 0, done.stdout + done.stderr
    assert "every row is right" in done.stdout
    rows = [line for line in done.stdout.splitlines() if line.endswith("✓")]
    assert len(rows) >= 37
    for found in ("mirror image", "cropped by 20 %", "phone screenshot", "story, on its own blur"):
        assert any(found in row and "4 match" in row for row in rows)
    (clip,) = (row for row in rows if "s of it inside another video" in row)
    assert re.search(r"match, 10–20 s +match, \d+\.\d–\d+\.\d s", clip)
    assert any("after it was taken down" in row and row.split()[-2] == "gone" for row in rows)
    assert any("6 other pictures" in row and "6 none" in row for row in rows)


@pytest.mark.skipif(sys.platform != "linux", reason="the crawler runs on Linux only")
def test_without_an_address_the_crawler_looks_at_an_album_here() -> None:
    command = [sys.executable, "-m", "demo.album"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert re.search(
        r"127\.0\.0\.1:\d+/album: seen\n  medium, seen: 5\n  page, seen: 2\n", done.stdout
    )
    assert len(re.findall("^  picture: pdq ", done.stdout, re.M)) == 4
    assert len(re.findall("^  video, 5\\d frames: ", done.stdout, re.M)) == 1


def test_it_takes_the_users_own_pictures(shared: Path, tmp_path: Path) -> None:
    photos = sorted((shared / "photos").iterdir())[:6]
    for path in photos:
        shutil.copy(path, tmp_path)
    taken = corpus.of_user(tmp_path, tmp_path)
    assert [path.name for path in taken.pictures] == [path.name for path in photos[:4]]
    assert {path.name for path in taken.unrelated} <= {path.name for path in photos[4:]}
    assert taken.unrelated
    assert taken.chosen
    assert taken.taken_from[0] == f"4 of your pictures in {tmp_path}"


@pytest.mark.soak
def test_every_row_of_the_users_own_pictures_is_right(shared: Path) -> None:
    done = run_demo("--pictures", str(shared / "photos"))
    assert done.returncode == 0, done.stdout + done.stderr
    assert "4 of your pictures" in done.stdout
    assert "✗" not in done.stdout


def test_an_edit_of_the_users_own_that_is_near_or_missed_is_not_wrong() -> None:
    verdicts = {"a": "match", "b": "near", "c": "none"}
    assert table.judged("cropped", "match", verdicts).mark == "✗ WRONG"
    row = table.judged("cropped", "match", verdicts, may_miss=True)
    assert (row.expected, row.mark) == ("match or near", "· 1 missed")
    assert row.got == "1 match, 1 near, 1 none"


def test_an_unrelated_upload_that_is_near_is_wrong_and_named() -> None:
    row = table.judged("others", "none", {"a": "none", "b": "near"}, may_miss=True)
    assert row.mark == "✗ WRONG"
    assert row.got.endswith("(b)")


def test_a_clip_found_elsewhere_in_the_video_is_wrong() -> None:
    assert table.placed("clip", (10, 20), {"from_s": 10.5, "until_s": 19.0}).right
    assert not table.placed("clip", (10, 20), {"from_s": 2.0, "until_s": 20.0}).right
    assert not table.placed("clip", (10, 20), None).right


def test_a_folder_without_pictures_is_told(tmp_path: Path) -> None:
    done = run_demo("--pictures", str(tmp_path))
    assert done.returncode == 1
    assert "No picture" in done.stderr
