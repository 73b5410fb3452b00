"""Whoever gets a pack checks it with Python and our wheel alone: no network, nothing of ours."""

import shutil
import subprocess
import sys
import venv
import zipfile
from importlib import metadata
from pathlib import Path

import pytest

from tests.device.evidence.vault import sample

ROOT = Path(__file__).parents[2]
NEEDED = ("cryptography", "cffi", "pycparser", "rfc3161-client", "tqdm")
"""Of what the wheel asks for, all that `verify` loads: no NumPy, no decoder."""
CHECK = """
import runpy, sys
def deny(event, _):
    if event.startswith("socket."):
        sys.exit(f"asked the network: {event}")
sys.addaudithook(deny)
sys.argv = ["takeback", "verify", *sys.argv[1:]]
runpy.run_module("hashing", run_name="__main__")
"""


@pytest.fixture(scope="module")
def python(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The Python of a new environment in which the wheel is, and what it needs to verify."""
    folder = tmp_path_factory.mktemp("fresh")
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    subprocess.run(build, cwd=ROOT, check=True, capture_output=True)
    (wheel,) = folder.glob("takeback-*.whl")
    venv.create(folder / "venv")
    (packages,) = (folder / "venv").glob("lib/python*/site-packages")
    zipfile.ZipFile(wheel).extractall(packages)
    for name in NEEDED:
        distribution = metadata.distribution(name)
        for part in {Path(str(file)).parts[0] for file in distribution.files or ()} - {".."}:
            source = Path(str(distribution.locate_file(part)))
            copy = shutil.copytree if source.is_dir() else shutil.copy
            copy(source, packages / part)
    return folder / "venv" / "bin" / "python"


def check(python: Path, pack: Path) -> subprocess.CompletedProcess[str]:
    command = [str(python), "-I", "-c", CHECK, str(pack)]
    return subprocess.run(command, cwd=pack.parent, capture_output=True, text=True, check=False)


def test_a_pack_is_checked_where_there_is_nothing_but_the_wheel(
    python: Path, tmp_path: Path
) -> None:
    packed = sample().pack()
    (tmp_path / "pack.zip").write_bytes(packed)
    done = check(python, tmp_path / "pack.zip")
    assert done.returncode == 0, done.stderr
    assert "Nothing in this pack was changed" in done.stdout
    (tmp_path / "changed.zip").write_bytes(packed.replace(b"screenshot", b"Screenshot", 1))
    done = check(python, tmp_path / "changed.zip")
    assert done.returncode == 1
    assert "items/0002/file-1.png was changed" in done.stdout
    (tmp_path / "none.zip").write_bytes(b"no pack")
    assert check(python, tmp_path / "none.zip").returncode == 2


def test_without_what_makes_pdf_it_says_what_is_missing(python: Path, tmp_path: Path) -> None:
    code = "from hashing.evidence import documents; documents.installed_fonts()"
    command = [str(python), "-I", "-c", code]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert "PDF needs one more package: pip install fpdf2." in done.stderr
