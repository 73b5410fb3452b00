"""The files that pages load: each as it lies in the repository, with its integrity (SRI).

They are read once, when the process starts, and served at the path that they have there.
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
    """The files by path from the root of the repository."""

    files: dict[str, bytes]

    @cached_property
    def packed(self) -> dict[str, bytes]:
        """The files as they travel to a browser that unpacks them: a third of their size."""
        return {path: gzip.compress(body, mtime=0) for path, body in self.files.items()}

    @cached_property
    def integrity(self) -> dict[str, str]:
        """What Subresource Integrity (W3C) compares, by path."""
        return {
            path: "sha384-" + base64.b64encode(hashlib.sha384(body).digest()).decode()
            for path, body in self.files.items()
        }

    def modules(self, entry: str) -> list[str]:
        """Return the paths of a module and of all that it imports, itself first."""
        found = [entry]
        for path in found:
            text = self.files[path].decode()
            wanted = (normpath(join(dirname(path), name)) for name in _IMPORT.findall(text))
            found += [each for each in dict.fromkeys(wanted) if each not in found]
        return found

    def import_map(self, entry: str) -> str:
        """Return the import map that holds a page's modules to their integrity."""
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
    """Return the path under which a file is served."""
    return f"/static/{path}"


def hash_source(inline: str) -> str:
    """Return the hash source of an inline script for a Content-Security-Policy."""
    return "sha256-" + base64.b64encode(hashlib.sha256(inline.encode()).digest()).decode()


router = APIRouter(include_in_schema=False)


@router.get("/favicon.ico")
def icon() -> Response:
    """There is none: a tab with a picture of ours would tell more than its title."""
    return Response(status_code=204, headers=of(Kind.STYLE))


@router.get("/static/{path:path}")
def file(request: Request, path: str) -> Response:
    """Answer with a file."""
    statics: Statics = request.app.state.site.statics
    if path not in statics.files:
        raise HTTPException(404)
    kind, media_type = _KINDS[Path(path).suffix]
    headers = {**of(kind), "Vary": "Accept-Encoding"}
    if "gzip" not in request.headers.get("Accept-Encoding", ""):
        return Response(statics.files[path], media_type=media_type, headers=headers)
    headers["Content-Encoding"] = "gzip"
    return Response(statics.packed[path], media_type=media_type, headers=headers)
