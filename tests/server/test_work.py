"""How much work is asked, and what counts as done."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.domain import work

VECTORS = json.loads((Path(__file__).parents[1] / "vectors" / "work.json").read_text())
CHALLENGE, KEY = VECTORS["challenge"], bytes.fromhex(VECTORS["access_key"])
NONCES = VECTORS["nonces"]


def asked(lately: float = 0, of_source: float = 0, least: int = 20) -> int:
    return work.pieces_asked(least, lately=lately, lately_of_source=of_source, cases_per_hour=600)


def test_the_price_follows_the_rate_within_bounds() -> None:
    assert asked() == asked(lately=6) == asked(of_source=4) == 20
    assert asked(lately=12.5) == asked(of_source=8) == 40
    assert asked(lately=50) == 160
    assert asked(lately=100) == asked(lately=1e9) == asked(of_source=1e9) == 320
    assert asked(lately=1e9, least=0) == 0
    assert asked(lately=1e9, least=125) == work.MOST_PIECES


@given(st.floats(0, 1000), st.floats(0, 1000), st.floats(0, 100))
def test_the_price_never_falls_when_more_are_opened(
    lately: float, more: float, of_source: float
) -> None:
    assert asked(lately, of_source) <= asked(lately + more, of_source)
    assert asked(of_source, lately) <= asked(of_source, lately + more)


def test_what_the_program_and_the_page_compute_is_done() -> None:
    assert VECTORS["piece_bits"] == work.PIECE_BITS
    assert work.is_done(CHALLENGE, KEY, NONCES, len(NONCES))
    assert work.is_done(CHALLENGE, KEY, [*NONCES, 0], len(NONCES))
    assert work.is_done(CHALLENGE, KEY, [], 0)


@pytest.mark.parametrize(
    ("challenge", "key", "nonces"),
    [
        (CHALLENGE, KEY, NONCES[:-1]),
        (CHALLENGE, KEY, [*NONCES[:-1], NONCES[-1] + 1]),
        (CHALLENGE, KEY, NONCES[::-1]),
        (CHALLENGE, KEY, [NONCES[0]] * 4),
        (CHALLENGE, KEY[:-1] + b"\0", NONCES),
        ("1" + CHALLENGE, KEY, NONCES),
    ],
    ids=["too few", "wrong", "another order", "one for all", "another key", "another challenge"],
)
def test_anything_else_is_not(challenge: str, key: bytes, nonces: list[int]) -> None:
    assert not work.is_done(challenge, key, nonces, len(NONCES))
