"""What may be asked for, and which network addresses are the public internet. Nothing else is.

The cases are those of published bypasses (decimal, octal, hexadecimal and short spellings, IPv6
that carries IPv4, names of the machine itself); tests/crawler/test_addresses.py has them as a
table.
"""

from __future__ import annotations

import re
import socket
from dataclasses import dataclass
from functools import lru_cache
from ipaddress import (
    IPv4Address,
    IPv4Network,
    IPv6Address,
    IPv6Network,
    ip_address,
    ip_network,
)
from urllib.parse import SplitResult, quote, urljoin, urlsplit, urlunsplit

from egress.errors import ErrorKind, FetchError
from egress.limits import MAX_ADDRESS

IpAddress = IPv4Address | IPv6Address

_PORTS = {"http": 80, "https": 443}
_LABEL = re.compile(r"(?!-)[a-z0-9_-]{1,63}(?<!-)")
_IPV4_PARTS = re.compile(r"(0[xX][0-9a-fA-F]*|[0-9]+)")
_SAFE = "!#$%&'()*+,/:;=?@[]~"
"""Characters that stay as they are: reserved and unreserved ones, and the sign of an escape."""
_ADDRESSES = 2048
"""Addresses that are remembered, parsed: each is read on a page, and soon after asked for."""
_HOSTS = 4096
"""Hosts whose spelling is remembered: most addresses of a page name the same few."""
_CARRIERS = (
    ip_network("::/96"),  # IPv4-compatible, deprecated (RFC 4291, 2.5.5.1)
    ip_network("::ffff:0:0/96"),  # IPv4-mapped (RFC 4291, 2.5.5.2)
    ip_network("::ffff:0:0:0/96"),  # IPv4-translated (RFC 2765)
    ip_network("64:ff9b::/96"),  # NAT64 (RFC 6052)
    ip_network("64:ff9b:1::/48"),  # NAT64 of a network's own (RFC 8215)
    ip_network("2001::/32"),  # Teredo (RFC 4380)
    ip_network("2002::/16"),  # 6to4 (RFC 3056)
)
"""IPv6 that leads to an IPv4 address: no public host is named by these, so all are refused."""
_MORE = (
    ip_network("192.88.99.0/24"),  # 6to4 relays (RFC 7526)
    ip_network("192.0.0.0/24"),  # protocol assignments, anycast ones included (RFC 6890)
    ip_network("fec0::/10"),  # site-local, deprecated (RFC 3879): global to the standard library
    ip_network("2001:20::/28"),  # ORCHIDv2 (RFC 7343): names of keys, not hosts
    ip_network("3fff::/20"),  # documentation (RFC 9637)
    ip_network("5f00::/16"),  # segment routing (RFC 9602)
)
_GLOBAL_UNICAST = ip_network("2000::/3")
"""All of IPv6 that is given out (IANA, 2026)."""
_REFUSED: tuple[IPv4Network | IPv6Network, ...] = (*_CARRIERS, *_MORE)


@dataclass(frozen=True, slots=True)
class Address:
    """An address that may be asked for. `host` is in ASCII, `url` as it is sent, no fragment."""

    url: str
    secure: bool
    host: str
    port: int

    @property
    def origin(self) -> str:
        """Scheme, host and port: what robots.txt and connections belong to."""
        scheme = "https" if self.secure else "http"
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{scheme}://{host}" + ("" if self.port in _PORTS.values() else f":{self.port}")


def is_public(address: IpAddress) -> bool:
    """Whether a host of the public internet may have this address."""
    if isinstance(address, IPv6Address) and (
        address.scope_id is not None or address not in _GLOBAL_UNICAST
    ):
        return False
    if not address.is_global or address.is_multicast or address.is_reserved:
        return False
    return not any(address in each for each in _REFUSED if each.version == address.version)


@lru_cache(_ADDRESSES)
def parsed(text: str, *, loopback: bool = False) -> Address:
    """Return an address in the form in which it is sent.

    `loopback` also permits other ports, for sites of tests on this machine. Raises FetchError:
    ADDRESS, or NOT_PUBLIC for a literal address that is none of the public internet.
    """
    text = text.strip("\0\t\n\f\r ")
    if len(text) > MAX_ADDRESS or re.search(r"[\0-\x20\x7f\\]", text):
        raise FetchError(ErrorKind.ADDRESS)
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError as err:
        raise FetchError(ErrorKind.ADDRESS) from err
    if parts.scheme not in _PORTS or not parts.hostname or "@" in parts.netloc:
        raise FetchError(ErrorKind.ADDRESS)
    host = _permitted(parts.hostname, loopback=loopback)
    usual = _PORTS[parts.scheme]
    chosen = usual if port is None else port
    if chosen not in _PORTS.values() and not (loopback and chosen):
        raise FetchError(ErrorKind.ADDRESS)
    url = _url(parts, host, None if chosen == usual else chosen)
    return Address(url, parts.scheme == "https", host, chosen)


def joined(base: str, reference: str, *, loopback: bool = False) -> Address:
    """Return the address that a reference on a page leads to. Raises FetchError, as `parsed`."""
    if len(reference) > MAX_ADDRESS:
        raise FetchError(ErrorKind.ADDRESS)
    try:
        # Browsers ignore tabs and line ends within an address, and spaces around it.
        return parsed(
            urljoin(base, re.sub(r"[\t\n\r]", "", reference.strip()).replace(" ", "%20")),
            loopback=loopback,
        )
    except ValueError as err:
        raise FetchError(ErrorKind.ADDRESS) from err


def may_connect(address: IpAddress, *, loopback: bool) -> bool:
    """Whether a connection to this address may be opened; `loopback` is the setting for tests."""
    return is_public(address) or (loopback and address.is_loopback)


def literal_of(host: str) -> IpAddress | None:
    """Return the network address that a host spells, in any way that resolvers understand."""
    try:
        return ip_address(host)
    except ValueError:
        pass
    parts = host.removesuffix(".").split(".")
    if len(parts) > 4 or not all(_IPV4_PARTS.fullmatch(part) for part in parts):  # noqa: PLR2004
        return None
    try:
        return IPv4Address(socket.inet_aton(host.removesuffix(".")))
    except OSError as err:  # numbers that no address has
        raise FetchError(ErrorKind.ADDRESS) from err


@lru_cache(_HOSTS)
def _permitted(name: str, *, loopback: bool) -> str:
    """Return a host in ASCII. Raises FetchError if it is none, or is spelled as a private one.

    Without a look at any name server: what a name leads to is checked for each connection.
    """
    host = _host(name)
    literal = literal_of(host)
    if literal and not may_connect(literal, loopback=loopback):
        raise FetchError(ErrorKind.NOT_PUBLIC)
    return host


def _host(name: str) -> str:
    """Return a host in ASCII: in lower case, by IDNA, and a literal in its plain spelling."""
    if ":" in name:
        return _ipv6(name)
    try:
        name = name.encode("idna").decode("ascii").lower().removesuffix(".")
    except UnicodeError as err:
        raise FetchError(ErrorKind.ADDRESS) from err
    if literal := literal_of(name):
        return str(literal)
    if not name or len(name) > 253 or not all(_LABEL.fullmatch(each) for each in name.split(".")):  # noqa: PLR2004 (RFC 1035)
        raise FetchError(ErrorKind.ADDRESS)
    return name


def _ipv6(name: str) -> str:
    try:
        literal = IPv6Address(name)
    except ValueError as err:
        raise FetchError(ErrorKind.ADDRESS) from err
    if literal.scope_id is not None:
        raise FetchError(ErrorKind.NOT_PUBLIC)
    return str(literal)


def _url(parts: SplitResult, host: str, port: int | None) -> str:
    netloc = f"[{host}]" if ":" in host else host
    netloc += "" if port is None else f":{port}"
    path, query = quote(parts.path or "/", safe=_SAFE), quote(parts.query, safe=_SAFE)
    url = urlunsplit((parts.scheme, netloc, path, query, ""))
    if len(url) > MAX_ADDRESS:
        raise FetchError(ErrorKind.ADDRESS)
    return url
