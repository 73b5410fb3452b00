"""What passwords and one-time codes are good for."""

from __future__ import annotations

import pytest

from service.domain.errors import InvalidRequest
from service.domain.password import require_good
from service.proofs import one_time
from service.proofs.passwords import Passwords

RFC_SECRET = b"12345678901234567890"
VECTORS = {59: "287082", 1111111109: "081804", 1234567890: "005924", 20000000000: "353130"}
"""RFC 6238, appendix B: SHA-1, of whose eight digits six are shown."""


def test_what_is_stored_of_a_password_takes_long_to_guess_at() -> None:
    checked = Passwords()
    stored = checked.hash("a héron walks")
    assert stored.startswith("$argon2id$v=19$m=65536,t=3,p=1$")
    assert checked.is_right(stored, "a héron walks")  # the same letters, otherwise composed
    assert not checked.is_right(stored, "a heron walks")
    assert not checked.is_right(None, "nobody")


@pytest.mark.parametrize(
    ("password", "why"),
    [
        ("elevenchars", "short"),
        ("x" * 257, "short"),
        ("aaaaaaaaaaaa", "common"),
        ("121212121212", "common"),
        ("123456789012", "common"),
        ("qwertyuiop12", "common"),
        ("Password123!", "common"),
        ("iloveyou2026", "common"),
        ("PASSWORDpassword", "common"),
        ("anaexample12", "common"),
        ("zyxwvutsrqpo", "common"),
    ],
)
def test_passwords_that_are_guessed_first_are_refused(password: str, why: str) -> None:
    with pytest.raises(InvalidRequest, match=why):
        require_good(password, "Ana Example")


@pytest.mark.parametrize(
    "password",
    [
        "a heron walks by night",
        "gQ4-xTz9!vBn",
        "contraseña larga y buena",
        "秘密の合言葉は夜に歩く鷺だ",
    ],
)
def test_other_passwords_are_taken(password: str) -> None:
    require_good(password, "Ana Example")


def test_codes_are_those_of_the_standard_for_three_steps() -> None:
    for second, code in VECTORS.items():
        step = second // 30
        for skew in (-1, 0, 1):
            given = f" {code[:3]} {code[3:]}"
            assert one_time.matching_step(RFC_SECRET, given, second + 30 * skew) == step
        assert one_time.matching_step(RFC_SECRET, code, second + 60) is None
        assert one_time.matching_step(RFC_SECRET, code, second - 60) is None
    assert one_time.matching_step(None, "000000", 59) is None
    assert one_time.matching_step(RFC_SECRET, "é" * 30, 59) is None
    assert one_time.shown(RFC_SECRET).startswith("GEZD GNBV GY3T")
    assert one_time.address(RFC_SECRET, "A/b").startswith("otpauth://totp/Takeback%3AA%2Fb?secret=")
