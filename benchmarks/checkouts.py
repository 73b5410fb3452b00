"""Runs one child script against several checkouts of this project, slice by slice, in one run.

A machine's speed changes by the minute. So two versions are compared by children that stay alive
and are given short slices of work in turn: whatever slows one slows the other too. A child is a
script in this folder that imports only what all the versions have; it reads one JSON request per
line from its input and answers one JSON line.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, Self

HERE = Path(__file__).resolve().parent


class Child:
    """A child script that runs with the packages of one checkout."""

    def __init__(self, script: str, label: str, checkout: Path, arguments: Sequence[str]) -> None:
        self.label = label
        self._process = subprocess.Popen(  # noqa: S603 (our own script, our own interpreter)
            [sys.executable, str(HERE / script), *arguments],
            env={**os.environ, "PYTHONPATH": str(checkout)},
            cwd=checkout,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def ask(self, **request: object) -> Any:  # noqa: ANN401 (what its JSON says)
        """Return the answer to one request. Raises RuntimeError if the child has ended."""
        assert self._process.stdin  # noqa: S101 (both are pipes)
        assert self._process.stdout  # noqa: S101
        self._process.stdin.write(json.dumps(request) + "\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError(f"{self.label} ended with {self._process.wait()}")
        return json.loads(line)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        assert self._process.stdin  # noqa: S101
        self._process.stdin.close()
        self._process.wait()


def add_argument(parser: argparse.ArgumentParser) -> None:
    """Let the caller name the checkouts that are compared."""
    parser.add_argument(
        "--checkouts",
        nargs="+",
        default=[f"this={HERE.parent}"],
        metavar="LABEL=FOLDER",
        help="versions to compare; the first one is the base of the ratios",
    )


@contextmanager
def children(
    script: str, checkouts: Sequence[str], folder: Path, *arguments: str
) -> Iterator[list[Child]]:
    """Start a child for each checkout, each with a folder of its own to work in."""
    with ExitStack() as stack:
        started = []
        for each in checkouts:
            label, _, checkout = each.partition("=")
            own = folder / label
            own.mkdir()
            child = Child(script, label, Path(checkout).resolve(), [str(own), *arguments])
            started.append(stack.enter_context(child))
        yield started
