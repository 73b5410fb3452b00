"""A document as PDF (A4), with the fonts that are installed: no letter is ever a blank box.

Text whose letters no font here has is replaced by a sentence that says where it stands. Fonts
come from packages that name themselves as `fontpkg.family`, and from whoever calls.
"""

from __future__ import annotations

import io
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from importlib import metadata, util
from pathlib import Path
from typing import TYPE_CHECKING, Final

from hashing.errors import DocumentSupportMissing, InvalidEvidence
from hashing.evidence.paragraphs import Block

if TYPE_CHECKING:
    from fpdf import FPDF

_SIZES: Final = {"title": 18, "heading": 13, "subheading": 11, "text": 10, "row": 9.5}
"""Points."""
_ABOVE: Final = {"title": 0, "heading": 5, "subheading": 3, "text": 1.5, "row": 0}
"""Millimetres."""
_MARGIN: Final = 18
_INDENT: Final = 6
_READ: Final = "LMN"
"""Letters, marks and digits (Unicode): a text in which one is missing says something else. Others,
as 🙂, are written by their numbers."""
_PLAIN: Final = str.maketrans({"“": '"', "”": '"', "’": "'", "–": "-", "…": "..."})
"""Our own signs, for the one font that every reader of PDF has, which knows Latin-1 alone."""
_SIMPLE_BELOW: Final = 0x590
"""Latin, Greek, Cyrillic, Armenian: letters stand side by side. Later scripts are shaped."""


@dataclass(frozen=True, slots=True)
class Fonts:
    """Fonts to write with, the first for whatever it has."""

    paths: Sequence[Path]
    known: frozenset[int]
    """Unicode code points of the letters that they have."""


def installed_fonts(more: Sequence[Path] = ()) -> Fonts:
    """Return the fonts that are given, and then those that are installed as packages.

    Raises DocumentSupportMissing without fpdf2; InvalidEvidence if a file is no font.
    """
    if util.find_spec("fpdf") is None:
        raise DocumentSupportMissing
    paths = [*more, *_packaged()]
    known: set[int] = set()
    for path in paths:
        known |= _letters(path)
    if not paths:
        known = {*range(0x20, 0x7F), *range(0xA0, 0x100)}
    if util.find_spec("uharfbuzz") is None:
        known = {each for each in known if each < _SIMPLE_BELOW}
    return Fonts(paths, frozenset(known))


def as_pdf(blocks: Iterable[Block], made_at: datetime, fonts: Fonts) -> bytes:
    """Return a document as PDF. The same document and fonts give the same bytes."""
    pdf = _new(made_at, fonts)
    for block in blocks:
        _write(pdf, block, fonts)
    out = io.BytesIO()
    pdf.output(out)
    return out.getvalue()


def readable(words: str, original: str, fonts: Fonts) -> str:
    """Return a text in letters that the fonts have; or what to read instead."""
    if not fonts.paths:
        words = words.translate(_PLAIN)
    missing = {one for one in words if one not in "\n\t" and ord(one) not in fonts.known}
    if any(unicodedata.category(one)[0] in _READ for one in missing):
        where = original or "the text file beside this one"
        return f"[Written in letters for which this PDF has no font: see {where}.]"
    return "".join(f"[U+{ord(one):04X}]" if one in missing else one for one in words)


def _packaged() -> list[Path]:
    """Return the upright fonts of installed packages, that with most letters first."""
    found = []
    for point in metadata.entry_points(group="fontpkg.family"):
        files = point.dist.files or [] if point.dist else []
        found += [
            Path(str(each.locate()))
            for each in files
            if each.suffix in {".ttf", ".otf"} and "Italic" not in each.name
        ]
    return sorted(found, key=lambda path: (-len(_letters(path)), path.name))


def _letters(path: Path) -> set[int]:
    """Return the code points that a font has. Raises InvalidEvidence if it is none."""
    from fontTools.ttLib import TTFont, TTLibError  # noqa: PLC0415 (with fpdf2 alone)

    try:
        with path.open("rb") as stream, TTFont(stream, fontNumber=0, lazy=True) as font:
            return set(font.getBestCmap() or {})
    except (OSError, TTLibError) as err:
        raise InvalidEvidence(f"{path.name} is no font that can be read.") from err


def _new(made_at: datetime, fonts: Fonts) -> FPDF:
    from fpdf import FPDF  # noqa: PLC0415 (half a second to load; and it may be missing)

    pdf = FPDF(format="A4")
    pdf.set_creation_date(made_at)
    pdf.set_margin(_MARGIN)
    pdf.set_auto_page_break(auto=True, margin=_MARGIN)
    for number, path in enumerate(fonts.paths):
        pdf.add_font(f"font{number}", fname=path)
    pdf.set_font("font0" if fonts.paths else "helvetica")
    if len(fonts.paths) > 1:
        pdf.set_fallback_fonts([f"font{n}" for n in range(1, len(fonts.paths))])
    if util.find_spec("uharfbuzz") and fonts.paths:
        pdf.set_text_shaping(use_shaping_engine=True)
    pdf.add_page()
    return pdf


def _write(pdf: FPDF, block: Block, fonts: Fonts) -> None:
    size = _SIZES[block.level]
    indent = _INDENT if block.level == "row" else 0
    pdf.set_font_size(size)
    pdf.set_y(pdf.get_y() + _ABOVE[block.level])
    pdf.set_x(_MARGIN + indent)
    words = readable(block.text, block.original, fonts)
    if block.label:
        words = f"{block.label}: {words}"
    words = unicodedata.normalize("NFC", words)
    pdf.multi_cell(pdf.epw - indent, size * 0.5, words, align="L", new_x="LMARGIN", new_y="NEXT")
