"""A real server for the demo: its own process, its own empty state, a free port."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

START_SECONDS = 60


@contextmanager
def running(state: Path) -> Iterator[str]:
    """Start `python -m service serve`; yield its address; end it."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    log = state / "server.log"
    state.mkdir(parents=True, exist_ok=True)
    environment = {**_environment(state), "TAKEBACK_PORT": str(port)}
    with log.open("w") as out:
        process = subprocess.Popen(
            [sys.executable, "-m", "service", "serve"], env=environment, stdout=out, stderr=out
        )
    address = f"http://127.0.0.1:{port}"
    try:
        _wait(address, process, log)
        yield address
    finally:
        process.terminate()
        process.wait(timeout=30)


def new_key(state: Path, name: str) -> str:
    """Return a new platform key, made as an operator makes it."""
    command = [sys.executable, "-m", "service", "keys", "create", "--role", "platform"]
    done = subprocess.run(  # noqa: S603 (our own program)
        [*command, "--name", name],
        env=_environment(state),
        check=True,
        capture_output=True,
        text=True,
    )
    return done.stdout.strip()


def _environment(state: Path) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("TAKEBACK_")}
    return {**kept, "TAKEBACK_STATE": str(state)}


def _wait(address: str, process: subprocess.Popen[bytes], log: Path) -> None:
    until = time.monotonic() + START_SECONDS
    while time.monotonic() < until and process.poll() is None:
        try:
            with urllib.request.urlopen(f"{address}/readyz", timeout=5):  # noqa: S310 (our own)
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.1)
    raise SystemExit(f"The server did not start:\n{log.read_text()}")
