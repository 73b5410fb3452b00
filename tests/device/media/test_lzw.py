import numpy as np
import pytest

from hashing.errors import Damaged
from hashing.media import lzw


def encoded(pixels: bytes, bits: int, *, clears: bool) -> bytes:
    """As a GIF holds them, by a table that is cleared when it is full, or stays as it is."""
    clear = 1 << bits
    fresh = {bytes([level]): level for level in range(clear)}
    table, width, found, size = fresh.copy(), bits + 1, clear + 2, 0
    bit_string, before = 0, b""

    def put(code: int) -> None:
        nonlocal bit_string, size
        bit_string |= code << size
        size += width

    put(clear)
    for level in pixels:
        now = before + bytes([level])
        if now in table:
            before = now
            continue
        put(table[before])
        if found < 4096:
            table[now] = found
            found += 1
            width += found > 1 << width and width < 12
        elif clears:
            put(clear)
            table, width, found = fresh.copy(), bits + 1, clear + 2
        before = bytes([level])
    put(table[before])
    return bit_string.to_bytes(size // 8 + 1, "little")


@pytest.mark.parametrize("bits", [2, 5, 8])
@pytest.mark.parametrize("clears", [True, False])
def test_pixels_are_decoded_as_far_as_they_go(bits: int, *, clears: bool) -> None:
    rng = np.random.default_rng(bits)
    noisy = rng.integers(0, 1 << bits, 30_000).astype(np.uint8)
    pixels = np.concatenate((noisy[:9000], np.repeat(noisy[:40], 300), noisy)).tobytes()
    data = encoded(pixels, bits, clears=clears)
    assert lzw.decode(data, bits, len(pixels)) == pixels
    assert lzw.decode(data, bits, 99) == pixels[:99]
    for end in (0, 1, 2, len(data) // 3, len(data) - 3):
        part = lzw.decode(data[:end], bits, len(pixels))
        assert pixels.startswith(part)
        assert len(part) >= end // 2 - 2


@pytest.mark.parametrize("code", [257, 300])
def test_an_early_end_and_a_code_that_is_none_are_damage(code: int) -> None:
    data = (256 | 7 << 9 | code << 18).to_bytes(4, "little")
    with pytest.raises(Damaged):
        lzw.decode(data, 8, 100)
