import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from hashing import labels
from hashing.errors import InvalidLabel, InvalidSignal
from hashing.signals import ContentKind, ContentSignals, Signal, SignalType

VECTORS: dict[str, Any] = json.loads(
    (Path(__file__).parents[1] / "vectors" / "label.json").read_text("utf-8")
)
VAULT = bytes.fromhex(VECTORS["vault"])


@pytest.mark.parametrize("vector", VECTORS["sealed"], ids=lambda vector: vector["why"])
def test_labels_are_sealed_as_in_the_browser_and_opened(vector: dict[str, str]) -> None:
    sealed = labels.seal(VAULT, vector["typed"], lambda _: bytes.fromhex(vector["nonce"]))
    assert sealed.hex() == vector["sealed"]
    assert labels.unseal(VAULT, sealed) == vector["label"]


@pytest.mark.parametrize("vector", VECTORS["refused"], ids=lambda vector: vector["why"])
def test_what_is_not_whole_or_of_another_key_is_not_opened(vector: dict[str, str]) -> None:
    sealed = bytes.fromhex(vector["sealed"])
    assert labels.unseal(bytes.fromhex(vector["vault"]), sealed) is None


def test_each_sealing_is_different_and_says_nothing_of_the_length() -> None:
    sealed = [labels.seal(VAULT, typed) for typed in ("x", "x", "x" * labels.MAX_LABEL)]
    assert len({one[:12] for one in sealed}) == 3
    assert {len(one) for one in sealed} == {268}


@pytest.mark.parametrize("typed", ["", " \t", "\U0001f642" * 61])
def test_no_label_is_made_of_nothing_or_too_much(typed: str) -> None:
    with pytest.raises(InvalidLabel):
        labels.seal(VAULT, typed)


@pytest.mark.parametrize("size", [0, 267, 269])
def test_an_entry_takes_no_sealed_label_of_another_length(size: int) -> None:
    signals = (Signal(SignalType.MD5, b"\x02" * 16),)
    with pytest.raises(InvalidSignal, match="268 bytes"):
        ContentSignals(ContentKind.PICTURE, signals, sealed_label=bytes(size))


def test_nothing_is_loaded_for_labels_where_there_are_none() -> None:
    code = "import hashing.client, hashing.commands, sys; sys.exit('cryptography' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
