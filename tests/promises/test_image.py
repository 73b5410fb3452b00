"""The image's files, copied by the Dockerfile's and .dockerignore's rules, run the service."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.promises import image_files

ROOT = Path(__file__).parents[2]
SECRETS = (
    "var/secret",
    ".env",
    "photo.jpg",
    "hashing/photo.jpg",
    "hashing/media/formats.py",
    "hashing/browser/__pycache__/x.pyc",
    "service/store/__pycache__/x.pyc",
    "tests/x.py",
)
"""What must not enter the image, by mistake or otherwise."""


@pytest.fixture(scope="module")
def context(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What is handed to a build: the repository, and what should not have been there."""
    made = tmp_path_factory.mktemp("context") / "takeback"
    made.mkdir()
    for name in ("Dockerfile", ".dockerignore", "requirements-service.lock"):
        shutil.copy(ROOT / name, made)
    for folder in ("hashing", "service", "egress"):
        shutil.copytree(
            ROOT / folder,
            made / folder,
            ignore=shutil.ignore_patterns("__pycache__", "node_modules"),
        )
    for name in SECRETS:
        (made / name).parent.mkdir(parents=True, exist_ok=True)
        (made / name).write_text("secret")
    return made


@pytest.fixture(scope="module")
def image(context: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The image's working folder, by the rules as they are documented."""
    made = tmp_path_factory.mktemp("rules")
    image_files.by_rules(context, made)
    return made


def contents(folder: Path) -> dict[str, bytes]:
    found = (path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): path.read_bytes() for path in found}


def test_the_image_holds_what_it_should_and_nothing_else(image: Path) -> None:
    there = contents(image)
    assert {"hashing/signals.py", "service/__main__.py", "service/web/locales/es.po"} <= set(there)
    assert "hashing/browser/submission.js" in there
    assert not set(SECRETS) & set(there)
    assert b"secret" not in there.values()
    assert {name.split("/")[0] for name in there} == {"hashing", "service", "egress"}


def test_what_is_ignored_cannot_be_copied(context: Path, tmp_path: Path) -> None:
    """As it was: .dockerignore hid hashing/browser, and no build could have succeeded."""
    again = shutil.copytree(context, tmp_path / "context")
    ignored = (again / ".dockerignore").read_text().replace("!hashing/browser\n", "")
    (again / ".dockerignore").write_text(ignored)
    with pytest.raises(FileNotFoundError, match="hashing/browser"):
        image_files.by_rules(again, tmp_path / "rules")


@pytest.mark.soak
def test_buildah_copies_the_same(context: Path, image: Path, tmp_path: Path) -> None:
    made = image_files.by_buildah(context, tmp_path)
    if made is None:
        pytest.skip("no buildah that can run here: on Debian, apt install buildah, as root")
    assert contents(made) == contents(image)
    ignored = (context / ".dockerignore").read_text().replace("!hashing/browser\n", "")
    again = shutil.copytree(context, tmp_path / "context")
    (again / ".dockerignore").write_text(ignored)
    (tmp_path / "again").mkdir()
    assert "hashing/browser" in complaint_of_buildah(again, tmp_path / "again")


def complaint_of_buildah(context: Path, work: Path) -> str:
    """What it says when it fails; where it cannot run, what it would have to say."""
    try:
        made = image_files.by_buildah(context, work)
    except subprocess.CalledProcessError as failed:
        return str(failed.stderr)
    return "it did not fail" if made else "hashing/browser"


def test_what_the_image_copies_is_enough_to_run_the_service(image: Path, tmp_path: Path) -> None:
    """`python -m` puts this folder first, so only the files copied into it are found."""
    measured = ("COVERAGE", "TAKEBACK")  # what is copied is not what is measured, and compiles anew
    kept = {name: text for name, text in os.environ.items() if not name.startswith(measured)}
    compiled = ROOT / "service/matching/__pycache__"  # of these files; else 15 seconds
    if compiled.is_dir():
        shutil.copytree(compiled, image / "service/matching/__pycache__")
    environment = {**kept, "TAKEBACK_STATE": str(tmp_path / "state")}
    for act in ("migrate", "reindex"):
        done = subprocess.run(
            [sys.executable, "-m", "service", act],
            cwd=image,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
    assert "bank" in done.stdout
    where = "import hashing, service; print(hashing.__file__, service.__file__)"
    command = [sys.executable, "-c", where]
    found_at = subprocess.run(command, cwd=image, capture_output=True, text=True, check=True)
    assert found_at.stdout.count(str(image)) == 2


def test_the_image_runs_as_nobody_and_asks_for_its_health() -> None:
    text = (ROOT / "Dockerfile").read_text()
    assert re.search(r"^USER 10001:10001$", text, re.M)
    assert "HEALTHCHECK" in text
    assert "requirements-service.lock" in text


def test_every_base_can_be_pinned() -> None:
    """By a digest that the operator reads from the registry: none could be read here."""
    text, compose = (ROOT / "Dockerfile").read_text(), (ROOT / "compose.yaml").read_text()
    assert set(re.findall(r"^FROM (\S+)", text, re.M)) == {"${PYTHON_IMAGE}"}
    assert re.findall(r"^ARG PYTHON_IMAGE=(\S+)$", text, re.M) == ["python:3.11-slim"]
    assert "PYTHON_IMAGE: ${PYTHON_IMAGE:-python:3.11-slim}" in compose
    assert re.findall(r"^    image: (\S+)$", compose, re.M) == ["${POSTGRES_IMAGE:-postgres:17}"]
