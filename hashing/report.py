"""Every sentence and line that the command line prints, as text and as JSON."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from hashing.errors import ContentError
from hashing.signals import ContentSignals
from hashing.submission import content_document

ABOUT = (
    "Find out, and stop, where intimate pictures of you are shared. Your files are hashed "
    "on this device; only the hashes are ever sent."
)
PASSPHRASE = """\
Your passphrase, which only you have and nobody can recover:

    {passphrase}

Keep it safe. If sending fails, set TAKEBACK_PASSPHRASE to it and run this again:
that opens no second case."""  # noqa: S105 (a text about passphrases, not one)
GIVEN = """\
Using the passphrase in TAKEBACK_PASSPHRASE. For another case, unset it and run this again."""
OPENED = """\
Your case number:

    {number}

It holds the hashes of {count} files. To see what happened:
    takeback status --case {number} --server URL"""
UNDO = """\
Its hashes are erased on {day}. Before that you can undo it, by the same command with --undo,
or have them erased at once, with --now."""
ERASED = "Its hashes are erased. This cannot be undone."
HELD = (
    "{count} of these are held in the case, and are not looked for until a person has reviewed "
    "them: see its status."
)
NOTHING_UNDONE = "Nothing of this was withdrawn, so nothing was undone."
UNDER_18 = (
    "If someone shown was under 18, or you are not sure, others can help faster and know how. "
    "In the US and worldwide: NCMEC Take It Down (takeitdown.ncmec.org). In the UK: "
    "Report Remove (Childline with the IWF). Nothing was sent."
)
NOT_INTIMATE = (
    "This service is for intimate content shared without consent. For anything else, "
    "the platform's own report form is the way. Nothing was sent."
)

_STATUS_WORDS = {
    "received": "received",
    "active": "being looked for",
    "quarantined": "held, not looked for until a person has reviewed it",
    "kept": "not looked for: a person has reviewed it and decided so. If that is wrong, ask "
    "whoever runs the service",
    "withdrawing": "withdrawn, matched no more",
    "withdrawn": "withdrawn, matched no more, and erased",
}
_SOURCE_WORDS = {
    "lookup": "found among uploads",
    "observation": "seen where people can see it",
}
_OUTCOME_WORDS = {
    None: "no word yet of what they did",
    "pending_review": "they are reviewing it",
    "blocked": "they blocked it",
    "not_blocked": "they did not block it",
}


INCOMPLETE = (
    "This file breaks off: only the part of it that can be seen was hashed. If you have a whole "
    "copy, hash that too."
)


def shown(path: Path) -> str:
    """Return a path for people; unprintable characters, which may control a terminal, escaped."""
    escaped = (c if c.isprintable() else c.encode("unicode_escape").decode() for c in str(path))
    return "".join(escaped)


def outcome_lines(
    path: Path, outcome: ContentSignals | ContentError, *, as_json: bool
) -> Iterator[str]:
    """Yield the lines about one hashed file: one line of JSON, or one line for each signal."""
    if isinstance(outcome, ContentError):
        failure = {"path": str(path), "error": {"code": outcome.code, "message": str(outcome)}}
        yield json.dumps(failure) if as_json else f"error   {shown(path)}: {outcome}"
    elif as_json:
        noted = {"incomplete": True} if outcome.incomplete else {}
        yield json.dumps({"path": str(path), **content_document(outcome), **noted})
    else:
        if outcome.incomplete:
            yield f"note    {shown(path)}: {INCOMPLETE}"
        for signal in outcome.signals:
            quality = "" if signal.quality is None else f"quality {signal.quality}"
            yield f"{signal.type:7} {signal.hex:64} {quality:11} {shown(path)}"
        for part in outcome.windows:
            description = f"{part.window:11} quality {part.signal.quality}"
            yield f"{'window':7} {part.signal.hex:64} {description} {shown(path)}"
        if outcome.frames:
            count = f"{len(outcome.frames)} distinct frames"
            yield f"{'frames':7} {count:76} {shown(path)}"


def verdict_line(path: Path, answer: dict[str, Any], *, as_json: bool) -> str:
    """Return the line about one file that was looked up."""
    if as_json:
        return json.dumps({"path": str(path), **answer})
    references = " ".join(_reference(match) for match in answer["matches"])
    return f"{answer['verdict']:6} {shown(path)} {references}".rstrip()


def withdrawn_text(what: str, answer: dict[str, Any]) -> str:
    """Return what a withdrawal did, and until when it can be undone."""
    done = f"Withdrawn: {what}. It is matched no more."
    day = answer.get("erase_on")
    return f"{done}\n{UNDO.format(day=day)}" if day else f"{done}\n{ERASED}"


def added_text(number: str, answer: dict[str, Any]) -> str:
    """Return what was added to a case, and what of it the case has and does not look for."""
    done = f"Added {answer['added']} to case {number}; what it had already was passed over."
    held = answer.get("held")
    return f"{done}\n{HELD.format(count=held)}" if held else done


def undone_text(what: str, answer: dict[str, Any]) -> str:
    """Return what an undo did."""
    return f"Undone: {what} is as it was before." if answer["undone"] else NOTHING_UNDONE


def _reference(match: dict[str, Any]) -> str:
    """A match reference; with the span of the video that matched, if there is one."""
    span = match.get("span")
    return (
        f"{match['match']} ({span['from_s']:g}–{span['until_s']:g} s)" if span else match["match"]
    )


def status_lines(status: dict[str, Any]) -> Iterator[str]:
    """Yield the lines of a case's status."""
    yield f"Case {status['case_number']}, opened {status['opened_on']}"
    for entry in status["entries"]:
        state = "kept" if entry.get("held") == "kept" else entry["status"]
        words = _STATUS_WORDS.get(state, state)
        undone = f"; can be undone before {day}" if (day := entry.get("erase_on")) else ""
        yield f"  {entry['n']}. {entry['kind']}, added {entry['added_on']}: {words}{undone}"
        for sighting in entry["sightings"]:
            outcome = _OUTCOME_WORDS.get(sighting["outcome"], sighting["outcome"])
            source = _SOURCE_WORDS.get(sighting["source"], sighting["source"])
            yield f"     {sighting['seen_on']}  {sighting['platform']}: {source}; {outcome}"
    yield status["says"]
