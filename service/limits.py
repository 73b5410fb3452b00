"""Every limit of what a request may cost, each with its reason. `docs/api.md` has them as a table.

What an operator may choose is in `service.settings`; these follow from the documents themselves.
"""

from __future__ import annotations

from typing import NamedTuple

KIB, MIB = 2**10, 2**20


class DocumentLimit(NamedTuple):
    """How large the JSON document of one route may be."""

    size: int
    """Bytes of the body."""
    commas: int
    """Commas in it, which bound how many values it has: a parser makes 25 bytes of each byte that
    is nothing but values. Counted before anything is parsed."""


MAX_NAMES = 16
"""Members of one JSON object. The largest that we document has 7."""

MAX_FRAMES = 20_000
"""Frames of all entries of a submission. A moving phone video has at most 4 a second, folded to
1,200 at most: 20,000 are 50 videos of 100 seconds each, or 16 of the longest."""

ADDED_SIGNALS_PER_HOUR = 65_000
"""Signals that one case may be sent in addition: as many as its 50 entries can hold, and more."""

ADDED_ALWAYS = 2_000
"""Of these, so many count for the case alone: all signals of 50 pictures, or of a long video. So a
few cases that send all they may leave every other owner room to add."""

ADDITION_ROWS = 100
"""Signals that each addition is charged for besides its own: 600 small ones an hour."""

SUBMISSION = DocumentLimit(4 * MIB, 160_000)
"""A frame is about 150 bytes with 5 commas, so 20,000 of them are 3 MB with 100,000 commas; all
signals and windows of 50 entries are 120 kB with 5,000."""

LOOKUP = DocumentLimit(8 * MIB, 320_000)
"""The 50,000 values that one lookup may ask (`match_policy.MOST_VALUES`) are at most 6.4 MB with
200,000 commas, as 25,000 frames with one view of one value each; as plain pictures, 0.9 MB."""

OBSERVATIONS = DocumentLimit(8 * MIB, 320_000)
"""As much as a lookup; 1,000 addresses of 2,048 characters are 2 MB of it, and may have commas."""

FEEDBACK = DocumentLimit(128 * KIB, 8_000)
"""1,000 responses of about 75 bytes with 2 commas."""

WATCH = DocumentLimit(16 * KIB, 2_100)
"""An address of 2,048 characters, which may be commas, or escapes of six characters each."""

LABEL = DocumentLimit(2 * KIB, 8)
"""One sealed label is 536 digits."""

VISITS = DocumentLimit(1 * MIB, 320_000)
"""100 visits, each with 4,096 characters to be kept and an address of 2,048."""

WATCHES_PER_DAY = 60
"""Addresses that one case may add in a day, removed ones included: each sends a crawler there."""

LABELS_PER_DAY = 500
"""Labels that one case may be given or take away in a day: each of its 50 entries, ten times."""

CONTACT = DocumentLimit(16 * KIB, 1_100)
"""A channel: an address of 1,000 characters, which may be commas, or escapes of six each."""

NOTICE = DocumentLimit(512 * KIB, 90_000)
"""300 addresses of 60,000 characters in all, which may be commas, as the twelve texts of 2,000; in
JSON a character has up to six bytes."""

NOTICE_FORM = 768 * KIB
"""The same as a form of a page: up to nine bytes a character."""

NOTICE_FIELDS = 32
"""Fields of that form: 18 of a notice, and what every form of an owner has."""

NOTICES_PER_DAY = 200
"""Notices that one case may write, send or change in a day."""

ANSWERS = DocumentLimit(16 * KIB, 2_100)
"""What a platform says about one notice, in 1,000 characters."""

TESTS_PER_DAY = 20
"""Tests of channels, and questions whether an address is the right one, of one case in a day. How
often one address is written to is counted in the store (`domain.alert`)."""

TESTS_PER_HOUR_OF_SOURCE = 30
"""Of one network address: an office of people who help."""

TESTS_PER_HOUR = 600
"""Of all together: so many strangers may get one message with a code."""

REPORTED_PER_DAY = 20_000
"""Addresses that one platform may report in a day, also those that it withholds or takes back: as
many as it may have looked at, twice."""

SMALL_BODY = 64 * KIB
"""A body that never waits for memory: as many of these as connections are 32 MB. A lookup of 100
pictures is one, or of 8 with sixteen views."""

INLINE_BODY = 8 * KIB
"""A body that is parsed on the event loop: it takes less than a change of threads, 0.1 ms, and at
most 2 ms when it is made to cost as much as it can. A platform's is parsed in the thread that also
answers it, if it is here when its headers are."""

HELD_BYTES = 48 * MIB
"""Bytes of larger bodies that are held at a time, for each of the two kinds of callers (owners and
key holders), so that neither keeps the other out. Twelve of the largest submissions."""

PARSED_BYTES = 16 * MIB
"""Bytes of larger bodies that are parsed and worked on at a time, for each kind of callers. Parsed,
they take up to ten times as much."""

WAIT_SECONDS = 5
"""How long a request waits for that memory before it is answered with 503."""

BODY_SECONDS = 60
"""From the headers to the end of a body: 4 MiB at 70 kB a second, a phone badly connected."""

BODY_IDLE_SECONDS = 10
"""Between two parts of a body."""

BODY_RATE = 16 * KIB
"""Bytes a second that a body has on average, after the first BODY_IDLE_SECONDS."""

EVICT_SECONDS = 2
"""A body that has been arriving for so long gives way to others when memory runs out."""

BUDGET_KEYS = 100_000
"""Sources and keys that one budget remembers, 15 MB at most. Above, those who used least are
forgotten first."""

FAILURES_PER_MINUTE = 600
"""Wrong credentials of all together, before answers to wrong ones are delayed. Right ones never
are. An access key has 256 bits, and the words behind it 77: this keeps guessing from being a load,
not from succeeding."""

CODES_PER_HOUR = 20
"""One-time codes that whoever knows a member's password may try, three of a million being right: in
a month of trying, in one process, one in 24 finds one. A passkey is not counted."""

GRANTS_PER_DAY = 10
"""Codes that one case may make in a day: five may be live at a time, and some are mistyped."""

GRANT_CODES_PER_HOUR = 20
"""Codes of owners that one member may try, of 80 bits: this keeps guessing from being a load."""

CHECKS_PER_DAY = 200
"""Files and addresses that one member checks in a day: forty cases with five each. A member whose
session is stolen learns no more than that of the cases that she may see."""

CHECKED_FORM = 1024 * KIB
"""A form of the desk with the hashes of files: a video of 1,200 frames has 300 KiB in a form."""

LINKS_PER_DAY = 50
"""Intake links that one member makes in a day."""

FAILURE_DELAY_SECONDS = 1
DELAYED_FAILURES = 100
"""Answers that are delayed at a time; each keeps a connection."""
