"""Receivers of alerts on this machine: a mail server and a webhook, with TLS by our own authority.

Also a program, for tests that kill the service while these go on.
"""

from __future__ import annotations

import asyncio
import base64
import email
import hmac
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.message import EmailMessage
from email.policy import default
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from aiosmtpd.smtp import SMTP, AuthResult, LoginPassword

from tests.crawler.certificates import Authority, server_context
from tests.loopback import answering

HOST = "localhost"
USER, PASSWORD = "post", "planted password of the mail server"


@dataclass
class Received:
    """One mail."""

    receiver: str
    greeted_as: str
    text: bytes

    @property
    def mail(self) -> EmailMessage:
        return email.message_from_bytes(self.text, policy=default)

    @property
    def id(self) -> str:
        return str(self.mail["Message-ID"])


@dataclass
class MailSink:
    """A mail server that insists on STARTTLS and a login. It can go away, and come back."""

    by: Authority
    tls: bool = True
    mails: list[Received] = field(default_factory=list)
    answers: dict[str, str] = field(default_factory=dict)
    """What it answers to mails to a name, in place of accepting them."""
    silent_after: set[str] = field(default_factory=set)
    """Names whose mails it takes, and then breaks off."""
    port: int = 0

    def start(self) -> None:
        listening = socket.create_server(("127.0.0.1", self.port))
        self.port = listening.getsockname()[1]
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._serve, args=(listening,))
        self._thread.start()

    def stop(self) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()

    def _serve(self, listening: socket.socket) -> None:
        asyncio.set_event_loop(self._loop)
        opening = self._loop.create_server(self._session, sock=listening)
        server = self._loop.run_until_complete(opening)
        self._loop.run_forever()
        server.close()
        for task in asyncio.all_tasks(self._loop):
            task.cancel()
        self._loop.run_until_complete(asyncio.sleep(0.01))
        self._loop.close()

    def _session(self) -> SMTP:
        context = server_context(self.by, HOST) if self.tls else None
        return SMTP(
            self,
            hostname="mail.test",
            tls_context=context,
            require_starttls=self.tls,
            auth_required=self.tls,
            authenticator=self._authenticated,
            loop=self._loop,
        )

    def _authenticated(
        self, _server: Any, _session: Any, _envelope: Any, _mechanism: str, given: LoginPassword
    ) -> AuthResult:
        right = (given.login, given.password) == (USER.encode(), PASSWORD.encode())
        return AuthResult(success=right)

    async def handle_RCPT(  # noqa: N802 (aiosmtpd's own)
        self, _server: Any, _session: Any, envelope: Any, address: str, options: list[str]
    ) -> str:
        name = address.partition("@")[0]
        if name in self.answers:
            return self.answers[name]
        envelope.rcpt_tos.append(address)
        envelope.rcpt_options.extend(options)
        return "250 OK"

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802
        assert not self.tls or session.ssl
        (receiver,) = envelope.rcpt_tos
        self.mails.append(Received(receiver, session.host_name, envelope.content))
        if receiver.partition("@")[0] in self.silent_after:
            server.transport.abort()
        return "250 OK"


@contextmanager
def mail_sink(by: Authority, *, tls: bool = True) -> Iterator[MailSink]:
    sink = MailSink(by, tls)
    sink.start()
    try:
        yield sink
    finally:
        sink.stop()


@dataclass
class Posted:
    """One request to a webhook."""

    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def id(self) -> str:
        return self.headers["webhook-id"]

    def is_signed(self, secret: str) -> bool:
        """As a receiver checks it, by the specification."""
        key = base64.b64decode(secret.removeprefix("whsec_"))
        text = f"{self.id}.{self.headers['webhook-timestamp']}.".encode() + self.body
        ours = base64.b64encode(hmac.digest(key, text, "sha256")).decode()
        return self.headers["webhook-signature"] == f"v1,{ours}"


class HookSink(ThreadingHTTPServer):
    """A webhook. `answer` is the status that it answers with, by path."""

    def __init__(self, context: ssl.SSLContext | None) -> None:
        super().__init__(("127.0.0.1", 0), _Hook)
        if context is not None:
            self.socket = context.wrap_socket(
                self.socket, server_side=True, do_handshake_on_connect=False
            )
        self.posted: list[Posted] = []
        self.answer: dict[str, int] = {}

    def address(self, path: str = "/news") -> str:
        return f"https://{HOST}:{self.server_address[1]}{path}"

    def handle_error(self, *_: object) -> None:
        """Say nothing of a client that breaks off."""


class _Hook(BaseHTTPRequestHandler):
    server: HookSink

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        headers = {name.lower(): value for name, value in self.headers.items()}
        self.server.posted.append(Posted(self.path, headers, body))
        status = self.server.answer.get(self.path, 204)
        if status == 0:
            self.connection.close()
            return
        self.send_response(status)
        if 300 <= status < 400:
            self.send_header("Location", self.server.address("/elsewhere"))
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@contextmanager
def hook_sink(context: ssl.SSLContext | None) -> Iterator[HookSink]:
    with answering(HookSink(context)) as sink:
        yield sink
