"""The JSON documents in which signals leave the device. What has no field here cannot be sent.

There is none for a file name, EXIF, a size or a thumbnail, nor for a label that can be read. The
JSON schema of a submission is `submission.schema.json` in this package, and is printed in
`docs/submission.md`.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from importlib.resources import files
from typing import Any, Literal

from hashing.errors import InvalidSubmission
from hashing.signals import ContentSignals, FrameSignal, Signal, ViewSignals, WindowSignal
from hashing.work import Work

VERSION = 1
MAX_ENTRIES = 50
"""Most entries of one case: more suggest a list that is not one person's own."""
MAX_NOTE = 1000
"""Most characters of the note for advocates."""


@dataclass(frozen=True, slots=True)
class Eligibility:
    """The owner's answers, without which the service takes no case (docs/operating.md).

    `subject`: "self" if the owner is the person shown, "authorised" if acting for them.
    `adults`: everyone shown was 18 or older when it was made.
    `intimate`: the content is intimate, and is or may be shared without consent.
    """

    subject: Literal["self", "authorised"]
    adults: bool
    intimate: bool


@dataclass(frozen=True, slots=True)
class Submission:
    """A new case: the signals of its entries, the owner's answers, and a note if there is one."""

    entries: tuple[ContentSignals, ...]
    eligibility: Eligibility
    note: str | None = None

    def __post_init__(self) -> None:
        _check_count(self.entries)
        if self.note is not None and not 0 < len(self.note) <= MAX_NOTE:
            raise InvalidSubmission(f"A note has 1 to {MAX_NOTE} characters.")

    def document(self, access_key: bytes, work: Work | None = None) -> dict[str, Any]:
        """Return the JSON object for `POST /v1/cases`, with a proof of work if one is needed."""
        answers = self.eligibility
        note = {} if self.note is None else {"note": self.note}
        return {
            "version": VERSION,
            "access_key": access_key.hex(),
            **({} if work is None else {"work": _work(work)}),
            "eligibility": {
                "subject": answers.subject,
                "adults": answers.adults,
                "intimate": answers.intimate,
            },
            **note,
            "entries": [content_document(entry) for entry in self.entries],
        }


def entries_document(entries: tuple[ContentSignals, ...]) -> dict[str, Any]:
    """Return the JSON object for `POST /v1/case/entries`. Raises InvalidSubmission."""
    _check_count(entries)
    return {"entries": [content_document(entry) for entry in entries]}


def content_document(content: ContentSignals) -> dict[str, Any]:
    """Return the JSON object of one entry, or of one item of a lookup."""
    parts = {
        "frames": [_frame(frame) for frame in content.frames],
        "windows": [_window(one) for one in content.windows],
        "views": [_view(view) for view in content.views],
    }
    label = {} if content.sealed_label is None else {"sealed_label": content.sealed_label.hex()}
    return {
        "kind": content.kind.value,
        "signals": [_signal(signal) for signal in content.signals],
        **{name: part for name, part in parts.items() if part},
        **label,
    }


def schema() -> dict[str, Any]:
    """Return the JSON schema (draft 2020-12) of the submission."""
    text = files("hashing").joinpath("submission.schema.json").read_text("utf-8")
    loaded: dict[str, Any] = json.loads(text)
    return loaded


def _signal(signal: Signal) -> dict[str, Any]:
    quality = {} if signal.quality is None else {"quality": signal.quality}
    return {"type": signal.type.value, "value": signal.hex, **quality}


def _frame(frame: FrameSignal) -> dict[str, Any]:
    views = {"views": [_view(view) for view in frame.views]} if frame.views else {}
    return {"at_ms": frame.at_ms, "until_ms": frame.until_ms, **_signal(frame.signal), **views}


def _window(one: WindowSignal) -> dict[str, Any]:
    return {"window": one.window.value, **_signal(one.signal)}


def _view(view: ViewSignals) -> dict[str, Any]:
    values = [value.hex() for value in view.values]
    return {"view": view.view, "quality": view.quality, "values": values}


def _work(work: Work) -> dict[str, Any]:
    return {"challenge": work.challenge, "nonces": list(work.nonces)}


def _check_count(entries: tuple[ContentSignals, ...]) -> None:
    if not 0 < len(entries) <= MAX_ENTRIES:
        raise InvalidSubmission(f"A case holds 1 to {MAX_ENTRIES} files; this has {len(entries)}.")
