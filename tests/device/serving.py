"""A service that notes what it is asked, for tests of the client and the command line."""

import json
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, NamedTuple

CHALLENGE = "29763421." + "ab" * 20


class Asked(NamedTuple):
    method: str
    path: str
    headers: dict[str, str]
    body: Any


class Service(ThreadingHTTPServer):
    """A real HTTP server that notes what it is asked and gives the answer it is told to."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Answers)
        self.asked: list[Asked] = []
        self.status = 200
        self.answer: bytes = b"{}"
        self.headers: dict[str, str] = {}
        self.price: dict[str, Any] = {"challenge": CHALLENGE, "pieces": 0}
        """What is answered to whoever asks for the price of a case."""
        self.first: list[tuple[int, dict[str, Any]]] = []
        """Statuses and documents that are answered before `answer` is."""

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    def will(self, answer: object, status: int = 200, **headers: str) -> None:
        self.answer = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
        self.status, self.headers = status, headers


class Answers(BaseHTTPRequestHandler):
    server: Service

    def do_GET(self) -> None:
        length = int(self.headers.get("Content-Length", 0))
        body = json.loads(self.rfile.read(length)) if length else None
        self.server.asked.append(Asked(self.command, self.path, dict(self.headers), body))
        status, answer = self.server.status, self.server.answer
        if self.path == "/v1/challenge":
            status, answer = 200, json.dumps(self.server.price).encode()
        elif self.server.first:
            status, document = self.server.first.pop(0)
            answer = json.dumps(document).encode()
        if status == 0:
            self.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n{")
            return
        self.send_response(status)
        for name, value in self.server.headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    do_POST = do_PUT = do_DELETE = do_GET  # noqa: N815 (the names that http.server calls)

    def log_message(self, *_args: object) -> None:
        """Stay silent."""
