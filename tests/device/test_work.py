import json
from pathlib import Path

import pytest

from hashing.errors import Overpriced
from hashing.work import MOST_PIECES, PIECE_BITS, Work, extended

VECTORS = json.loads((Path(__file__).parents[1] / "vectors" / "work.json").read_text())
KEY, NONCES = bytes.fromhex(VECTORS["access_key"]), tuple(VECTORS["nonces"])


def test_the_first_nonces_that_do() -> None:
    assert VECTORS["piece_bits"] == PIECE_BITS
    assert extended(Work(VECTORS["challenge"]), KEY, 4) == Work(VECTORS["challenge"], NONCES)


def test_what_is_done_is_kept() -> None:
    parts: list[float] = []
    begun = Work(VECTORS["challenge"], NONCES[:3])
    assert extended(begun, KEY, 4, parts.append).nonces == NONCES
    assert parts == [1]
    assert extended(begun, KEY, 2, parts.append) == begun
    assert parts == [1]


def test_no_service_is_worked_for_all_day() -> None:
    with pytest.raises(Overpriced):
        extended(Work(VECTORS["challenge"]), KEY, MOST_PIECES + 1)
