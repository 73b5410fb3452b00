"""What the locks name is what is installed, also when newer versions of everything exist.

The Makefile's and the Dockerfile's own commands run here, in empty environments, over an index of
empty wheels that ask for what the real ones ask for.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
import sys
import venv
import zipfile
from collections.abc import Callable
from importlib import metadata
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
NEWER = "9999"
PIN = re.compile(r"^([a-z0-9._-]+)==(\S+)(?: ;[^\\\n]+)?(?: \\\n +--hash=\S+)+", re.M)
OF_MAKE = (
    "requirements.lock",
    "requirements-demo.lock",
    "requirements-crawler.lock",
    "requirements-dev.lock",
)
PEERS = "requirements-peers.lock"
OF_IMAGE = "requirements-service.lock"
Command = Callable[[Path], tuple[str, ...]]
BACKEND = """
import pathlib, shutil

def build_editable(folder, settings=None, metadata=None):
    return pathlib.Path(shutil.copy(next(pathlib.Path(__file__).parent.glob("*.whl")), folder)).name
"""
"""Of hatchling what pip asks for: takeback as an empty wheel."""


def pins(lock: str) -> dict[str, str]:
    return dict(PIN.findall((ROOT / lock).read_text()))


def wheel(folder: Path, name: str, version: str, **files: bytes) -> Path:
    """Write a wheel that holds `files` alone and asks for what the package installed here does."""
    about = [f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}"]
    try:
        real = metadata.metadata(name)
    except metadata.PackageNotFoundError:  # a peer, where there is no compiler
        pass
    else:
        about += [
            f"{field}: {value}"
            for field in ("Requires-Dist", "Provides-Extra")
            for value in real.get_all(field, [])
        ]
    stem = f"{name.replace('-', '_')}-{version}"
    inside = {
        **files,
        f"{stem}.dist-info/METADATA": "\n".join(about).encode(),
        f"{stem}.dist-info/WHEEL": b"Wheel-Version: 1.0\nTag: py3-none-any\nRoot-Is-Purelib: true",
    }
    record = f"{stem}.dist-info/RECORD"
    inside[record] = "".join(f"{path},,\n" for path in (*inside, record)).encode()
    path = folder / f"{stem}-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as file:
        for inner, content in inside.items():
            file.writestr(inner, content)
    return path


def run(folder: Path, *command: str) -> subprocess.CompletedProcess[str]:
    """Run what installs, with no index but ours, and nothing of who runs the tests."""
    environment = {
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "HOME": str(folder),
        "PIP_CONFIG_FILE": os.devnull,
        "PIP_INDEX_URL": (folder / "index").as_uri(),
    }
    return subprocess.run(
        command,
        cwd=folder,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What an install reads, the index, and an empty .venv."""
    folder = tmp_path_factory.mktemp("project")
    locks = (*OF_MAKE, PEERS, OF_IMAGE)
    takeback = wheel(folder, "takeback", metadata.version("takeback"))
    backend = {
        "hatchling/build.py": BACKEND.encode(),
        f"hatchling/{takeback.name}": takeback.read_bytes(),
    }
    hashes = {}
    for name, version in {pin for lock in locks for pin in pins(lock).items()}:
        page = folder / "index" / name
        page.mkdir(parents=True)
        locked = wheel(page, name, version, **(backend if name == "hatchling" else {}))
        newer = wheel(page, name, NEWER)
        links = [f'<a href="{each.name}">{each.name}</a>' for each in (locked, newer)]
        (page / "index.html").write_text("<!doctype html>" + "".join(links))
        hashes[name] = hashlib.sha256(locked.read_bytes()).hexdigest()
    for lock in locks:
        text = (ROOT / lock).read_text()
        hashed = PIN.sub(lambda pin: f"{pin[1]}=={pin[2]} --hash=sha256:{hashes[pin[1]]}", text)
        (folder / lock).write_text(hashed)
    for name in ("Makefile", "Dockerfile", "pyproject.toml"):
        shutil.copy(ROOT / name, folder)
    with_pip(folder / ".venv")
    return folder


def with_pip(environment: Path) -> None:
    """Make an environment with the pip that is here; quicker than by ensurepip."""
    venv.create(environment)
    pip = metadata.distribution("pip")
    (packages,) = environment.glob("lib/python*/site-packages")
    for part in {Path(str(file)).parts[0] for file in pip.files or ()} - {".."}:
        shutil.copytree(str(pip.locate_file(part)), packages / part)
    (environment / ".made").touch()


@pytest.fixture
def project(made: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(made, tmp_path / "project", symlinks=True))


def installed(environment: Path) -> dict[str, str]:
    (packages,) = environment.glob("lib/python*/site-packages")
    found = metadata.distributions(path=[str(packages)])
    return {one.name.lower().replace("_", "-"): one.version for one in found}


def test_make_installs_what_the_locks_name_and_nothing_newer(project: Path) -> None:
    done = run(project, "make", ".venv/.demo", ".venv/.peers")
    assert done.returncode == 0, done.stdout
    locks = OF_MAKE if "No C++ compiler" in done.stdout else (*OF_MAKE, PEERS)
    named = {name: version for lock in locks for name, version in pins(lock).items()}
    assert len(named) > 100
    assert installed(project / ".venv").items() >= named.items()


def of_make(_: Path) -> tuple[str, ...]:
    return ("make", ".venv/.runtime")


def of_image(project: Path) -> tuple[str, ...]:
    """The image's command, with its environment in the project."""
    text = (project / "Dockerfile").read_text()
    (command,) = re.findall(r"^RUN (python -m venv (?:.*\\\n)*.*)", text, re.M)
    return ("sh", "-c", command.replace("/venv", f"{project}/image"))


def test_the_image_installs_what_its_lock_names_and_nothing_newer(project: Path) -> None:
    done = run(project, *of_image(project))
    assert done.returncode == 0, done.stdout
    assert installed(project / "image") == pins(OF_IMAGE)


@pytest.mark.parametrize("command", [of_make, of_image])
def test_a_lock_that_lacks_something_does_not_install(project: Path, command: Command) -> None:
    for lock in (OF_IMAGE, OF_MAKE[0]):
        alone = re.search(r"^fastapi==.*\n", (project / lock).read_text(), re.M)
        assert alone
        (project / lock).write_text(alone[0])
    done = run(project, *command(project))
    assert done.returncode != 0
    assert "requires starlette, which is not installed" in done.stdout
