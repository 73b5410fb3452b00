"""A vault of evidence in memory, as a service would give it, and packs of it."""

import hashlib
import io
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

from hashing.evidence import chain, manifest, pack, record, sealing
from hashing.evidence.archive import ArchiveWriter
from hashing.evidence.chain import Act, Entry, Link
from hashing.evidence.keys import EvidenceKeys
from hashing.evidence.manifest import Content, Manifest
from hashing.evidence.record import AttachedFile
from hashing.evidence.sources import Token
from tests.device.evidence.authority import NOON, Authority

CASE = "998-599-8449"
MADE = datetime(2026, 11, 30, 16, tzinfo=UTC)
AUTHORITY = Authority.made()
SECOND = Authority.made("Second")
MADRID = timezone(timedelta(hours=1))


@dataclass
class Vault:
    """What is stored of one case; every act appends to its chain, a minute after the last."""

    case_number: str = CASE
    keys: EvidenceKeys = field(default_factory=lambda: EvidenceKeys.of(bytes(32)))
    links: list[Link] = field(default_factory=list)
    stamps: list[Token] = field(default_factory=list)
    records: dict[str, bytes] = field(default_factory=dict)
    files: dict[str, list[bytes]] = field(default_factory=dict)

    def record(self, record_id: str) -> bytes | None:
        return self.records.get(record_id)

    def chunks(self, file_id: str) -> Iterator[bytes] | None:
        return iter(self.files[file_id]) if file_id in self.files else None

    def attach(self, name: str, content: bytes, media_type: str = "image/png") -> AttachedFile:
        file_id = self._new_id()
        digest = hashlib.sha256(content).hexdigest()
        key = self.keys.file_key(file_id, digest)
        stored = list(sealing.seal_file(key, file_id, io.BytesIO(content), len(content)))
        root = sealing.Root()
        for each in stored:
            root.add(hashlib.sha256(each).digest())
        self.files[file_id] = stored
        self._append("file", file_id, root.hexdigest())
        size = len(content)
        return AttachedFile(file_id, name, media_type, size, digest, root.hexdigest())

    def add(self, **fields: Any) -> str:
        made = record.Record(captured_at=NOON, signer=self.keys.signer(), **fields)
        record_id = self._new_id()
        key = self.keys.record_key(record_id)
        nonce = lambda length: bytes([len(self.links)] * length)  # noqa: E731 (the same each time)
        stored = sealing.seal_record(key, record_id, record.encode(made), nonce)
        self.records[record_id] = stored
        self._append("record", record_id, hashlib.sha256(stored).hexdigest())
        return record_id

    def remove(self, item_id: str) -> None:
        digest = next(each.entry.digest for each in self.links if each.entry.id == item_id)
        self.records.pop(item_id, None)
        self.files.pop(item_id, None)
        self._append("removed", item_id, digest)

    def stamp(self, authority: Authority = AUTHORITY, name: str = "tests") -> None:
        link = self.links[-1]
        token = authority.stamp(link.value, at=link.entry.at + timedelta(seconds=2))
        self.stamps.append(Token(link.entry.sequence, name, token))

    def pack(self, **choices: Any) -> bytes:
        out = io.BytesIO()
        local = lambda moment: moment.astimezone(MADRID)  # noqa: E731 (a setting)
        chosen = replace(pack.Choices(MADE, "takeback tests", local=local), **choices)
        pack.build(self, self.keys, out, choices=chosen)
        return out.getvalue()

    def _new_id(self) -> str:
        return hashlib.sha256(f"{self.case_number} {len(self.links)}".encode()).hexdigest()[:32]

    def _append(self, act: Act, item_id: str, digest: str) -> None:
        n = len(self.links) + 1
        before = self.links[-1].value if self.links else chain.start(self.case_number)
        entry = Entry(n, act, NOON + timedelta(minutes=n), item_id, digest)
        self.links.append(Link(entry, chain.following(before, entry)))


def sample(case_number: str = CASE) -> Vault:
    """Return a vault with some of everything: entries 1 to 8, of which 3 is removed by 7."""
    vault = Vault(case_number)
    picture = vault.attach("../Bild.PNG", b"screenshot " * 2_000)
    vault.add(
        kind="post",
        platform="Telegram",
        address="https://example.com/post",
        user_name="=cmd|' /C calc'!A0",
        profile_id="12345",
        person="the man from the gym",
        happened_at=NOON - timedelta(days=1),
        files=(picture,),
    )
    vault.stamp()
    wrong = vault.add(kind="message", note="not to be kept")
    voice = vault.attach("voice", b"", "audio/ogg")
    first = vault.add(kind="message", display_name="Ana \u202egnp", files=(voice,))
    vault.stamp(SECOND, "second")
    right = vault.add(kind="message", display_name="Ana", files=(voice,), replaces=first)
    assert right
    vault.remove(wrong)
    vault.add(kind="profile", platform="Telegram", user_name="@x", person="the man from the gym")
    vault.stamp()
    vault.stamp(SECOND, "second")
    return vault


def contents(packed: bytes) -> dict[str, bytes]:
    """Return the files of a pack, in order, as another program reads them."""
    with zipfile.ZipFile(io.BytesIO(packed)) as archive:
        assert archive.testzip() is None
        return {name: archive.read(name) for name in archive.namelist()}


def zipped(files: dict[str, bytes]) -> bytes:
    out = io.BytesIO()
    writer = ArchiveWriter(out)
    for path, content in files.items():
        with writer.writing(path) as write:
            write(content)
    writer.close()
    return out.getvalue()


def listed(files: dict[str, bytes], change: Callable[[Manifest], Manifest]) -> dict[str, bytes]:
    """Return files with a manifest that lists them as they are, changed, and not signed again."""
    made = manifest.decode(files[manifest.MANIFEST])
    there = [
        Content(path, len(content), hashlib.sha256(content).hexdigest())
        for path, content in files.items()
        if path not in manifest.AFTER
    ]
    return files | {manifest.MANIFEST: manifest.encode(change(replace(made, contents=there)))}


def signed(files: dict[str, bytes], keys: EvidenceKeys) -> dict[str, bytes]:
    """Return files with a manifest that another key signed, and that names this key."""
    made = manifest.decode(files[manifest.MANIFEST])
    encoded = manifest.encode(replace(made, signer=keys.signer()))
    return files | {
        manifest.MANIFEST: encoded,
        manifest.SIGNATURE: keys.signing_key().sign(encoded),
    }
