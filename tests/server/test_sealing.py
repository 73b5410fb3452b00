from __future__ import annotations

import re

import pytest
from cryptography.exceptions import InvalidTag
from hypothesis import given
from hypothesis import strategies as st

from service.sealing import Seals
from tests.server.sealed import unsealed

SECRET, OTHER = b"a" * 32, b"b" * 32
seals = Seals(SECRET)
others = Seals(OTHER)


def test_each_use_has_a_key_of_its_own() -> None:
    text = "f0" * 16
    told = {seals.access_hash(text.encode()), seals.key_hash(text)}
    told.add(seals.document_hash(text.encode()))
    assert len(told) == 3
    assert {len(one) for one in told} == {32}


def test_another_secret_gives_other_hashes() -> None:
    assert seals.access_hash(b"x") != others.access_hash(b"x")
    assert seals.reference(1, 1) != others.reference(1, 1)


def test_hashes_stay_what_they_were() -> None:
    """Stored ones would open nothing after a change."""
    assert seals.access_hash(b"x") == Seals(b"a" * 32).access_hash(b"x")
    assert seals.reference(1, 2) == Seals(b"a" * 32).reference(1, 2)


@given(st.tuples(st.integers(1, 2**63), st.integers(1, 2**63)), st.integers(1, 2**63))
def test_a_reference_is_stable_and_of_one_actor(pair: tuple[int, int], other: int) -> None:
    actor, entry = pair
    reference = seals.reference(actor, entry)
    assert re.fullmatch("[a-z2-7]{24}", reference)
    assert reference == seals.reference(actor, entry)
    if other != actor:
        assert reference != seals.reference(other, entry)


def test_one_and_eleven_is_not_eleven_and_one() -> None:
    assert seals.reference(1, 11) != seals.reference(11, 1)
    assert seals.reference(1, 11) != seals.reference(11, 1)


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_sealed_text_comes_back_and_is_never_sealed_alike(text: str) -> None:
    sealed = seals.seal(text)
    assert unsealed(sealed, SECRET) == text
    assert sealed != seals.seal(text)
    if len(text) > 8:
        assert text.encode() not in sealed


@given(st.integers(0), st.integers(0, 7))
def test_a_changed_seal_is_found(place: int, bit: int) -> None:
    sealed = bytearray(seals.seal("https://example.org/a"))
    sealed[place % len(sealed)] ^= 1 << bit
    with pytest.raises(InvalidTag):
        unsealed(bytes(sealed), SECRET)


def test_another_secret_opens_no_seal() -> None:
    with pytest.raises(InvalidTag):
        unsealed(seals.seal("https://example.org/a"), OTHER)
