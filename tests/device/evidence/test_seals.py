import hashlib
import io
import json
import os
from pathlib import Path
from typing import Any

import pytest

from hashing.errors import InvalidEvidence, NotOpened
from hashing.evidence import limits, sealing
from hashing.evidence.keys import EvidenceKeys
from tests.device.evidence.make_vectors import content

VECTORS: dict[str, Any] = json.loads(
    (Path(__file__).parents[2] / "vectors" / "evidence.json").read_text("utf-8")
)
KEYS = EvidenceKeys.of(bytes.fromhex(VECTORS["vault"]))
RECORD_ID, FILE_ID = VECTORS["record_id"], VECTORS["file_id"]
FILES = {each["size"]: each for each in VECTORS["files"]}
LARGE = (1 << 20) + 5


def stored(size: int) -> tuple[bytes, list[bytes]]:
    key = KEYS.file_key(FILE_ID, FILES[size]["sha256"])
    return key, list(sealing.seal_file(key, FILE_ID, io.BytesIO(content(size)), size))


def test_keys_are_those_of_the_vectors_and_hidden() -> None:
    assert KEYS.secret.hex() == VECTORS["secret"]
    assert KEYS.signer() == VECTORS["signer"]
    assert KEYS.signing_key().sign(b"a manifest").hex() == VECTORS["signed"]["signature"]
    assert KEYS.capture_key().public_key().public_bytes_raw().hex() == VECTORS["capture"]
    assert VECTORS["secret"] not in repr(KEYS)
    assert repr(KEYS.secret) not in repr(KEYS)


@pytest.mark.parametrize("vector", VECTORS["records"], ids=lambda vector: vector["why"])
def test_a_record_is_sealed_as_in_the_browser_and_opened(vector: dict[str, str]) -> None:
    key = KEYS.record_key(RECORD_ID)
    plain = vector["canonical"].encode()
    sealed = sealing.seal_record(key, RECORD_ID, plain, lambda _: bytes.fromhex(vector["nonce"]))
    assert sealed.hex() == vector["stored"]
    assert sealing.open_record(key, RECORD_ID, sealed) == plain
    assert limits.is_stored_record(len(sealed))


def test_no_changed_record_is_opened_nor_one_of_another_id_or_key() -> None:
    key = KEYS.record_key(RECORD_ID)
    sealed = sealing.seal_record(key, RECORD_ID, b"{}")
    changed = [sealed[:at] + bytes([sealed[at] ^ 1]) + sealed[at + 1 :] for at in (0, 32, 50, -1)]
    for other in (*changed, sealed[:-1], sealed + b"\0", b""):
        with pytest.raises(NotOpened):
            sealing.open_record(key, RECORD_ID, other)
    with pytest.raises(NotOpened):
        sealing.open_record(key, FILE_ID, sealed)
    with pytest.raises(NotOpened):
        sealing.open_record(KEYS.record_key(FILE_ID), RECORD_ID, sealed)


def test_a_record_names_its_length_to_a_kilobyte_only() -> None:
    key = KEYS.record_key(RECORD_ID)
    assert {len(sealing.seal_record(key, RECORD_ID, bytes(n))) for n in (1, 1024)} == {1084}
    with pytest.raises(InvalidEvidence):
        sealing.seal_record(key, RECORD_ID, bytes(limits.MAX_RECORD + 1))


@pytest.mark.parametrize("size", FILES)
def test_a_file_is_sealed_as_in_the_browser_and_opened(size: int) -> None:
    key, chunks = stored(size)
    root = sealing.Root()
    for each in chunks:
        root.add(hashlib.sha256(each).digest())
    assert key.hex() == FILES[size]["key"]
    assert [hashlib.sha256(each).hexdigest() for each in chunks] == FILES[size]["chunks"]
    assert root.hexdigest() == FILES[size]["root"]
    assert b"".join(sealing.open_file(key, FILE_ID, chunks, size)) == content(size)
    assert sum(map(len, chunks)) == sealing.stored_size(size)
    for n, each in enumerate(chunks, 1):
        assert limits.is_stored_chunk(len(each), last=n == sealing.chunk_count(size))


def test_chunks_are_opened_in_their_order_and_whole_only() -> None:
    key, (first, last) = stored(LARGE)
    flipped = first[:9] + bytes([first[9] ^ 1]) + first[10:]
    for other in (
        [last, first], [first], [last], [], [first, last, last], [first, first], [flipped, last],
    ):  # fmt: skip
        with pytest.raises(NotOpened):
            list(sealing.open_file(key, FILE_ID, other, LARGE))
    for size in (LARGE - 5, LARGE - 1, LARGE + limits.FILE_STEP, 1):
        with pytest.raises(NotOpened):
            list(sealing.open_file(key, FILE_ID, [first, last], size))
    with pytest.raises(NotOpened):
        list(sealing.open_file(key, RECORD_ID, [first, last], LARGE))


@pytest.mark.parametrize("change", [-1, 1])
def test_a_file_that_changes_while_it_is_sealed_is_refused(change: int) -> None:
    stream = io.BytesIO(bytes(5 + change))
    with pytest.raises(InvalidEvidence, match="while it was read"):
        list(sealing.seal_file(bytes(32), FILE_ID, stream, 5))
    with pytest.raises(InvalidEvidence, match="at most"):
        sealing.chunk_count(limits.MAX_FILE + 1)


def test_another_content_under_the_same_id_has_another_key() -> None:
    one, other = (hashlib.sha256(each).hexdigest() for each in (b"1", b"2"))
    assert KEYS.file_key(FILE_ID, one) != KEYS.file_key(FILE_ID, other)


def test_one_chunk_is_in_memory_also_where_a_pipe_gives_less_at_once() -> None:
    reading, writing = os.pipe()
    os.write(writing, b"hello")
    os.close(writing)
    with open(reading, "rb", buffering=0) as pipe:  # noqa: PTH123 (a file descriptor)
        chunks = list(sealing.seal_file(bytes(32), FILE_ID, pipe, 5))
    assert b"".join(sealing.open_file(bytes(32), FILE_ID, chunks, 5)) == b"hello"
