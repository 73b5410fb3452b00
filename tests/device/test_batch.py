# ruff: noqa: SLF001 (what runs in a worker is also run here, where it is measured)
import multiprocessing
import os
import pathlib
import pickle
import signal
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import psutil
import pytest
from numpy.typing import NDArray
from PIL import Image

from hashing import batch, hash_file, hash_files
from hashing.errors import (
    ContentError,
    Damaged,
    DecoderCrashed,
    EmptyFile,
    TooManyPixels,
    UnknownFormat,
)
from hashing.hasher import Use
from hashing.media.formats import Format
from hashing.signals import ContentSignals
from hashing.views.profile import Profile
from hashing.windows import WindowSet
from tests.device.conftest import scene

if TYPE_CHECKING:
    from multiprocessing.queues import SimpleQueue

Scene = Callable[..., NDArray[np.uint8]]
MakeVideo = Callable[..., Path]


WELL_WITHIN = 30
"""Seconds: far fewer than an endless video takes, however busy the machine is."""


class Deadly(type(pathlib.Path())):  # type: ignore[misc]
    """A path that ends the process it reaches, as a decoder written in C may."""

    def __reduce__(self) -> Any:
        return os.abort, ()


@pytest.fixture
def files(tmp_path: Path, make_scene: Scene, make_video: MakeVideo) -> list[Path]:
    """Twelve pictures and a video."""
    found = []
    for seed in range(12):
        path = tmp_path / f"{seed}.png"
        Image.fromarray(make_scene(seed)).save(path)
        found.append(path)
    return [*found, make_video()]


def outcomes(paths: list[Path], **options: Any) -> list[ContentSignals | ContentError]:
    found = dict(hash_files(paths, **options))
    assert sorted(found) == list(range(len(paths)))
    return [found[index] for index in range(len(paths))]


@pytest.mark.parametrize("workers", [1, 2, None])
def test_many_workers_give_what_one_after_the_other_does(
    files: list[Path], workers: int | None
) -> None:
    assert outcomes(files, workers=workers) == [hash_file(path) for path in files]


@pytest.mark.parametrize("use", [WindowSet.ALL, WindowSet.NONE, Profile.FAST])
def test_what_they_are_for_reaches_the_workers(files: list[Path], use: Use) -> None:
    found = outcomes(files[:2], workers=2, use=use)
    assert found == [hash_file(path, use=use) for path in files[:2]]
    assert found != [hash_file(path) for path in files[:2]]


def test_no_paths_give_nothing() -> None:
    assert outcomes([]) == []


def test_how_far_a_video_is_comes_from_its_worker(files: list[Path]) -> None:
    told: list[tuple[int, float]] = []
    outcomes(files[-2:], workers=1, advance=lambda index, part: told.append((index, part)))
    assert {index for index, _ in told} <= {1}
    assert all(0 <= part <= 1 for _, part in told)


def test_errors_are_outcomes(tmp_path: Path, files: list[Path]) -> None:
    (tmp_path / "empty").touch()
    (tmp_path / "text").write_text("text")
    found = outcomes([tmp_path / "empty", files[0], tmp_path / "text"], workers=2)
    assert isinstance(found[0], EmptyFile)
    assert isinstance(found[1], ContentSignals)
    assert isinstance(found[2], UnknownFormat)
    assert found[2].__cause__ is None
    assert found[2].__traceback__ is None


@pytest.mark.parametrize("workers", [1, 2])
@pytest.mark.parametrize("places", [{0}, {6}, {3, 4, 12}])
def test_a_file_that_kills_its_worker_is_named_and_all_others_get_their_signals(
    files: list[Path], places: set[int], workers: int
) -> None:
    mixed = [Deadly(path) if at in places else path for at, path in enumerate(files)]
    found = outcomes(mixed, workers=workers)
    for at, (path, outcome) in enumerate(zip(files, found, strict=True)):
        if at in places:
            assert isinstance(outcome, DecoderCrashed)
        else:
            assert outcome == hash_file(path)


def test_a_worker_that_died_while_nobody_asked(files: list[Path]) -> None:
    mixed: list[Path] = [files[0], Deadly(files[1]), files[2], files[3]]
    found = {}
    for index, outcome in hash_files(mixed, workers=1):
        found[index] = outcome
        time.sleep(0.7)
    assert isinstance(found.pop(1), DecoderCrashed)
    assert found == {index: hash_file(files[index]) for index in (0, 2, 3)}


def test_a_file_in_flight_when_a_worker_is_killed_is_tried_again(make_video: MakeVideo) -> None:
    film = make_video(frames=[scene(seed, 240, 320) for seed in range(3)] * 60, rate=2)
    killed: list[int] = []

    def kill(_index: int, _part: float) -> None:
        if killed:
            return
        for process in psutil.Process().children(recursive=True):
            parent = process.parent()
            if parent and parent.pid != os.getpid() and "forkserver" in " ".join(parent.cmdline()):
                killed.append(process.pid)
                process.kill()

    outcome = outcomes([film], workers=1, advance=kill)
    assert outcome == [hash_file(film)]
    assert len(killed) == 1


def test_where_there_is_no_forkserver_workers_are_spawned(
    files: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(multiprocessing, "get_all_start_methods", lambda: ["spawn"])
    assert outcomes(files[:2], workers=2) == [hash_file(path) for path in files[:2]]


def test_a_batch_may_be_run_by_any_thread(files: list[Path]) -> None:
    found: list[object] = []
    thread = threading.Thread(target=lambda: found.extend(outcomes(files[:3], workers=2)))
    thread.start()
    thread.join()
    assert found == [hash_file(path) for path in files[:3]]


def test_a_caller_who_wants_no_more_waits_for_nothing(
    endless_video: Path, files: list[Path]
) -> None:
    found = hash_files([files[0], endless_video], workers=2)
    assert next(found) == (0, hash_file(files[0]))
    start = time.monotonic()
    found.close()  # type: ignore[attr-defined]
    assert time.monotonic() - start < WELL_WITHIN
    assert multiprocessing.active_children() == []


@pytest.mark.usefixtures("_ctrl_c")
def test_ctrl_c_waits_until_a_worker_is_started() -> None:
    steps: list[str] = []
    with pytest.raises(KeyboardInterrupt):
        interrupted(steps)
    assert steps == ["pressed", "went on"]
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def interrupted(steps: list[str]) -> None:
    with batch._interrupt_deferred():
        signal.raise_signal(signal.SIGINT)
        steps.append("pressed")
        steps.append("went on")


# --- what runs in a worker ---


def run(code: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)


def test_a_worker_is_limited_and_ends_when_it_stalls() -> None:
    done = run("""
import multiprocessing, resource, signal
from hashing import batch
batch._set_up(multiprocessing.SimpleQueue(), interrupt_ignored=False)
assert resource.getrlimit(resource.RLIMIT_AS) == (batch.WORKER_BYTES,) * 2
assert resource.getrlimit(resource.RLIMIT_CORE) == (0, 0)
assert signal.getsignal(signal.SIGINT) is signal.SIG_DFL
assert signal.getsignal(signal.SIGALRM) is signal.SIG_DFL
assert batch._progress is not None
batch._set_up(multiprocessing.SimpleQueue(), interrupt_ignored=True)
assert signal.getsignal(signal.SIGINT) is signal.SIG_IGN
""")
    assert (done.returncode, done.stderr) == (0, "")


def test_a_decoder_that_hangs_ends_its_process() -> None:
    done = run("""
import time
from pathlib import Path
from hashing import batch
batch.STALL_SECONDS = 1
batch.hash_file = lambda path, progress, use, known: time.sleep(30)
batch._hash_one(0, Path("any"), None)
""")
    assert done.returncode == -signal.SIGALRM


def test_each_sign_of_life_gives_more_time() -> None:
    done = run("""
import time
from pathlib import Path
from hashing import WindowSet, batch
batch.STALL_SECONDS = 1
def slow(path, progress, use, known):
    for part in range(4):
        time.sleep(0.5)
        progress(part / 4)
    return "done"
batch.hash_file = slow
print(batch._hash_one(0, Path("any"), WindowSet.NONE))
time.sleep(1.2)
""")
    assert (done.returncode, done.stdout, done.stderr) == (0, "done\n", "")


def test_one_file_in_this_process(
    files: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert batch._hash_one(0, files[-1], WindowSet.ALL) == hash_file(files[-1])
    told: SimpleQueue[tuple[int, float]] = multiprocessing.SimpleQueue()
    monkeypatch.setattr(batch, "_progress", told)
    assert batch._hash_one(7, files[-1], WindowSet.ALL) == hash_file(files[-1])
    assert told.get() == (7, 0.0)
    told.close()
    missing = batch._hash_one(0, tmp_path / "missing", WindowSet.ALL)
    assert isinstance(missing, ContentError)
    assert missing.__cause__ is None
    assert missing.__context__ is None
    assert missing.__traceback__ is None


def test_a_worker_without_memory_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_path: Path, _progress: object, **_: object) -> ContentSignals:
        raise MemoryError

    monkeypatch.setattr(batch, "hash_file", full)
    assert isinstance(batch._hash_one(0, Path("any"), WindowSet.ALL), TooManyPixels)


def test_a_format_that_is_known_is_not_read_again(files: list[Path]) -> None:
    """Here it is another one, with which no PNG can be opened."""
    first, second = outcomes(files[:2], formats={files[0]: Format.GIF})
    assert isinstance(first, Damaged)
    assert isinstance(second, ContentSignals)


@pytest.mark.parametrize("error", [IndexError(), struct.error(), pickle.PicklingError()])
def test_whatever_a_worker_raises_costs_its_own_file_alone(error: Exception) -> None:
    done: Future[batch.Outcome] = Future()
    done.set_exception(error)
    assert isinstance(batch._outcome(done), DecoderCrashed)
    done = Future()
    done.set_exception(BrokenProcessPool())
    with pytest.raises(BrokenProcessPool):  # which others of the batch share
        batch._outcome(done)
