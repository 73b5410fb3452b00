"""Scripts and style sheets, served byte for byte as in the repository, with their integrity (SRI).

They are read once, when the process starts. The URL path of a file is its path in the repository.
"""

from __future__ import annotations

import base64
import gzip
import hashlib
import json
import re
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from posixpath import dirname, join, normpath

from fastapi import APIRouter, Request, Response
from starlette.exceptions import HTTPException

from service.web.headers import Kind, of

ROOT = Path(__file__).parents[2]
FOLDERS = ("service/web/static", "hashing/browser")
_KINDS = {".js": (Kind.SCRIPT, "text/javascript"), ".css": (Kind.STYLE, "text/css")}
_IMPORT = re.compile(r'^(?:import|export)\b[^;"]*?"(\.{1,2}/[^"]+)";', re.M)


@dataclass(frozen=True)
class Statics:
    """The files, by their path from the root of the repository."""

    files: dict[str, bytes]

    @cached_property
    def packed(self) -> dict[str, bytes]:
        """The files compressed by gzip, to about a third of their size."""
        return {path: gzip.compress(body, mtime=0) for path, body in self.files.items()}

    @cached_property
    def integrity(self) -> dict[str, str]:
        """The hash of each file for Subresource Integrity (W3C), by path."""
        return {
            path: "sha384-" + base64.b64encode(hashlib.sha384(body).digest()).decode()
            for path, body in self.files.items()
        }

    def modules(self, entry: str) -> list[str]:
        """Return the path of a module, then those of its direct and indirect imports."""
        reached = [entry]
        for path in reached:
            source = self.files[path].decode()
            imported = (normpath(join(dirname(path), name)) for name in _IMPORT.findall(source))
            reached += [each for each in dict.fromkeys(imported) if each not in reached]
        return reached

    def import_map(self, entry: str) -> str:
        """Return the import map that names the integrity of each module of a page, as JSON."""
        paths = self.modules(entry)
        return json.dumps({"integrity": {url(path): self.integrity[path] for path in paths}})


def read(root: Path = ROOT) -> Statics:
    """Read every script and style sheet of the folders, and of the folders in them."""
    paths = [path for folder in FOLDERS for path in sorted((root / folder).rglob("*"))]
    return Statics(
        {
            path.relative_to(root).as_posix(): path.read_bytes()
            for path in paths
            if path.suffix in _KINDS and path.is_file()
        }
    )


def url(path: str) -> str:
    """Return the URL path of a file."""
    return f"/static/{path}"


def hash_source(inline: str) -> str:
    """Return the hash source of an inline script for a Content-Security-Policy."""
    return "sha256-" + base64.b64encode(hashlib.sha256(inline.encode()).digest()).decode()


router = APIRouter(include_in_schema=False)


@router.get("/favicon.ico")
def icon() -> Response:
    """Answer that there is none: an icon in a tab would reveal more than its title."""
    return Response(status_code=204, headers=of(Kind.STYLE))


@router.get("/static/{path:path}")
def file(request: Request, path: str) -> Response:
    """Return a file, compressed if the browser accepts that."""
    statics: Statics = request.app.state.pages.statics
    if path not in statics.files:
        raise HTTPException(404)
    kind, media_type = _KINDS[Path(path).suffix]
    headers = {**of(kind), "Vary": "Accept-Encoding"}
    if "gzip" not in request.headers.get("Accept-Encoding", ""):
        return Response(statics.files[path], media_type=media_type, headers=headers)
    headers["Content-Encoding"] = "gzip"
    return Response(statics.packed[path], media_type=media_type, headers=headers)
