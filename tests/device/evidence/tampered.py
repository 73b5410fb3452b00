"""Packs that somebody changed who knows the format, each with the words that name it."""

import hashlib
from collections.abc import Callable
from dataclasses import replace

from hashing.evidence import chain, manifest, sealing
from hashing.evidence.chain import Link
from hashing.evidence.manifest import Manifest
from tests.device.evidence.vault import AUTHORITY, contents, listed, sample

Files = dict[str, bytes]
VAULT = sample()
PACK = VAULT.pack(stamp=AUTHORITY.stamp)
FILES = contents(PACK)
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


def resigned(why: str) -> Files:
    """Return the files of a pack that was changed, with a manifest that lists them as they are."""
    changed = RESIGNED[why][0](FILES)
    if changed[manifest.MANIFEST] == FILES[manifest.MANIFEST]:
        return listed(changed, lambda made: made)
    return changed
