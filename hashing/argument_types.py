"""What arguments of the command line may be: text → value, or an error that says what is wrong."""

from __future__ import annotations

import argparse
from pathlib import Path

MAX_DEPTH = 5
"""Links from an address that the service follows at most."""


def path(text: str) -> Path:
    """Return a path. An empty text would be the current folder."""
    if not text:  # an unset variable of a script: pathlib takes it for the current folder
        raise argparse.ArgumentTypeError("empty; name a file or a folder (this folder is .)")
    return Path(text)


def number(text: str) -> str:
    """Return a case number; what may be wrong in it, the service says."""
    if not any(c.isalnum() for c in text):
        raise argparse.ArgumentTypeError("this is not a case number")
    return text


def entry(text: str) -> int:
    """Return the number of an entry."""
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError("an entry is a number from 1 on; see status")
    return int(text)


def address(text: str) -> str:
    """Return an address as it was given."""
    if not text.strip():  # an unset variable of a script
        raise argparse.ArgumentTypeError("empty; copy it whole from the browser")
    return text


def depth(text: str) -> int:
    """Return how many links are followed."""
    if not text.isdecimal() or int(text) > MAX_DEPTH:
        raise argparse.ArgumentTypeError(f"a number of links, at most {MAX_DEPTH}")
    return int(text)
