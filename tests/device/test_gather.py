import os
from pathlib import Path

import pytest

from hashing import gather as gathering
from hashing import hash_file
from hashing.errors import Unreadable
from hashing.gather import Gathered, Passed, gather
from hashing.media.formats import Format

JPEG = b"\xff\xd8\xff\xe0"


def write(path: Path, content: bytes) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


def test_folders_are_walked_in_name_order(tmp_path: Path) -> None:
    wanted = [
        write(tmp_path / "b.jpg", JPEG),
        write(tmp_path / "c.txt", b"GIF89a"),
        write(tmp_path / "a" / "2.jpg", JPEG),
        write(tmp_path / "d" / "1.mp4", b"\0\0\0\x08ftypisom"),
    ]
    write(tmp_path / "notes.txt", b"text")
    write(tmp_path / "a" / "Thumbs.db", b"\xd0\xcf")
    assert gather([tmp_path]) == Gathered(tuple(wanted), passed_over=2)


def test_what_is_named_is_always_there_and_once(tmp_path: Path) -> None:
    text = write(tmp_path / "notes.txt", b"text")
    picture = write(tmp_path / "a.jpg", JPEG)
    missing = tmp_path / "missing"
    found = gather([picture, text, missing, tmp_path, picture])
    assert found == Gathered((picture, text, missing), passed_over=1)


def test_an_empty_or_unreadable_file_in_a_folder_is_there_so_that_its_fault_is_told(
    tmp_path: Path,
) -> None:
    empty = write(tmp_path / "empty.jpg", b"")
    assert gather([tmp_path]).files == (empty,)


def test_links_and_pipes_in_folders_are_not_followed(tmp_path: Path) -> None:
    picture = write(tmp_path / "in" / "a.jpg", JPEG)
    outside = write(tmp_path / "out" / "b.jpg", JPEG)
    (tmp_path / "in" / "link.jpg").symlink_to(outside)
    (tmp_path / "in" / "folder").symlink_to(outside.parent)
    os.mkfifo(tmp_path / "in" / "pipe")
    gathered = gather([tmp_path / "in"])
    assert gathered == Gathered((picture,), 3)
    named = [(path.name, why) for path, why in gathered.named]
    assert named == [
        ("folder", Passed.LINK),
        ("link.jpg", Passed.LINK),
        ("pipe", Passed.NO_FILE),
    ]


def test_the_list_ends_at_its_limit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gathering, "MAX_FILES", 3)
    for name in "abcde":
        write(tmp_path / name, JPEG)
    gathered = gather([tmp_path, tmp_path / "e"])
    assert [path.name for path in gathered.files] == ["a", "b", "c", "e"]
    assert gathered.cut
    assert not gather([tmp_path / "a"]).cut


def test_a_name_that_no_file_can_have_is_there_so_that_its_error_is_told() -> None:
    path = Path("x" * 300)
    assert gather([path]).files == (path,)
    with pytest.raises(Unreadable):
        hash_file(path)


def test_nothing_named_gathers_nothing() -> None:
    assert gather([]) == Gathered(())


def test_the_formats_of_what_a_folder_has_are_kept(tmp_path: Path) -> None:
    picture, film = tmp_path / "a.jpg", tmp_path / "b.mp4"
    write(picture, JPEG)
    write(film, b"\0\0\0\x08ftypisom")
    write(tmp_path / "empty.png", b"")
    write(tmp_path / "notes.txt", b"text")
    assert gather([tmp_path, picture]).formats == {picture: Format.JPEG, film: Format.MP4}
    assert gather([picture]).formats == {}


def test_what_is_passed_over_is_named_up_to_a_number(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gathering, "MAX_NAMED", 2)
    for name in "abc":
        write(tmp_path / name, b"text")
    gathered = gather([tmp_path])
    assert gathered.passed_over == 3
    assert gathered.named == tuple((tmp_path / name, Passed.NEITHER) for name in "ab")


def test_a_folder_that_cannot_be_opened_is_there_so_that_its_error_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    picture = write(tmp_path / "b" / "c.jpg", JPEG)
    closed = tmp_path / "a"
    closed.mkdir()
    real = os.scandir

    def scandir(path: str) -> object:
        """Root may list everything: this is what others get."""
        if Path(path) == closed:
            raise PermissionError(13, "Permission denied", str(path))
        return real(path)

    monkeypatch.setattr(os, "scandir", scandir)
    assert gather([tmp_path]).files == (closed, picture)
    assert gather([closed]).files == (closed,)
