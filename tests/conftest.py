"""What tests of every part share."""

import hashlib
import os
import shutil
import tempfile
from functools import cache
from pathlib import Path

import pytest
from hypothesis import settings

settings.register_profile(
    "test", deadline=None, max_examples=50
)  # how busy the machine is decides nothing
settings.register_profile("soak", deadline=None, max_examples=5000)
settings.load_profile("test")

hashlib.pbkdf2_hmac = cache(hashlib.pbkdf2_hmac)  # type: ignore[assignment]
"""Stretching a passphrase is slow on purpose, and tests stretch the same few hundreds of times."""

MEMORY = Path("/dev/shm")  # noqa: S108 (pytest and tempfile make folders of their own in it)
"""Where files are in memory on Linux. Stores and indexes wait for the disk thousands of times in a
run. What they do is the same, and a process that is killed loses as little as on a disk."""
MEMORY_NEEDED = 4 * 2**30
"""Bytes that have to be free there: a run leaves about 0.5 GiB."""


def _use_memory() -> None:
    """Put temporary files into memory, also those of the processes that tests start."""
    if "TMPDIR" in os.environ or not os.access(MEMORY, os.W_OK):
        return
    runs_programs = not os.statvfs(MEMORY).f_flag & getattr(os, "ST_NOEXEC", 0)
    if runs_programs and shutil.disk_usage(MEMORY).free > MEMORY_NEEDED:
        os.environ["TMPDIR"] = str(MEMORY)
        tempfile.tempdir = None  # read anew


_use_memory()

FIRST = ("pages", "journeys", "promises", "attacks", "crawler")
"""Parts whose files take longest: begun last, one would keep one worker busy alone."""


@pytest.fixture(scope="session")
def shared() -> Path:
    """Material that is beside the repository, not in it: photos, and vectors of ThreatExchange."""
    folder = Path(__file__).resolve().parents[2] / "shared"
    if not folder.is_dir():
        pytest.skip("no ../shared")
    return folder


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the parts that take longest first."""
    ranks = {part: rank for rank, part in enumerate(FIRST, -len(FIRST))}
    items.sort(key=lambda item: min(ranks.get(part, 0) for part in item.path.parts))
