"""A letter as PDF: every sign of it is there, nothing else is, and no file is replaced."""

from __future__ import annotations

import re
import sys
import time
import zlib
from pathlib import Path

import pytest

from hashing import cli
from hashing.errors import LetterNotPrinted
from hashing.letter_pdf import pdf_of

GOLDEN = sorted((Path(__file__).parents[1] / "vectors" / "notices").glob("*.txt"))
Captured = pytest.CaptureFixture[str]


def shown(pdf: bytes) -> str:
    """Return the text that the pages of a PDF with the built-in font show, line by line."""
    streams = re.findall(rb"stream\n(.*?)\nendstream", pdf, re.S)
    texts = [zlib.decompress(one).decode("latin-1") for one in streams]
    drawn = re.findall(r"\((.*?)(?<!\\)\) Tj", "\n".join(texts), re.S)
    return " ".join(re.sub(r"\\(.)", r"\1", one) for one in drawn)


@pytest.mark.parametrize("path", GOLDEN, ids=lambda path: path.stem)
def test_every_word_of_a_letter_is_on_its_pages(path: Path) -> None:
    text = path.read_text("utf-8")
    made = pdf_of(text, title="Letter")
    assert made.startswith(b"%PDF-")
    assert shown(made).split() == text.split()
    assert b"/Author" not in made


def test_a_file_does_not_tell_the_time_zone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "Asia/Kolkata")
    time.tzset()
    try:
        made = pdf_of("a", title="Letter")
    finally:
        monkeypatch.undo()
        time.tzset()
    assert re.search(rb"/CreationDate \(D:\d{14}Z", made)


def test_hundreds_of_long_addresses_go_on_on_the_next_pages() -> None:
    addresses = [f"{n}. https://forum.example/{'a-long-name-' * 15}{n}" for n in range(1, 301)]
    made = pdf_of("\n".join(addresses), title="Letter")
    assert len(re.findall(rb"/Type /Page\b(?!s)", made)) > 10
    assert shown(made).replace(" ", "") == "".join(addresses).replace(" ", "")


def test_what_would_be_printed_wrongly_is_refused() -> None:
    for text, says in (("Zażółć", "--font"), ("اسم", "right to left")):
        with pytest.raises(LetterNotPrinted, match=says):
            pdf_of(text, title="Letter")
    with pytest.raises(LetterNotPrinted, match="--font"):
        pdf_of("a", title="Letter", font=Path(__file__))


def test_the_command_makes_a_file_and_replaces_none(
    tmp_path: Path, capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    letter, made = tmp_path / "letter.txt", tmp_path / "letter.pdf"
    letter.write_text("To: Example Videos\n", "utf-8")
    command = ["notice", "pdf", str(letter), str(made)]
    for code in (0, 1):
        with pytest.raises(SystemExit) as ended:
            cli.main(command)
        assert ended.value.code == code
    assert "never replaced" in capsys.readouterr().err
    assert "Example Videos" in shown(made.read_bytes())
    with pytest.raises(SystemExit):
        cli.main(["notice", "pdf", str(made), str(tmp_path / "other.pdf")])
    assert "could not be read" in capsys.readouterr().err
    monkeypatch.setitem(sys.modules, "fpdf", None)
    with pytest.raises(LetterNotPrinted, match="pip install fpdf2"):
        pdf_of("a", title="Letter")
