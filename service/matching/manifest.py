"""The manifest: the file that names the segments of every index at one position of the store.

It is replaced atomically, so that there is always exactly one, the old or the new.
"""

from __future__ import annotations

import base64
import json
import os
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from service.matching.segment_writer import sync_folder

VERSION = 1
NAME = "manifest.json"


class DamagedManifest(Exception):
    """The manifest cannot be read; the message says why."""


@dataclass(frozen=True, slots=True)
class SegmentRecord:
    """A segment as a manifest names it: its file, and its tombstone bitmap at the position."""

    file: str
    count: int
    removed: NDArray[np.bool_]
    """Whether each of the codes had been removed, (count)."""


@dataclass(frozen=True, slots=True)
class Manifest:
    """For each index by name its segments, which hold all changes up to a position."""

    position: int
    indexes: Mapping[str, tuple[SegmentRecord, ...]]
    store_name: str = ""
    """Of the store whose positions these are."""

    def files(self) -> set[str]:
        """Return the file names of all segments."""
        return {each.file for records in self.indexes.values() for each in records}


def read(folder: Path) -> Manifest | None:
    """Return the manifest of a folder, None when it has none. Raises DamagedManifest."""
    try:
        line, text = (folder / NAME).read_bytes().split(b"\n", 1)
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as err:
        raise DamagedManifest(f"{NAME}: cannot be read") from err
    if line != _first_line(text):
        raise DamagedManifest(f"{NAME}: cut short, altered or of another version")
    document = json.loads(text)
    return Manifest(
        document["position"],
        {
            name: tuple(
                SegmentRecord(each["file"], each["count"], _unpacked(each)) for each in records
            )
            for name, records in document["indexes"].items()
        },
        document["store"],
    )


def write(folder: Path, manifest: Manifest) -> None:
    """Replace the manifest of a folder. Raises OSError and leaves the old one."""
    document = {
        "store": manifest.store_name,
        "position": manifest.position,
        "indexes": {
            name: [
                {"file": each.file, "count": each.count, "removed": _packed(each.removed)}
                for each in records
            ]
            for name, records in manifest.indexes.items()
        },
    }
    text = json.dumps(document).encode()
    part = folder / f"{NAME}.part"
    try:
        with part.open("wb") as file:
            file.write(_first_line(text) + b"\n" + text)
            file.flush()
            os.fsync(file.fileno())
        part.replace(folder / NAME)
    except BaseException:
        part.unlink(missing_ok=True)
        raise
    sync_folder(folder)


def _first_line(text: bytes) -> bytes:
    return f"takeback manifest {VERSION} {zlib.crc32(text):08x}".encode()


def _packed(removed: NDArray[np.bool_]) -> str:
    """One bit a code, compressed: few are set, so that this is short."""
    return base64.b64encode(zlib.compress(np.packbits(removed).tobytes(), 1)).decode()


def _unpacked(record: dict[str, str | int]) -> NDArray[np.bool_]:
    bits = np.frombuffer(zlib.decompress(base64.b64decode(str(record["removed"]))), np.uint8)
    return np.unpackbits(bits, count=int(record["count"])).astype(bool)
