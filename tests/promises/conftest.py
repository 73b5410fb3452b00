"""A real server in a process of its own, which a test may kill."""

import hashlib
import json
import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

Answer = tuple[int, dict[str, Any]]
Picture = Callable[[int], dict[str, Any]]
Submission = Callable[..., dict[str, Any]]


class Server:
    """`python -m service serve` over one state folder; `start` after `kill` finds what it left."""

    def __init__(self, state: Path) -> None:
        self.state = state
        self.log = state.parent / f"{state.name}.log"
        self.address = ""
        self._process: subprocess.Popen[bytes] | None = None

    def environment(self) -> dict[str, str]:
        kept = {k: v for k, v in os.environ.items() if not k.startswith("TAKEBACK_")}
        return {**kept, "TAKEBACK_STATE": str(self.state)}

    def start(self) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        self.address = f"http://127.0.0.1:{port}"
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "service", "serve"],
                env={**self.environment(), "TAKEBACK_PORT": str(port)},
                stdout=log,
                stderr=log,
            )
        until = time.monotonic() + 60
        while time.monotonic() < until and self._process.poll() is None:
            try:
                if self.ask("GET", "/readyz")[0] == 200:
                    return
            except OSError:
                time.sleep(0.05)
        raise AssertionError(self.log.read_text())

    def kill(self) -> None:
        """SIGKILL: no handler runs, nothing is flushed."""
        if self._process:
            self._process.kill()
            self._process.wait()

    def stop(self) -> None:
        if self._process and self._process.poll() is None:
            self._process.terminate()
            self._process.wait(timeout=30)

    def ask(self, method: str, path: str, body: Any = None, credential: str = "") -> Answer:
        headers = {"Content-Type": "application/json"}
        if credential:
            headers["Authorization"] = credential
        sent = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.address + path, sent, headers, method=method)
        try:
            with urllib.request.urlopen(request, timeout=30) as got:
                return got.status, json.loads(got.read())
        except urllib.error.HTTPError as err:
            with err:
                return err.code, json.loads(err.read())

    def command(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "service", *arguments],
            env=self.environment(),
            capture_output=True,
            text=True,
            check=False,
        )

    def key(self, role: str = "platform", name: str = "Example") -> str:
        made = self.command("keys", "create", "--role", role, "--name", name)
        return f"Bearer {made.stdout.strip()}"


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    one = Server(tmp_path / "state")
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
