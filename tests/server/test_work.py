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


def asked(lately: float = 0, of_source: float = 0, least: int = 20, shift: float = 0) -> int:
    times = work.times_asked(lately, 600, shift)
    return work.pieces_asked(least, times=times, lately_of_source=of_source)


def test_the_price_follows_the_rate_within_bounds() -> None:
    assert asked() == asked(lately=6) == asked(of_source=4) == asked(lately=4, shift=0.5) == 20
    assert asked(lately=5e-324) == 20
    assert asked(lately=12.5) == asked(lately=24) == asked(of_source=8) == 40
    assert asked(lately=50) == asked(lately=71, shift=-0.5) == asked(lately=36, shift=0.5) == 160
    assert asked(lately=100) == asked(lately=1e9) == asked(of_source=1e9) == 320
    assert asked(lately=1e9, least=0) == 0
    assert asked(lately=1e9, least=125) == work.MOST_PIECES


@given(
    *(st.floats(0, 1000), st.floats(0, 1000), st.floats(0, 100)),
    *(st.floats(-0.5, 0.5), st.integers(0, 125)),
)
def test_the_price_never_falls_when_more_are_opened(
    lately: float, more: float, of_source: float, shift: float, least: int
) -> None:
    here, there = asked(lately, of_source, least, shift), asked(of_source, lately, least, shift)
    assert here <= asked(lately + more, of_source, least, shift)
    assert there <= asked(of_source, lately + more, least, shift)


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
