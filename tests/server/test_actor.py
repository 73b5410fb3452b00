from __future__ import annotations

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.domain.actor import ACTS, Act, Actor, Role, key_text, parse_key
from service.domain.errors import Forbidden, Unauthenticated

base32 = st.sampled_from("abcdefghijklmnopqrstuvwxyz234567")


@given(st.text(base32, min_size=16, max_size=16), st.text(base32, min_size=52, max_size=52))
def test_a_key_parses_into_what_it_was_made_of(key_id: str, secret: str) -> None:
    assert parse_key(f" {key_text(key_id, secret)}\n") == (key_id, secret)


@pytest.mark.parametrize(
    "untrusted",
    [
        "",
        "takeback",
        key_text("a" * 15, "b" * 52),
        key_text("a" * 16, "b" * 51),
        key_text("a" * 16, "b" * 53),
        key_text("A" * 16, "b" * 52),
        key_text("1" * 16, "b" * 52),
        key_text("a" * 16, "b" * 51 + "\x00"),
        "Takeback_" + "a" * 16 + "_" + "b" * 52,
        key_text("a" * 16, "b" * 52) + "\nX",
    ],
)
def test_what_is_not_a_key_is_refused_as_an_unknown_one(untrusted: str) -> None:
    with pytest.raises(Unauthenticated):
        parse_key(untrusted)


@pytest.mark.parametrize(("role", "act"), list(product(Role, Act)))
def test_a_role_may_do_what_the_table_says_and_no_more(role: Role, act: Act) -> None:
    actor = Actor(1, role, "Somewhere")
    if act in ACTS[role]:
        actor.require(act)
    else:
        with pytest.raises(Forbidden):
            actor.require(act)


def test_a_crawler_looks_and_hands_in() -> None:
    assert ACTS[Role.CRAWLER] == {Act.OBSERVE, Act.CRAWL}
    assert set(ACTS) == set(Role)
