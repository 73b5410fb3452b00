"""A real server in a process of its own, which a test may kill."""

import hashlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from demo.server import Service

Picture = Callable[[int], dict[str, Any]]
Submission = Callable[..., dict[str, Any]]


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Service]:
    one = Service(
        tmp_path / "state",
        WORK_PIECES="0",  # tests/server/test_opening.py is about it
        MAIL_HOST="localhost",  # where nobody listens, so that sending fails
        MAIL_PORT="9",
        MAIL_SENDER="post@plain.example",
        ALERT_LOOPBACK="1",
    )
    yield one
    one.stop()


def _picture(seed: int) -> dict[str, Any]:
    value = seed.to_bytes(4).hex()
    pdq = hashlib.sha256(value.encode()).hexdigest()
    return {
        "kind": "picture",
        "signals": [
            {"type": "pdq", "value": pdq, "quality": 100},
            {"type": "sha256", "value": value * 8},
        ],
    }


@pytest.fixture
def picture() -> Picture:
    """Signals of made-up pictures, far from each other."""
    return _picture


def _value(seed: int, salt: str) -> str:
    """A perceptual value that belongs to a seed, far from every other."""
    return hashlib.sha256(f"{seed} {salt}".encode()).hexdigest()


def _view(seed: int, name: str) -> dict[str, Any]:
    values = [_value(seed, f"{name} {k}") for k in range(8)]
    return {"view": name, "quality": 100, "values": values}


@pytest.fixture
def with_windows() -> Picture:
    """An entry with windows."""

    def make(seed: int) -> dict[str, Any]:
        windows = [
            {"window": name, "type": "pdq", "value": _value(seed, name), "quality": 100}
            for name in ("centre-90", "square")
        ]
        return {**_picture(seed), "windows": windows}

    return make


@pytest.fixture
def with_views() -> Picture:
    """The same picture looked up, with two views."""
    return lambda seed: {**_picture(seed), "views": [_view(seed, "full"), _view(seed, "content")]}


@pytest.fixture
def video_with_views() -> Picture:
    """A video that is looked up, with a view of its frame."""

    def make(seed: int) -> dict[str, Any]:
        frame = {
            "at_ms": 0,
            "until_ms": 750,
            "type": "pdq",
            "value": _value(seed, "frame"),
            "quality": 100,
            "views": [_view(seed, "panel-1")],
        }
        return {"kind": "video", "signals": [], "frames": [frame]}

    return make


@pytest.fixture
def submission() -> Submission:
    def make(seed: int, **more: Any) -> dict[str, Any]:
        return {
            "version": 1,
            "access_key": seed.to_bytes(32).hex(),
            "eligibility": {"subject": "self", "adults": True, "intimate": True},
            "entries": [_picture(seed)],
            **more,
        }

    return make
