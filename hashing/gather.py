"""Paths a person named to the files to hash: folders are walked, in name order."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from hashing.errors import EmptyFile, UnknownFormat
from hashing.media.formats import HEAD_BYTES, sniff

MAX_FILES = 100_000


@dataclass(frozen=True, slots=True)
class Gathered:
    """Files to hash, and how many files found in folders are neither picture nor video."""

    files: tuple[Path, ...]
    passed_over: int


def gather(named: Iterable[Path]) -> Gathered:
    """Return every file named, and every picture and video in the folders named.

    A file named is always there, whatever it is, so that its fault is told; links in folders
    are not followed. The list ends at MAX_FILES.
    """
    files: list[Path] = []
    passed_over = 0
    for path in named:
        if not path.is_dir():
            files.append(path)
            continue
        for found in _walk(path):
            if len(files) >= MAX_FILES:
                break
            if _looks_like_content(found):
                files.append(found)
            else:
                passed_over += 1
    return Gathered(tuple(dict.fromkeys(files)), passed_over)


def _walk(folder: Path) -> Iterator[Path]:
    for root, folders, names in os.walk(folder):
        folders.sort()
        for name in sorted(names):
            path = Path(root, name)
            if path.is_file() and not path.is_symlink():
                yield path


def _looks_like_content(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            sniff(file.read(HEAD_BYTES))
    except UnknownFormat:
        return False
    except (OSError, EmptyFile):
        return True
    return True
