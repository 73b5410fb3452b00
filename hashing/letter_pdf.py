"""A letter as PDF, on this device alone: the service holds nothing that could make one."""

from __future__ import annotations

import unicodedata
from datetime import UTC, datetime
from pathlib import Path

from hashing.errors import LetterNotPrinted

_SIZE, _LINE = 11, 6
"""Points of the letters; millimetres from one line to the next."""
_RIGHT_TO_LEFT = {"R", "AL", "AN"}
_NO_LIBRARY = "This needs one more package. Install it: pip install fpdf2."
_NO_FONT = (
    "This letter has signs that the built-in font lacks. Name a font file that has them: "
    "--font FILE.ttf. Or print the letter from the page."
)
_TURNED = (
    "This letter has text that runs from right to left, which this would print wrongly. Print it "
    "from the page instead."
)


def pdf_of(text: str, *, title: str, font: Path | None = None) -> bytes:
    """Return the pages of a text, wrapped. Raises LetterNotPrinted.

    The file names neither author nor time zone. Without a font, only Latin-1 can be printed.
    """
    try:
        from fpdf import FPDF  # noqa: PLC0415 (the extra `documents`)
        from fpdf.errors import FPDFException  # noqa: PLC0415
    except ImportError as err:
        raise LetterNotPrinted(_NO_LIBRARY) from err
    if any(unicodedata.bidirectional(one) in _RIGHT_TO_LEFT for one in text):
        raise LetterNotPrinted(_TURNED)
    pages = FPDF(format="A4")
    pages.set_creation_date(datetime.now(UTC))
    pages.set_title(title)
    pages.set_margin(25)
    pages.set_auto_page_break(True, margin=20)
    try:
        if font is None:
            text.encode("latin-1")
            pages.set_font("Helvetica", size=_SIZE)
        else:
            pages.add_font("letter", fname=font)
            pages.set_font("letter", size=_SIZE)
        pages.add_page()
        for line in text.splitlines():
            pages.multi_cell(0, _LINE, line or " ", align="L", new_x="LMARGIN", new_y="NEXT")
        return bytes(pages.output())
    except (UnicodeEncodeError, FPDFException, OSError, ValueError) as err:
        raise LetterNotPrinted(_NO_FONT) from err
