"""Files that an operator names: hashed content, and addresses."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

from hashing.signals import ContentSignals
from service.domain.errors import InvalidRequest
from service.edge.incoming import EntryIn


def contents(path: Path) -> Iterator[ContentSignals]:
    """Parse the output of `takeback hash --json`, a file on each line; skip those with an error.

    Raises InvalidRequest.
    """
    for number, line in enumerate(_text(path).splitlines(), 1):
        try:
            record = json.loads(line)
            record.pop("path", None)
            if "error" not in record:
                yield EntryIn.model_validate(record).value()
        except (ValueError, AttributeError, TypeError) as err:
            raise InvalidRequest(f"Line {number} is not one of `takeback hash --json`.") from err


def lines(path: Path) -> list[str]:
    """Return the lines of a file that are not empty. Raises InvalidRequest."""
    return [line for line in _text(path).splitlines() if line.strip()]


def _text(path: Path) -> str:
    try:
        return path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as err:
        raise InvalidRequest(f"{path} cannot be read.") from err
