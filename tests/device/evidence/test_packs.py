import csv
import io
import json
import os
import re
import subprocess
import sys
import zipfile
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest

from hashing import cli
from hashing.errors import InvalidEvidence
from hashing.evidence import archive, documents, manifest, pack, paragraphs, sources, timeline
from hashing.evidence.keys import EvidenceKeys
from hashing.evidence.verification import Expected, verify
from hashing.passphrase import derive, word_list
from tests.device.evidence.authority import NOON
from tests.device.evidence.vault import (
    AUTHORITY,
    MADE,
    MADRID,
    Vault,
    contents,
    listed,
    sample,
    signed,
    zipped,
)

Captured = pytest.CaptureFixture[str]
WORDS = " ".join(word_list()[1400:1407])
NAMES = ("=1+1", "+49", "-x", "@x", "\t=x", " =x", "＝x")


def takeback(*arguments: str) -> int:
    with pytest.raises(SystemExit) as caught:
        cli.main(arguments)
    assert isinstance(caught.value.code, int)
    return caught.value.code


def table(content: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(content.decode("utf-8-sig"), newline="")))


def test_what_cannot_be_opened_or_is_not_to_be_seen_is_left_out_and_the_rest_is_there() -> None:
    vault = sample()
    files = [each.entry.id for each in vault.links if each.entry.act == "file"]
    records = [each.entry.id for each in vault.links if each.entry.act == "record"]
    chunk = vault.files[files[0]][0]
    vault.files[files[0]] = [chunk[:-1] + bytes([chunk[-1] ^ 1])]
    vault.records[records[2]] = vault.records[records[3]]
    del vault.records[records[3]]
    packed = vault.pack(without=frozenset([records[4]]))
    assert not verify(io.BytesIO(packed), Expected()).faults
    made = manifest.decode(contents(packed)[manifest.MANIFEST])
    assert {each.sequence: each.why for each in made.left_out} == {
        1: "damaged", 3: "removed", 4: "unnamed", 5: "damaged", 6: "missing", 8: "chosen",
    }  # fmt: skip
    assert "Entry 8: It was left out of this pack by the owner." in blocks_of(packed, "report.txt")
    assert "items/0002/file-1.png" not in contents(packed)


def test_chunks_of_a_file_are_packed_in_their_order_alone() -> None:
    vault = Vault()
    file = vault.attach("a.bin", os.urandom((1 << 20) + 1))
    vault.add(kind="file", files=(file,))
    files = contents(vault.pack())
    assert not verify(io.BytesIO(zipped(files)), Expected()).faults
    first, second = files["sealed/0001.chunks"].splitlines(keepends=True)
    changed = listed(files | {"sealed/0001.chunks": second + first}, lambda made: made)
    (fault,) = verify(io.BytesIO(zipped(signed(changed, vault.keys))), Expected()).faults
    assert fault == "The sealed file of entry 1 is not that of the chain."
    vault.files[file.id].reverse()
    assert manifest.decode(contents(vault.pack())[manifest.MANIFEST]).left_out[0].why == "damaged"


def blocks_of(packed: bytes, name: str) -> str:
    return re.sub(r"\s+", " ", contents(packed)[name].decode())


def test_no_cell_of_a_table_is_a_formula_and_each_time_is_there_twice() -> None:
    vault = Vault()
    for name in NAMES:
        vault.add(kind="post", user_name=name, person=name, note=f'{name}\n=2";"', address=name)
    vault.add(kind="call", happened_at=date(2026, 1, 2), display_name="x")
    files = contents(vault.pack())
    rows = table(files["timeline.csv"])
    for name in ("timeline.csv", "accounts.csv"):
        for row in csv.reader(io.StringIO(files[name].decode("utf-8-sig"), newline="")):
            assert not any(cell.strip(" ").startswith(tuple("=+-@＝\t")) for cell in row)
    assert rows[0]["happened (UTC)"] == "2026-01-02"
    assert [row["user name"].lstrip("'") for row in rows[1:]] == list(NAMES)
    assert rows[1]["captured (UTC)"] == "2026-11-30T12:00:00Z"
    assert rows[1]["captured (local)"] == "2026-11-30 13:00:00+01:00"


def test_accounts_are_grouped_by_the_person_whose_they_are_in_the_order_of_acts() -> None:
    vault = Vault()
    for number, (person, name) in enumerate(
        [("my ex", "a"), (None, "b"), ("my ex", "c"), ("my ex", "a")]
    ):
        when = NOON - timedelta(days=number)
        vault.add(kind="post", person=person, user_name=name, profile_id="7", happened_at=when)
    rows = table(contents(vault.pack())["accounts.csv"])
    found = [(row["person"], row["user name"], row["items"]) for row in rows]
    assert found == [("my ex", "a", "4, 1"), ("my ex", "c", "3"), (timeline.NOBODY, "b", "2")]


def test_the_letter_has_its_three_parts_and_what_was_not_done() -> None:
    packed = sample().pack(not_done=("I asked the platform on 1 May; nothing happened.",))
    letter = blocks_of(packed, "letter.txt")
    parts = ["1. Evidence", "2. What happened, in its order", "3. What was not done"]
    assert [letter.index(part) for part in parts] == sorted(letter.index(part) for part in parts)
    assert "1: I asked the platform on 1 May; nothing happened." in letter
    assert "Ana [U+202E]gnp" in letter  # what turns text around is written out
    assert "ask a lawyer" in blocks_of(packed, "certificates.txt").lower()


def test_a_folder_gives_the_same_pack_as_what_it_was_written_from(tmp_path: Path) -> None:
    vault = sample()
    sources.write_folder(vault, tmp_path)
    folder = sources.FolderSource(tmp_path)
    out = io.BytesIO()
    choices = pack.Choices(MADE, "takeback tests", local=lambda at: at.astimezone(MADRID))
    pack.build(folder, vault.keys, out, choices=choices)
    assert out.getvalue() == vault.pack()
    with pytest.raises(InvalidEvidence, match="id is 32"):
        folder.record("../evidence.json")
    (tmp_path / "evidence.json").write_bytes(b'{"case":"1"}')
    with pytest.raises(InvalidEvidence, match="case, links and stamps"):
        sources.FolderSource(tmp_path)


FONTS = documents.installed_fonts()
SCRIPTS = [
    paragraphs.row(
        "Name", "أحمد الشريف", "items/0002/record.json"
    ),  # first, and not in the first font
    paragraphs.row("Name", "जो हुआ Ελένη Дмитрий Đặng", "items/0003/record.json"),
    paragraphs.row("Name", "김민수 (Kim)", "items/0004/record.json"),
    paragraphs.text("Afterwards \U0001f642 “this”"),
]


def test_a_pdf_has_no_letter_for_which_there_is_no_font() -> None:
    readable = [documents.readable(each.text, each.original, FONTS) for each in SCRIPTS]
    assert readable[:2] == [SCRIPTS[0].text, SCRIPTS[1].text]
    assert readable[2].endswith("no font: see items/0004/record.json.]")
    assert readable[3] == "Afterwards [U+1F642] “this”"
    assert "no font" in documents.readable("Ελένη", "", PLAIN)
    assert documents.readable("“this” – é", "", PLAIN).startswith("[Written")
    assert documents.readable("“this” –", "", PLAIN) == '"this" -'


PLAIN = replace(FONTS, paths=(), known=frozenset(range(32, 127)))


@pytest.mark.parametrize("fonts", [PLAIN, pytest.param(FONTS, marks=pytest.mark.soak)])
def test_a_pdf_is_the_same_each_time(fonts: documents.Fonts) -> None:
    made = [documents.as_pdf(SCRIPTS, MADE, fonts) for _ in range(2)]
    assert made[0].startswith(b"%PDF")
    assert made[0] == made[1]


def test_a_font_that_is_none_is_refused(tmp_path: Path) -> None:
    (tmp_path / "no.ttf").write_bytes(b"no font")
    with pytest.raises(InvalidEvidence, match="no font"):
        documents.installed_fonts([tmp_path / "no.ttf"])


def test_a_zip_of_more_than_4_gigabytes_is_read_by_others() -> None:
    large = archive.Member("large.bin", archive.LARGE - 1, 0, 0)
    after = archive.Member("after.bin", 5, 0, large.end + 100)
    row, end = archive.parse_row(after.row(), 0)
    assert (row, end) == (after, len(after.row()))
    begin = after.end
    count, size, offset = archive.parse_end(archive.ending([large, after], begin))
    assert (count, offset) == (2, begin)
    assert size == len(large.row() + after.row())
    info = zipfile.ZipFile(_Sparse(begin, archive.ending([large, after], begin))).getinfo(
        "after.bin"
    )
    assert info.header_offset == after.offset


class _Sparse(io.RawIOBase):
    """A file that begins with a lot of nothing, of which only the end is in memory."""

    def __init__(self, begin: int, tail: bytes) -> None:
        self._begin, self._tail, self._at = begin, tail, 0

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = 0, /) -> int:
        base = {0: 0, 1: self._at, 2: self._begin + len(self._tail)}[whence]
        self._at = base + offset
        return self._at

    def tell(self) -> int:
        return self._at

    def read(self, size: int = -1, /) -> bytes:
        begin = self._at - self._begin
        part = self._tail[begin : begin + size if size >= 0 else None]
        self._at += len(part)
        return part


needs_proc = pytest.mark.skipif(not Path("/proc/self").exists(), reason="memory is asked of Linux")
MEMORY = """
import sys
from datetime import UTC, datetime
from pathlib import Path
from hashing.evidence import pack, sources
from hashing.evidence.keys import EvidenceKeys
from hashing.evidence.verification import Expected, verify
folder, packed = Path(sys.argv[1]), Path(sys.argv[2])
with packed.open("w+b") as out:
    choices = pack.Choices(datetime(2026, 11, 30, tzinfo=UTC))
    pack.build(sources.FolderSource(folder), EvidenceKeys.of(bytes(32)), out, choices=choices)
with packed.open("rb") as stream:
    assert not verify(stream, Expected()).faults
print(next(line.split()[1] for line in open("/proc/self/status") if line.startswith("VmHWM")))
"""


def peak(folder: Path, megabytes: int) -> int:
    """Return the most memory (MB) in which a file of this size is packed and checked."""
    vault = Vault()
    content = os.urandom(1 << 20) * megabytes
    vault.add(kind="file", files=(vault.attach("large.bin", content),))
    del content
    sources.write_folder(vault, folder / "folder")
    vault.files.clear()
    command = [sys.executable, "-c", MEMORY, str(folder / "folder"), str(folder / "pack.zip")]
    return int(subprocess.run(command, capture_output=True, text=True, check=True).stdout) // 1024


@needs_proc
def test_a_large_file_is_packed_and_checked_in_little_memory(tmp_path: Path) -> None:
    assert peak(tmp_path, 40) < 60


@needs_proc
@pytest.mark.soak
def test_two_gigabytes_are_packed_and_checked_in_200_megabytes(tmp_path: Path) -> None:
    assert peak(tmp_path, 2048) < 200


@pytest.fixture
def exported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("TAKEBACK_PASSPHRASE", WORDS)
    vault = Vault(keys=EvidenceKeys.of(derive(WORDS).vault))
    vault.add(kind="message", note="hello", files=(vault.attach("a.png", b"0picture0"),))
    vault.stamp()
    vault.add(kind="call")
    sources.write_folder(vault, tmp_path / "folder")
    return tmp_path


def test_a_pack_is_made_and_checked_by_commands(exported: Path, capsys: Captured) -> None:
    packed, roots = exported / "pack.zip", exported / "roots.pem"
    roots.write_bytes(AUTHORITY.pem())
    folder = str(exported / "folder")
    assert takeback("evidence", "pack", folder, "--out", str(packed), "--leave-out", "3") == 0
    said = capsys.readouterr().out
    signer = said.rpartition(" ")[2].strip()
    assert {"report.pdf", "letter.pdf"} < set(contents(packed.read_bytes()))
    assert takeback("verify", str(packed), "--roots", str(roots), "--signer", signer) == 0
    lines = capsys.readouterr().out
    assert "Nothing in this pack was changed" in lines
    assert "a root certificate that you gave vouches for it" in lines
    assert "Entry 3 has no time stamp" in lines
    assert "entries 3." in lines
    assert takeback("verify", str(packed)) == 0
    lines = capsys.readouterr().out
    assert "signed by “Stamps, Tests”; whether that is an authority you trust" in lines
    assert takeback("evidence", "pack", folder, "--out", str(packed)) == 1
    assert "there already" in capsys.readouterr().err
    assert sorted(each.name for each in exported.iterdir()) == ["folder", "pack.zip", "roots.pem"]


def test_a_changed_pack_ends_with_1_and_what_is_none_with_2(
    exported: Path, capsys: Captured
) -> None:
    packed = exported / "pack.zip"
    folder = str(exported / "folder")
    assert takeback("evidence", "pack", folder, "--out", str(packed), "--text-only") == 0
    capsys.readouterr()
    content = packed.read_bytes().replace(b"0picture0", b"1picture0")
    packed.write_bytes(content)
    assert takeback("verify", str(packed), "--json") == 1
    answer = json.loads(capsys.readouterr().out)
    assert answer["faults"] == [
        "items/0002/file-1.png was changed: its SHA-256 is not the one of the manifest."
    ]
    (exported / "no.zip").write_bytes(b"no pack")
    for path in ("no.zip", "nothing", "folder"):
        assert takeback("verify", str(exported / path)) == 2
        assert "takeback: " in capsys.readouterr().err
    assert takeback("verify", str(packed), "--roots", str(exported / "no.zip")) == 2
    assert "no file of certificates" in capsys.readouterr().err


def test_another_passphrase_opens_nothing_and_says_so(
    exported: Path, monkeypatch: pytest.MonkeyPatch, capsys: Captured
) -> None:
    monkeypatch.setenv("TAKEBACK_PASSPHRASE", " ".join(word_list()[:7]))
    packed = exported / "pack.zip"
    assert takeback("evidence", "pack", str(exported / "folder"), "--out", str(packed)) == 1
    assert "Is it the passphrase of this case?" in capsys.readouterr().err
    assert not packed.exists()
