"""What pages say of media that were not looked at yet: digests, and parts of a sheet."""

from __future__ import annotations

from collections.abc import Mapping

from crawler.frontier.transactions import Tx


def add(tx: Tx, visit: int, said: Mapping[str, str]) -> None:
    """Keep a document for each address that this visit has yet to look at; the first one counts."""
    tx.executemany(
        "INSERT INTO said (step, document) SELECT id, ? FROM steps "
        "WHERE visit = ? AND kind = 'medium' AND address_hash = ? AND result IS NULL "
        "ON CONFLICT DO NOTHING",
        [
            (tx.seals.seal(document), visit, tx.seals.digest(address))
            for address, document in said.items()
        ],
    )


def get(tx: Tx, step: int) -> str:
    """Return what was said of a step's medium, empty if nothing was."""
    row = tx.execute("SELECT document FROM said WHERE step = ?", (step,)).fetchone()
    return tx.seals.unseal(row[0]) if row else ""
