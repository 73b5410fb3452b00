import hashlib
import json
import random
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hashing import passphrase
from hashing.errors import InvalidPassphrase

VECTORS = json.loads((Path(__file__).parents[1] / "vectors" / "passphrase.json").read_text())
WORDS = passphrase.word_list()


def test_the_list_has_2048_words_told_apart_by_four_letters() -> None:
    assert len(WORDS) == 2048
    assert list(WORDS) == sorted(WORDS)
    assert all(word.isascii() and word.isalpha() and word.islower() for word in WORDS)
    assert len({word[:4] for word in WORDS}) == 2048
    assert min(map(len, WORDS)) >= 3


def test_a_new_passphrase_is_seven_words_of_the_list_and_new() -> None:
    made = {passphrase.new_passphrase() for _ in range(200)}
    assert len(made) == 200
    for one in made:
        assert len(one.split(" ")) == 7
        assert set(one.split(" ")) <= set(WORDS)
        assert passphrase.normalise(one) == one


def test_each_word_is_chosen_of_the_whole_list() -> None:
    asked: list[int] = []

    def last(words: object) -> str:
        assert isinstance(words, tuple)
        asked.append(len(words))
        return str(words[-1])

    assert passphrase.new_passphrase(last) == " ".join([WORDS[-1]] * 7)
    assert asked == [2048] * 7


@given(
    st.lists(st.sampled_from(WORDS), min_size=7, max_size=7),
    st.lists(st.sampled_from([" ", "  ", "-", ", ", "\n", "\t", ".", " 1 "]), min_size=7),
    st.randoms(use_true_random=False),
)
def test_any_case_spacing_and_shortening_is_the_same(
    words: list[str], between: list[str], rng: random.Random
) -> None:
    typed = "".join(
        rng.choice([str.upper, str.lower, str.title])(word[: max(4, rng.randint(0, 9))]) + gap
        for word, gap in zip(words, between, strict=False)
    )
    assert passphrase.normalise(typed) == " ".join(words)


def test_full_width_letters_are_letters() -> None:
    wide = "".join(chr(ord(c) + 0xFEE0) for c in WORDS[0])
    assert passphrase.normalise(f"{wide} " * 7) == " ".join([WORDS[0]] * 7)


@pytest.mark.parametrize("count", [0, 1, 6, 8])
def test_another_number_of_words_is_named(count: int) -> None:
    with pytest.raises(InvalidPassphrase, match=f"this has {count}"):
        passphrase.normalise(" ".join(WORDS[:count]))


@pytest.mark.parametrize("wrong", ["zzzz", "abacuss", "abacux", "ab", "x"])
def test_a_wrong_word_is_told_by_its_place_and_never_repeated(wrong: str) -> None:
    with pytest.raises(InvalidPassphrase) as caught:
        passphrase.normalise(" ".join([*WORDS[:3], wrong, *WORDS[:3]]))
    assert "Word 4 " in str(caught.value)
    assert f" {wrong} " not in str(caught.value)


@pytest.mark.parametrize("vector", VECTORS["normalise"]["accepted"], ids=lambda one: one["why"])
def test_marks_of_a_keyboard_do_not_break_the_words(vector: dict[str, str]) -> None:
    assert passphrase.normalise(vector["typed"]) == vector["normalised"]


@pytest.mark.parametrize("vector", VECTORS["normalise"]["refused"], ids=lambda one: one["why"])
def test_what_is_another_word_is_refused(vector: dict[str, str]) -> None:
    with pytest.raises(InvalidPassphrase) as caught:
        passphrase.normalise(vector["typed"])
    assert f"Word {vector['position']} " in str(caught.value)


def test_digits_of_every_script_become_those_of_ascii() -> None:
    assert passphrase.ascii_digits("٤٨١-۹۰۲ ३४७５x²") == "481-902 3475x²"


@pytest.mark.parametrize("vector", VECTORS["derive"])
def test_the_keys_of_the_vectors(vector: dict[str, str]) -> None:
    keys = passphrase.derive(vector["typed"])
    assert passphrase.normalise(vector["typed"]) == vector["normalised"]
    assert keys.access.hex() == vector["access"]
    assert keys.vault.hex() == vector["vault"]


def test_the_vectors_are_pbkdf2_then_hkdf() -> None:
    """The same from the RFCs alone, one block of HKDF written out."""
    vector = VECTORS["derive"][0]
    parameters = VECTORS["parameters"]
    seed = hashlib.pbkdf2_hmac(
        "sha256",
        vector["normalised"].encode(),
        parameters["salt"].encode(),
        parameters["iterations"],
    )
    assert parameters["iterations"] == passphrase.ITERATIONS == 600_000
    assert passphrase.hkdf(seed, parameters["access"].encode()).hex() == vector["access"]
    assert passphrase.hkdf(seed, parameters["vault"].encode()).hex() == vector["vault"]


def test_repr_hides_the_keys() -> None:
    keys = passphrase.Keys(b"\x01" * 32, b"\x02" * 32)
    assert repr(keys) == "Keys(…)"
    assert "01" not in f"{keys}"


@pytest.mark.parametrize(
    ("secret", "salt", "info", "expected"),
    [
        (  # RFC 5869, A.1
            "0b" * 22,
            "000102030405060708090a0b0c",
            "f0f1f2f3f4f5f6f7f8f9",
            "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf",
        ),
        (  # A.2
            "".join(f"{byte:02x}" for byte in range(0x50)),
            "".join(f"{byte:02x}" for byte in range(0x60, 0xB0)),
            "".join(f"{byte:02x}" for byte in range(0xB0, 0x100)),
            "b11e398dc80327a1c8e7f78c596a49344f012eda2d4efad8a050cc4c19afa97c",
        ),
        (  # A.3: neither salt nor info
            "0b" * 22,
            "",
            "",
            "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d",
        ),
    ],
)
def test_the_first_block_of_hkdf_is_that_of_the_rfc(
    secret: str, salt: str, info: str, expected: str
) -> None:
    found = passphrase.hkdf(bytes.fromhex(secret), bytes.fromhex(info), bytes.fromhex(salt))
    assert found.hex() == expected
