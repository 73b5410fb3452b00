"""Owner and platform at the command line, a real service between them, real edited pictures."""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from benchmarks import edits
from demo import corpus, films, server
from demo.corpus import Corpus
from hashing import Profile

pytestmark = pytest.mark.enable_socket

EDITS = ("mirror", "crop 10 %", "crop 50 %", "screenshot white", "story")
OWN = ("astronaut.png", "coffee.png")
ANSWERS = ("--subject", "self", "--adults", "--intimate")


class Journey:
    """The folder of uploads, and the programs that its people run."""

    def __init__(self, folder: Path, taken: Corpus, address: str, key: str) -> None:
        self.folder = folder
        self.taken = taken
        self.address = address
        self._key = key

    def takeback(self, *arguments: str, **environment: str) -> str:
        done = subprocess.run(
            [sys.executable, "-m", "hashing", *arguments],
            env={**os.environ, "TAKEBACK_KEY": self._key, **environment},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    def lookup(self, path: Path, *options: str) -> dict[str, Any]:
        """What `takeback lookup --json` says of each file, by its name."""
        said = self.takeback("lookup", "--server", self.address, "--json", *options, str(path))
        answers = [json.loads(line) for line in said.splitlines()]
        return {Path(answer["path"]).stem: answer for answer in answers}

    def verdicts(self, path: Path, *options: str) -> dict[str, str]:
        return {name: one["verdict"] for name, one in self.lookup(path, *options).items()}


@pytest.fixture(scope="module")
def journey(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Journey]:
    """A service with one case of two photographs and a video."""
    folder = tmp_path_factory.mktemp("journey")
    taken = corpus.of_package(folder)
    own = [path for path in taken.pictures if path.name in OWN]
    uploads = folder / "uploads"
    uploads.mkdir()
    film, other = films.read(taken.video), films.read(taken.unrelated_video)
    films.clipped(film, other, folder / "clip.mp4")
    others = folder / "others"
    others.mkdir()
    for path in [*taken.unrelated, taken.unrelated_video]:
        shutil.copy(path, others)
    for picture in own:
        for name in EDITS:
            _edited(picture, name, uploads, taken.unrelated)
    with server.running(folder / "state") as service:
        key = service.new_key("Example Videos")
        journey = Journey(folder, taken, service.address, key)
        files = (*map(str, own), str(taken.video))
        journey.takeback("submit", "--server", service.address, *ANSWERS, *files)
        yield journey


def _edited(picture: Path, name: str, folder: Path, others: list[Path]) -> Path:
    def opened(path: Path) -> Any:
        with Image.open(path) as image:
            return np.asarray(image.convert("RGB"))

    edit = next(edit for edit in edits.EDITS if edit.name == name)
    made = edits.edited(opened(picture), edit, picture.stem, [opened(one) for one in others])
    target = folder / f"{name}, {picture.stem}.png"
    Image.fromarray(made).save(target)
    return target


@pytest.fixture(scope="module")
def found(journey: Journey) -> dict[str, dict[str, str]]:
    """The verdict on every edited copy, by profile."""
    return {
        profile: journey.verdicts(journey.folder / "uploads", "--profile", profile)
        for profile in Profile
    }


def test_a_thorough_lookup_finds_every_edited_copy(found: dict[str, dict[str, str]]) -> None:
    assert len(found["thorough"]) == len(EDITS) * len(OWN)
    assert set(found["thorough"].values()) == {"match"}


def test_a_profile_with_more_views_finds_what_one_with_fewer_does(
    found: dict[str, dict[str, str]],
) -> None:
    matches = [
        {name for name, verdict in found[profile].items() if verdict == "match"}
        for profile in ("fast", "thorough", "exhaustive")
    ]
    assert matches == sorted(matches, key=len)
    assert matches[0] <= matches[1] <= matches[2]


def test_plain_values_find_mirror_images_and_crops_but_no_screenshot(
    found: dict[str, dict[str, str]],
) -> None:
    for picture in (Path(name).stem for name in OWN):
        assert found["plain"][f"mirror, {picture}"] == "match"
        assert found["plain"][f"crop 50 %, {picture}"] == "match"
        assert found["plain"][f"screenshot white, {picture}"] == "none"


def test_nothing_is_found_of_other_pictures_and_videos(journey: Journey) -> None:
    verdicts = journey.verdicts(journey.folder / "others", "--profile", "exhaustive")
    assert len(verdicts) == 7
    assert set(verdicts.values()) == {"none"}


def test_a_video_is_answered_with_the_seconds_in_which_it_is(journey: Journey) -> None:
    answer = journey.lookup(journey.folder / "clip.mp4")["clip"]
    (match,) = answer["matches"]
    assert answer["verdict"] == match["verdict"] == "match"
    assert abs(match["span"]["from_s"] - 10) < 1.5
    assert abs(match["span"]["until_s"] - 20) < 1.5
    clip = str(journey.folder / "clip.mp4")
    said = journey.takeback("lookup", "--server", journey.address, clip)
    assert re.fullmatch(r"match  \S+clip\.mp4 [a-z2-7]{24} \([\d.]+–[\d.]+ s\)\n", said)


def test_an_owner_gives_an_old_entry_windows_by_withdrawing_it_and_adding_it_again(
    journey: Journey,
) -> None:
    """What docs/operating.md says of entries from before there were windows."""
    taken = journey.taken
    rocket = next(path for path in taken.pictures if path.name == "rocket.jpg")
    copy = _edited(rocket, "crop 50 %", journey.folder, taken.unrelated)

    def owner(command: str, *arguments: str) -> str:
        words = "carriage corridor polish quirky crunch elite biscuit"
        to = ("--server", journey.address)
        return journey.takeback(command, *to, *arguments, TAKEBACK_PASSPHRASE=words)

    said = owner("submit", *ANSWERS, "--windows", "none", str(rocket))
    case = ("--case", re.findall(r"\d{3}-\d{3}-\d{4}", said)[0])
    assert journey.verdicts(copy) == {copy.stem: "none"}
    assert "Added 0" in owner("submit", *case, str(rocket))
    assert journey.verdicts(copy) == {copy.stem: "none"}
    owner("withdraw", *case, "--entry", "1", "--yes")
    assert "Added 1" in owner("submit", *case, str(rocket))
    assert journey.verdicts(copy) == {copy.stem: "match"}
