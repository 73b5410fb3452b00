"""Whether a pack is as it was made, from the pack alone: each thing that was changed, by name.

Three things hold it: the SHA-256 of each file, in a manifest that the owner's key signed; the
chain, in which the sealed form of each item is; and the time stamps over its links.
"""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, BinaryIO

from hashing.errors import InvalidEvidence, InvalidStamp, NoPack, NotOpened
from hashing.evidence import chain, manifest, stamps
from hashing.evidence.chain import Entry
from hashing.evidence.findings import Attested, Findings
from hashing.evidence.limits import MAX_CHUNKS, MAX_RECORD, RECORD_OVERHEAD
from hashing.evidence.manifest import MAX_MANIFEST, Item, Manifest
from hashing.evidence.record import AttachedFile, Record
from hashing.evidence.record import decode as decode_record
from hashing.evidence.resealing import Sealing
from hashing.evidence.sealing import Root, open_record
from hashing.evidence.unpacking import Archive, in_order
from hashing.printable import printable

if TYPE_CHECKING:
    from cryptography.x509 import Certificate

_HEX_LINE = 65
"""Bytes of a digest in hexadecimal, with the end of its line."""
_MAX_SIGNATURE = 1000


@dataclass(frozen=True, slots=True)
class Expected:
    """What a reader knows from elsewhere."""

    roots: Sequence[Certificate] = ()
    """Certificates of authorities for time stamps that the reader trusts."""
    signer: str | None = None
    """The key that the owner gave."""


def verify(
    stream: BinaryIO,
    expected: Expected,
    progress: Callable[[int], None] = lambda _: None,
) -> Findings:
    """Return what is found in a pack. Raises NoPack if this is none.

    Needs no network, writes nothing, and has at most a few megabytes in memory. `progress` is
    called with the bytes of each part that was read.
    """
    found = Findings()
    try:
        archive = Archive(stream)
    except InvalidEvidence as err:
        found.faults.append(str(err))
        return found
    if manifest.MANIFEST not in archive.members:
        raise NoPack
    found.faults += archive.faults
    checking = _Checking(archive, found, expected, progress)
    encoded = checking.encoded_manifest()
    if encoded is None:
        return found
    try:
        found.manifest = manifest.decode(encoded)
    except InvalidEvidence as err:
        found.faults.append(f"manifest.json was changed, so that it cannot be read: {err}")
        return found
    checking.all(encoded, found.manifest)
    return found


@dataclass(slots=True)
class _Checking:
    archive: Archive
    found: Findings
    expected: Expected
    progress: Callable[[int], None]
    wrong: set[str] = field(default_factory=set)
    """Paths of which something was said: what follows from that is not said again."""
    unlike: set[str] = field(default_factory=set)
    """Paths of files that have another checksum (CRC-32) than the zip says."""
    sizes: dict[str, tuple[int, str]] = field(default_factory=dict)
    """Of the files that are as the manifest says: size and SHA-256."""

    def encoded_manifest(self) -> bytes | None:
        try:
            return self.archive.read(manifest.MANIFEST, MAX_MANIFEST)
        except InvalidEvidence as err:
            self._fault(str(err))
        return None

    def all(self, encoded: bytes, made: Manifest) -> None:
        self._signature(encoded, made)
        files = {item.path: item for item in made.files}
        sealing = {path: self._sealing(item, made) for path, item in files.items()}
        self._listing(made)
        self._contents(made, sealing)
        self.found.faults += (each.sentence for each in chain.faults(made.case_number, made.links))
        entries = {link.entry.sequence: link.entry for link in made.links}
        records = self._records(made, entries)
        self._files(made, entries, records, sealing)
        self._complete(made, entries)
        self._stamps(made)
        self._manifest_stamp(encoded)

    def _fault(self, sentence: str, path: str = "") -> None:
        if not path or path not in self.wrong:
            self.found.faults.append(sentence)
        self.wrong.add(path)

    def _signature(self, encoded: bytes, made: Manifest) -> None:
        from cryptography.exceptions import InvalidSignature  # noqa: PLC0415 (30 ms to load)
        from cryptography.hazmat.primitives.asymmetric.ed25519 import (  # noqa: PLC0415 (the same)
            Ed25519PublicKey,
        )

        if manifest.SIGNATURE not in self.archive.members:
            self._fault("manifest.sig, the signature of the pack, is missing.")
            return
        try:
            signature = self.archive.read(manifest.SIGNATURE, _MAX_SIGNATURE)
            Ed25519PublicKey.from_public_bytes(bytes.fromhex(made.signer)).verify(
                signature, encoded
            )
        except (InvalidEvidence, InvalidSignature, ValueError):
            self._fault("The signature does not fit: manifest.json or manifest.sig was changed.")
        if self.expected.signer and made.signer != self.expected.signer:
            self._fault("The pack was signed with another key than the one that you gave.")

    def _listing(self, made: Manifest) -> None:
        """Check that the zip has the files that the manifest lists, in its order."""
        listed = [each.path for each in made.contents]
        there = [path for path in self.archive.members if path not in manifest.AFTER]
        known = set(listed)
        for path in there:
            if path not in known:
                shown = printable(path, 100)
                self._fault(f"{shown} was added: the manifest does not list it.", path)
        if len(known) != len(listed):
            self._fault("The manifest lists a file twice.")
        if not in_order(there, listed) or not self._ends_with_manifest():
            self._fault("The files of the zip are in another order than the manifest has them.")

    def _contents(self, made: Manifest, sealing: dict[str, Sealing | None]) -> None:
        """Check each file against the manifest; files of items are sealed on the way."""
        for content in made.contents:
            path = content.path
            if path not in self.archive.members:
                self._fault(f"{path} is missing.", path)
                continue
            self.sizes[path] = self._read(path, sealing.get(path))
            if self.sizes[path] != (content.size, content.sha256):
                self._fault(
                    f"{path} was changed: its SHA-256 is not the one of the manifest.", path
                )
        for path in manifest.AFTER:
            if path in self.archive.members:
                self._read(path)
        for path in sorted(self.unlike):
            self._fault(f"{path} has another checksum than the zip says of it.", path)

    def _ends_with_manifest(self) -> bool:
        last = [path for path in self.archive.members if path in manifest.AFTER]
        return list(self.archive.members)[-len(last) :] == [
            path for path in manifest.AFTER if path in last
        ]

    def _read(self, path: str, sealing: Sealing | None = None) -> tuple[int, str]:
        """Return size and SHA-256 of a file; its checksum in the zip is checked on the way."""
        member = self.archive.members[path]
        digest, size, crc = hashlib.sha256(), 0, 0
        for part in self.archive.content(member):
            digest.update(part)
            size, crc = size + len(part), zlib.crc32(part, crc)
            if sealing:
                sealing.add(part)
            self.progress(len(part))
        if crc != member.crc:
            self.unlike.add(path)
        return size, digest.hexdigest()

    def _records(self, made: Manifest, entries: dict[int, Entry]) -> dict[int, Record]:
        """Check that each record is what was sealed; return those that are, by their entries."""
        found: dict[int, Record] = {}
        for item in made.records:
            number, entry = item.sequence, entries.get(item.sequence)
            sealed = manifest.sealed_record_path(number)
            if entry is None or entry.act != "record":
                self._fault(f"Item {number} is of no entry of the chain that stores a record.")
            elif item.path != manifest.record_path(number) or sealed not in self.archive.members:
                self._fault(f"Item {number} is not where its number says, or not sealed.", sealed)
            elif (record := self._record(item, entry, sealed)) is not None:
                found[number] = record
        named = {record.signer for record in found.values() if record.signer}
        if named and named != {made.signer}:
            self._fault("The records of the pack name another key than the one that signed it.")
        elif found and not named:
            self.found.notes.append("No record names the key with which the pack was signed.")
        return found

    def _record(self, item: Item, entry: Entry, sealed: str) -> Record | None:
        number = item.sequence
        try:
            stored = self.archive.read(sealed, MAX_RECORD + RECORD_OVERHEAD)
            if hashlib.sha256(stored).hexdigest() != entry.digest:
                self._fault(f"The sealed record of item {number} is not that of the chain.", sealed)
                return None
            plain = open_record(item.key, entry.id, stored)
            if item.path not in self.sizes:
                self._fault(f"{item.path} is missing.", item.path)
            elif self.sizes[item.path] != _size_and_digest(plain):
                self._fault(f"{item.path} is not what was sealed as item {number}.", item.path)
            return decode_record(plain)
        except NotOpened:
            self._fault(f"The sealed record of item {number} does not open with its key.", sealed)
        except InvalidEvidence as err:
            self._fault(f"Item {number} is not in its form: {err}", sealed)
        return None

    def _files(
        self,
        made: Manifest,
        entries: dict[int, Entry],
        records: dict[int, Record],
        sealing: dict[str, Sealing | None],
    ) -> None:
        attached = {each.id: each for record in records.values() for each in record.files}
        for item in made.files:
            entry = entries.get(item.sequence)
            if entry is None or entry.act != "file":
                self._fault(f"{item.path} is of no entry of the chain that stores a file.")
            elif (named := attached.get(entry.id)) is None:
                if len(records) == len(made.records):  # else it may be one that was changed
                    self._fault(f"{item.path} is named by no record of the pack.", item.path)
            else:
                self._file(item, entry, named, sealing[item.path])
        known = {entry.id for entry in entries.values() if entry.act == "file"}
        for number, record in records.items():
            for each in record.files:
                if each.id not in known:
                    self._fault(f"Item {number} names a file that is in no entry of the chain.")

    def _file(self, item: Item, entry: Entry, named: AttachedFile, sealing: Sealing | None) -> None:
        number, sealed = item.sequence, manifest.sealed_file_path(item.sequence)
        listed = self._listed(number)
        root = Root()
        for each in listed:
            root.add(each)
        if root.hexdigest() != entry.digest or named.root != entry.digest:
            self._fault(f"The sealed file of entry {number} is not that of the chain.", sealed)
        if item.path not in self.sizes:
            self._fault(f"{item.path} is missing.", item.path)
        elif self.sizes[item.path] != (named.size, named.sha256):
            self._fault(f"{item.path} is not the file that its record names.", item.path)
        elif sealed not in self.wrong and (sealing is None or sealing.digests() != listed):
            self._fault(f"{item.path} is not what was sealed as entry {number}.", item.path)

    def _listed(self, number: int) -> list[bytes]:
        """Return the digests of the stored chunks of a file; none if they are not there."""
        path = manifest.sealed_file_path(number)
        if path not in self.archive.members:
            self._fault(f"{path} is missing.", path)
            return []
        try:
            lines = self.archive.read(path, MAX_CHUNKS * _HEX_LINE).decode("ascii").splitlines()
            return [bytes.fromhex(line) for line in lines]
        except (InvalidEvidence, ValueError):
            self._fault(f"{path} is not in its form.", path)
            return []

    def _complete(self, made: Manifest, entries: dict[int, Entry]) -> None:
        """Check that whatever was stored is in the pack, or is said not to be."""
        removed = {each.id for each in entries.values() if each.act == "removed"}
        stored = {each.sequence for each in entries.values() if each.act != "removed"}
        packed = [each.sequence for each in (*made.records, *made.files)]
        left_out = {each.sequence: each.why for each in made.left_out}
        for number in sorted(stored - set(packed) - set(left_out)):
            self._fault(f"What entry {number} stored is not in the pack, and nothing says why.")
        for number, why in left_out.items():
            if number not in stored or number in packed:
                self._fault(f"Entry {number} is said to be left out, and is not.")
            elif (why == "removed") != (entries[number].id in removed):
                self._fault(f"The chain does not say what the pack says of entry {number}: {why}.")
        if len(packed) != len(set(packed)):
            self._fault("The manifest has an item twice.")
        if left_out:
            numbers = ", ".join(map(str, sorted(left_out)))
            self.found.notes.append(f"Not in the pack, as its maker says: entries {numbers}.")

    def _stamps(self, made: Manifest) -> None:
        links = {link.entry.sequence: link.value for link in made.links}
        for each in made.stamps:
            n, link = each.sequence, links.get(each.sequence)
            beside = f"stamps/{n:04}.link"
            if link is None:
                self._fault(f"{each.path} is a time stamp of entry {n}, which is not there.")
                continue
            if beside in self.sizes and self.sizes[beside] != _size_and_digest(link):
                self._fault(f"{beside} is not the link of entry {n}.", beside)
            if (stamp := self._stamp(each.path, link, f"the link of entry {n}")) is not None:
                self.found.attested.append(Attested(n, stamp.at, stamp.signed_by, stamp.vouched))
        if self.expected.roots and not any(each.vouched for each in self.found.attested):
            self._fault("No time stamp of the pack leads to a root certificate that you gave.")

    def _manifest_stamp(self, encoded: bytes) -> None:
        if manifest.STAMP in self.archive.members:
            stamp = self._stamp(manifest.STAMP, encoded, "manifest.json")
            if stamp is not None:
                attested = Attested(0, stamp.at, stamp.signed_by, stamp.vouched)
                self.found.manifest_stamp = attested

    def _stamp(self, path: str, message: bytes, what: str) -> stamps.Stamp | None:
        if path not in self.archive.members:
            self._fault(f"{path} is missing.", path)
            return None
        try:
            token = self.archive.read(path, stamps.MAX_TOKEN)
            return stamps.read(token, message, self.expected.roots)
        except (InvalidEvidence, InvalidStamp) as err:
            self._fault(f"{path} does not attest {what}: {err}", path)
        return None

    def _sealing(self, item: Item, made: Manifest) -> Sealing | None:
        for link in made.links:
            if link.entry.sequence == item.sequence and link.entry.act == "file":
                member = self.archive.members.get(item.path)
                return Sealing(item.key, link.entry.id, member.size) if member else None
        return None


def _size_and_digest(content: bytes) -> tuple[int, str]:
    return len(content), hashlib.sha256(content).hexdigest()
