"""One request over HTTPS, with one error for each cause. The only module that opens a socket.

- Plain HTTP goes to this machine alone, and never through a proxy: it would read the credential.
- HTTPS goes through the proxy that the system names (`https_proxy`, `all_proxy`; not for hosts in
  `no_proxy`), by CONNECT: it learns the name of the service and how much is sent, nothing else.
- A redirect is never followed: the credential is for the address that the user gave.
"""

from __future__ import annotations

import base64
import contextlib
import errno
import ipaddress
import json
import re
import socket
import ssl
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from http.client import (
    BadStatusLine,
    HTTPConnection,
    HTTPException,
    HTTPResponse,
    HTTPSConnection,
    IncompleteRead,
    RemoteDisconnected,
)
from typing import Any
from urllib.parse import SplitResult, unquote, urlsplit

from hashing.errors import (
    BrokenOff,
    InsecureAddress,
    InvalidAddress,
    NameNotFound,
    NotListening,
    NotSecure,
    NotTakeback,
    Offline,
    ProxyFailed,
    Refused,
    TimedOut,
    Unreachable,
)
from hashing.printable import printable

Json = dict[str, Any]

CONNECT_SECONDS = 20
"""Until the connection stands, with TLS."""
SILENCE_SECONDS = 60
"""Without a byte of the answer. The service gives a request as long."""
ANSWER_SECONDS = 300
"""For the whole of an answer, however slowly it comes."""
MAX_ANSWER_BYTES = 16 * 2**20
"""The longest answer, 1,000 items with 100 matches each, has about 11 MB."""
MAX_PROBLEM_BYTES = 2**16
MAX_DETAIL = 1000
"""Most characters that are shown of what a service says."""
STARTING_TRIES = 4
STARTING_SECONDS = 5
"""A service that is starting says so, and to ask again: so often, at most after so long each."""
UNAVAILABLE = 503
TOO_MANY = 429

_OFFLINE = {errno.ENETUNREACH, errno.EHOSTUNREACH, errno.ENETDOWN, errno.EADDRNOTAVAIL}
_CERTIFICATE = (
    "The certificate of this server is not valid ({reason}), so nothing was sent. Check the "
    "address, and the date of this device."
)
_MOVED = "This address only leads to another one, which we do not follow. Use the new address."
_ELSEWHERE = "What answers here is not a Takeback service (status {status}). Check the address."
_OUT_OF_ORDER = "The service cannot answer now (status {status}). Try again in a few minutes."
_TOO_OFTEN = "The service has had too many requests. Try again later."
_WAIT = " It asks you to wait {time}."


@dataclass(frozen=True, slots=True)
class Address:
    """Where a service is: what is left of its address once it is known to be safe."""

    secure: bool
    host: str
    port: int
    path: str
    """Without a slash at its end."""


def parsed_address(server: str) -> Address:
    """Return the parts of an address. Raises InsecureAddress or InvalidAddress."""
    try:
        parts = urlsplit(server.strip())
        host, port = parts.hostname, parts.port
        idna = (host or "").encode("idna").decode()
    except ValueError as err:
        raise InvalidAddress from err
    if parts.scheme not in {"http", "https"}:
        raise InsecureAddress
    if not host or not re.fullmatch(r"[\x21-\x7e]*", parts.path) or not idna.isprintable():
        raise InvalidAddress
    if parts.query or parts.fragment or "@" in parts.netloc:
        raise InvalidAddress
    if parts.scheme == "http" and not _is_this_machine(host):
        raise InsecureAddress
    secure = parts.scheme == "https"
    return Address(secure, host, port or (443 if secure else 80), parts.path.rstrip("/"))


def call(
    address: Address,
    method: str,
    path: str,
    body: Json | bytes | None = None,
    credential: str | None = None,
) -> Json:
    """Send one request and return the JSON object that answers it.

    Raises Unreachable, whose kinds are the causes, or Refused. While the service is starting, it is
    asked again a few times: all of its routes may be repeated.
    """
    accepted = {"Accept": "application/json"}
    return _object(_answer(address, method, path, body, _headers(credential, accepted)))


def fetch(address: Address, path: str, credential: str) -> bytes:
    """Return the bytes that answer a request for them. Raises as `call` does."""
    accepted = {"Accept": "application/octet-stream"}
    return _answer(address, "GET", path, None, _headers(credential, accepted))


def _headers(credential: str | None, accepted: dict[str, str]) -> dict[str, str]:
    proof = {"Authorization": credential} if credential else {}
    return {**accepted, "User-Agent": "takeback", **proof}


def _answer(
    address: Address, method: str, path: str, body: Json | bytes | None, headers: dict[str, str]
) -> bytes:
    for _ in range(STARTING_TRIES - 1):
        try:
            return _answer_once(address, method, path, body, headers)
        except Refused as err:
            wait = err.retry_after
            if err.status != UNAVAILABLE or wait is None or wait > STARTING_SECONDS:
                raise
        time.sleep(wait)
    return _answer_once(address, method, path, body, headers)


def _answer_once(
    address: Address, method: str, path: str, body: Json | bytes | None, headers: dict[str, str]
) -> bytes:
    data = body if isinstance(body, bytes | None) else json.dumps(body).encode()
    if data is not None:
        media_type = "application/octet-stream" if data is body else "application/json"
        headers = {**headers, "Content-Type": media_type}
    with contextlib.closing(_connected(address)) as connection, _in_time(connection):
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            # Who refuses before all is sent may have answered: that is the answer.
            connection.request(method, address.path + path, data, headers)
        with connection.getresponse() as response:
            if response.status < 300:  # noqa: PLR2004 (RFC 9110, 15.3: successful)
                return _body(response, MAX_ANSWER_BYTES)
            raise _refused(response)


# --- the connection ---


def _connected(address: Address) -> HTTPConnection:
    """Return an open connection. Raises Unreachable; nothing was sent then."""
    proxy = _proxy(address)
    connection = _connection(address, proxy)
    try:
        connection.connect()
        connection.sock.settimeout(SILENCE_SECONDS)
    except ssl.SSLCertVerificationError as err:
        raise NotSecure(_CERTIFICATE.format(reason=err.verify_message)) from err
    except (OSError, HTTPException, ValueError) as err:
        connection.close()
        raise (ProxyFailed if proxy else _cause(err)) from err
    return connection


def _connection(address: Address, proxy: SplitResult | None) -> HTTPConnection:
    if not address.secure:
        return HTTPConnection(address.host, address.port, timeout=CONNECT_SECONDS)
    context = ssl.create_default_context()
    host, port = address.host, address.port
    if proxy:
        host, port = proxy.hostname or "", proxy.port or 80
    connection = HTTPSConnection(host, port, timeout=CONNECT_SECONDS, context=context)
    if proxy:
        connection.set_tunnel(address.host, address.port, _proxy_credential(proxy))
    return connection


def _proxy(address: Address) -> SplitResult | None:
    """Return the proxy for an address; never one for this machine, or for plain HTTP."""
    if not address.secure or _is_this_machine(address.host):
        return None
    from urllib.request import getproxies, proxy_bypass  # noqa: PLC0415 (takes 50 ms to load)

    named = getproxies()
    proxy = named.get("https") or named.get("all")
    if not proxy or proxy_bypass(address.host):
        return None
    try:
        parts = urlsplit(proxy if "://" in proxy else f"http://{proxy}")
        usable = parts.scheme == "http" and parts.hostname and parts.port != 0
    except ValueError as err:
        raise ProxyFailed from err
    if not usable:  # whoever names one wants no way around it
        raise ProxyFailed
    return parts


def _proxy_credential(proxy: SplitResult) -> dict[str, str]:
    if proxy.username is None:
        return {}
    pair = f"{unquote(proxy.username)}:{unquote(proxy.password or '')}"
    return {"Proxy-Authorization": f"Basic {base64.b64encode(pair.encode()).decode()}"}


def _is_this_machine(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _cause(err: Exception) -> type[Unreachable]:
    """Return the kind of error of a connection that could not be opened."""
    if isinstance(err, ssl.SSLError):
        return NotSecure
    if isinstance(err, socket.gaierror):
        return Offline if err.errno == socket.EAI_AGAIN else NameNotFound
    if isinstance(err, ConnectionRefusedError):
        return NotListening
    if isinstance(err, TimeoutError):
        return TimedOut
    if isinstance(err, OSError) and err.errno in _OFFLINE:
        return Offline
    return NameNotFound if isinstance(err, UnicodeError) else Unreachable


# --- the answer ---


@contextlib.contextmanager
def _in_time(connection: HTTPConnection) -> Iterator[None]:
    """End the connection once the whole answer has had its time; raise Unreachable by cause."""
    late = threading.Event()

    def end() -> None:
        late.set()
        with contextlib.suppress(OSError):
            connected.shutdown(socket.SHUT_RDWR)

    connected: socket.socket = connection.sock
    timer = threading.Timer(ANSWER_SECONDS, end)
    timer.daemon = True
    timer.start()
    try:
        yield
    except TimeoutError as err:
        raise TimedOut from err
    except (RemoteDisconnected, IncompleteRead, OSError, ValueError) as err:
        raise (TimedOut if late.is_set() else BrokenOff) from err
    except (BadStatusLine, HTTPException) as err:
        raise (TimedOut if late.is_set() else NotTakeback) from err
    finally:
        timer.cancel()


def _body(response: HTTPResponse, most: int) -> bytes:
    """Return all of an answer. Raises NotTakeback if it is longer than any, and BrokenOff."""
    untrusted = response.read(most + 1)
    if len(untrusted) > most:
        raise NotTakeback
    announced = response.length is not None or response.chunked
    if response.length or not (untrusted or announced):  # the rest of it, or all
        raise BrokenOff
    return untrusted


def _object(untrusted: bytes) -> Json:
    try:
        answer = json.loads(untrusted)
    except (ValueError, RecursionError) as err:
        raise NotTakeback from err
    if not isinstance(answer, dict):
        raise NotTakeback
    return answer


def _refused(response: HTTPResponse) -> Refused:
    """The error for the service's problem document (RFC 9457), or for the status alone."""
    try:
        document = _object(_body(response, MAX_PROBLEM_BYTES))
    except (Unreachable, OSError, HTTPException):
        document = {}
    told = {name: _text(document.get(name)) for name in ("type", "title", "detail")}
    listed = document.get("faults")
    faults = tuple(_text(each) for each in listed) if isinstance(listed, list) else ()
    digits = re.fullmatch(r"[0-9]{1,7}", (response.getheader("Retry-After") or "").strip())
    retry_after = int(digits[0]) if digits else None
    message = told["detail"] or told["title"] or _of_status(response.status)
    if faults:
        message += f" ({'; '.join(faults)})"
    too_often = told["type"].endswith(":too-many-requests") or not told["type"]
    if response.status == TOO_MANY and too_often and retry_after:
        message += _WAIT.format(time=duration(retry_after))
    return Refused(
        message,
        status=response.status,
        problem=told["type"],
        document=document,
        faults=faults,
        retry_after=retry_after,
    )


def _text(said: object) -> str:
    return printable(said, MAX_DETAIL) if isinstance(said, str) else ""


def _of_status(status: int) -> str:
    """What to say of an answer that is no problem document, so none of a Takeback service's own."""
    if status < 400:  # noqa: PLR2004 (RFC 9110, 15.4: redirection)
        return _MOVED
    if status == TOO_MANY:
        return _TOO_OFTEN
    return (_OUT_OF_ORDER if status >= 500 else _ELSEWHERE).format(status=status)  # noqa: PLR2004 (15.6)


def duration(seconds: int) -> str:
    """Return a number of seconds in words."""
    if seconds < 120:  # noqa: PLR2004 (two minutes)
        return "1 second" if seconds == 1 else f"{seconds} seconds"
    return f"{-(-seconds // 60)} minutes"
