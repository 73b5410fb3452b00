"""The calls of an owner and of a platform, each with the answer that it must get."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Any, Literal

from hashing import answers, labels
from hashing.errors import InvalidKey, NotTakeback, Refused
from hashing.passphrase import ascii_digits, derive
from hashing.signals import ORIENTATIONS, ContentSignals
from hashing.submission import Submission, content_document, entries_document
from hashing.transport import call, parsed_address
from hashing.work import Work, extended

Json = dict[str, Any]
Feedback = Literal["pending_review", "blocked", "not_blocked"]
Scope = Literal["page", "thread", "site"]
ChannelKind = Literal["feed", "webhook", "mail"]
_ALERTS = "/v1/case/alerts"

LOOKUP_ITEMS = 1000
LOOKUP_VALUES = 50_000
"""Most items, and most perceptual values, that the service accepts in one request."""
ATTEMPTS = 6
"""Most submissions of one case: the price may rise meanwhile, four times by a factor of two."""
_WORK_EXPIRED = "takeback:problem:work-expired"
_WORK_NEEDED = {"takeback:problem:work-needed", _WORK_EXPIRED}
_CHALLENGE = re.compile(r"[0-9]{1,12}\.[0-9a-f]{40}")
_HEX = re.compile(r"([0-9a-fA-F]{2})*")


class OwnerClient:
    """Opens a case, asks for its status, withdraws, undoes. The passphrase is never sent."""

    def __init__(self, server: str, passphrase: str) -> None:
        self._server = parsed_address(server)
        keys = derive(passphrase)
        self._access, self._vault = keys.access, keys.vault

    def labelled(self, entry: ContentSignals, label: str) -> ContentSignals:
        """Return an entry with a label that only the passphrase opens. Raises InvalidLabel."""
        return replace(entry, sealed_label=labels.seal(self._vault, label))

    def open_case(
        self, submission: Submission, advance: Callable[[float], None] | None = None
    ) -> str:
        """Do the proof of work that the service asks for, send a submission; return its number.

        Sending it again with the same passphrase returns the same number and opens no second case:
        so it can be repeated when an answer was lost. `advance` is called with the part of the work
        that is done, 0 to 1, and begins anew if more is needed.
        """
        price = call(self._server, "GET", "/v1/challenge")
        work = Work("")
        for _ in range(ATTEMPTS):
            work = self._worked(work, price, advance)
            document = submission.document(self._access, work if work.nonces else None)
            try:
                answer = call(self._server, "POST", "/v1/cases", document)
            except Refused as err:
                if err.problem not in _WORK_NEEDED:
                    raise
                refused, price = err, err.document
                enough = len(work.nonces) >= _checked(price)["pieces"]
                if err.problem == _WORK_EXPIRED or enough:
                    work = Work("")
            else:
                return str(answers.checked(answer, answers.OPENED)["case_number"])
        raise refused

    def _worked(self, work: Work, price: Json, advance: Callable[[float], None] | None) -> Work:
        """Return more of the same work, or work for the challenge of the price if there is none."""
        asked = _checked(price)
        begun = work if work.challenge else Work(asked["challenge"])
        return extended(begun, self._access, asked["pieces"], advance)

    def status(self, number: str) -> Json:
        """Return what happened to each entry, by platform and day.

        An entry that has a sealed label has it as `label` too; None if it cannot be opened.
        """
        answer = answers.checked(self._of_case(number, "GET", "/v1/case"), answers.STATUS)
        entries = [self._with_label(entry) for entry in answer["entries"]]
        return {**answer, "entries": entries}

    def _with_label(self, entry: Json) -> Json:
        if not (sealed := entry.get("sealed_label")):
            return entry
        whole = _HEX.fullmatch(sealed)
        return {
            **entry,
            "label": labels.unseal(self._vault, bytes.fromhex(sealed)) if whole else None,
        }

    def add(self, number: str, entries: Sequence[ContentSignals]) -> Json:
        """Add entries to an open case."""
        document = entries_document(tuple(entries))
        answer = self._of_case(number, "POST", "/v1/case/entries", document)
        return answers.checked(answer, answers.ADDED)

    def label(self, number: str, entry: int, label: str | None) -> None:
        """Change what an entry is called, sealed so that only the passphrase opens it.

        None takes its label away. Raises InvalidLabel, also for an empty one.
        """
        sealed = None if label is None else labels.seal(self._vault, label).hex()
        path = f"{_path(entry)}/label"
        answer = self._of_case(number, "PUT", path, {"sealed_label": sealed})
        answers.checked(answer, answers.LABELLED)

    def withdraw(self, number: str, entry: int | None = None, *, erase_now: bool = False) -> Json:
        """Withdraw one entry, or the whole case. Matching stops before this returns.

        It can be undone until the `erase_on` of the answer; with `erase_now`, never.
        """
        path = _path(entry) + ("?erase=now" if erase_now else "")
        return answers.checked(self._of_case(number, "DELETE", path), answers.WITHDRAWN)

    def undo(self, number: str, entry: int | None = None) -> Json:
        """Undo the withdrawal of one entry, or of the whole case."""
        answer = self._of_case(number, "POST", f"{_path(entry)}/undo")
        return answers.checked(answer, answers.UNDONE)

    def watch(
        self,
        number: str,
        address: str,
        *,
        shows_minor: bool,
        scope: Scope = "page",
        depth: int = 0,
    ) -> Json:
        """Have an address looked at, again and again; return it as `watches` does.

        One that shows a person under 18 never is: the service refuses it and says who helps.
        """
        body = {"address": address, "scope": scope, "depth": depth, "shows_minor": shows_minor}
        return answers.checked(
            self._of_case(number, "POST", "/v1/case/watches", body), answers.WATCH
        )

    def watches(self, number: str) -> list[Json]:
        """Return the addresses of a case, and what happened there, by day."""
        document = self._of_case(number, "GET", "/v1/case/watches")
        found: list[Json] = answers.checked(document, answers.WATCHES)["watches"]
        return found

    def unwatch(self, number: str, n: int) -> None:
        """Have an address looked at no more, and what happened there forgotten."""
        self._of_case(number, "DELETE", f"/v1/case/watches/{n}")

    def alerts(self, number: str) -> Json:
        """Return whether, how and when the owner is told that there is news."""
        return _told(self._of_case(number, "GET", _ALERTS))

    def set_channel(
        self, number: str, kind: ChannelKind, address: str | None, contact: Json
    ) -> Json:
        """Set up a channel; return what is shown once: the path of a feed, a webhook's secret.

        It begins once its test is confirmed: by reading the feed, by the webhook's answer, or by
        `confirm_mail`. `contact` has wording, language, hours, read_by_others, ask_after_days.
        """
        body = {"kind": kind, "address": address, **contact}
        answer = self._of_case(number, "POST", f"{_ALERTS}/channels", body)
        return answers.checked(answer, answers.CHANNEL)

    def confirm_mail(self, number: str, code: str) -> None:
        """Begin to use a mail address, by the code that was sent there."""
        self._of_case(number, "POST", f"{_ALERTS}/channels/mail/code", {"code": code})

    def test_channel(self, number: str, kind: ChannelKind) -> None:
        """Have a test sent."""
        self._of_case(number, "POST", f"{_ALERTS}/channels/{kind}/test")

    def is_address(self, number: str, kind: ChannelKind, address: str) -> bool:
        """Return whether a channel leads to an address, which the service never shows."""
        body = {"address": address}
        answer = self._of_case(number, "POST", f"{_ALERTS}/channels/{kind}/check", body)
        return bool(answers.checked(answer, answers.SAME)["same"])

    def mute_alerts(self, number: str, days: int | None) -> Json:
        """Be told nothing for some days; None ends that."""
        return _told(self._of_case(number, "PUT", f"{_ALERTS}/mute", {"days": days}))

    def ask_about_alerts(self, number: str, after_days: int) -> Json:
        """Be asked again after so many days whether all of this is still safe."""
        return _told(self._of_case(number, "PUT", f"{_ALERTS}/ask", {"after_days": after_days}))

    def remove_alerts(self, number: str) -> None:
        """Be told nothing any more."""
        self._of_case(number, "DELETE", _ALERTS)

    def grant(self, number: str, *, scopes: Iterable[str] = (), days: int = 90) -> Json:
        """Make a code by which one organisation may see a case; return it with the grant."""
        body = {"scopes": list(scopes), "days": days}
        return answers.checked(
            self._of_case(number, "POST", "/v1/case/grants", body), answers.NEW_GRANT
        )

    def grants(self, number: str) -> list[Json]:
        """Return who may see a case, the newest first."""
        document = self._of_case(number, "GET", "/v1/case/grants")
        found: list[Json] = answers.checked(document, answers.GRANTS)["grants"]
        return found

    def revoke(self, number: str, n: int) -> None:
        """End a grant, from the next request of whoever holds it on."""
        self._of_case(number, "DELETE", f"/v1/case/grants/{n}")

    def regimes(self) -> list[Json]:
        """Return the laws by which removal can be asked for, with what of them is in doubt."""
        document = call(self._server, "GET", "/v1/regimes")
        found: list[Json] = answers.checked(document, answers.REGIMES)["regimes"]
        return found

    def draft_notice(self, number: str, notice: Json) -> Json:
        """Return how a notice would read, and what is missing of it. Nothing is stored."""
        answer = self._of_case(number, "POST", "/v1/case/notices/draft", notice)
        return answers.checked(answer, answers.DRAFT)

    def keep_notice(self, number: str, notice: Json, *, sent_minutes_ago: int | None) -> Json:
        """Keep a notice as a draft; or, of one that was sent so long ago, the clock alone."""
        more = {"sent_minutes_ago": sent_minutes_ago, "keep_text": sent_minutes_ago is None}
        answer = self._of_case(number, "POST", "/v1/case/notices", {**notice, **more})
        return answers.checked(answer, answers.NOTICE)

    def notices(self, number: str) -> list[Json]:
        """Return the notices of a case with their clocks, the newest first."""
        document = self._of_case(number, "GET", "/v1/case/notices")
        found: list[Json] = answers.checked(document, answers.NOTICES)["notices"]
        return found

    def _of_case(self, number: str, method: str, path: str, body: Json | None = None) -> Json:
        credential = f"Case {plain_number(number)}:{self._access.hex()}"
        return call(self._server, method, path, body, credential)


def plain_number(typed: str) -> str:
    """Return a case number in ASCII: it may be typed in any script's digits, with any dashes."""
    return "-".join(re.findall(r"[0-9a-zA-Z]+", ascii_digits(typed)))


def _told(answer: Json) -> Json:
    if contact := answers.checked(answer, answers.ALERTS)["contact"]:
        answers.checked(contact, answers.CONTACT)
    return answer


def _checked(price: Json) -> Json:
    if not _CHALLENGE.fullmatch(answers.checked(price, answers.PRICE)["challenge"]):
        raise NotTakeback
    return price


class PlatformClient:
    """Asks whether uploads match, submits observations, reports what was done about matches."""

    def __init__(self, server: str, key: str) -> None:
        self._server = parsed_address(server)
        if not re.fullmatch(r"[\x21-\x7e]+", key.strip()):
            raise InvalidKey
        self._credential = f"Bearer {key.strip()}"

    def lookup(self, items: Iterable[ContentSignals]) -> list[Json]:
        """Return, for each item in order, its verdict and match references.

        As many requests are made as their limits of items and values need.
        """
        return [answer for request in _requests(items) for answer in self._answers(request)]

    def _answers(self, items: list[Json]) -> list[Json]:
        document = call(self._server, "POST", "/v1/lookup", {"items": items}, self._credential)
        found: list[Json] = answers.checked(document, answers.VERDICTS)["items"]
        if len(found) != len(items):
            raise NotTakeback
        return found

    def observe(self, content: ContentSignals, address: str) -> Json:
        """Submit the observation that this content was seen at an address."""
        body = {"observations": [{"address": address, **_item(content)}]}
        return call(self._server, "POST", "/v1/observations", body, self._credential)

    def feedback(self, match: str, value: Feedback) -> Json:
        """Report what was done about a match; `match` is its reference."""
        body = {"feedback": [{"match": match, "value": value}]}
        return call(self._server, "POST", "/v1/feedback", body, self._credential)


def _path(entry: int | None) -> str:
    return "/v1/case" if entry is None else f"/v1/case/entries/{entry}"


def _requests(items: Iterable[ContentSignals]) -> Iterator[list[Json]]:
    """Items in requests of at most LOOKUP_ITEMS and, unless one alone has more, LOOKUP_VALUES."""
    request: list[Json] = []
    total = 0
    for item in items:
        count = _values(item)
        if request and (len(request) == LOOKUP_ITEMS or total + count > LOOKUP_VALUES):
            yield request
            request, total = [], 0
        request.append(_item(item))
        total += count
    if request:
        yield request


def _item(content: ContentSignals) -> Json:
    """The document that a platform sends of content: without what only entries have."""
    return content_document(replace(content, windows=(), sealed_label=None))


def _values(item: ContentSignals) -> int:
    """How many values the service searches for an item: without views, it adds orientations."""
    views = sum(len(view.values) for view in item.views)
    of_frames = [sum(len(v.values) for v in f.views) or ORIENTATIONS for f in item.frames]
    return len(item.signals) + (views or ORIENTATIONS) + len(item.frames) + sum(of_frames)
