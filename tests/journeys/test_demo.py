"""`make demo` as its user runs it: every row right."""

import subprocess
import sys
from pathlib import Path

import pytest

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
    assert done.stdout.count("✓") >= 36


def test_it_takes_the_users_own_pictures() -> None:
    photos = ROOT.parent / "shared" / "photos"
    if not photos.exists():
        pytest.skip("the photographs for development are not here")
    done = run_demo("--pictures", str(photos))
    assert done.returncode == 0, done.stdout + done.stderr
    assert "4 of your pictures" in done.stdout


def test_a_folder_without_pictures_is_told(tmp_path: Path) -> None:
    done = run_demo("--pictures", str(tmp_path))
    assert done.returncode == 1
    assert "No picture" in done.stderr
