"""How the frontier is read and changed, the same in a file and on PostgreSQL."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from typing import Any, Protocol, TypeVar

from crawler.frontier.sealing import Seals

T = TypeVar("T")


class WrongVersion(Exception):
    """The frontier is of another version of the crawler. Name another with CRAWLER_STATE."""


class InUse(Exception):
    """Another crawler works on this frontier. Stop it first, or name another with CRAWLER_STATE."""


class Unusable(Exception):
    """The frontier cannot be used. Each says why, and nothing of its address."""


class Away(Exception):
    """The frontier does not answer, or not to this user: look at CRAWLER_STATE and PostgreSQL."""


class Lost(Exception):
    """This crawler was silent for so long that others go on with its visits."""


class Rows(Protocol):
    """A cursor of either driver. Rows are tuples."""

    @property
    def rowcount(self) -> int:
        """How many rows were changed."""
        ...

    def fetchone(self) -> Any:  # noqa: ANN401 (a tuple, or None where there may be none)
        """Return the next row."""
        ...

    def fetchall(self) -> list[tuple[Any, ...]]:
        """Return all that are left."""
        ...

    def __iter__(self) -> Iterator[tuple[Any, ...]]: ...


class Tx:
    """What a transaction, or a reading, is made with. Statements have ? for each value.

    `crawler` is who reads and writes where several share a frontier, and None where it has a file.
    """

    __slots__ = ("crawler", "execute", "executemany", "seals")

    def __init__(
        self,
        execute: Callable[..., Rows],
        executemany: Callable[..., object],
        seals: Seals,
        crawler: int | None = None,
    ) -> None:
        self.execute = execute
        self.executemany = executemany
        self.seals = seals
        self.crawler = crawler


class Frontier(Protocol):
    """Store, or SharedStore. What is written is on the disk when a call returns."""

    shared: bool
    """Whether several crawlers may work on it at once."""
    crawler: int | None
    """The number of this one among them, once it works on it."""
    lost: bool
    """Whether others go on with what this crawler did, so that it has to `claim` anew."""

    def claim(self) -> None:
        """Begin to work on what is due. Raises InUse."""
        ...

    def keep(self) -> None:
        """Say that this crawler lives: what it has taken stays its own."""
        ...

    def hurry(self) -> None:
        """Wait no more for a frontier that is away: then all raise Away."""
        ...

    def read(self) -> AbstractContextManager[Tx]:
        """One statement, or several that need not agree, about what is committed."""
        ...

    def write(self) -> AbstractContextManager[Tx]:
        """A transaction that is kept as a whole, or not at all."""
        ...

    def answer(self, question: Callable[[Tx], T]) -> T:
        """Read, again if the frontier was away meanwhile."""
        ...

    async def ask(self, question: Callable[[Tx], T]) -> T:
        """Read, without holding up the event loop for long."""
        ...

    def take(self, question: Callable[[Tx], T]) -> T:
        """Ask for what this crawler is to do. Others are given none of it. Raises Lost."""
        ...

    def change(self, change: Callable[[Tx], T]) -> T:
        """Make one change in a transaction. It may be called again, if the first was not kept."""
        ...

    def write_each(self, changes: Sequence[Callable[[Tx], object]]) -> list[object]:
        """Make changes of visits in one transaction; each of them as with `change`. Raises Lost.

        Returns what each returns, or its exception: it has then changed nothing.
        """
        ...

    def close(self) -> None:
        """Leave it; what was taken is there for others."""
        ...


def take(  # noqa: PLR0913 (the parts of one statement)
    tx: Tx,
    table: str,
    columns: str,
    which: str,
    values: Sequence[object],
    *,
    order: str,
    most: int,
) -> list[tuple[Any, ...]]:
    """Return rows that no other crawler works on: from now on they are this one's, while it lives.

    The first column is the table's key. Those that it has already are among them.
    """
    if tx.crawler is None:
        statement = f"SELECT {columns} FROM {table} WHERE {which} ORDER BY {order} LIMIT ?"  # noqa: S608 (our own names)
        return tx.execute(statement, (*values, most)).fetchall()
    key = columns.partition(",")[0]
    # A common table, since a subquery may be run again, and then locks more than LIMIT says.
    statement = (
        f"WITH mine (taken) AS (SELECT {key} FROM {table} WHERE {which} "  # noqa: S608 (the same)
        f"AND (crawler IS NULL OR crawler = ?) ORDER BY {order} LIMIT ? FOR UPDATE SKIP LOCKED) "
        f"UPDATE {table} SET crawler = ? FROM mine WHERE {key} = taken RETURNING {columns}"
    )
    return sorted(tx.execute(statement, (*values, tx.crawler, most, tx.crawler)).fetchall())


def give_back(tx: Tx, table: str, which: str = "crawler IS NOT NULL", *values: object) -> None:
    """Let other crawlers take rows that this one has."""
    if tx.crawler is not None:
        statement = f"UPDATE {table} SET crawler = NULL WHERE crawler = ? AND {which}"  # noqa: S608 (our own names)
        tx.execute(statement, (tx.crawler, *values))


def unclaimed(tx: Tx) -> str:
    """Return a condition for what this crawler may decide about: nobody else has it."""
    return "" if tx.crawler is None else f" AND (crawler IS NULL OR crawler = {tx.crawler:d})"


def tried(
    tx: Tx, change: Callable[[Tx], object], spoilt: tuple[type[Exception], ...] = ()
) -> object:
    """Make one change of several. Returns what it returns, or its exception and changes nothing.

    Errors after which nothing of the whole transaction remains, the `spoilt`, are raised.
    """
    tx.execute("SAVEPOINT change")
    try:
        done = change(tx)
    except spoilt:
        raise
    except Exception as err:  # noqa: BLE001 (it is whose who asked for the change)
        tx.execute("ROLLBACK TO change")
        done = err
    tx.execute("RELEASE change")
    return done
