"""The HTTPS calls of an owner and of a platform. The only module that opens a socket."""

from __future__ import annotations

import ipaddress
import json
import re
import urllib.error
import urllib.request
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from http.client import HTTPException
from typing import Any, Literal
from urllib.parse import urlsplit

from hashing.errors import InsecureAddress, Refused, Unreachable
from hashing.passphrase import ascii_digits, derive
from hashing.signals import ORIENTATIONS, ContentSignals
from hashing.submission import Submission, content_document, entries_document
from hashing.work import Work, extended

Json = dict[str, Any]
Feedback = Literal["pending_review", "blocked", "not_blocked"]

TIMEOUT_SECONDS = 60
LOOKUP_ITEMS = 1000
LOOKUP_VALUES = 50_000
"""Most items, and most perceptual values, that the service accepts in one request."""
MAX_ANSWER_BYTES = 64 * 2**20
ATTEMPTS = 6
"""Most submissions of one case: the price may rise meanwhile, four times by a factor of two."""
_WORK_EXPIRED = "takeback:problem:work-expired"
_WORK_NEEDED = {"takeback:problem:work-needed", _WORK_EXPIRED}
_NOT_OURS = "The answer was not that of a Takeback service."


class OwnerClient:
    """Opens a case, asks for its status, withdraws, undoes. The passphrase is never sent."""

    def __init__(self, server: str, passphrase: str) -> None:
        self._server = _checked(server)
        self._access = derive(passphrase).access

    def open_case(
        self, submission: Submission, advance: Callable[[float], None] | None = None
    ) -> str:
        """Do the proof of work that the service asks for, send a submission; return its number.

        Sending it again with the same passphrase returns the same number and opens no second case:
        so it can be repeated when an answer was lost. `advance` is called with the part of the work
        that is done, 0 to 1, and begins anew if more is needed.
        """
        price = _call(self._server, "GET", "/v1/challenge")
        work = Work("")
        for _ in range(ATTEMPTS):
            work = self._worked(work, price, advance)
            document = submission.document(self._access, work if work.nonces else None)
            try:
                answer = _call(self._server, "POST", "/v1/cases", document)
            except Refused as err:
                if err.problem not in _WORK_NEEDED:
                    raise
                refused, price = err, err.document
                if err.problem == _WORK_EXPIRED or len(work.nonces) >= _pieces(price):
                    work = Work("")
            else:
                return str(_field(answer, "case_number"))
        raise refused

    def _worked(self, work: Work, price: Json, advance: Callable[[float], None] | None) -> Work:
        """Return more of the same work, or work for the challenge of the price if there is none."""
        begun = work if work.challenge else Work(str(_field(price, "challenge")))
        return extended(begun, self._access, _pieces(price), advance)

    def status(self, number: str) -> Json:
        """Return what happened to each entry, by platform and day."""
        return self._of_case(number, "GET", "/v1/case")

    def add(self, number: str, entries: Sequence[ContentSignals]) -> Json:
        """Add entries to an open case."""
        return self._of_case(number, "POST", "/v1/case/entries", entries_document(tuple(entries)))

    def withdraw(self, number: str, entry: int | None = None, *, erase_now: bool = False) -> Json:
        """Withdraw one entry, or the whole case. Matching stops before this returns.

        It can be undone until the `erase_on` of the answer; with `erase_now`, never.
        """
        path = _path(entry) + ("?erase=now" if erase_now else "")
        return self._of_case(number, "DELETE", path)

    def undo(self, number: str, entry: int | None = None) -> Json:
        """Undo the withdrawal of one entry, or of the whole case."""
        return self._of_case(number, "POST", f"{_path(entry)}/undo")

    def _of_case(self, number: str, method: str, path: str, body: Json | None = None) -> Json:
        plain = ascii_digits(number)  # pasted: with other dashes, or typed in another script
        ascii_number = "-".join(re.findall(r"[0-9a-zA-Z]+", plain))
        credential = f"Case {ascii_number}:{self._access.hex()}"
        return _call(self._server, method, path, body, credential)


def _pieces(price: Json) -> int:
    pieces = _field(price, "pieces")
    if not isinstance(pieces, int):
        raise Unreachable(_NOT_OURS)
    return pieces


class PlatformClient:
    """Asks whether uploads match, submits observations, reports what was done about matches."""

    def __init__(self, server: str, key: str) -> None:
        self._server = _checked(server)
        self._credential = f"Bearer {key.strip()}"

    def lookup(self, items: Iterable[ContentSignals]) -> list[Json]:
        """Return, for each item in order, its verdict and match references.

        As many requests are made as their limits of items and values need.
        """
        return [answer for request in _requests(items) for answer in self._answers(request)]

    def _answers(self, items: list[Json]) -> list[Json]:
        document = _call(self._server, "POST", "/v1/lookup", {"items": items}, self._credential)
        answers: list[Json] = _field(document, "items")
        if len(answers) != len(items):
            raise Unreachable(_NOT_OURS)
        return answers

    def observe(self, content: ContentSignals, address: str) -> Json:
        """Submit the observation that this content was seen at an address."""
        body = {"observations": [{"address": address, **_item(content)}]}
        return _call(self._server, "POST", "/v1/observations", body, self._credential)

    def feedback(self, match: str, value: Feedback) -> Json:
        """Report what was done about a match; `match` is its reference."""
        body = {"feedback": [{"match": match, "value": value}]}
        return _call(self._server, "POST", "/v1/feedback", body, self._credential)


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
    """The document that a platform sends of content: without windows, which only entries have."""
    return content_document(replace(content, windows=()))


def _values(item: ContentSignals) -> int:
    """How many values the service searches for an item: without views, it adds orientations."""
    views = sum(len(view.values) for view in item.views)
    of_frames = [sum(len(v.values) for v in f.views) or ORIENTATIONS for f in item.frames]
    return len(item.signals) + (views or ORIENTATIONS) + len(item.frames) + sum(of_frames)


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    """A redirect would send the credential to an address that the user did not give."""

    def redirect_request(self, *_args: object, **_kwargs: object) -> None:
        return None


def _checked(server: str) -> str:
    """The address without a trailing slash. Raises InsecureAddress."""
    try:
        parts = urlsplit(server)
    except ValueError as err:
        raise InsecureAddress from err
    if parts.scheme == "http" and _is_this_machine(parts.hostname or ""):
        return server.rstrip("/")
    if parts.scheme != "https" or not parts.hostname:
        raise InsecureAddress
    return server.rstrip("/")


def _is_this_machine(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _call(
    server: str, method: str, path: str, body: Json | None = None, credential: str | None = None
) -> Json:
    headers = {"Accept": "application/json", "User-Agent": "takeback"}
    if credential:
        headers["Authorization"] = credential
    if body is not None:
        headers["Content-Type"] = "application/json"
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(server + path, data, headers, method=method)  # noqa: S310 (_checked)
    try:
        with urllib.request.build_opener(_NoRedirects).open(
            request, timeout=TIMEOUT_SECONDS
        ) as response:
            return _parsed(response.read(MAX_ANSWER_BYTES))
    except urllib.error.HTTPError as err:
        with err:
            raise _refused(err) from None
    except (OSError, HTTPException, ValueError) as err:  # ValueError: no such header or port
        raise Unreachable from err


def _parsed(untrusted: bytes) -> Json:
    try:
        answer = json.loads(untrusted)
    except (ValueError, RecursionError) as err:
        raise Unreachable(_NOT_OURS) from err
    if not isinstance(answer, dict):
        raise Unreachable(_NOT_OURS)
    return answer


def _field(answer: Json, name: str) -> Any:  # noqa: ANN401 (JSON)
    if name not in answer:
        raise Unreachable(_NOT_OURS)
    return answer[name]


def _refused(err: urllib.error.HTTPError) -> Refused:
    """The error for the service's problem document (RFC 9457), or for the status alone."""
    try:
        problem = _parsed(err.read(MAX_ANSWER_BYTES))
    except (Unreachable, OSError, HTTPException):
        problem = {}
    message = problem.get("detail") or problem.get("title") or f"The service answered {err.code}."
    kind = str(problem.get("type", ""))
    return Refused(str(message), status=err.code, problem=kind, document=problem)
