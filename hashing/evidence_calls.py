"""The calls of an owner about evidence: sealed before they leave, opened only here.

Every call may be repeated, and is, while the connection breaks. A file is sent and fetched in
chunks; what has come need not come again, also when this program was killed in between.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import os
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from hashing import answers
from hashing.client import plain_number
from hashing.errors import InvalidEvidence, NotOpened, NotTakeback, Refused
from hashing.evidence import record as records
from hashing.evidence.chain import Link, faults, parse_link
from hashing.evidence.keys import EvidenceKeys
from hashing.evidence.limits import CHUNK, TAG_BYTES
from hashing.evidence.record import AttachedFile, Record
from hashing.evidence.sealing import (
    Root,
    chunk_count,
    open_chunk,
    open_record,
    seal_record,
    stored_size,
)
from hashing.evidence.sources import Token
from hashing.evidence_transfer import (
    Advance,
    Digested,
    continued,
    patiently,
    sha256_of,
    stored_again,
)
from hashing.passphrase import derive, hkdf
from hashing.transport import call, fetch, parsed_address

Json = dict[str, Any]
_PATH: Final = "/v1/case/evidence"
_CONFLICT: Final = "takeback:problem:conflict"
_MOST_IDS: Final = 100
"""Times that one and the same file may be removed, and kept again."""
_USED_UP: Final = "This was removed too often to be kept again."
_FILE_ID: Final = b"takeback evidence file id v1"
_RECORD_ID: Final = b"takeback evidence record id v1"
_ANY_TIME: Final = datetime(2000, 1, 1, tzinfo=UTC)


class Evidence:
    """The chain of a case as the service gave it, checked, and what the case keeps and may keep."""

    def __init__(
        self, case_number: str, links: list[Link], stamps: list[Token], kept: Json
    ) -> None:
        self.case_number = case_number
        self.links = links
        self.stamps = stamps
        self.kept = kept
        """The last answer: bytes, bytes_allowed, records, files, takes_files, unfinished …"""
        self.removed = {one.entry.id for one in links if one.entry.act == "removed"}
        self._kept = {one.entry.id for one in links} - self.removed

    def has(self, item: str) -> bool:
        """Whether an item is kept."""
        return item in self._kept


class EvidenceClient:
    """Keeps evidence of a case, reads it, removes it. The passphrase is never sent.

    `broken` is called when a call did not go through and will be tried again.
    """

    def __init__(
        self,
        server: str,
        passphrase: str,
        number: str,
        broken: Callable[[], None] = lambda: None,
    ) -> None:
        self._server = parsed_address(server)
        keys = derive(passphrase)
        self._credential = f"Case {plain_number(number)}:{keys.access.hex()}"
        self.keys = EvidenceKeys.of(keys.vault)
        self._broken = broken

    # --- what is there ---

    def evidence(self) -> Evidence:
        """Return the whole chain. Raises NotOpened if it was changed since it was made."""
        links: list[Link] = []
        stamps: list[Token] = []
        more = True
        while more:
            page = self._call("GET", f"{_PATH}?after={len(links)}", shape=answers.EVIDENCE)
            if page["more"] and not page["entries"]:
                raise NotTakeback
            links += [_link(one) for one in page["entries"]]
            stamps += [_token(one) for one in page["stamps"]]
            more = page["more"]
        number = page["case_number"]
        if fault := next(faults(number, links), None):
            raise NotOpened(f"The service's chain of your evidence is not right: {fault.sentence}")
        return Evidence(number, links, stamps, page)

    def record(self, record_id: str) -> Record:
        """Return a record, opened. Raises NotOpened."""
        return records.decode(self._opened(record_id, self.stored_record(record_id)))

    def stored_record(self, record_id: str) -> bytes:
        """Return a record as it is stored."""
        return self._fetch(f"{_PATH}/records/{record_id}")

    def stored_chunk(self, file_id: str, n: int) -> bytes:
        """Return a chunk of a file as it is stored."""
        return self._fetch(f"{_PATH}/files/{file_id}/chunks/{n}")

    def stored_chunks(self, file_id: str) -> Iterator[bytes]:
        """Yield the chunks of a file as they are stored, in order."""
        for n in range(int(self._arrival(file_id)["chunks"])):
            yield self.stored_chunk(file_id, n)

    def stored_size(self, file_id: str) -> int:
        """Return how many bytes a file has as it is stored."""
        return int(self._arrival(file_id)["size"])

    def source(self, evidence: Evidence) -> ServiceSource:
        """Return where a pack of it can be made from."""
        return ServiceSource(self, evidence)

    # --- what is added and removed ---

    def mark_under_18(self) -> None:
        """Say that somebody shown was under 18, or may have been: no files any more, for good."""
        self._call("POST", f"{_PATH}/under-18")

    def keep(self, made: Record, evidence: Evidence) -> tuple[str, bool]:
        """Keep a record; return its id, and whether it is new.

        One with files that is kept already is not kept again: a run that was killed goes on.
        """
        made = replace(made, signer=self.keys.signer())
        record_id = self._record_id(made, evidence)
        if evidence.has(record_id):
            return record_id, False
        sealed = seal_record(self.keys.record_key(record_id), record_id, records.encode(made))
        self._call("PUT", f"{_PATH}/records/{record_id}", sealed, answers.KEPT)
        return record_id, True

    def attach(
        self, path: Path, name: str, media_type: str, advance: Advance = lambda _: None
    ) -> AttachedFile:
        """Send a file that a record is to name. What has come of it is not sent again.

        Raises OSError, FileChanged, InvalidEvidence, or what the service refuses.
        """
        with path.open("rb") as stream:
            digested = Digested.of(stream)
            sha256, size = digested.sha256, digested.size
            file_id, received = self._announced(sha256, size)
            key = self.keys.file_key(file_id, sha256)
            root = Root()
            for n, sealed in stored_again(stream, digested, key, file_id):
                root.add(hashlib.sha256(sealed).digest())
                if n not in received:
                    self.put_chunk(file_id, n, sealed)
                advance(len(sealed))
        body = {"root": root.hexdigest()}
        self._call("POST", f"{_PATH}/files/{file_id}/complete", body, answers.KEPT)
        return AttachedFile(file_id, name, media_type, size, sha256, root.hexdigest())

    def put_chunk(self, file_id: str, n: int, sealed: bytes) -> None:
        """Send one chunk."""
        self._call("PUT", f"{_PATH}/files/{file_id}/chunks/{n}", sealed)

    def remove_record(self, record_id: str) -> None:
        """Remove a record. Its bytes are gone when this returns."""
        self._call("DELETE", f"{_PATH}/records/{record_id}")

    def remove_file(self, file_id: str) -> None:
        """Remove a file, or what has come of it."""
        self._call("DELETE", f"{_PATH}/files/{file_id}")

    # --- files that come back ---

    def save(self, attached: AttachedFile, target: Path, advance: Advance = lambda _: None) -> None:
        """Write a file, opened, where nothing is yet. What a killed run had is not fetched again.

        Raises OSError, or NotOpened if it is not what the record names.
        """
        key = self.keys.file_key(attached.id, attached.sha256)

        def plain(n: int) -> bytes:
            stored = self.stored_chunk(attached.id, n)
            return open_chunk(key, attached.id, n, stored, size=attached.size)

        part = target.with_name(f".{target.name}.part")
        continued(part, chunk_count(attached.size), CHUNK, plain, advance)
        if sha256_of(part) != attached.sha256:
            part.unlink()
            raise NotOpened
        part.rename(target)

    def save_stored(self, file_id: str, target: Path, advance: Advance = lambda _: None) -> None:
        """Write the stored chunks of a file, one after the other, in the same way."""
        part = target.with_name(f"{target.name}.part")
        count = int(self._arrival(file_id)["chunks"])
        continued(part, count, CHUNK + TAG_BYTES, lambda n: self.stored_chunk(file_id, n), advance)
        part.rename(target)

    # --- below ---

    def _arrival(self, file_id: str) -> Json:
        return self._call("GET", f"{_PATH}/files/{file_id}", shape=answers.ARRIVAL)

    def _announced(self, sha256: str, size: int) -> tuple[str, set[int]]:
        """Announce a file; return its id, and which chunks have come.

        The same content has the same id, so that a later run goes on with what an earlier one
        began. One that was removed is used up, and the next is taken.
        """
        for attempt in range(_MOST_IDS):
            bound = _FILE_ID + bytes.fromhex(sha256) + bytes([attempt])
            file_id = hkdf(self.keys.secret, bound)[:16].hex()
            body = {
                "id": file_id,
                "size": stored_size(size),
                "chunks": chunk_count(size),
                "shows_minor": False,
            }
            try:
                answer = self._call("POST", f"{_PATH}/files", body, answers.ARRIVAL)
            except Refused as err:
                if err.problem != _CONFLICT:
                    raise
            else:
                return file_id, _numbers(answer["received"], chunk_count(size))
        raise InvalidEvidence(_USED_UP)

    def _record_id(self, made: Record, evidence: Evidence) -> str:
        """Return an id: for a record of files the same in each run, else a new one."""
        if not made.files:
            return os.urandom(16).hex()
        same = records.encode(replace(made, captured_at=_ANY_TIME))
        for attempt in range(_MOST_IDS):
            bound = _RECORD_ID + hashlib.sha256(same).digest() + bytes([attempt])
            record_id = hkdf(self.keys.secret, bound)[:16].hex()
            if record_id not in evidence.removed:
                return record_id
        raise InvalidEvidence(_USED_UP)

    def _opened(self, record_id: str, stored: bytes) -> bytes:
        return open_record(self.keys.record_key(record_id), record_id, stored)

    def _call(
        self, method: str, path: str, body: Json | bytes | None = None, shape: Json | None = None
    ) -> Json:
        def once() -> Json:
            return call(self._server, method, path, body, self._credential)

        return answers.checked(patiently(once, self._broken), shape or {})

    def _fetch(self, path: str) -> bytes:
        return patiently(lambda: fetch(self._server, path, self._credential), self._broken)


class ServiceSource:
    """The evidence of a case for a pack (`hashing.evidence.sources.Source`), fetched as needed."""

    def __init__(self, client: EvidenceClient, evidence: Evidence) -> None:
        self._client = client
        self._evidence = evidence
        self.case_number = evidence.case_number
        self.links = evidence.links
        self.stamps = evidence.stamps

    def record(self, record_id: str) -> bytes | None:
        """Return a stored record; None if it was removed."""
        if not self._evidence.has(record_id):
            return None
        return self._client.stored_record(record_id)

    def chunks(self, file_id: str) -> Iterator[bytes] | None:
        """Return the stored chunks of a file, in order; None if it was removed."""
        if not self._evidence.has(file_id):
            return None
        return self._client.stored_chunks(file_id)


def _numbers(spans: list[list[int]], count: int) -> set[int]:
    """Return the numbers in spans from a first to a last one. Raises NotTakeback."""
    for one in spans:
        if not (len(one) == 2 and 0 <= one[0] <= one[1] < count):  # noqa: PLR2004 (first and last)
            raise NotTakeback
    return {n for first, last in spans for n in range(first, last + 1)}


def _link(one: Json) -> Link:
    """Return an entry of the chain with its link. Raises NotTakeback."""
    names = ("act", "at", "digest", "id", "sequence")
    try:
        return parse_link({"entry": {name: one[name] for name in names}, "link": one["link"]})
    except (InvalidEvidence, KeyError) as err:
        raise NotTakeback from err


def _token(one: Json) -> Token:
    try:
        der = base64.b64decode(one["token"], validate=True)
    except binascii.Error as err:
        raise NotTakeback from err
    return Token(one["sequence"], one["authority"], der)
