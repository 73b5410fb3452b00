"""The paths given on a command line to the files to hash: folders are walked in name order."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from hashing.errors import EmptyFile, UnknownFormat
from hashing.media.formats import Format, sniff_file

MAX_FILES = 100_000
"""Most files of one command."""


@dataclass(frozen=True, slots=True)
class Gathered:
    """Files to hash, and how many files found in folders are neither picture nor video.

    `formats` has the format of each file that was found in a folder and could be read, so that
    its first bytes are not read again.
    """

    files: tuple[Path, ...]
    passed_over: int
    formats: Mapping[Path, Format] = field(default_factory=dict, compare=False)


def gather(named: Iterable[Path]) -> Gathered:
    """Return every file named, and every picture and video in the folders named.

    A file that is named is always among them, whatever it is, so that its error is reported; so is
    a file in a folder that is empty or cannot be read. Links in folders are not followed. The list
    ends at MAX_FILES.
    """
    files: list[Path] = []
    formats: dict[Path, Format] = {}
    passed_over = 0
    for path in named:
        if not path.is_dir():
            files.append(path)
            continue
        for file in _walk(path):
            if len(files) >= MAX_FILES:
                break
            try:
                formats[file] = sniff_file(file)
            except UnknownFormat:
                passed_over += 1
                continue
            except (OSError, EmptyFile):
                pass
            files.append(file)
    return Gathered(tuple(dict.fromkeys(files)), passed_over, formats)


def _walk(folder: Path) -> Iterator[Path]:
    for root, folders, names in os.walk(folder):
        folders.sort()
        for name in sorted(names):
            path = Path(root, name)
            if path.is_file() and not path.is_symlink():
                yield path
