# ruff: noqa: SLF001 (how a lookup is divided is a promise of its own)
import json
from typing import Any

import pytest

from hashing import client, transport
from hashing.client import OwnerClient, PlatformClient
from hashing.errors import (
    BrokenOff,
    InsecureAddress,
    InvalidAddress,
    InvalidKey,
    NotListening,
    NotTakeback,
    Overpriced,
    Refused,
)
from hashing.passphrase import derive, word_list
from hashing.signals import (
    ContentKind,
    ContentSignals,
    FrameSignal,
    Signal,
    SignalType,
    ViewSignals,
    Window,
    WindowSignal,
)
from hashing.submission import Eligibility, Submission, content_document, entries_document
from hashing.work import Work, extended
from tests.device.serving import CHALLENGE, Service

FRESH = "29763422." + "cd" * 20
WORDS = " ".join(word_list()[1400:1407])
PICTURE = ContentSignals(ContentKind.PICTURE, (Signal(SignalType.PDQ, b"\x01" * 32, 90),))
SUBMISSION = Submission((PICTURE,), Eligibility("self", adults=True, intimate=True))


def owner(service: Service) -> OwnerClient:
    return OwnerClient(service.url, WORDS)


def platform(service: Service) -> PlatformClient:
    return PlatformClient(f"{service.url}/", " key-1 \n")


CASE = {
    "case_number": "481-902-3475",
    "opened_on": "2026-11-01",
    "says": "Still looking.",
    "entries": [
        {"n": 1, "kind": "picture", "status": "active", "added_on": "2026-11-01", "sightings": []}
    ],
    "added": 1,
    "withdrawn": 1,
    "undone": 1,
    "of the future": True,
}
"""What answers everything that an owner asks."""
CREDENTIAL = f"Case 481-902-3475:{derive(WORDS).access.hex()}"


def test_opening_a_case_sends_the_document_and_no_credential(service: Service) -> None:
    service.will({"case_number": "481-902-3475"}, 201)
    assert owner(service).open_case(SUBMISSION) == "481-902-3475"
    price, asked = service.asked
    assert (price.method, price.path, price.body) == ("GET", "/v1/challenge", None)
    assert (asked.method, asked.path) == ("POST", "/v1/cases")
    assert asked.body == SUBMISSION.document(derive(WORDS).access)
    assert asked.headers["Content-Type"] == asked.headers["Accept"] == "application/json"
    assert "Authorization" not in asked.headers


def needed(kind: str, pieces: Any, challenge: str = CHALLENGE) -> tuple[int, dict[str, Any]]:
    problem = {"type": f"takeback:problem:work-{kind}", "detail": "Compute more."}
    return 428, {**problem, "challenge": challenge, "pieces": pieces}


def works(service: Service) -> list[dict[str, Any]]:
    """The work of each submission that was sent."""
    return [asked.body["work"] for asked in service.asked if asked.method == "POST"]


def test_the_work_that_is_asked_for_is_done_and_more_of_it_if_need_be(service: Service) -> None:
    service.price["pieces"] = 2
    service.first = [needed("needed", 4)]
    service.will({"case_number": "481-902-3475"}, 201)
    parts: list[float] = []
    assert owner(service).open_case(SUBMISSION, parts.append) == "481-902-3475"
    assert parts == [0.5, 1, 0.75, 1]
    first, second = works(service)
    assert first["challenge"] == second["challenge"] == CHALLENGE
    assert second["nonces"][:2] == first["nonces"]
    done = extended(Work(CHALLENGE), derive(WORDS).access, 4)
    assert second["nonces"] == list(done.nonces)


@pytest.mark.parametrize("answer", [needed("expired", 3, FRESH), needed("needed", 2, FRESH)])
def test_work_for_an_old_challenge_or_refused_work_is_done_anew(
    service: Service, answer: tuple[int, dict[str, Any]]
) -> None:
    service.price["pieces"] = 2
    service.first = [answer]
    service.will({"case_number": "481-902-3475"}, 201)
    owner(service).open_case(SUBMISSION)
    first, second = works(service)
    assert (first["challenge"], second["challenge"]) == (CHALLENGE, FRESH)
    done = extended(Work(FRESH), derive(WORDS).access, answer[1]["pieces"])
    assert second["nonces"] == list(done.nonces)


def test_a_refusal_that_no_work_would_change_is_told_at_once(service: Service) -> None:
    service.first = [(422, {"type": f"{PROBLEM}invalid", "detail": "No."})]
    with pytest.raises(Refused, match=r"^No\.$"):
        owner(service).open_case(SUBMISSION)
    assert [asked.method for asked in service.asked] == ["GET", "POST"]


def test_a_service_that_is_never_content_is_given_up(service: Service) -> None:
    service.will(*reversed(needed("needed", 0)))
    with pytest.raises(Refused, match="Compute more"):
        owner(service).open_case(SUBMISSION)
    assert len(service.asked) == 1 + client.ATTEMPTS


def test_a_service_may_not_ask_for_everything(service: Service) -> None:
    service.price["pieces"] = 2_001
    with pytest.raises(Overpriced, match="more computing"):
        owner(service).open_case(SUBMISSION)
    for wrong in ({"pieces": "all"}, {"pieces": 2, "challenge": "\ud800"}):
        service.price.update(wrong)
        with pytest.raises(NotTakeback):
            owner(service).open_case(SUBMISSION)
    assert [asked.method for asked in service.asked] == ["GET"] * 3


def test_the_passphrase_and_the_vault_key_are_in_no_request(service: Service) -> None:
    service.will({"case_number": "1", **CASE})
    mine = owner(service)
    mine.open_case(SUBMISSION)
    mine.status("1")
    sent = repr(service.asked).lower()
    assert derive(WORDS).access.hex() in sent
    assert derive(WORDS).vault.hex() not in sent
    assert not [word for word in WORDS.split() if len(word) > 4 and word in sent]


def test_what_an_owner_asks_about_a_case(service: Service) -> None:
    service.will(CASE)
    mine = owner(service)
    assert mine.status("481-902-3475") == CASE
    assert mine.add("481-902-3475", [PICTURE]) == CASE
    assert mine.withdraw("481-902-3475") == CASE
    assert mine.withdraw("481-902-3475", 3) == CASE
    mine.withdraw("481-902-3475", erase_now=True)
    mine.withdraw("481-902-3475", 3, erase_now=True)
    assert mine.undo("481-902-3475") == CASE
    assert mine.undo("481-902-3475", 3) == CASE
    assert [(a.method, a.path, a.body) for a in service.asked] == [
        ("GET", "/v1/case", None),
        ("POST", "/v1/case/entries", entries_document((PICTURE,))),
        ("DELETE", "/v1/case", None),
        ("DELETE", "/v1/case/entries/3", None),
        ("DELETE", "/v1/case?erase=now", None),
        ("DELETE", "/v1/case/entries/3?erase=now", None),
        ("POST", "/v1/case/undo", None),
        ("POST", "/v1/case/entries/3/undo", None),
    ]
    assert {a.headers["Authorization"] for a in service.asked} == {CREDENTIAL}


@pytest.mark.parametrize(
    "pasted",
    [
        *[" 481 902 3475\n", "481–902–3475", "481\r\nX-Evil: 902\n", "481.902.3475"],
        *["٤٨١‑٩٠٢‑٣٤٧٥", "४८१ ९०२ ३४७५", "４８１－９０２－３４７５"],
    ],
)
def test_a_number_pasted_with_other_dashes_is_the_same(service: Service, pasted: str) -> None:
    service.will(CASE)
    owner(service).status(pasted)
    sent = service.asked[0].headers
    assert "X-Evil" not in sent
    assert sent["Authorization"].startswith("Case 481-")


def test_what_a_platform_asks(service: Service) -> None:
    service.will({"items": [{"verdict": "none", "matches": []}]})
    ours = platform(service)
    assert ours.lookup([PICTURE]) == [{"verdict": "none", "matches": []}]
    service.will({"taken": 1})
    assert ours.observe(PICTURE, "https://example.org/1") == {"taken": 1}
    assert ours.feedback("m-1", "blocked") == {"taken": 1}
    seen = {"address": "https://example.org/1", **content_document(PICTURE)}
    assert [(a.method, a.path, a.body) for a in service.asked] == [
        ("POST", "/v1/lookup", {"items": [content_document(PICTURE)]}),
        ("POST", "/v1/observations", {"observations": [seen]}),
        ("POST", "/v1/feedback", {"feedback": [{"match": "m-1", "value": "blocked"}]}),
    ]
    assert {a.headers["Authorization"] for a in service.asked} == {"Bearer key-1"}


def test_a_platform_tells_of_no_windows(service: Service) -> None:
    windows = (WindowSignal(Window.SQUARE, PICTURE.signals[0]),)
    entry = ContentSignals(ContentKind.PICTURE, PICTURE.signals, windows=windows)
    service.will({"items": [{"verdict": "none", "matches": []}]})
    ours = platform(service)
    ours.lookup([entry])
    ours.observe(entry, "https://example.org/1")
    seen = {"address": "https://example.org/1", **content_document(PICTURE)}
    assert [a.body for a in service.asked] == [
        {"items": [content_document(PICTURE)]},
        {"observations": [seen]},
    ]


# --- lookups of any length ---

VIEW = ViewSignals("full", 90, (b"\x01" * 32,) * 8)


def picture(views: int) -> ContentSignals:
    """1 + 8 × views values, and 1 + 8 that the service makes if there are none."""
    return ContentSignals(ContentKind.PICTURE, PICTURE.signals, views=(VIEW,) * views)


def sizes(items: list[ContentSignals]) -> list[int]:
    parts = list(client._requests(iter(items)))
    documents = [document for part in parts for document in part]
    assert documents == [content_document(item) for item in items]
    return [len(part) for part in parts]


@pytest.mark.parametrize(
    ("count", "parts"),
    [(0, []), (1, [1]), (1000, [1000]), (1001, [1000, 1]), (2500, [1000, 1000, 500])],
)
def test_a_request_has_1000_items_at_most(count: int, parts: list[int]) -> None:
    assert sizes([picture(0)] * count) == parts


def test_a_request_has_so_many_values_at_most(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client, "LOOKUP_VALUES", 50)
    assert sizes([picture(2)] * 5) == [2, 2, 1]
    assert sizes([picture(0)] * 6) == [5, 1]
    assert sizes([picture(2), picture(9), picture(2), picture(2)]) == [1, 1, 2]
    monkeypatch.setattr(client, "LOOKUP_VALUES", 51)
    assert sizes([picture(2)] * 5) == [3, 2]


def test_values_of_frames_count_with_those_the_service_makes() -> None:
    plain = FrameSignal(0, 1, PICTURE.signals[0])
    seen = FrameSignal(0, 1, PICTURE.signals[0], (VIEW, VIEW))
    md5 = Signal(SignalType.MD5, bytes(16))
    for frames, values in (((), 9), ((plain,), 18), ((seen,), 26), ((plain, seen), 35)):
        assert client._values(ContentSignals(ContentKind.VIDEO, (md5,), frames)) == values


def test_each_item_has_its_answer_in_their_order(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client, "LOOKUP_ITEMS", 2)
    items = [picture(views) for views in range(5)]
    a, b, c = ({"verdict": verdict, "matches": []} for verdict in "abc")
    counts = {2: [a, b], 1: [c]}
    real = transport.call

    def answering(*call: Any) -> Any:
        service.will({"items": counts[len(call[3]["items"])]})
        return real(*call)

    monkeypatch.setattr(client, "call", answering)
    found = platform(service).lookup(iter(items))
    assert [answer["verdict"] for answer in found] == ["a", "b", "a", "b", "c"]
    sent = [item for asked in service.asked for item in asked.body["items"]]
    assert sent == [content_document(item) for item in items]


def test_no_items_ask_nothing(service: Service) -> None:
    assert platform(service).lookup([]) == []
    assert service.asked == []


PROBLEM = "takeback:problem:"


@pytest.mark.parametrize(
    ("status", "answer", "message"),
    [
        (422, {"type": f"{PROBLEM}x", "title": "T", "detail": "Too many."}, "Too many."),
        (422, {"title": "Only a title"}, "Only a title"),
        (422, {"detail": "No.", "faults": ["a.b: missing", 1]}, "No. (a.b: missing; )"),
        (401, {"detail": "Not\x1b[2J yours."}, "Not\\x1b[2J yours."),
        (429, {"type": f"{PROBLEM}too-many-requests", "detail": "Wait."}, "Wait. {wait}"),
        (429, {"type": f"{PROBLEM}undone-too-often", "detail": "Tomorrow."}, "Tomorrow."),
        (429, b"<html>", "The service has had too many requests. Try again later. {wait}"),
        (404, {}, "What answers here is not a Takeback service (status 404). Check the address."),
        (404, b"<html>", "What answers here is not a Takeback service (status 404). Check the"),
        (502, b"[1]", "The service cannot answer now (status 502). Try again in a few minutes."),
        (500, {"detail": ["no", "text"]}, "The service cannot answer now (status 500)."),
        (308, b"", "This address only leads to another one, which we do not follow. Use the"),
        (422, {"detail": "x" * 10_000}, "x" * 1000 + "…"),
    ],
)
def test_a_refusal_has_the_reasons_of_the_service(
    service: Service, status: int, answer: Any, message: str
) -> None:
    service.will(answer, status, **{"Retry-After": "150"})
    with pytest.raises(Refused) as caught:
        owner(service).status("1")
    err = caught.value
    assert str(err).startswith(message.format(wait="It asks you to wait 3 minutes."))
    assert ("wait 3" in str(err)) == ("{wait}" in message)
    assert (err.status, err.retry_after) == (status, 150)
    document = answer if isinstance(answer, dict) else {}
    assert err.document == document
    assert err.problem == document.get("type", "")
    assert err.title == document.get("title", "")
    assert err.detail == str(document.get("detail", ""))
    assert err.faults[:1] == tuple(document.get("faults", ()))[:1]


@pytest.mark.parametrize(
    ("seconds", "told"), [(1, "1 second"), (119, "119 seconds"), (120, "2 minutes"), (121, "3 min")]
)
def test_a_time_to_wait_is_told_in_words(service: Service, seconds: int, told: str) -> None:
    service.will(b"", 429, **{"Retry-After": str(seconds)})
    with pytest.raises(Refused, match=f"It asks you to wait {told}"):
        owner(service).status("1")


@pytest.mark.parametrize("header", ["soon", "-1", "9" * 9, "Wed, 21 Oct 2026 07:28:00 GMT"])
def test_a_time_to_wait_that_is_none(service: Service, header: str) -> None:
    service.will({"detail": "Wait."}, 429, **{"Retry-After": header})
    with pytest.raises(Refused, match=r"^Wait\.$") as caught:
        owner(service).status("1")
    assert caught.value.retry_after is None


@pytest.mark.parametrize("answer", [b"", b"<html>", b"[1]", b"\xff", b"[" * 100_000, b"null"])
def test_an_answer_that_is_no_object_is_not_that_of_a_service(
    service: Service, answer: bytes
) -> None:
    service.will(answer)
    with pytest.raises(NotTakeback, match="did not come from a Takeback service"):
        owner(service).status("1")


@pytest.mark.parametrize("answer", [{}, {"items": []}, {"items": [1, 2]}, {"items": [{}]}])
def test_an_answer_without_what_was_asked_for_is_neither(
    service: Service, answer: dict[str, Any]
) -> None:
    service.will(answer)
    with pytest.raises(NotTakeback, match="did not come from a Takeback service"):
        platform(service).lookup([PICTURE])
    with pytest.raises(NotTakeback, match="did not come from a Takeback service"):
        owner(service).open_case(SUBMISSION)


def test_an_answer_that_breaks_off(service: Service) -> None:
    service.status = 0
    with pytest.raises(BrokenOff):
        owner(service).status("1")


def test_an_answer_longer_than_the_limit(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    length = len(json.dumps(CASE))
    service.will(CASE)
    monkeypatch.setattr(transport, "MAX_ANSWER_BYTES", length)
    assert owner(service).status("1") == CASE
    monkeypatch.setattr(transport, "MAX_ANSWER_BYTES", length - 1)
    with pytest.raises(NotTakeback):
        owner(service).status("1")


def test_a_service_that_is_not_there(service: Service) -> None:
    url = service.url
    service.shutdown()
    service.server_close()
    with pytest.raises(NotListening):
        OwnerClient(url, WORDS).status("1")


@pytest.mark.parametrize("key", ["a\nb", "schlüssel–", "two words", ""])
def test_a_key_that_no_header_can_carry_is_refused(service: Service, key: str) -> None:
    with pytest.raises(InvalidKey) as caught:
        PlatformClient(service.url, key)
    assert not key or key not in str(caught.value)


@pytest.mark.parametrize(
    ("server", "error"),
    [
        ("http://example.org", InsecureAddress),
        ("http://10.0.0.1", InsecureAddress),
        ("http://localhost.example.org", InsecureAddress),
        ("ftp://localhost", InsecureAddress),
        ("example.org", InsecureAddress),
        ("", InsecureAddress),
        ("https://", InvalidAddress),
        ("https://[::1", InvalidAddress),
        ("http://", InvalidAddress),
        ("https://example.org:port", InvalidAddress),
        ("https://example.org:99999", InvalidAddress),
        ("https://somebody:secret@example.org", InvalidAddress),
        ("https://example.org/?a=b", InvalidAddress),
        ("https://example.org/#a", InvalidAddress),
        ("https://example.org/a b", InvalidAddress),
        (f"https://{'a' * 64}.org", InvalidAddress),
    ],
)
def test_only_https_or_this_machine(server: str, error: type[Exception]) -> None:
    for client_of in (lambda: OwnerClient(server, WORDS), lambda: PlatformClient(server, "key")):
        with pytest.raises(error) as caught:
            client_of()
        assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    ("server", "expected"),
    [
        ("http://localhost:8000", (False, "localhost", 8000, "")),
        ("http://127.0.0.9", (False, "127.0.0.9", 80, "")),
        ("http://[::1]:80", (False, "::1", 80, "")),
        (" https://example.org//\n", (True, "example.org", 443, "")),
        ("HTTPS://Example.org:8443/takeback/", (True, "example.org", 8443, "/takeback")),
        ("https://bücher.example", (True, "bücher.example", 443, "")),
    ],
)
def test_these_addresses_are_allowed(server: str, expected: tuple[bool, str, int, str]) -> None:
    assert transport.parsed_address(server) == transport.Address(*expected)
