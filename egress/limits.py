"""Every bound on what strangers send to whoever goes out, with its reason."""

MAX_ADDRESS = 2048
"""Characters of an address: as many as the service accepts of an observation's."""
CONNECT_SECONDS = 10.0
"""Until a connection stands, with TLS, over all addresses of a host."""
RESOLVE_SECONDS = 10.0
MAX_ANSWERS = 16
"""Addresses of one host that are looked at. A host with more is refused, as not all are checked."""
MAX_HEADERS = 128
MAX_HEADER_BYTES = 8190
