"""The Dockerfile's steps, replayed here as far as they go without a Docker engine."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_what_the_image_copies_is_enough_to_run_the_service(tmp_path: Path) -> None:
    """`python -m` puts this folder first, so only the files copied into it are found."""
    copied = re.findall(r"^COPY (?!--from)(.+) (\S+)$", (ROOT / "Dockerfile").read_text(), re.M)
    assert len(copied) >= 3
    for sources, target in copied:
        for source in sources.split():
            found, there = ROOT / source, tmp_path / target
            if found.is_dir():
                shutil.copytree(found, there, ignore=shutil.ignore_patterns("__pycache__"))
            else:
                there.mkdir(parents=True, exist_ok=True)
                shutil.copy(found, there)
    measured = ("COVERAGE", "TAKEBACK")  # what is copied is not what is measured, and compiles anew
    kept = {name: text for name, text in os.environ.items() if not name.startswith(measured)}
    environment = {**kept, "TAKEBACK_STATE": str(tmp_path / "state")}
    for act in ("migrate", "reindex"):
        done = subprocess.run(
            [sys.executable, "-m", "service", act],
            cwd=tmp_path,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
    assert "bank" in done.stdout
    where = "import hashing, service; print(hashing.__file__, service.__file__)"
    command = [sys.executable, "-c", where]
    found_at = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True)
    assert found_at.stdout.count(str(tmp_path)) == 2


def test_docker_is_given_what_the_image_copies() -> None:
    """`.dockerignore` refuses everything but its exceptions, to which each of these belongs."""
    ignored, *exceptions = (
        line
        for line in (ROOT / ".dockerignore").read_text().splitlines()
        if line and not line.startswith("#")
    )
    assert ignored == "*"
    given = [Path(line[1:]) for line in exceptions if line.startswith("!")]
    copied = re.findall(r"^COPY (?!--from)(.+) \S+$", (ROOT / "Dockerfile").read_text(), re.M)
    sources = [Path(source) for line in copied for source in line.split()]
    assert len(sources) >= 6
    assert not [each for each in sources if not {each, *each.parents} & set(given)]


def test_the_image_runs_as_nobody_and_asks_for_its_health() -> None:
    text = (ROOT / "Dockerfile").read_text()
    assert re.search(r"^USER 10001:10001$", text, re.M)
    assert "HEALTHCHECK" in text
    assert "requirements-service.lock" in text
