"""Passwords of members, by Argon2id, one at a time: so that is all that they cost a process."""

from __future__ import annotations

import threading
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from service.domain.errors import Busy

MEMORY_KIB = 64 * 1024
PASSES = 3
LANES = 1
"""RFC 9106's second recommended setting (64 MiB, 3 passes) with one lane instead of four: a lane is
a thread, and lookups need the other cores. 0.15 to 0.3 s of one core: a stolen store, with the
secret, is guessed at so slowly that 12 characters which are on no list hold."""
MOST_WAITING = 5
"""Sign-ins that wait for their turn. One more is answered at once with 503: see `work_threads`."""

_hasher = PasswordHasher(time_cost=PASSES, memory_cost=MEMORY_KIB, parallelism=LANES)


class Passwords:
    """Hashes and checks passwords, one at a time."""

    def __init__(self) -> None:
        self._turn = threading.Lock()
        self._places = threading.BoundedSemaphore(1 + MOST_WAITING)
        self._nobody: str | None = None

    def hash(self, password: str) -> str:
        """Return what is stored of a password. Raises Busy."""
        with self._one_at_a_time():
            return _hasher.hash(_normal(password))

    def is_right(self, password_hash: str | None, untrusted: str) -> bool:
        """Whether this is the password. It takes as long if there is none. Raises Busy."""
        with self._one_at_a_time():
            nobody = self._hash_of_nobody()
            known = password_hash or nobody
            try:
                _hasher.verify(known, _normal(untrusted))
            except (VerificationError, InvalidHashError):
                return False
            return password_hash is not None

    def _hash_of_nobody(self) -> str:
        """A hash to compare with where there is no member, so that this takes as long."""
        self._nobody = self._nobody or _hasher.hash("nobody")
        return self._nobody

    @contextmanager
    def _one_at_a_time(self) -> Iterator[None]:
        if not self._places.acquire(blocking=False):
            raise Busy
        try:
            with self._turn:
                yield
        finally:
            self._places.release()


def _normal(password: str) -> str:
    """Return a password as any keyboard gives it (RFC 8265, 4.2: NFC)."""
    return unicodedata.normalize("NFC", password)
