"""Where the exit leads."""

from __future__ import annotations

from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

WEATHER = b"<!doctype html><html lang=en><title>Weather</title><h1>Weather</h1></html>"


class Elsewhere(ThreadingHTTPServer):
    """A site that notes how it was asked."""

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
