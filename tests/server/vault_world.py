"""An owner of the API who keeps evidence. What is kept are random bytes: the service opens none."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

from fastapi.testclient import TestClient
from httpx import Response

from hashing.evidence import chain
from hashing.evidence.limits import CHUNK, FILE_STEP, RECORD_OVERHEAD, TAG_BYTES
from hashing.evidence.sealing import Root

PATH = "/v1/case/evidence"
SEALED = {"Content-Type": "application/octet-stream"}
_random = Random(19)


def sealed_record(steps: int = 1) -> bytes:
    return _random.randbytes(RECORD_OVERHEAD + 1024 * steps)


def new_id() -> str:
    return _random.randbytes(16).hex()


@dataclass
class SealedFile:
    """A file as its owner's device would send it."""

    id: str
    chunks: list[bytes]

    @classmethod
    def of(cls, *last_steps: int) -> SealedFile:
        """One chunk for each number: full ones, but the last, which has so many steps."""
        sizes = [CHUNK] * (len(last_steps) - 1) + [FILE_STEP * last_steps[-1]]
        return cls(new_id(), [_random.randbytes(size + TAG_BYTES) for size in sizes])

    @property
    def size(self) -> int:
        return sum(map(len, self.chunks))

    @property
    def root(self) -> str:
        made = Root()
        for each in self.chunks:
            made.add(hashlib.sha256(each).digest())
        return made.hexdigest()


@dataclass
class Keeper:
    """An owner with her credentials."""

    api: TestClient
    headers: dict[str, str]
    number: str

    def ask(self, method: str, path: str = "", **more: Any) -> Response:
        answer: Response = self.api.request(method, PATH + path, headers=self.headers, **more)
        return answer

    def put(self, path: str, sealed: bytes) -> Response:
        answer: Response = self.api.put(
            PATH + path, content=sealed, headers={**self.headers, **SEALED}
        )
        return answer

    def announce(self, one: SealedFile, **more: Any) -> Response:
        body = {"id": one.id, "size": one.size, "chunks": len(one.chunks), "shows_minor": False}
        return self.ask("POST", "/files", json={**body, **more})

    def send(self, one: SealedFile, n: int) -> Response:
        return self.put(f"/files/{one.id}/chunks/{n}", one.chunks[n])

    def complete(self, one: SealedFile, root: str = "") -> Response:
        return self.ask("POST", f"/files/{one.id}/complete", json={"root": root or one.root})

    def keep(self, one: SealedFile) -> None:
        assert self.announce(one).status_code == 200
        for n in range(len(one.chunks)):
            assert self.send(one, n).status_code == 200
        assert self.complete(one).status_code == 200

    def shown(self) -> Any:
        return self.ask("GET").json()

    def links(self) -> list[chain.Link]:
        """Every entry with its link, as a device reads them, page by page."""
        links: list[chain.Link] = []
        more = True
        while more:
            page = self.ask("GET", f"?after={len(links)}").json()
            for one in page["entries"]:
                link = one.pop("link")
                links.append(chain.parse_link({"entry": one, "link": link}))
            more = page["more"]
        return links


def files_in(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file())
