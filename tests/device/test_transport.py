"""Every way in which a request can fail, with real sockets; proxies and TLS that are real, too."""

import contextlib
import datetime as dt
import errno
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from hashing import transport
from hashing.errors import (
    BrokenOff,
    NameNotFound,
    NotSecure,
    NotTakeback,
    Offline,
    ProxyFailed,
    Refused,
    TimedOut,
    Unreachable,
)
from hashing.transport import call, parsed_address
from tests.device.serving import Service
from tests.loopback import answering

HOST = "takeback.example"
CREDENTIAL = "Case 481-902-3475:5ec2e7"
Handle = Callable[[socket.socket], None]


@contextlib.contextmanager
def listening(handle: Handle) -> Iterator[int]:
    """A server that calls `handle` with each connection, one after the other; its port."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            while True:
                try:
                    connection, _ = server.accept()
                except OSError:
                    return
                with connection, contextlib.suppress(OSError):
                    handle(connection)

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield server.getsockname()[1]
        finally:
            with contextlib.suppress(OSError):
                server.shutdown(socket.SHUT_RDWR)
            server.close()
            thread.join()


def saying(*parts: bytes, pause: float = 0) -> Handle:
    """Read the request, then say each part after a pause."""

    def handle(connection: socket.socket) -> None:
        connection.recv(65536)
        for part in parts:
            time.sleep(pause)
            connection.sendall(part)

    return handle


def ask(port: int, scheme: str = "http", host: str = "127.0.0.1") -> transport.Json:
    return call(parsed_address(f"{scheme}://{host}:{port}"), "GET", "/v1/case", None, CREDENTIAL)


OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"


@pytest.mark.usefixtures("socket_enabled")
@pytest.mark.parametrize(
    ("handle", "error"),
    [
        (saying(), BrokenOff),
        (saying(OK[:-1]), BrokenOff),
        (saying(OK[:20]), BrokenOff),
        (saying(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{"), BrokenOff),
        (saying(b"220 mail.example ESMTP\r\n"), NotTakeback),
        (saying(b"HTTP/1.1 200 OK\r\n" + b"A: b\r\n" * 200 + b"\r\n{}"), NotTakeback),
        (saying(b"HTTP/1.1 200 OK\r\n\r\n<html>"), NotTakeback),
        (saying(b"HTTP/1.1 204 No Content\r\n\r\n"), NotTakeback),
        (saying(b"HTTP/1.1 200 OK\r\nContent-Length: 9999999999999999\r\n\r\n{}"), BrokenOff),
        (lambda connection: connection.close(), BrokenOff),
    ],
)
def test_an_answer_that_is_none(handle: Handle, error: type[Unreachable]) -> None:
    with listening(handle) as port, pytest.raises(error) as caught:
        ask(port)
    assert type(caught.value) is error


@pytest.mark.usefixtures("socket_enabled")
def test_a_service_that_says_nothing_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transport, "SILENCE_SECONDS", 0.1)
    with listening(saying(OK, pause=0.5)) as port, pytest.raises(TimedOut):
        ask(port)


@pytest.mark.usefixtures("socket_enabled")
@pytest.mark.parametrize("drop", [b"X", b"HTTP/1.1 100 Continue\r\n\r\n"])
def test_a_service_that_speaks_slowly_is_not_waited_for_either(
    monkeypatch: pytest.MonkeyPatch, drop: bytes
) -> None:
    monkeypatch.setattr(transport, "ANSWER_SECONDS", 0.2)
    with listening(saying(*[drop] * 60, pause=0.05)) as port, pytest.raises(TimedOut):
        ask(port)  # without a limit, it would break off after three seconds


@pytest.mark.parametrize(
    ("raised", "error"),
    [
        (socket.gaierror(socket.EAI_NONAME, "Name or service not known"), NameNotFound),
        (socket.gaierror(socket.EAI_AGAIN, "Temporary failure"), Offline),
        (OSError(errno.ENETUNREACH, "Network is unreachable"), Offline),
        (OSError(errno.EHOSTUNREACH, "No route to host"), Offline),
        (TimeoutError("timed out"), TimedOut),
        (OSError(errno.EMFILE, "Too many open files"), Unreachable),
    ],
)
@pytest.mark.usefixtures("_alone")
def test_a_network_that_cannot_get_there(
    monkeypatch: pytest.MonkeyPatch, raised: OSError, error: type[Unreachable]
) -> None:
    """What a resolver and a kernel without a network raise; there is none to ask here."""

    def fails(*_: object, **__: object) -> None:
        raise raised

    monkeypatch.setattr(socket, "getaddrinfo", fails)
    with pytest.raises(Unreachable) as caught:
        ask(443, "https", HOST)
    assert type(caught.value) is error


@pytest.mark.usefixtures("socket_enabled")
def test_a_starting_service_is_asked_again(monkeypatch: pytest.MonkeyPatch) -> None:
    waited: list[float] = []
    monkeypatch.setattr(time, "sleep", waited.append)
    problem = {"type": "takeback:problem:not-ready", "detail": "Starting."}
    with answering(Service()) as service:
        service.first = [(503, problem)] * 2
        service.will({"ok": True}, 200, **{"Retry-After": "1"})
        assert ask(service.server_address[1]) == {"ok": True}
        assert (len(service.asked), waited) == (3, [1, 1])
        service.will(problem, 503, **{"Retry-After": "1"})
        with pytest.raises(Refused, match="Starting"):
            ask(service.server_address[1])
        assert len(waited) == 2 + transport.STARTING_TRIES - 1
        service.will(problem, 503, **{"Retry-After": "600"})
        with pytest.raises(Refused, match="Starting"):
            ask(service.server_address[1])
        assert len(waited) == 2 + transport.STARTING_TRIES - 1


# --- TLS ---


class Certified(NamedTuple):
    certificate: Path
    context: ssl.SSLContext


@pytest.fixture(scope="module")
def certified(tmp_path_factory: pytest.TempPathFactory) -> Certified:
    """A certificate for HOST that only those trust who are told to."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, HOST)])
    now = dt.datetime.now(dt.UTC)
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(HOST)]), critical=False)
        .sign(key, hashes.SHA256())
    )
    folder = tmp_path_factory.mktemp("tls")
    (folder / "key.pem").write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    (folder / "certificate.pem").write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "certificate.pem", folder / "key.pem")
    return Certified(folder / "certificate.pem", context)


@contextlib.contextmanager
def secure_service(certified: Certified) -> Iterator[Service]:
    service = Service()
    service.socket = certified.context.wrap_socket(service.socket, server_side=True)
    with answering(service):
        yield service


@pytest.fixture
def _alone(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No proxy, and no authority that is trusted: reading the system's takes long."""
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "none.pem"))
    monkeypatch.setenv("SSL_CERT_DIR", str(tmp_path))
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


@pytest.mark.usefixtures("socket_enabled", "_alone")
def test_a_certificate_that_nobody_vouches_for_gets_no_credential(certified: Certified) -> None:
    with secure_service(certified) as service:
        with pytest.raises(NotSecure, match=r"certificate .* is not valid .*nothing was sent"):
            ask(service.server_address[1], "https", "localhost")
        assert service.asked == []


@pytest.mark.usefixtures("_alone")
def test_what_does_not_speak_tls_gets_no_credential(service: Service) -> None:
    with pytest.raises(NotSecure, match="does not answer securely"):
        ask(service.server_address[1], "https", "localhost")
    assert service.asked == []


# --- proxies ---


class Proxy:
    """A proxy that tunnels to a port of this machine, whatever it is asked for, and notes that."""

    def __init__(self, target: int, answer: bytes = b"HTTP/1.1 200 OK\r\n\r\n") -> None:
        self.target, self.answer, self.seen = target, answer, b""

    def handle(self, connection: socket.socket) -> None:
        while not self.seen.endswith(b"\r\n\r\n"):
            self.seen += connection.recv(1)
        connection.sendall(self.answer)
        if b" 200 " not in self.answer:
            return
        with socket.create_connection(("127.0.0.1", self.target)) as there:
            back = threading.Thread(target=self._copy, args=(there, connection))
            back.start()
            self._copy(connection, there)
            back.join()

    def _copy(self, source: socket.socket, target: socket.socket) -> None:
        while part := source.recv(65536):
            self.seen += part
            target.sendall(part)
        with contextlib.suppress(OSError):
            target.shutdown(socket.SHUT_WR)


@pytest.mark.usefixtures("socket_enabled", "_alone")
@pytest.mark.parametrize("variable", ["https_proxy", "HTTPS_PROXY", "all_proxy"])
def test_https_goes_through_the_proxy_that_is_named_which_reads_nothing(
    certified: Certified, monkeypatch: pytest.MonkeyPatch, variable: str
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certified.certificate))
    with secure_service(certified) as service:
        proxy = Proxy(service.server_address[1])
        with listening(proxy.handle) as port:
            monkeypatch.setenv(variable, f"http://me:pass%20word@127.0.0.1:{port}")
            service.will({"ok": True})
            assert ask(8443, "https", HOST) == {"ok": True}
        assert service.asked[0].headers["Authorization"] == CREDENTIAL
        assert service.asked[0].headers["Host"] == f"{HOST}:8443"
    tunnel, _, rest = proxy.seen.partition(b"\r\n\r\n")
    assert tunnel.startswith(f"CONNECT {HOST}:8443 HTTP/1.".encode())
    assert b"Proxy-Authorization: Basic bWU6cGFzcyB3b3Jk" in tunnel
    assert b"\r\nAuthorization" not in tunnel
    assert b"5ec2e7" not in proxy.seen
    assert rest


@pytest.mark.usefixtures("_alone")
def test_plain_http_to_this_machine_never_goes_through_a_proxy(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    with answering(Service()) as proxy:
        for name in ("http_proxy", "HTTP_PROXY", "https_proxy", "all_proxy"):
            monkeypatch.setenv(name, proxy.url)
        service.will({"ok": True})
        assert ask(service.server_address[1]) == {"ok": True}
        assert ask(service.server_address[1], "http", "localhost") == {"ok": True}
        with pytest.raises(NotSecure):
            ask(service.server_address[1], "https", "localhost")
        assert proxy.asked == []
    assert len(service.asked) == 2


@pytest.mark.usefixtures("socket_enabled", "_alone")
@pytest.mark.parametrize(
    "answer", [b"HTTP/1.1 403 Forbidden\r\n\r\n", b"HTTP/1.1 200", b"SSH-2.0-x\r\n\r\n", b""]
)
def test_a_proxy_that_does_not_connect_is_the_cause(
    monkeypatch: pytest.MonkeyPatch, answer: bytes
) -> None:
    with listening(Proxy(0, answer).handle) as port:
        monkeypatch.setenv("https_proxy", f"127.0.0.1:{port}")
        with pytest.raises(ProxyFailed):
            ask(443, "https", HOST)


@pytest.mark.usefixtures("socket_enabled", "_alone")
@pytest.mark.parametrize(
    "proxy", ["socks5://127.0.0.1:9050", "https://127.0.0.1:1", "http://:p", "[::1"]
)
def test_a_proxy_that_cannot_be_used_is_never_gone_around(
    monkeypatch: pytest.MonkeyPatch, proxy: str
) -> None:
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: pytest.fail("asked for a name"))
    monkeypatch.setenv("all_proxy", proxy)
    with pytest.raises(ProxyFailed):
        ask(443, "https", HOST)


@pytest.mark.usefixtures("_alone")
def test_no_proxy_is_obeyed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("https_proxy", "socks5://127.0.0.1:9050")
    monkeypatch.setenv("no_proxy", HOST)

    def fails(*_: object, **__: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", fails)
    with pytest.raises(NameNotFound):
        ask(443, "https", HOST)
