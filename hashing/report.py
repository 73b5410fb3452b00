"""Every sentence and line that the command line prints, as text and as JSON.

What a service says goes through `printable`: nobody else may steer the terminal.
"""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from hashing.errors import ContentError
from hashing.gather import Gathered
from hashing.printable import printable
from hashing.signals import ContentSignals
from hashing.submission import content_document

ABOUT = (
    "Find copies of intimate pictures and videos of you, and have them blocked. Your files are "
    "hashed on this device and stay here; only the hashes are sent."
)
EXIT_CODES = (
    "Exit codes: 0, all done; 1, something failed; 2, the command was incomplete or wrong; "
    "130, stopped by Ctrl-C. A passphrase or key is never an option: set TAKEBACK_PASSPHRASE or "
    "TAKEBACK_KEY."
)
PASSPHRASE = """\
Your passphrase. Only you have it, and nobody can recover it:

    {passphrase}

Write it down where only you can read it. If sending fails, set TAKEBACK_PASSPHRASE to
these words and run this again. That does not open a second case."""  # noqa: S105 (a text about passphrases, not one)
GIVEN = """\
Using the passphrase in TAKEBACK_PASSPHRASE. To open another case, unset it and run this again."""
OPENED = """\
Your case number:

    {number}

It holds the hashes of {files}. To see what happened:
    takeback status --case {number} --server {server}"""
NOT_SHOWN = (
    "Your case is open, but its number could not be written to the output. It is {number}. Write "
    "it down."
)
UNDO = """\
Its hashes will be erased on {day}. Until then you can undo this: run the same command with
--undo. To erase them now, run it with --now."""
ERASED = "Its hashes are erased. This cannot be undone."
HELD = (
    "{count} of these are on hold: they are not looked for until a person has reviewed them. "
    "Run status to see which."
)
NOTHING_UNDONE = "Nothing here was withdrawn, so there was nothing to undo."
NOTHING_HASHED = "None of these files could be hashed, so nothing was sent."
NOT_HASHED = "{failed} could not be hashed. The reason for each is above."
NOTHING_FOUND = "No pictures or videos were found."
TOO_MANY = "These are {count} files, and a case holds {most}. Choose fewer files."
CUT = "Only the first {count} files were taken. Name smaller folders to get the rest."
DRY_RUN = """\
Nothing was sent. Above are the hashes of {files}, as they would be sent. The only other things
sent are {rest}."""
REST_OF_CASE = "your three answers, a key made from your passphrase, and a proof of work"
REST_OF_ADDITION = "your case number and a key made from your passphrase"
REST_OF_LABELS = ", and your labels, encrypted"
REST_OF_LOOKUP = "your platform key"
NO_OUTPUT = "There is no output to write to. Nothing was done."
NO_KEY = "Set TAKEBACK_KEY to your platform key."
SYSTEM = "This device could not continue ({reason}). Close other programs and try again."
STOPPED = "Stopped. Nothing more was sent."
STOPPED_SENDING = STOPPED + " You can run this again: nothing is done twice."
WAITING = "The service asks us to wait {time}."

IS_SELF = "Are you the person shown?"
IS_AUTHORISED = "Has the person shown asked you to do this, or are you responsible for them?"
ARE_ADULTS = "Was everyone shown 18 or older when it was made?"
IS_INTIMATE = "Is it intimate, and is it shared without consent, or might it be?"
SEND_THESE = "Send the hashes of all of these?"
YES_OR_NO = "Please answer y for yes or n for no."
PASSPHRASE_QUESTION = "Passphrase (seven words): "  # noqa: S105 (the question for it)
NO_PASSPHRASE = "No passphrase was given. Type it in a terminal, or set TAKEBACK_PASSPHRASE."  # noqa: S105 (the same)
NO_ANSWERS = (
    "This asks a question, and there is nobody to answer it. Nothing was sent. Answer with "
    "options: --subject self (or authorised), --adults, --intimate."
)
NO_SEND = (
    "These are all the pictures and videos of a folder, and nobody is here to confirm that. "
    "Nothing was sent. If they are the right ones, add --yes."
)
ABOUT_LABELS = (
    "A label helps you to tell your files apart. It is encrypted before it is sent; only your "
    "passphrase opens it. Press Enter for no label."
)
LABEL_OF = "Label of {path}:"
LABEL_OF_ENTRY = "New label of entry {n}:"
NO_LABEL = "This asks for a label, and there is nobody to type it. Nothing was changed."
NO_LABEL_TYPED = "No label was typed, so nothing was changed. To remove the label, add --remove."
NO_LABELS = (
    "This asks for labels, and there is nobody to type them. Nothing was sent. Leave out --labels, "
    "or give one line for each file."
)
NO_WITHDRAWAL = "Nobody is here to confirm this. Nothing was withdrawn. If it is right, add --yes."
NOT_SENT = "Nothing was sent."
NOT_WITHDRAWN = "Nothing was withdrawn."
SOMEBODY_ELSE = (
    "Only the person shown, or somebody who acts for them, can open a case. Tell that person about "
    "this service. Nothing was sent."
)
UNDER_18 = (
    "If anyone shown was under 18, or might have been, others can help faster. In the US and "
    "worldwide: NCMEC's Take It Down (takeitdown.ncmec.org). In the UK: Report Remove (Childline "
    "and the IWF). Nothing was sent."
)
NOT_INTIMATE = (
    "This service is for intimate content that is shared without consent, or might be. For "
    "anything else, use the report form of the platform. Nothing was sent."
)
UNREADABLE_LABEL = " (its label cannot be read)"
MAX_LISTED = 10
"""Most files of folders that are listed before they are sent."""

_STATUS_WORDS = {
    "received": "received",
    "active": "being looked for",
    "quarantined": "on hold, not looked for until a person has reviewed it",
    "kept": "not being looked for: a person reviewed it and decided this. If that is wrong, ask "
    "the people who run the service",
    "withdrawing": "withdrawn, no longer looked for",
    "withdrawn": "withdrawn, no longer looked for, and erased",
}
_SOURCE_WORDS = {
    "lookup": "found among uploads",
    "observation": "seen online",
    "declared": "a site lists this exact file",
}
_OUTCOME_WORDS = {
    None: "they have not told us yet what they did",
    "pending_review": "they are reviewing it",
    "blocked": "they blocked it",
    "not_blocked": "they did not block it",
}


INCOMPLETE = (
    "Part of this file is missing, so only the part that is there was hashed. If you have a "
    "complete copy, hash that too."
)


def shown(path: Path) -> str:
    """Return a path for people; unprintable characters, which may control a terminal, escaped."""
    return printable(str(path))


def files_text(count: int) -> str:
    """Return a number of files in words."""
    return "1 file" if count == 1 else f"{count} files"


def opened_text(number: str, count: int, server: str) -> str:
    """Return the number of a new case, and what it is for."""
    return OPENED.format(
        number=printable(number), files=files_text(count), server=shlex.quote(server)
    )


def passed_lines(gathered: Gathered) -> Iterator[str]:
    """Yield a line for each thing in folders that was passed over, and one for the rest."""
    for path, why in gathered.named:
        yield f"Passed over {shown(path)}: {why}."
    if more := gathered.passed_over - len(gathered.named):
        yield f"Passed over {more} more."
    if gathered.cut:
        yield CUT.format(count=len(gathered.files))


def found_lines(folders: Sequence[Path], files: Sequence[Path]) -> Iterator[str]:
    """Yield what there is to say before all pictures and videos of folders are sent."""
    for folder in folders:
        yield f"In {shown(folder.resolve())}:"
    for path in files[:MAX_LISTED]:
        yield f"  {shown(path)}"
    if (more := len(files) - MAX_LISTED) > 0:
        yield f"  and {more} more"


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
    return f"{printable(answer['verdict']):6} {shown(path)} {references}".rstrip()


def withdrawn_text(what: str, answer: dict[str, Any]) -> str:
    """Return what a withdrawal did, and until when it can be undone."""
    done = f"Withdrawn: {what}. It is no longer looked for."
    day = answer.get("erase_on")
    return f"{done}\n{UNDO.format(day=printable(day))}" if day else f"{done}\n{ERASED}"


def added_text(number: str, answer: dict[str, Any]) -> str:
    """Return what was added to a case, and what of it the case has and does not look for."""
    done = f"Added {answer['added']} to case {number}. What it had already was not added again."
    held = answer.get("held")
    return f"{done}\n{HELD.format(count=held)}" if held else done


def labelled_text(n: int, label: str) -> str:
    """Return what an entry is called now."""
    return (
        f"Entry {n} is now called “{printable(label)}”."
        if label
        else f"Entry {n} has no label now."
    )


def undone_text(what: str, answer: dict[str, Any]) -> str:
    """Return what an undo did."""
    return f"Undone: {what} is as it was before." if answer["undone"] else NOTHING_UNDONE


def _label(entry: dict[str, Any]) -> str:
    """The label of an entry, if it has one."""
    if "label" not in entry:
        return ""
    return UNREADABLE_LABEL if entry["label"] is None else f" “{entry['label']}”"


def _reference(match: dict[str, Any]) -> str:
    """A match reference; with the span of the video that matched, if there is one."""
    span, reference = match.get("span"), printable(match["match"])
    return f"{reference} ({span['from_s']:g}–{span['until_s']:g} s)" if span else reference


def status_lines(status: dict[str, Any]) -> Iterator[str]:
    """Yield the lines of a case's status."""
    for line in _status_lines(status):
        yield printable(line)


def _status_lines(status: dict[str, Any]) -> Iterator[str]:
    yield f"Case {status['case_number']}, opened {status['opened_on']}"
    for entry in status["entries"]:
        state = "kept" if entry.get("held") == "kept" else entry["status"]
        words = _STATUS_WORDS.get(state, state)
        undone = f"; can be undone before {day}" if (day := entry.get("erase_on")) else ""
        named = f"{entry['kind']}{_label(entry)}"
        yield f"  {entry['n']}. {named}, added {entry['added_on']}: {words}{undone}"
        for sighting in entry["sightings"]:
            outcome = _OUTCOME_WORDS.get(sighting["outcome"], sighting["outcome"])
            source = _SOURCE_WORDS.get(sighting["source"], sighting["source"])
            yield f"     {sighting['seen_on']}  {sighting['platform']}: {source}; {outcome}"
    yield status["says"]
