"""Which passwords are refused: short ones, and those that are tried first.

Nothing else is asked of them (NIST SP 800-63B-4, 3.1.1.2).
"""

from __future__ import annotations

from itertools import pairwise

from service.domain.errors import InvalidRequest
from service.domain.member import MAX_PASSWORD, MIN_PASSWORD, folded

_LEAST_DIFFERENT = 5
"""Characters. `aaaaaaaaaaaa` and `121212121212` have fewer."""
_ROWS = ("abcdefghijklmnopqrstuvwxyz", "qwertyuiop", "asdfghjkl", "zxcvbnm", "01234567890")
_COMMON = (
    "password", "passwort", "motdepasse", "contraseña", "contrasena", "letmein", "iloveyou",
    "welcome", "administrator", "admin", "changeme", "default", "secret", "monkey", "dragon",
    "sunshine", "princess", "football", "baseball", "superman", "trustno1", "master", "login",
    "qwerty", "azerty", "takeback", "helpline", "advocate", "summer", "winter", "spring", "autumn",
    "starwars", "whatever", "computer", "internet", "michael", "charlie", "liverpool", "chocolate",
)  # fmt: skip
"""What most guessed passwords of 12 characters are made of, with digits and signs around them."""


def require_good(password: str, name: str) -> None:
    """Raise InvalidRequest if a password of a member is too short, too long, or easily guessed."""
    if not MIN_PASSWORD <= len(password) <= MAX_PASSWORD:
        raise InvalidRequest("short")
    if is_common(password, name):
        raise InvalidRequest("common")


def is_common(password: str, name: str) -> bool:
    """Whether a password is a common word, a row of keys, or the name, with little else."""
    text = folded(password).replace(" ", "")
    left = text
    for word in (*_COMMON, folded(name).replace(" ", "")):
        left = left.replace(word, "") if word else left
    letters = [one for one in left if one.isalpha()]
    if len(set(text)) < _LEAST_DIFFERENT or (left != text and len(letters) < _LEAST_DIFFERENT):
        return True
    return any(_follows(text, row) for row in _ROWS)


def _follows(text: str, row: str) -> bool:
    """Whether at least three quarters of a text go along a row of keys, in either direction."""
    pairs = {a + b for a, b in pairwise(row)}
    pairs |= {pair[::-1] for pair in pairs}
    along = sum(text[at : at + 2] in pairs for at in range(len(text) - 1))
    return along * 4 >= (len(text) - 1) * 3
