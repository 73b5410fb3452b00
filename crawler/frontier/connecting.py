"""A connection to PostgreSQL, made anew wherever it breaks."""

from __future__ import annotations

import contextlib
import math
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any, TypeVar

import psycopg
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from crawler.frontier.transactions import Away, Unusable
from crawler.logs import log

T = TypeVar("T")
Connection = psycopg.Connection[tuple[object, ...]]

FIRST_WAIT = 0.1
LONGEST_WAIT = 5.0
"""Seconds between two tries: far less than the time after which others take over."""
_CHOSEN: dict[str, Any] = {
    "connect_timeout": 10,
    # A machine that is gone without a word is noticed in half a minute (tcp(7)).
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 20_000,
    "target_session_attrs": "read-write",  # of several hosts, the one that may be written
    "application_name": "takeback crawler",
}
"""What holds unless the address says otherwise."""
_SESSION = (
    "SET search_path = crawler",
    "SET default_transaction_isolation = 'read committed'",
    # A crawler that hangs in a transaction holds up nobody for longer.
    "SET idle_in_transaction_session_timeout = '30s'",
    # What was acknowledged is on the disk, whatever the server's default is.
    (
        "SELECT set_config('synchronous_commit', 'on', false) "
        "WHERE current_setting('synchronous_commit') = 'off'"
    ),
)
AGAIN = (psycopg.errors.DeadlockDetected, psycopg.errors.SerializationFailure)
"""Two crawlers were in each other's way: the server has undone the whole transaction of one."""


def conninfo(address: str) -> str:
    """Return what libpq connects with. Raises Unusable."""
    try:
        return make_conninfo("", **(_CHOSEN | conninfo_to_dict(address)))
    except psycopg.Error:
        raise Unusable(
            "CRAWLER_STATE is no address of PostgreSQL: write postgresql://USER:PASSWORD@HOST/NAME,"
            " with % and two hexadecimal digits for what stands for something else there."
        ) from None  # the error has a part of it


class Link:
    """One connection, used by one thread at a time."""

    def __init__(self, conninfo: str, hurried: threading.Event) -> None:
        self._conninfo = conninfo
        self._hurried = hurried
        self._lock = threading.RLock()
        self._connection: Connection | None = None
        self._broke = -math.inf

    def stood(self) -> float:
        """Return how many seconds ago it last broke."""
        return time.monotonic() - self._broke

    @contextlib.contextmanager
    def held(self) -> Iterator[Connection]:
        """For what is not to be repeated. Raises Away."""
        with self._lock:
            try:
                yield self._opened()
            except psycopg.Error as err:
                if self._stands():
                    raise
                raise Away from err

    def run(self, work: Callable[[Connection], T]) -> T:
        """Do work; from its beginning if the connection broke. Raises Away once it is hurried."""
        wait = FIRST_WAIT
        with self._lock:
            while True:
                try:
                    done = work(self._opened())
                except psycopg.Error as err:
                    if self._stands():
                        if not isinstance(err, AGAIN):
                            raise
                        continue
                    self._broke = time.monotonic()
                    if wait == FIRST_WAIT:
                        log.warning("the frontier is away (%s): trying again", err.sqlstate or "-")
                    if self._hurried.wait(wait):
                        raise Away from err
                    wait = min(2 * wait, LONGEST_WAIT)
                else:
                    if wait > FIRST_WAIT:
                        log.info("the frontier is there again")
                    return done

    def close(self) -> None:
        """Close it. Another call would open it again."""
        with self._lock:
            if self._connection is not None:
                self._connection.close()
            self._connection = None

    def _opened(self) -> Connection:
        if self._connection is None or self._connection.closed:
            self._connection = None
            connection = psycopg.connect(self._conninfo, autocommit=True)
            try:
                for statement in _SESSION:
                    connection.execute(statement)
            except BaseException:
                connection.close()
                raise
            self._connection = connection
        return self._connection

    def _stands(self) -> bool:
        return self._connection is not None and not self._connection.closed
