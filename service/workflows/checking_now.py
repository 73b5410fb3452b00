"""A member asks whether a file belongs to cases that were granted to her, and to which."""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

from hashing.signals import ContentSignals
from service.domain import match_policy
from service.domain.advocacy import HeldCase
from service.domain.audit import Audited
from service.domain.errors import TooLarge
from service.domain.grant import GrantScope
from service.domain.member import Member
from service.domain.sighting import Verdict
from service.domain.watch import Clock
from service.search import matcher, queries
from service.search.few import FewEntries
from service.store import entries
from service.workflows.context import Context
from service.workflows.opened_case import all_opened
from service.workflows.recording import case as as_object
from service.workflows.recording import record


class Checked(NamedTuple):
    """Whether a file belongs to a case."""

    case: HeldCase
    verdict: Verdict


def check(context: Context, member: Member, content: ContentSignals, now: Clock) -> list[Checked]:
    """Compare content with the cases whose owners granted that, and with nothing else.

    Not with observations either: that something was seen where another owner has somebody look
    would tell of that owner. What was observed of a case that matches is in its timeline. Raises
    TooLarge. Each owner reads that a file was checked against their case, whatever came of it.
    """
    asked = replace(content, windows=(), sealed_label=None)
    if queries.size([asked]) > match_policy.MOST_VALUES:
        raise TooLarge
    with context.database.read() as tx:
        held = [
            case
            for case, _ in all_opened(tx, member, now.day)
            if GrantScope.SIGHTINGS in case.scopes
        ]
        case_of = {
            entry.id: case.case_id for case in held for entry in entries.of_case(tx, case.case_id)
        }
        among = FewEntries(tx, case_of)
    (verdicts,) = matcher.match(context.replica, [asked], among=among)
    found: dict[int, Verdict] = {}
    for one in verdicts:
        of_case = case_of[one.entry_id]
        if found.get(of_case) is not Verdict.MATCH:
            found[of_case] = one.verdict
    return _recorded(context, member, [(case, found) for case in held], now)


def _recorded(
    context: Context, member: Member, asked: list[tuple[HeldCase, dict[int, Verdict]]], now: Clock
) -> list[Checked]:
    """Record the check with each case, and answer for those that may still be seen."""
    answers = []
    with context.database.write() as tx:
        still = {case.grant_id for case, _ in all_opened(tx, member, now.day)}
        for case, found in asked:
            if case.grant_id not in still:
                continue
            about = as_object(case.case_id)
            record(context, tx, member.at(now), now.day, Audited.FILE_CHECKED, about)
            answers.append(Checked(case, found.get(case.case_id, Verdict.NONE)))
    return answers
