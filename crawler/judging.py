"""How the steps of a visit make its outcome: pure decisions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from crawler.frontier.visits import Ended, Kind
from crawler.frontier.watches import Watch
from crawler.outcomes import ErrorKind, Outcome

_GONE = {404, 410, 451}
_THERE = {Outcome.SEEN, Outcome.UNCHANGED, Outcome.MOVED}


@dataclass(frozen=True, slots=True)
class Judged:
    """An outcome. `digest` is of what was seen, None if that could not be found out."""

    outcome: Outcome
    changed: bool
    digest: str | None = None
    fault: ErrorKind | None = None
    moved_to: str | None = None


def result_of_status(status: int, *, login: bool, empty: bool) -> str:
    """Return the result of a step by the status of its answer (RFC 9110, 15).

    `login` says that the page asks for a password, `empty` that it shows no media.
    """
    if 200 <= status < 300:  # noqa: PLR2004
        return "members_only" if login and empty else "seen"
    if status in _GONE:
        return "gone"
    if status in {401, 402, 407} or (status == 403 and login):  # noqa: PLR2004
        return "members_only"
    return f"fault {ErrorKind.FORBIDDEN if status == 403 else ErrorKind.SERVER}"  # noqa: PLR2004


def judged(
    watch: Watch, first: str | None, results: Mapping[tuple[Kind, str], int], ended: Ended
) -> Judged:
    """Return how a visit ended: by its first step, which is the watch's own address, and by media.

    A page whose media all failed is a fault, not gone: another host was out of order.
    """
    word, _, rest = (first or f"fault {ErrorKind.TIME}").partition(" ")
    if word in {"seen", "cut", "unchanged", "moved"}:
        return _there(watch, rest, results, ended)
    if word == "fault":
        return Judged(Outcome.FAULT, changed=False, fault=ErrorKind(rest))
    if word in {"no_medium", "not_hashed"}:  # it answers, with nothing that has signals
        return Judged(Outcome.SEEN, changed=watch.outcome not in _THERE, digest=ended.digest)
    outcome = {
        "gone": Outcome.GONE,
        "members_only": Outcome.MEMBERS_ONLY,
        "refused": Outcome.REFUSED,
    }[word]
    digest = ended.digest if outcome is Outcome.GONE else None
    return Judged(outcome, changed=watch.outcome is not outcome, digest=digest)


def _there(
    watch: Watch, moved_to: str, results: Mapping[tuple[Kind, str], int], ended: Ended
) -> Judged:
    media = {result for kind, result in results if kind is Kind.MEDIUM}
    if not ended.media:
        faults = [result for result in sorted(media) if result.startswith("fault ")]
        if faults:
            return Judged(
                Outcome.FAULT, changed=False, fault=ErrorKind(faults[0].removeprefix("fault "))
            )
        if media == {"refused"}:
            return Judged(Outcome.REFUSED, changed=watch.outcome is not Outcome.REFUSED)
        if "gone" in media or watch.shown:
            changed = watch.outcome is not Outcome.GONE
            return Judged(Outcome.GONE, changed=changed, digest=ended.digest)
    # The memory of a leased watch is of what was there, whatever happened since.
    changed = watch.digest != ended.digest or not (watch.name or watch.outcome in _THERE)
    if moved_to:
        return Judged(Outcome.MOVED, changed=changed, digest=ended.digest, moved_to=moved_to)
    outcome = Outcome.SEEN if changed else Outcome.UNCHANGED
    return Judged(outcome, changed=changed, digest=ended.digest)


def report_of(watch: Watch, verdict: Judged, media: int) -> dict[str, str]:
    """Return what a service is told of a visit. It is to remember media that were seen."""
    report = {"watch": watch.name, "lease": watch.lease, "outcome": verdict.outcome.value}
    if media and verdict.digest and verdict.outcome in {Outcome.SEEN, Outcome.MOVED}:
        report["memory"] = verdict.digest
    if verdict.moved_to:
        report["moved_to"] = verdict.moved_to
    return report
