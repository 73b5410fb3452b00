"""Every sentence and line about packs of evidence, as `report` has the others."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from hashing.printable import printable

if TYPE_CHECKING:
    from hashing.evidence.findings import Attested, Findings
    from hashing.evidence.manifest import Manifest

UNCHANGED = "Nothing in this pack was changed since it was made."
CHANGED = "This pack is not as it was made:"
NO_PACK = "takeback: {path}: {why}"
NO_SUCH_ITEM = (
    "There is no item {n} in this case. See report.txt of a pack made without leaving out."
)
MADE = "Written to {path}. Items: {items}. Bytes: {size:,}. Key that signed it: {signer}"
KEEP_KEY = (
    "Give this key to whoever gets the pack by another way, such as a telephone: "
    "takeback verify PACK --signer KEY then shows that it is yours."
)
NO_PDF = "Without PDF: {why}"
EXISTS = "{path} is there already. Choose another name."
_LEFT_OUT = {
    "missing": "Entry {n} is not in the pack: it was not there.",
    "damaged": "Entry {n} is not in the pack: it was changed where it is stored.",
    "unnamed": "Entry {n} is not in the pack: no item names it.",
}
_NOT_PROVEN = (
    "Not proven by this: that what the items show is true, who wrote it, and when it happened; and "
    "whether a certificate was revoked since, which only the network can tell."
)
_WHOSE_KEY = (
    "Whose key that is, the pack cannot show: compare it with the one that its owner gives you, "
    "or give it as --signer."
)
_YOURS = "It is the key that you gave."
_NOT_VOUCHED = "whether that is an authority you trust is for you to say (--roots)"
_VOUCHED = "a root certificate that you gave vouches for it"


def verified_lines(found: Findings, *, key_given: bool) -> Iterator[str]:
    """Yield the lines about a pack that was checked."""
    yield CHANGED if found.faults else UNCHANGED
    for fault in found.faults:
        yield printable(f"  - {fault}")
    if found.manifest is None:
        return
    yield from _facts(found.manifest, key_given=key_given)
    for note in found.notes:
        yield printable(note)
    yield from _times(found)
    yield _NOT_PROVEN


def _facts(made: Manifest, *, key_given: bool) -> Iterator[str]:
    from hashing.evidence.chain import moment_text  # noqa: PLC0415 (only for a pack)

    at = moment_text(made.made_at)
    yield printable(f"Case {made.case_number}. The pack says that {made.made_by} made it at {at}.")
    yield f"Items in it: {len(made.records)}. Files: {len(made.files)}."
    yield f"Signed with the key {made.signer}. {_YOURS if key_given else _WHOSE_KEY}"


def _times(found: Findings) -> Iterator[str]:
    from hashing.evidence.chain import moment_text  # noqa: PLC0415 (only for a pack)
    from hashing.evidence.findings import covered  # noqa: PLC0415 (the same)

    for stamp in sorted(found.attested, key=lambda each: (each.sequence, each.signed_by)):
        yield printable(f"Entries 1 to {stamp.sequence} existed at {_stamped(stamp)}.")
    if found.manifest_stamp:
        yield printable(f"The pack as a whole existed at {_stamped(found.manifest_stamp)}.")
    links = found.manifest.links if found.manifest else []
    known = {number for number, _ in covered(found)}
    bare = [link.entry for link in links if link.entry.sequence not in known]
    if bare:
        first, last = bare[0], bare[-1]
        which = (
            f"Entry {first.sequence} has"
            if first is last
            else (f"Entries {first.sequence} to {last.sequence} have")
        )
        at = moment_text(first.at)
        yield f"{which} no time stamp: the time ({at}) is the word of the service alone."


def _stamped(stamp: Attested) -> str:
    from hashing.evidence.chain import moment_text  # noqa: PLC0415 (only for a pack)

    whose = _VOUCHED if stamp.vouched else _NOT_VOUCHED
    at, who = moment_text(stamp.at), stamp.signed_by
    return f"{at}, as a time stamp says that is signed by “{who}”; {whose}"


def verified_document(found: Findings) -> dict[str, Any]:
    """Return what was found, for programs."""
    from hashing.evidence.chain import moment_text  # noqa: PLC0415 (only for a pack)

    made, facts = found.manifest, {}
    if made:
        facts = {"case": made.case_number, "signer": made.signer}
        facts["made_at"] = moment_text(made.made_at)
    return {
        **facts,
        "changed": bool(found.faults),
        "faults": found.faults,
        "notes": found.notes,
        "stamps": [
            {
                "entry": each.sequence,
                "at": moment_text(each.at),
                "signed_by": each.signed_by,
                "vouched": each.vouched,
            }
            for each in found.attested
        ],
    }


def left_out_lines(left_out: Sequence[tuple[int, str]]) -> Iterator[str]:
    """Yield a line for each thing that is not in a pack, and should perhaps be."""
    for n, why in left_out:
        if why in _LEFT_OUT:
            yield _LEFT_OUT[why].format(n=n)
