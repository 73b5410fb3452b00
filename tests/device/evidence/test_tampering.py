"""A pack in which anything was changed is found out, and what was changed is named."""

import hashlib
import io
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hashing.errors import NoPack
from hashing.evidence import chain, manifest, sealing, stamps
from hashing.evidence.chain import Link
from hashing.evidence.findings import Findings
from hashing.evidence.keys import EvidenceKeys
from hashing.evidence.manifest import Manifest
from hashing.evidence.verification import Expected, verify
from tests.device.evidence.authority import Authority
from tests.device.evidence.vault import (
    AUTHORITY,
    MADE,
    SECOND,
    Vault,
    contents,
    listed,
    sample,
    signed,
    zipped,
)
from tests.examples import examples

Files = dict[str, bytes]
VAULT = sample()
PACK = VAULT.pack(stamp=AUTHORITY.stamp)
FILES = contents(PACK)
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


@settings(max_examples=examples(60), deadline=None)
@given(at=st.integers(0, len(PACK) - 1), change=st.integers(1, 255))
def test_whatever_byte_is_changed_is_found(at: int, change: int) -> None:
    changed = PACK[:at] + bytes([PACK[at] ^ change]) + PACK[at + 1 :]
    assert checked(changed).faults


@settings(max_examples=examples(15), deadline=None)
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


Change = Callable[[Files], Files]
PICTURE, RECORD = "items/0002/file-1.png", "items/0002/record.json"


def with_(path: str, content: bytes) -> Change:
    return lambda files: files | {path: content}


def without(path: str) -> Change:
    return lambda files: {each: files[each] for each in files if each != path}


def exchanged(one: str, other: str) -> Change:
    return lambda files: files | {one: files[other], other: files[one]}


def of_another_case(path: str) -> Change:
    return with_(path, contents(sample("111-111-1111").pack())[path])


def in_manifest(change: Callable[[Manifest], Manifest]) -> Change:
    return lambda files: listed(files, change)


def in_chain(change: Callable[[list[Link]], list[Link]]) -> Change:
    return in_manifest(lambda made: replace(made, links=change(list(made.links))))


def linked_again(links: list[Link]) -> list[Link]:
    """Return links made anew, as somebody does who knows how, with numbers that fit."""
    made, before = [], chain.start(VAULT.case_number)
    for number, link in enumerate(links, 1):
        entry = replace(link.entry, sequence=number)
        before = chain.following(before, entry)
        made.append(Link(entry, before))
    return made


def earlier(link: Link) -> Link:
    return replace(link, entry=replace(link.entry, at=link.entry.at.replace(year=2020)))


def keys_exchanged(made: Manifest) -> Manifest:
    first, second, *rest = made.records
    keys = (replace(first, key=second.key), replace(second, key=first.key))
    return replace(made, records=[*keys, *rest])


def resealed_record(files: Files) -> Files:
    """As an owner might who has the keys: another record, sealed well, in place of the first."""
    entry = VAULT.links[1].entry
    plain = files[RECORD].replace(b"12345", b"54321")
    stored = sealing.seal_record(VAULT.keys.record_key(entry.id), entry.id, plain)
    return files | {RECORD: plain, "sealed/0002.record": stored}


def chained_again(files: Files) -> Files:
    """The same, with a chain that fits to it; only authorities are not on her side."""
    changed = resealed_record(files)
    digest = hashlib.sha256(changed["sealed/0002.record"]).hexdigest()

    def change(links: list[Link]) -> list[Link]:
        links[1] = replace(links[1], entry=replace(links[1].entry, digest=digest))
        return linked_again(links)

    again = in_chain(change)(changed)
    links = manifest.decode(again[manifest.MANIFEST]).links
    return again | {f"stamps/{n:04}.link": links[n - 1].value for n in (2, 5, 8)}


RESIGNED: dict[str, tuple[Change, str]] = {
    "a record changed": (
        with_(RECORD, FILES[RECORD].replace(b"12345", b"54321")),
        "record.json is not what was sealed as item 2",
    ),
    "a record and its seal": (resealed_record, "sealed record of item 2 is not that of the chain"),
    "a record, its seal, the chain": (chained_again, "does not attest the link of entry 2"),
    "a sealed record": (exchanged("sealed/0002.record", "sealed/0005.record"), "item 2 is not"),
    "a picture": (with_(PICTURE, b"another"), "is not the file that its record names"),
    "one more byte of a picture": (with_(PICTURE, FILES[PICTURE] + b"\0"), "not the file that its"),
    "digests of chunks": (exchanged("sealed/0001.chunks", "sealed/0004.chunks"), "file of entry 1"),
    "a chunk's digest": (with_("sealed/0001.chunks", b"00" * 32 + b"\n"), "file of entry 1 is not"),
    "no digests": (without("sealed/0001.chunks"), "sealed/0001.chunks is missing"),
    "digests in no form": (with_("sealed/0001.chunks", b"x"), "sealed/0001.chunks is not in its"),
    "no record": (without(RECORD), f"{RECORD} is missing"),
    "keys exchanged": (in_manifest(keys_exchanged), "item 2 does not open with its key"),
    "an entry changed": (
        in_chain(lambda links: [links[0], earlier(links[1]), *links[2:]]),
        "Entry 2 does not follow",
    ),
    "an entry removed": (in_chain(lambda links: [links[0], *links[2:]]), "Entry 2 is missing"),
    "the last removed": (in_chain(lambda links: links[:-1]), "entry 8, which is not there"),
    "entries exchanged": (
        in_chain(lambda links: [links[1], links[0], *links[2:]]),
        "Entry 1 is missing",
    ),
    "an entry twice": (in_chain(lambda links: [*links[:3], *links[2:]]), "Entry 3 is there again"),
    "all links made again": (
        in_chain(lambda links: linked_again([links[0], earlier(links[1]), *links[2:]])),
        "does not attest the link of entry 2: It is a time stamp of something else",
    ),
    "an entry put in again": (
        in_chain(lambda links: linked_again([*links, links[1]])),
        "Entry 9 has the id of an earlier one",
    ),
    "a chain of another case": (
        in_manifest(lambda made: replace(made, links=sample("111-111-1111").links)),
        "of another case",
    ),
    "another case number": (
        in_manifest(lambda made: replace(made, case_number="111-111-1111")),
        "Entry 1 does not begin the chain of this case",
    ),
    "a record of another case": (of_another_case("sealed/0002.record"), "item 2 is not that of"),
    "a stamp of another link": (
        exchanged("stamps/0002-1.tsr", "stamps/0005-1.tsr"),
        "stamps/0002-1.tsr does not attest the link of entry 2: It is a time stamp of something",
    ),
    "a stamp that is none": (with_("stamps/0002-1.tsr", b"0"), "It is no time stamp"),
    "no stamp": (without("stamps/0002-1.tsr"), "stamps/0002-1.tsr is missing"),
    "a link beside": (exchanged("stamps/0002.link", "stamps/0005.link"), "0002.link is not the"),
    "a stamp of no entry": (
        in_manifest(lambda made: replace(made, stamps=[replace(made.stamps[0], sequence=99)])),
        "entry 99, which is not there",
    ),
    "an item kept back": (
        in_manifest(lambda made: replace(made, records=made.records[:-1])),
        "What entry 8 stored is not in the pack, and nothing says why",
    ),
    "a false reason": (
        in_manifest(lambda made: replace(made, left_out=[replace(made.left_out[0], why="chosen")])),
        "The chain does not say what the pack says of entry 3",
    ),
    "an item twice": (
        in_manifest(lambda made: replace(made, records=[*made.records, made.records[0]])),
        "has an item twice",
    ),
    "a record that is a file": (
        in_manifest(lambda made: replace(made, records=[replace(made.records[0], sequence=1)])),
        "no entry of the chain that stores a record",
    ),
    "a file that is a record": (
        in_manifest(lambda made: replace(made, files=[replace(made.files[0], sequence=2)])),
        "no entry of the chain that stores a file",
    ),
    "a file that no record names": (
        in_manifest(lambda made: replace(made, records=made.records[1:])),
        "is named by no record",
    ),
    "a file listed twice": (
        lambda files: listed(files, lambda made: replace(made, contents=[*made.contents] * 2)),
        "lists a file twice",
    ),
}  # fmt: skip


@pytest.mark.parametrize("why", RESIGNED)
def test_what_was_changed_is_named_whoever_signed_it_again(why: str) -> None:
    change, words = RESIGNED[why]
    changed = change(FILES)
    if changed[manifest.MANIFEST] == FILES[manifest.MANIFEST]:
        changed = listed(changed, lambda made: made)
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


def test_a_stamp_by_somebody_with_the_name_of_an_authority_is_vouched_for_by_no_root() -> None:
    vault = Vault()
    vault.add(kind="call")
    vault.stamp(Authority.made())
    packed = vault.pack()
    assert not checked(packed).faults
    assert checked(packed, roots=ROOTS).faults == [
        "No time stamp of the pack leads to a root certificate that you gave."
    ]


@pytest.mark.parametrize("at", range(0, len(PACK) - sum(map(len, FILES.values())), 167))
def test_whatever_the_zip_says_of_itself_is_named(at: int) -> None:
    """All bytes that are no content: headers, the directory, the end."""
    places = [n for n in range(len(PACK)) if not CONTENT[n]]
    changed = bytearray(PACK)
    changed[places[at]] ^= 0x40
    found = checked(bytes(changed)).faults
    assert found
    assert any("zip" in each or "in no file" in each or "is called" in each for each in found)


def _content_mask() -> bytearray:
    mask, begin = bytearray(len(PACK)), 0
    for path, content in FILES.items():
        begin += 30 + len(path)
        mask[begin : begin + len(content)] = b"\1" * len(content)
        begin += len(content)
    return mask


CONTENT = _content_mask()
