"""A pack in which anything was changed is found out, and what was changed is named."""

import hashlib
import io
import warnings
import zipfile
import zlib
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hashing.errors import NoPack
from hashing.evidence import manifest, stamps
from hashing.evidence.archive import Member, ending
from hashing.evidence.findings import Findings
from hashing.evidence.keys import EvidenceKeys
from hashing.evidence.verification import Expected, verify
from tests.device.evidence.authority import Authority
from tests.device.evidence.tampered import FILES, PACK, RESIGNED, VAULT, Files, resigned
from tests.device.evidence.vault import (
    AUTHORITY,
    MADE,
    SECOND,
    Vault,
    contents,
    listed,
    signed,
    zipped,
)
from tests.examples import examples

PATHS = list(FILES)
ROOTS = stamps.load_roots(AUTHORITY.pem() + SECOND.pem())
OTHER_KEYS = EvidenceKeys.of(bytes([1]) * 32)


def checked(packed: bytes, **expected: object) -> Findings:
    return verify(io.BytesIO(packed), Expected(**expected))  # type: ignore[arg-type]


def faults(files: Files) -> list[str]:
    return checked(zipped(files)).faults


def test_a_pack_that_nobody_changed_has_no_fault() -> None:
    assert zipped(FILES) == PACK
    found = checked(PACK, roots=ROOTS, signer=VAULT.keys.signer())
    assert not found.faults
    assert all(each.vouched for each in found.attested)
    assert found.manifest_stamp
    assert found.manifest_stamp.vouched


def test_the_same_evidence_gives_the_same_pack() -> None:
    assert VAULT.pack(stamp=lambda _: FILES[manifest.STAMP]) == PACK
    later = contents(VAULT.pack(made_at=MADE + timedelta(hours=1)))
    differ = {path for path in later if later[path] != FILES[path]}
    assert differ == {"report.txt", "sha256sums.txt", manifest.MANIFEST, manifest.SIGNATURE}


@settings(max_examples=examples(25), deadline=None)
@given(at=st.integers(0, len(PACK) - 1), change=st.integers(1, 255))
def test_whatever_byte_is_changed_is_found(at: int, change: int) -> None:
    changed = PACK[:at] + bytes([PACK[at] ^ change]) + PACK[at + 1 :]
    assert checked(changed).faults


@settings(max_examples=examples(8), deadline=None)
@given(at=st.integers(0, len(PACK) - 1), length=st.integers(1, 3000))
def test_whatever_is_cut_out_or_put_in_is_found(at: int, length: int) -> None:
    for changed in (PACK[:at] + PACK[at + length :], PACK[:at] + bytes(length) + PACK[at:]):
        try:
            assert checked(changed).faults
        except NoPack:
            assert at < length or len(changed) < 100  # nothing is left by which to know it


@pytest.mark.parametrize("path", PATHS)
def test_a_changed_file_is_named(path: str) -> None:
    named = "manifest.json or manifest.sig" if path.startswith("manifest.") else path
    found = faults(FILES | {path: FILES[path][:-1] + b"!"})
    if path == manifest.STAMP:
        named = "manifest.tsr does not attest"
    elif path == manifest.MANIFEST:
        named = "manifest.json was changed"
    assert len(found) == 1 or path == manifest.MANIFEST
    assert any(named in each for each in found)


@pytest.mark.parametrize("path", [path for path in PATHS if path not in manifest.AFTER])
def test_a_missing_file_and_an_added_one_are_named(path: str) -> None:
    assert faults({each: FILES[each] for each in PATHS if each != path})[0] == f"{path} is missing."
    added = f"{path}.more" if "." in path else f"{path}-more"
    files = {}
    for each in PATHS:
        files[each] = FILES[each]
        if each == path:
            files[added] = b"more"
    (found,) = faults(files)
    assert found == f"{added} was added: the manifest does not list it."


def test_without_a_signature_or_a_manifest() -> None:
    assert "is missing" in faults({k: v for k, v in FILES.items() if k != manifest.SIGNATURE})[0]
    with pytest.raises(NoPack):
        faults({k: v for k, v in FILES.items() if k != manifest.MANIFEST})
    for nothing in (b"", b"PK", b"\x89PNG" + bytes(5000), b"\0" * 22):
        with pytest.raises(NoPack):
            checked(nothing)


@pytest.mark.parametrize("path", PATHS[:-1])
def test_files_in_another_order_and_exchanged_are_named(path: str) -> None:
    at = PATHS.index(path)
    other = PATHS[at + 1]
    order = [*PATHS[:at], other, path, *PATHS[at + 2 :]]
    assert any("another order" in each for each in faults({each: FILES[each] for each in order}))
    if FILES[path] != FILES[other]:
        assert faults(FILES | {path: FILES[other], other: FILES[path]})


@pytest.mark.parametrize("why", RESIGNED)
def test_what_was_changed_is_named_whoever_signed_it_again(why: str) -> None:
    changed, words = resigned(why), RESIGNED[why][1]
    found = faults(changed)
    assert any("signature does not fit" in each for each in found)
    assert any(words in each for each in found), found
    by_owner = faults(signed(changed, VAULT.keys))
    assert not any("signature" in each for each in by_owner)
    assert any(words in each for each in by_owner), by_owner
    assert any("manifest.tsr does not attest" in each for each in by_owner)


def test_a_pack_that_somebody_else_signed_is_told_apart_by_its_records() -> None:
    (fault,) = faults({k: v for k, v in signed(FILES, OTHER_KEYS).items() if k != manifest.STAMP})
    assert fault == "The records of the pack name another key than the one that signed it."
    (fault,) = checked(PACK, signer=OTHER_KEYS.signer()).faults
    assert fault == "The pack was signed with another key than the one that you gave."


def test_a_file_that_was_never_stored_is_not_taken_for_the_one_that_was() -> None:
    """Its record names it, and the chain another one: an owner who has all keys can do that."""
    vault, shown = Vault(), b"shown"
    stored = vault.attach("a.png", b"stored")
    named = replace(stored, size=len(shown), sha256=hashlib.sha256(shown).hexdigest())
    vault.add(kind="file", files=(named,))
    (chunk,) = vault.files[stored.id]
    path, key = "items/0002/file-1.png", vault.keys.file_key(named.id, named.sha256)
    added = {path: shown, "sealed/0001.chunks": f"{hashlib.sha256(chunk).hexdigest()}\n".encode()}
    item = manifest.Item(1, key, path)
    files = listed(
        added | contents(vault.pack()), lambda made: replace(made, files=[item], left_out=[])
    )
    assert faults(signed(files, vault.keys)) == [f"{path} is not what was sealed as entry 1."]


def test_a_stamp_by_somebody_with_the_name_of_an_authority_is_vouched_for_by_no_root() -> None:
    vault = Vault()
    vault.add(kind="call")
    vault.stamp(Authority.made())
    packed = vault.pack()
    assert not checked(packed).faults
    assert checked(packed, roots=ROOTS).faults == [
        "No time stamp of the pack leads to a root certificate that you gave."
    ]


METADATA = len(PACK) - sum(map(len, FILES.values()))
"""Bytes of the pack that are no content."""


@pytest.mark.parametrize("at", [*range(0, METADATA, 167), *range(METADATA - 18, METADATA, 2)])
def test_whatever_the_zip_says_of_itself_is_named(at: int) -> None:
    """All bytes that are no content: headers, the directory, the end."""
    places = [n for n in range(len(PACK)) if not CONTENT[n]]
    changed = bytearray(PACK)
    changed[places[at]] ^= 0x40
    found = checked(bytes(changed)).faults
    assert found
    assert any("zip" in each or "in no file" in each or "is called" in each for each in found)


def appended(path: str, **more: Any) -> bytes:
    """Return the pack with one more file, as another program adds it."""
    stream = io.BytesIO(PACK)
    with warnings.catch_warnings(), zipfile.ZipFile(stream, "a") as file:
        warnings.simplefilter("ignore")  # of names that are there already
        file.writestr(path, bytes(100_000), **more)
    return stream.getvalue()


def commented() -> bytes:
    stream = io.BytesIO(PACK)
    with zipfile.ZipFile(stream, "a") as file:
        file.comment = b"a comment"
    return stream.getvalue()


def packed_again() -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as file:
        for path, content in FILES.items():
            file.writestr(path, content)
    return stream.getvalue()


def by_hand(gap_before: str | None = None, checksum_of: str = "") -> bytes:
    """Return a pack with something before a file, or with a checksum that is another's."""
    made, members = b"", []
    for path, content in FILES.items():
        made += b"hidden" if path == gap_before else b""
        crc = zlib.crc32(content) ^ (path == checksum_of)
        member = Member(path, len(content), crc, len(made))
        members.append(member)
        made += member.header() + content
    made += b"hidden" if gap_before == "" else b""
    return made + ending(members, len(made))


HOSTILE = {
    "a checksum": (by_hand(checksum_of="report.txt"), "report.txt has another checksum than"),
    "another checksum": (by_hand(checksum_of=manifest.STAMP), "manifest.tsr has another checksum"),
    "something between": (by_hand("report.txt"), "Before report.txt there is something"),
    "something at the beginning": (by_hand(PATHS[0]), f"Before {PATHS[0]} there is something"),
    "something before the directory": (by_hand(""), "Before the directory of the zip there is"),
    "a path upwards": (appended("../../evil"), "called ../../evil, which none of ours is"),
    "an absolute path": (appended("/etc/passwd"), "called /etc/passwd, which none of ours is"),
    "a path of Windows": (appended("C:\\evil"), "which none of ours is"),
    "a path that moves the cursor": (appended("\x1b[2J"), "which none of ours is"),
    "a name twice": (appended("report.txt"), "report.txt is twice in the zip"),
    "a name twice, in capitals": (appended("REPORT.txt"), "REPORT.txt is twice in the zip"),
    "a bomb": (
        appended("bomb", compress_type=zipfile.ZIP_DEFLATED),
        "bomb is compressed, which no file of a pack is",
    ),
    "a comment": (commented(), "added after the end of the zip"),
    "something after the end": (PACK + b"more", "added after the end of the zip"),
    "packed again by another program": (packed_again(), "Another program packed this zip again"),
}


@pytest.mark.parametrize("why", HOSTILE)
def test_a_hostile_zip_is_named_by_what_it_tries(why: str) -> None:
    packed, words = HOSTILE[why]
    found = checked(packed).faults
    assert any(words in each for each in found), found
    assert all(each.isprintable() for each in found)


def _content_mask() -> bytearray:
    mask, begin = bytearray(len(PACK)), 0
    for path, content in FILES.items():
        begin += 30 + len(path)
        mask[begin : begin + len(content)] = b"\1" * len(content)
        begin += len(content)
    return mask


CONTENT = _content_mask()
