"""What a command asks whoever runs it. No answer at all is an error, never a no."""

from __future__ import annotations

import contextlib
import getpass
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from hashing import report
from hashing.errors import InvalidLabel, NoAnswer
from hashing.labels import tidy
from hashing.passphrase import normalise
from hashing.submission import Eligibility
from hashing.terminal import remark

_ANSWERS = {"y": True, "yes": True, "n": False, "no": False, "": False}
_MAX_LINE = 1000
_NEEDED = "This cannot be left empty. Ctrl-C stops."
"""Most characters that are read of an answer."""
Subject = Literal["self", "authorised"]


def agrees(question: str, instead: str) -> bool:
    """Ask a question that is answered with yes or no; an empty line is a no.

    Raises NoAnswer if nobody is there; `instead` is its message.
    """
    while True:
        remark(f"{question} [y/N]", end=" ")
        line = _read_line()
        if not line:
            remark("")
            raise NoAnswer(instead)
        if (answer := line.strip().lower()) in _ANSWERS:
            return _ANSWERS[answer]
        remark(report.YES_OR_NO)


def passphrase() -> str:
    """Return the passphrase of a case, from the environment or typed. Raises InvalidPassphrase."""
    given = os.environ.get("TAKEBACK_PASSPHRASE")
    if not given and _has_terminal():
        with contextlib.suppress(EOFError):
            given = getpass.getpass(report.PASSPHRASE_QUESTION)
    elif not given:
        given = _read_line()
    if not given:
        raise NoAnswer(report.NO_PASSPHRASE)
    return normalise(given)


def labels(files: Sequence[Path]) -> dict[Path, str]:
    """Ask for the label of each file, and return those that were given.

    Raises NoAnswer if nobody is there.
    """
    remark(report.ABOUT_LABELS)
    typed = {
        path: label(report.LABEL_OF.format(path=report.shown(path)), report.NO_LABELS)
        for path in files
    }
    return {path: one for path, one in typed.items() if one}


def label(question: str, instead: str) -> str:
    """Return the label that answers a question; an empty one is none.

    Raises NoAnswer if nobody is there; `instead` is its message.
    """
    while True:
        remark(question, end=" ")
        line = _read_line()
        if not line:
            remark("")
            raise NoAnswer(instead)
        try:
            return tidy(line)
        except InvalidLabel as err:
            remark(str(err))


def line(question: str, instead: str) -> str:
    """Return the line that answers a question. Raises NoAnswer if nobody is there."""
    while True:
        remark(question, end=" ")
        typed = _read_line()
        if not typed:
            remark("")
            raise NoAnswer(instead)
        if typed.strip():
            return typed.strip()
        remark(_NEEDED)


def _read_line() -> str:
    """Return a line of standard input; an empty text if there is none."""
    return sys.stdin.readline(_MAX_LINE) if sys.stdin else ""


def _has_terminal() -> bool:
    """Whether something can be typed without being shown, also while the input is a file."""
    try:
        os.close(os.open("/dev/tty", os.O_RDWR))
    except OSError:
        return bool(sys.stdin) and sys.stdin.isatty()
    return True


def eligibility(subject: Subject | None, *, adults: bool, intimate: bool) -> Eligibility | str:
    """Return the three answers, those not given asked for; or why there can be no case."""
    if subject is None:
        subject = "self" if agrees(report.IS_SELF, report.NO_ANSWERS) else "authorised"
        if subject == "authorised" and not agrees(report.IS_AUTHORISED, report.NO_ANSWERS):
            return report.SOMEBODY_ELSE
    if not (adults or agrees(report.ARE_ADULTS, report.NO_ANSWERS)):
        return report.UNDER_18
    if not (intimate or agrees(report.IS_INTIMATE, report.NO_ANSWERS)):
        return report.NOT_INTIMATE
    return Eligibility(subject, adults=True, intimate=True)


def may_send(folders: Sequence[Path], files: Sequence[Path]) -> bool:
    """Name what was found in folders, and ask whether the hashes of all of it may be sent."""
    for line in report.found_lines(folders, files):
        remark(line)
    return agrees(report.SEND_THESE, report.NO_SEND)
