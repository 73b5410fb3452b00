"""Content that the tests make themselves."""

import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from tests import videos
from tests.device.serving import Service
from tests.loopback import answering

Rgb = NDArray[np.uint8]
MakeVideo = Callable[..., Path]


def scene(seed: int, height: int = 96, width: int = 128) -> Rgb:
    """A smooth random picture: enough detail to pass every quality bar, and never a tie."""
    rng = np.random.default_rng(seed)
    coarse = rng.integers(0, 256, (20, 20, 3), dtype=np.uint8)
    enlarged = Image.fromarray(coarse).resize((width, height), Image.Resampling.BICUBIC)
    return np.array(enlarged)


@pytest.fixture
def make_scene() -> Callable[..., Rgb]:
    return scene


@pytest.fixture
def photos(shared: Path) -> list[Path]:
    return sorted((shared / "photos").iterdir())


def write_video(path: Path, frames: list[Rgb], *, codec: str, rate: float) -> Path:
    height, width = frames[0].shape[:2]
    fourcc = cv2.VideoWriter.fourcc(*codec)
    writer = cv2.VideoWriter(str(path), cv2.CAP_FFMPEG, fourcc, rate, (width, height))
    assert writer.isOpened()
    for frame in frames:
        writer.write(np.ascontiguousarray(frame[:, :, ::-1]))
    writer.release()
    return path


@pytest.fixture
def make_video(tmp_path: Path) -> MakeVideo:
    """Write frames, by default three still scenes of a second, with a codec OpenCV brings along."""

    def make(
        name: str = "clip.mp4",
        frames: list[Rgb] | None = None,
        *,
        codec: str = "mp4v",
        rate: float = 20,
    ) -> Path:
        if frames is None:
            frames = [scene(seed) for seed in (1, 2, 3) for _ in range(20)]
        return write_video(tmp_path / name, frames, codec=codec, rate=rate)

    return make


@pytest.fixture(scope="session")
def endless_video(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Nearly as long as a video may be, and every frame is sampled: minutes of work."""
    frames = [scene(seed, 480, 640) for seed in range(3) for _ in range(40)]
    folder = tmp_path_factory.mktemp("endless")
    minute = write_video(folder / "minute.mp4", frames, codec="mp4v", rate=2)
    return videos.lengthened(minute, folder / "endless.mp4", 235)


@pytest.fixture
def service(socket_enabled: None) -> Iterator[Service]:  # noqa: ARG001 (only to allow sockets)
    with answering(Service()) as server:
        yield server


@pytest.fixture
def _ctrl_c() -> Iterator[None]:
    """As in a terminal: who is started in the background has it ignored."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)
