"""A real server for the demo, tests and benchmarks: its own process, state and port."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from itertools import count
from pathlib import Path
from typing import Any

START_SECONDS = 60
STOP_SECONDS = 30
PORTS = range(16_384, 32_768)
"""Below those that Linux (from 32768) and macOS (from 49152) give to whoever asks for any."""
_begun = count()

Answer = tuple[int, dict[str, Any]]
"""Status and document."""


class Service:
    """`python -m service serve` over one state folder; `start` after `kill` finds what it left.

    Only the settings given here apply, by their names without `TAKEBACK_`.
    """

    def __init__(self, state: Path, **settings: str) -> None:
        self.state = state
        port = _free_port()
        self.address = f"http://127.0.0.1:{port}"
        self._log = state.parent / f"{state.name}.log"
        kept = {name: text for name, text in os.environ.items() if not name.startswith("TAKEBACK_")}
        desk = f"http://localhost:{port}"  # no passkey is bound to a bare address
        given = {"STATE": str(state), "PORT": str(port), "DESK_ORIGIN": desk, **settings}
        self._environment = {**kept, **{f"TAKEBACK_{name}": text for name, text in given.items()}}
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def log(self) -> str:
        """What it has written so far, in all its starts."""
        return self._log.read_text()

    @property
    def pid(self) -> int:
        """Its process id. Raises ValueError before the first start."""
        if not self._process:
            raise ValueError("not started")
        return self._process.pid

    def ended(self, seconds: float) -> bool:
        """Wait until it has ended by itself, at most so long; return whether it has."""
        if self._process:
            with suppress(subprocess.TimeoutExpired):
                self._process.wait(seconds)
        return self._process is None or self._process.poll() is not None

    def start(self) -> None:
        """Start it and wait until it is ready. Raises SystemExit, with its log, if not."""
        with self._log.open("ab") as out:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "service", "serve"],
                env=self._environment,
                stdout=out,
                stderr=out,
            )
        until = time.monotonic() + START_SECONDS
        while time.monotonic() < until and self._process.poll() is None:
            try:
                if self.ask("GET", "/readyz")[0] == 200:  # noqa: PLR2004 (HTTP)
                    return
            except OSError:
                time.sleep(0.05)
        raise SystemExit(f"The server did not start:\n{self.log}")

    def kill(self) -> None:
        """End it at once, as a power cut does: no handler runs, nothing is flushed."""
        if self._process:
            self._process.kill()
            self._process.wait(timeout=STOP_SECONDS)

    def stop(self, number: int = signal.SIGTERM) -> None:
        """Ask it to end, and wait until it has."""
        if self._process and self._process.poll() is None:
            self._process.send_signal(number)
            self._process.wait(timeout=STOP_SECONDS)

    def ask(self, method: str, path: str, body: object = None, credential: str = "") -> Answer:
        """Send one request. Raises OSError if nobody answers."""
        headers = {"Content-Type": "application/json"}
        if credential:
            headers["Authorization"] = credential
        sent = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.address + path, sent, headers, method=method)  # noqa: S310 (our own)
        try:
            with urllib.request.urlopen(request, timeout=30) as got:  # noqa: S310
                return got.status, json.loads(got.read())
        except urllib.error.HTTPError as err:
            with err:
                return err.code, json.loads(err.read())

    def command(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Run another command of the operator over the same state."""
        return subprocess.run(  # noqa: S603 (our own program)
            [sys.executable, "-m", "service", *words],
            env=self._environment,
            capture_output=True,
            text=True,
            check=False,
        )

    def new_key(self, name: str, role: str = "platform") -> str:
        """Return a new key, made as an operator makes it."""
        done = self.command("keys", "create", "--role", role, "--name", name)
        if done.returncode:
            raise SystemExit(done.stderr)
        return done.stdout.strip()


@contextmanager
def running(state: Path, **settings: str) -> Iterator[Service]:
    """Start a service; end it afterwards."""
    service = Service(state, **settings)
    try:
        service.start()
        yield service
    finally:
        service.stop()


def _free_port() -> int:
    """Return a port of the loopback that nobody listens on or is about to.

    Processes that run at the same time look from different ones on.
    """
    for number in count(61 * os.getpid() + next(_begun)):
        port = PORTS[number % len(PORTS)]
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise AssertionError
