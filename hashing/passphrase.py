"""The owner's secret: made here, kept by the owner, never sent.

Seven words drawn from 2,048 give 7 × 11 = 77 bits. Two keys are derived from them: the access
key opens the case at the service, which keeps only a keyed hash of it; the vault key encrypts
what only the owner may read, and never leaves the device.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from hashing.errors import InvalidPassphrase

WORDS = 7
PREFIX = 4
"""Letters after which no two words of the list are the same."""
ITERATIONS = 600_000
"""Of PBKDF2-HMAC-SHA-256: OWASP's figure of 2023. The words alone carry 77 bits."""
KEY_BYTES = 32
_SALT = b"takeback passphrase v1"
"""Fixed: owners have nothing but number and words, and precomputed tables of 77 random bits are not
feasible even without a salt."""
_ACCESS = b"takeback access key v1"
_VAULT = b"takeback vault key v1"
_BARE = str.maketrans("ıłđøħŧ", "ildoht")
"""Letters of keyboards that NFKD leaves whole. Case is folded first, so there are no capitals."""


@dataclass(frozen=True, slots=True)
class Keys:
    """The two keys derived from a passphrase, 32 bytes each. They are hidden from `repr`."""

    access: bytes
    vault: bytes

    def __repr__(self) -> str:
        return "Keys(…)"


@cache
def word_list() -> tuple[str, ...]:
    """Return the 2,048 words, in order."""
    return tuple(files("hashing").joinpath("words.txt").read_text("utf-8").split())


def new_passphrase(choose: Callable[[Sequence[str]], str] | None = None) -> str:
    """Return seven words from the system's secure generator, with single spaces.

    `choose` picks one word of the list; tests pass their own function.
    """
    if choose is None:
        import secrets  # noqa: PLC0415 (only here, so that no other code draws randomness)

        choose = secrets.choice
    return " ".join(choose(word_list()) for _ in range(WORDS))


def normalise(typed: str) -> str:
    """Return a typed passphrase in the form in which it was made.

    It may be in any case and spacing, and words may be cut to their first 4 letters. Accents,
    soft hyphens and other marks that are not seen or stand on a letter do not count; whatever
    else is no letter of the list separates words. The same rule is in browser/passphrase.js.
    Raises InvalidPassphrase, which gives the position of the first wrong word, never the word.
    """
    words = re.findall(r"[a-z]+", _bare(typed))
    if len(words) != WORDS:
        raise InvalidPassphrase(f"A passphrase has {WORDS} words; this has {len(words)}.")
    return " ".join(_completed(word, position) for position, word in enumerate(words, 1))


def _bare(typed: str) -> str:
    """Return text in small letters without marks (M) and format characters (Cf), in NFKD."""
    plain = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", typed).lower())
    kept = (one for one in plain if unicodedata.category(one) not in {"Mn", "Mc", "Me", "Cf"})
    return "".join(kept).translate(_BARE)


def ascii_digits(typed: str) -> str:
    """Return text with the digits of every script (Unicode's decimal digits) as 0 to 9."""
    return "".join(str(unicodedata.decimal(one, one)) for one in typed)


def _completed(word: str, position: int) -> str:
    candidates = [entry for entry in word_list() if entry[:PREFIX] == word[:PREFIX]]
    if len(candidates) != 1 or not candidates[0].startswith(word):
        raise InvalidPassphrase(f"Word {position} is not on our list. Check how it is spelled.")
    return candidates[0]


def derive(passphrase: str) -> Keys:
    """Return the two keys of a passphrase. Takes about a fifth of a second.

    PBKDF2 (RFC 8018) of the normalised words, then HKDF-SHA-256 (RFC 5869) with an empty salt
    for each key; WebCrypto gives the same in the browser. Raises InvalidPassphrase.
    """
    words = normalise(passphrase).encode()
    seed = hashlib.pbkdf2_hmac("sha256", words, _SALT, ITERATIONS)
    return Keys(access=hkdf(seed, _ACCESS), vault=hkdf(seed, _VAULT))


def hkdf(secret: bytes, purpose: bytes, salt: bytes = b"") -> bytes:
    """One block of HKDF-SHA-256: 32 bytes (RFC 5869, 2.2 and 2.3)."""
    extracted = hmac.digest(salt or bytes(KEY_BYTES), secret, "sha256")
    return hmac.digest(extracted, purpose + b"\x01", "sha256")
