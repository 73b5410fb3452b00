"""The file that names the segments of every index at one position of the store.

It is replaced as a whole, so that there is always exactly one manifest, the old or the new.
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

from service.matching.build import sync_folder

VERSION = 1
NAME = "manifest.json"


class DamagedManifest(Exception):
    """The manifest cannot be read; the message says why."""


@dataclass(frozen=True, slots=True)
class Named:
    """A segment of a manifest: its file, and which of its codes had been removed by then."""

    file: str
    count: int
    removed: NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Manifest:
    """For each index by name its segments, which hold all changes up to a position."""

    position: int
    indexes: Mapping[str, tuple[Named, ...]]
    store: str = ""
    """The name of the store whose positions these are."""

    def files(self) -> set[str]:
        """Return the names of all segments."""
        return {each.file for named in self.indexes.values() for each in named}


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
    told = json.loads(text)
    return Manifest(
        told["position"],
        {
            name: tuple(Named(each["file"], each["count"], _unpacked(each)) for each in segments)
            for name, segments in told["indexes"].items()
        },
        told["store"],
    )


def write(folder: Path, manifest: Manifest) -> None:
    """Put a manifest in the place of the one before. Raises OSError and leaves that one."""
    told = {
        "store": manifest.store,
        "position": manifest.position,
        "indexes": {
            name: [
                {"file": each.file, "count": each.count, "removed": _packed(each.removed)}
                for each in segments
            ]
            for name, segments in manifest.indexes.items()
        },
    }
    text = json.dumps(told).encode()
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
    """One bit a code; few are set, so that this is short."""
    return base64.b64encode(zlib.compress(np.packbits(removed).tobytes(), 1)).decode()


def _unpacked(told: dict[str, str | int]) -> NDArray[np.bool_]:
    bits = np.frombuffer(zlib.decompress(base64.b64decode(str(told["removed"]))), np.uint8)
    return np.unpackbits(bits, count=int(told["count"])).astype(bool)
