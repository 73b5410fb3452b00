"""The regimes, read from the data beside the code. Strict: what is wrong there ends the start."""

from __future__ import annotations

import tomllib
from functools import cache
from pathlib import Path

from service.domain.regime import Law
from service.domain.regime_rows import parse

DATA = Path(__file__).parent / "data" / "regimes.toml"


@cache
def read(path: Path = DATA) -> Law:
    """Return every regime in the order of the file. Raises InvalidLaw or TOMLDecodeError."""
    with path.open("rb") as file:
        return parse(tomllib.load(file))
