"""The paths given on a command line to the files to hash: folders are walked in name order."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from hashing.errors import EmptyFile, UnknownFormat
from hashing.media.formats import Format, sniff_file

MAX_FILES = 100_000
"""Most files of one command."""
MAX_NAMED = 20
"""Most files passed over that are named."""


class Passed(StrEnum):
    """Why something found in a folder is not hashed."""

    NEITHER = "not a picture or video that we can read"
    LINK = "a link; name it, and what it leads to is hashed"
    NO_FILE = "no file, but a pipe or a device"


@dataclass(frozen=True, slots=True)
class Gathered:
    """Files to hash, and what of the folders is passed over.

    `passed_over` is how many there are, `named` the first MAX_NAMED with the reason; `cut` says
    that there are more than MAX_FILES. `formats` has the format of each file that was found in a
    folder and could be read, so that its first bytes are not read again.
    """

    files: tuple[Path, ...]
    passed_over: int = 0
    named: tuple[tuple[Path, Passed], ...] = field(default=(), compare=False)
    cut: bool = False
    formats: Mapping[Path, Format] = field(default_factory=dict, compare=False)


def gather(named: Iterable[Path]) -> Gathered:
    """Return every file named, and every picture and video in the folders named.

    A file that is named is always among them, whatever it is, so that its error is reported; so is
    a file in a folder that is empty or cannot be read, and a folder that cannot. Links in folders
    are not followed. The list ends at MAX_FILES.
    """
    files: list[Path] = []
    formats: dict[Path, Format] = {}
    passed: list[tuple[Path, Passed]] = []
    passed_over = 0
    cut = False
    for path in named:
        if not _is_folder(path):
            files.append(path)
            continue
        for file in _walk(path):
            if len(files) >= MAX_FILES:
                cut = True
                break
            why = _sniffed(file, formats)
            if why is None:
                files.append(file)
                continue
            passed_over += 1
            if len(passed) < MAX_NAMED:
                passed.append((file, why))
    return Gathered(tuple(dict.fromkeys(files)), passed_over, tuple(passed), cut, formats)


def _sniffed(file: Path, formats: dict[Path, Format]) -> Passed | None:
    """Note the format of what a folder holds; return why it is passed over, if it is."""
    if file.is_symlink():
        return Passed.LINK
    try:
        if not file.is_dir() and not file.is_file():
            return Passed.NO_FILE
        formats[file] = sniff_file(file)
    except UnknownFormat:
        return Passed.NEITHER
    except (OSError, EmptyFile):
        pass
    return None


def _is_folder(path: Path) -> bool:
    try:
        return path.is_dir()
    except OSError:  # a folder above it may not be entered
        return False


def _walk(folder: Path) -> Iterator[Path]:
    """Yield everything in a folder and those below that is no folder, or one that is not opened."""
    closed: list[Path] = []
    for root, folders, names in os.walk(folder, onerror=lambda err: closed.append(_path(err))):
        yield from closed
        closed.clear()
        links = [name for name in folders if Path(root, name).is_symlink()]
        folders.sort()
        for name in sorted([*names, *links]):
            yield Path(root, name)
    yield from closed


def _path(err: OSError) -> Path:
    return Path(err.filename)
