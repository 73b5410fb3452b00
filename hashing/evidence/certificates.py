"""Texts that a person signs so that a court takes what this pack holds.

In our own words, about what these ask for: US Federal Rules of Evidence 902(11), (13), (14);
Bharatiya Sakshya Adhiniyam 2023 (India), section 63 and its Schedule; Evidence Act 1893
(Singapore), section 116A. No lawyer has checked them, and they say so.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from hashing.evidence.paragraphs import Block, heading, row, text, title

_BLANK: Final = "_" * 40


def certificates(case_number: str, signer: str) -> Iterator[Block]:
    """Yield certificates with lines to be filled in by hand."""
    yield title("Certificates to be filled in and signed by a person")
    yield text(
        "Ask a lawyer before you sign any of these. Nobody has filled them in for you, and this "
        "program cannot: only a person who knows what was done, and by which means, can sign. "
        "Sign only what you know yourself. Courts ask for different things, laws change, and "
        "these texts are no official forms; no lawyer has checked them."
    )
    yield row("Case", case_number)
    yield row("Key that signed the pack", signer)
    yield from _united_states()
    yield from _india()
    yield from _singapore()


def _united_states() -> Iterator[Block]:
    yield heading("United States: Federal Rules of Evidence 902(13) and 902(14)")
    yield text(
        "902(13) is about a record that a machine or program made by a process that gives a right "
        "result; 902(14) about a copy of data that is shown to be the same by a digital "
        "fingerprint. Both ask for a certificate by a qualified person, in the form of 902(11), "
        "and for notice to the other side in good time before the trial."
    )
    yield text("I, the undersigned, declare:")
    yield row("1. My name, work and address", _BLANK)
    yield row("2. Why I am qualified to say what follows", _BLANK)
    yield row("3. Items of the pack that this is about (their numbers)", _BLANK)
    yield row("4. Device and program by which they were captured or copied", _BLANK)
    yield text(
        "5. (902(13)) The items were made by that device and program as it does in regular use. "
        "I know from the following that it gives a right result:"
    )
    yield row("   ", _BLANK)
    yield text(
        "6. (902(14)) On the day given below I computed the SHA-256 of each of these items, and "
        "it was the same as the one in manifest.json of the pack. Two files with the same SHA-256 "
        "are, as far as is known, the same in every bit."
    )
    yield row("   Day, and program used", _BLANK)
    yield text("I declare under penalty of perjury that the foregoing is true and correct.")
    yield from _signed()


def _india() -> Iterator[Block]:
    yield heading("India: section 63(4) of the Bharatiya Sakshya Adhiniyam, 2023")
    yield text(
        "The law has a form of its own in its Schedule: Part A is signed by whoever was in charge "
        "of the device, Part B by an expert. Use that form. These lines help to fill it in; the "
        "fingerprint that it asks for is SHA-256."
    )
    yield row("Device (make, model, serial number or IMEI)", _BLANK)
    yield row("Who owned or used it, and in which way", _BLANK)
    yield row("It was in regular use then, and worked properly", _BLANK)
    yield row("If it did not: how that did not change the record", _BLANK)
    yield row("Files, each with its SHA-256 (see report.txt)", _BLANK)
    yield row("Algorithm of the fingerprint", "SHA-256")
    yield row("Part B, the expert: name, work, and how it was checked", _BLANK)
    yield from _signed()


def _singapore() -> Iterator[Block]:
    yield heading("Singapore: section 116A of the Evidence Act 1893")
    yield text(
        "A court may presume that a device which, properly used, gives an accurate record did so. "
        "A certificate or an affidavit by a person who knows how the record was made helps it."
    )
    yield row("Name, work, and why I can say this", _BLANK)
    yield row("Device and program, and how they were used", _BLANK)
    yield row("Items of the pack that this is about (their numbers)", _BLANK)
    yield row("The device was properly used, and worked properly", _BLANK)
    yield row("Who kept the record since, and how", _BLANK)
    yield from _signed()


def _signed() -> Iterator[Block]:
    yield row("Place and day", _BLANK)
    yield row("Signature", _BLANK)
    yield row("Name in capitals", _BLANK)
