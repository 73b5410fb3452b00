"""A pack: one zip with the evidence of a case, opened, and with all that shows it is unchanged.

It is made on the owner's device. Nothing larger than a chunk is in memory.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import BinaryIO

from hashing.errors import InvalidEvidence, NotOpened
from hashing.evidence import certificates as texts
from hashing.evidence import guide, letter, manifest, paragraphs, timeline
from hashing.evidence.archive import ArchiveWriter
from hashing.evidence.chain import Entry, Link
from hashing.evidence.keys import EvidenceKeys
from hashing.evidence.manifest import Content, Item, LeftOut, Manifest, PackedStamp, Reason
from hashing.evidence.record import AttachedFile, Record
from hashing.evidence.record import decode as decode_record
from hashing.evidence.sealing import Root, open_chunk, open_record
from hashing.evidence.sources import Source, Token
from hashing.evidence.timeline import Incident, Local

_LONGEST_SUFFIX = 8
MakePdf = Callable[[list[paragraphs.Block], datetime], bytes]
StampManifest = Callable[[bytes], bytes]
"""A message → a token of an authority over it (DER of TimeStampResp)."""


@dataclass(frozen=True, slots=True)
class Choices:
    """What a pack depends on beside its source."""

    made_at: datetime
    """In UTC, to the second."""
    made_by: str = "takeback"
    without: frozenset[str] = frozenset()
    """Ids of records and files that the owner leaves out."""
    not_done: tuple[str, ...] = ()
    """For the letter: what was asked for and not done."""
    local: Local = datetime.astimezone
    make_pdf: MakePdf | None = None
    stamp: StampManifest | None = None


def build(
    source: Source,
    keys: EvidenceKeys,
    out: BinaryIO,
    *,
    choices: Choices,
    progress: Callable[[int], None] = lambda _: None,
) -> Manifest:
    """Write the pack of a case to a stream that can be wound back, and return its manifest.

    What cannot be opened is left out, and the manifest and the report say so: one damaged file
    costs nobody the rest. `progress` is called with the bytes of each part that was written.
    Raises NotOpened if the keys open nothing.
    """
    making = _Making(source, keys, ArchiveWriter(out), choices, progress)
    making.items()
    making.stamps()
    making.documents()
    return making.manifest()


@dataclass(slots=True)
class _Making:
    source: Source
    keys: EvidenceKeys
    archive: ArchiveWriter
    choices: Choices
    progress: Callable[[int], None]
    contents: list[Content] = field(default_factory=list)
    records: list[Item] = field(default_factory=list)
    files: list[Item] = field(default_factory=list)
    left_out: list[LeftOut] = field(default_factory=list)
    packed_stamps: list[PackedStamp] = field(default_factory=list)
    incidents: list[Incident] = field(default_factory=list)

    def items(self) -> None:
        """Write the records, and after each its files."""
        entries = [link.entry for link in self.source.links]
        removed = {each.id for each in entries if each.act == "removed"}
        files = {each.id: each for each in entries if each.act == "file"}
        done: dict[str, str] = {}
        for entry in (each for each in entries if each.act != "removed"):
            if entry.id in removed:
                self._leave_out(entry, "removed")
        for entry in (each for each in entries if each.act == "record" and each.id not in removed):
            if (record := self._record(entry)) is not None:
                for position, attached in enumerate(record.files, 1):
                    held = files.get(attached.id)
                    if held and attached.id not in done and attached.id not in removed:
                        path = f"items/{entry.sequence:04}/file-{position}{_suffix(attached.name)}"
                        done[attached.id] = self._file(held, attached, path)
                self.incidents.append(Incident(entry, record, done))
        for entry in files.values():
            if entry.id not in done and entry.id not in removed:
                chosen = entry.id in self.choices.without
                self._leave_out(entry, "chosen" if chosen else "unnamed")
        if not self.records and any(each.why == "damaged" for each in self.left_out):
            raise NotOpened("Nothing of this can be opened. Is it the passphrase of this case?")
        self.incidents = _corrected(self.incidents)

    def stamps(self) -> None:
        """Write the time stamps, and each link that one is over."""
        links = {each.entry.sequence: each for each in self.source.links}
        for link in links.values():
            found = [each for each in self.source.stamps if each.sequence == link.entry.sequence]
            if found:
                self._stamps_of(link, found)

    def _stamps_of(self, link: Link, tokens: list[Token]) -> None:
        sequence = link.entry.sequence
        self._write(f"stamps/{sequence:04}.link", link.value)
        for position, token in enumerate(tokens, 1):
            path = f"stamps/{sequence:04}-{position}.tsr"
            self._write(path, token.der)
            self.packed_stamps.append(PackedStamp(sequence, token.authority, path))

    def documents(self) -> None:
        """Write what people read."""
        local, made_at = self.choices.local, self.choices.made_at
        self._write("timeline.csv", timeline.timeline_table(self.incidents, local))
        self._write("accounts.csv", timeline.accounts_table(self.incidents))
        account = letter.Account(
            self.source.case_number,
            made_at,
            self.keys.signer(),
            self.incidents,
            sorted((each.sequence, each.why) for each in self.left_out),
            [(each.sequence, each.authority) for each in self.packed_stamps],
            local,
            self.choices.not_done,
        )
        for name, made in (("report", letter.report(account)), ("letter", letter.letter(account))):
            document = list(made)
            self._write(f"{name}.txt", paragraphs.as_text(document).encode())
            if self.choices.make_pdf:
                self._write(f"{name}.pdf", self.choices.make_pdf(document, made_at))
        certificates = texts.certificates(account.case_number, account.signer)
        self._write("certificates.txt", paragraphs.as_text(certificates).encode())
        self._write("VERIFY.txt", paragraphs.as_text(guide.guide(account.case_number)).encode())
        self._write("signer.pem", _pem(self.keys))
        sums = "".join(f"{each.sha256}  {each.path}\n" for each in self.contents)
        self._write("sha256sums.txt", sums.encode())

    def manifest(self) -> Manifest:
        """Write the manifest, its signature, and a time stamp if there is an authority."""
        made = Manifest(
            case_number=self.source.case_number,
            made_at=self.choices.made_at,
            made_by=self.choices.made_by,
            signer=self.keys.signer(),
            links=self.source.links,
            records=self.records,
            files=self.files,
            stamps=self.packed_stamps,
            left_out=sorted(self.left_out, key=lambda each: each.sequence),
            contents=list(self.contents),
        )
        encoded = manifest.encode(made)
        self._write(manifest.MANIFEST, encoded)
        self._write(manifest.SIGNATURE, self.keys.signing_key().sign(encoded))
        if self.choices.stamp:
            self._write(manifest.STAMP, self.choices.stamp(encoded))
        self.archive.close()
        return made

    def _record(self, entry: Entry) -> Record | None:
        """Write a record, and return it; or leave it out."""
        key = self.keys.record_key(entry.id)
        stored = None if entry.id in self.choices.without else self.source.record(entry.id)
        if stored is None:
            self._leave_out(entry, "chosen" if entry.id in self.choices.without else "missing")
            return None
        try:
            plain = _opened(key, entry, stored)
            record = decode_record(plain)
        except (InvalidEvidence, NotOpened):
            self._leave_out(entry, "damaged")
            return None
        path = manifest.record_path(entry.sequence)
        self._write(path, plain)
        self._write(manifest.sealed_record_path(entry.sequence), stored)
        self.records.append(Item(entry.sequence, key, path))
        return record

    def _file(self, entry: Entry, attached: AttachedFile, path: str) -> str:
        """Write a file, and return its path; or leave it out, and return why."""
        if entry.id in self.choices.without:
            self._leave_out(entry, "chosen")
            return "(left out of this pack)"
        chunks = self.source.chunks(entry.id)
        if chunks is None:
            self._leave_out(entry, "missing")
            return "(missing)"
        key = self.keys.file_key(attached.id, attached.sha256)
        try:
            digests = self._opened(key, attached, chunks, path, entry.digest)
        except (NotOpened, InvalidEvidence):
            self._leave_out(entry, "damaged")
            return "(damaged)"
        listed = "".join(f"{each.hex()}\n" for each in digests)
        self._write(manifest.sealed_file_path(entry.sequence), listed.encode())
        self.files.append(Item(entry.sequence, key, path))
        return path

    def _opened(
        self, key: bytes, attached: AttachedFile, chunks: Iterator[bytes], path: str, root: str
    ) -> list[bytes]:
        """Write what stored chunks hold; return their digests if these make the root."""
        digests: list[bytes] = []
        found = Root()
        with self._writing(path) as (write, summed):
            size = 0
            for number, stored in enumerate(chunks):
                digests.append(hashlib.sha256(stored).digest())
                found.add(digests[-1])
                plain = open_chunk(key, attached.id, number, stored, size=attached.size)
                size += len(plain)
                write(plain)
            whole = size == attached.size and summed() == attached.sha256
            if not whole or found.hexdigest() != root or attached.root != root:
                raise NotOpened  # what is stored is not what was sealed
        return digests

    def _leave_out(self, entry: Entry, why: Reason) -> None:
        self.left_out.append(LeftOut(entry.sequence, why))

    def _write(self, path: str, content: bytes) -> None:
        with self._writing(path) as (write, _):
            write(content)

    @contextmanager
    def _writing(self, path: str) -> Iterator[tuple[Callable[[bytes], None], Callable[[], str]]]:
        """Write a file of the pack; what this yields writes a part, and gives the SHA-256."""
        digest, size = hashlib.sha256(), 0
        with self.archive.writing(path) as write:

            def write_part(part: bytes) -> None:
                nonlocal size
                write(part)
                digest.update(part)
                size += len(part)
                self.progress(len(part))

            yield write_part, digest.hexdigest
        self.contents.append(Content(path, size, digest.hexdigest()))


def _opened(key: bytes, entry: Entry, stored: bytes) -> bytes:
    """Return the record that an entry stored. Raises NotOpened if this is another one."""
    if hashlib.sha256(stored).hexdigest() != entry.digest:
        raise NotOpened
    return open_record(key, entry.id, stored)


def _corrected(incidents: list[Incident]) -> list[Incident]:
    """Return incidents that know which one corrects them."""
    by = {each.record.replaces: each.number for each in incidents if each.record.replaces}
    return [
        Incident(each.entry, each.record, each.paths, by.get(each.entry.id)) for each in incidents
    ]


def _suffix(name: str) -> str:
    """Return the end of a name, if it is one that no program misunderstands: `.png`."""
    _, dot, suffix = name.rpartition(".")
    suffix = suffix.lower()
    plain = suffix.isascii() and suffix.isalnum() and len(suffix) <= _LONGEST_SUFFIX
    return f".{suffix}" if dot and plain else ""


def _pem(keys: EvidenceKeys) -> bytes:
    from cryptography.hazmat.primitives.serialization import (  # noqa: PLC0415 (only for a pack)
        Encoding,
        PublicFormat,
    )

    public = keys.signing_key().public_key()
    return public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
