"""A real service in a process of its own, which can be killed and started again, and its exit."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

START_SECONDS = 60
WEATHER = b"<!doctype html><html lang=en><title>Weather</title><h1>Weather</h1></html>"


class Service:
    """`python -m service serve` over SQLite, on a free port that stays the same."""

    def __init__(self, state: Path, exit_url: str) -> None:
        self.state = state
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.address = f"http://127.0.0.1:{self.port}"
        self._log = state / "server.log"
        kept = {name: text for name, text in os.environ.items() if not name.startswith("TAKEBACK_")}
        self._environment = {
            **kept,
            "TAKEBACK_STATE": str(state),
            "TAKEBACK_PORT": str(self.port),
            "TAKEBACK_EXIT_URL": exit_url,
        }
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
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
                with urllib.request.urlopen(f"{self.address}/readyz", timeout=5):
                    return
            except (urllib.error.URLError, OSError):
                time.sleep(0.05)
        raise AssertionError(f"The service did not start:\n{self.log}")

    def kill(self) -> None:
        """End it at once, as a power cut does."""
        if self._process:
            self._process.kill()
            self._process.wait(timeout=30)

    def stop(self) -> None:
        if self._process and self._process.poll() is None:
            self._process.terminate()
            self._process.wait(timeout=30)

    def new_key(self, name: str) -> str:
        """A platform's key, made as an operator makes it."""
        command = (sys.executable, "-m", "service", "keys", "create", "--role", "platform")
        done = subprocess.run(
            [*command, "--name", name],
            env=self._environment,
            check=False,
            capture_output=True,
            text=True,
        )
        assert not done.returncode, done.stderr
        return done.stdout.strip()

    @property
    def log(self) -> str:
        return self._log.read_text()


@contextmanager
def serving(state: Path, exit_url: str = "https://weather.example/") -> Iterator[Service]:
    service = Service(state, exit_url)
    service.start()
    try:
        yield service
    finally:
        service.stop()


class Elsewhere(ThreadingHTTPServer):
    """Where the exit leads: notes how it was asked."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Weather)
        self.asked: list[dict[str, str]] = []
        self.address = f"http://127.0.0.1:{self.server_address[1]}/weather"


class _Weather(BaseHTTPRequestHandler):
    server: Elsewhere

    def do_GET(self) -> None:
        if self.path == "/weather":
            self.server.asked.append(dict(self.headers))
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.end_headers()
        self.wfile.write(WEATHER)

    def log_message(self, *_: object) -> None: ...


@contextmanager
def elsewhere() -> Iterator[Elsewhere]:
    server = Elsewhere()
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
