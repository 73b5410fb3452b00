"""VERIFY.txt of a pack: how to check it, with our program and without."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from hashing.evidence.paragraphs import Block, heading, text, title

_BY_HAND: Final = """\
  sha256sum -c sha256sums.txt
      every file is the one that sha256sums.txt names
  sha256sum sha256sums.txt
      is the SHA-256 that manifest.json has for sha256sums.txt
  openssl pkeyutl -verify -pubin -inkey signer.pem -rawin \\
      -in manifest.json -sigfile manifest.sig
      manifest.json was signed with the key in signer.pem
  openssl ts -verify -in stamps/NNNN-1.tsr -data stamps/NNNN.link \\
      -CAfile ROOT.pem
      the authority attests the link of entry NNNN; ROOT.pem is its root
      certificate, which you get from the authority itself
  openssl ts -reply -in stamps/NNNN-1.tsr -text
      when that was"""


def guide(case_number: str) -> Iterator[Block]:
    """Yield what a person reads who gets the pack."""
    yield title(f"How to check this pack (case {case_number})")
    yield text(
        "Keep the zip as you got it. Do not unpack it and pack it again: check a copy. A zip that "
        "another program packed anew is another file, and the check says so."
    )
    yield heading("With a computer that has Python")
    yield text(
        "Install the program once (pip install takeback). After that no network is needed, and "
        "nobody is asked: not us, not whoever made the pack."
    )
    yield text("  takeback verify PACK.zip\n  takeback verify PACK.zip --roots ROOTS.pem")
    yield text(
        "It says what was proven and what was not. If even one letter was changed, it names the "
        "file or the entry. --roots takes the root certificates of the authorities for time "
        "stamps that you trust; get them from the authorities, not from this pack."
    )
    yield heading("By hand")
    yield text("Unpack a copy. On Linux and macOS, with what is there:")
    yield text(_BY_HAND)
    yield heading("What is what")
    yield text(
        "items/NNNN: each item as its owner recorded it, with its files. NNNN is the number of "
        "its entry in the chain.\n"
        "sealed/NNNN: the same as it was stored, encrypted. Its digest is in the chain. The keys "
        "in manifest.json open these items and nothing else of the owner.\n"
        "manifest.json: every file with its SHA-256, and the chain: each entry has a link that is "
        "the SHA-256 of the link before it and of the entry. So nothing can be changed, taken out "
        "or put in without changing every link after it.\n"
        "stamps/: what authorities for time stamps attested about links. An authority never saw "
        "anything but a digest.\n"
        "timeline.csv, accounts.csv, report, letter: made from the items, to be read. If they and "
        "an item differ, the item counts."
    )
    yield heading("What this proves, and what not")
    yield text(
        "It proves that these items existed, exactly as they are here, when the time stamps were "
        "made, and that nobody changed them since. It does not prove that what they show is true, "
        "who wrote it, or when it happened: for this there are witnesses, the platforms' own "
        "records, and courts."
    )
