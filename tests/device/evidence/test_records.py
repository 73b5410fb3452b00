import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hashing.errors import InvalidEvidence
from hashing.evidence import canonical, record
from tests.examples import examples

VECTORS: dict[str, Any] = json.loads(
    (Path(__file__).parents[2] / "vectors" / "evidence.json").read_text("utf-8")
)
SAMPLE = VECTORS["records"][1]["document"]


def test_the_vectors_are_what_their_script_makes() -> None:
    command = [sys.executable, "-m", "tests.device.evidence.make_vectors"]
    done = subprocess.run(command, capture_output=True, check=True)
    assert json.loads(done.stdout) == VECTORS


@pytest.mark.parametrize("vector", VECTORS["records"], ids=lambda vector: vector["why"])
def test_a_record_is_written_canonically_and_read_again(vector: dict[str, Any]) -> None:
    parsed = record.parse(vector["document"])
    assert record.encode(parsed).decode() == vector["canonical"]
    assert record.decode(vector["canonical"].encode()) == parsed


def test_fields_of_later_versions_are_kept() -> None:
    assert dict(record.parse(SAMPLE).unknown) == {"later": SAMPLE["later"]}


@pytest.mark.parametrize("vector", VECTORS["invalid"], ids=lambda vector: vector["names"])
def test_an_invalid_record_is_refused_by_the_name_of_its_field(vector: dict[str, Any]) -> None:
    with pytest.raises(InvalidEvidence, match=vector["names"]):
        record.parse(vector["document"])


@pytest.mark.parametrize("name", ["id", "name", "media_type", "size", "sha256", "root"])
def test_a_file_of_a_record_is_refused_by_the_name_of_its_field(name: str) -> None:
    for wrong in (None, -1, "", "A" * 300, 1.5, True):
        with pytest.raises(InvalidEvidence, match=name):
            record.parse({**SAMPLE, "files": [{**SAMPLE["files"][0], name: wrong}]})


def test_a_record_that_is_too_long_is_refused() -> None:
    with pytest.raises(InvalidEvidence, match="65,536 bytes"):
        record.encode(record.parse({**SAMPLE, "note": "\U0001f642" * 17_000}))


@pytest.mark.parametrize("vector", VECTORS["not_canonical"], ids=lambda vector: vector["why"])
def test_what_is_not_canonical_is_refused(vector: dict[str, str]) -> None:
    with pytest.raises(InvalidEvidence):
        canonical.decode(vector["text"].encode("utf-8", "surrogatepass"), 1000)


@pytest.mark.parametrize("hostile", [b"\xff", b'{"a":' * 100_000, b"[" * 100_000])
def test_hostile_json_is_refused(hostile: bytes) -> None:
    with pytest.raises(InvalidEvidence):
        canonical.decode(hostile, 1 << 20)


NAMES = st.from_regex(re.compile(r"[a-z][a-z0-9_]{0,5}"), fullmatch=True)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-canonical.MAX_INTEGER, canonical.MAX_INTEGER)
    | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3),
    max_leaves=5,
)  # fmt: skip


@settings(max_examples=examples(20), deadline=None)
@given(st.dictionaries(NAMES, VALUES, max_size=4))
def test_whatever_is_written_is_read_again(document: dict[str, Any]) -> None:
    written = canonical.encode(document)
    assert canonical.decode(written, len(written)) == document
