"""What the page that hashes posts: the text that the owner was shown, as plain text."""

import json
import re
from typing import Any

from fastapi import FastAPI
from fastapi.testclient import TestClient

from service.web.owner import stamps

PLAIN = {"Content-Type": "text/plain"}
KEY = "ab" * 32


def posted(document: object) -> bytes:
    """The body that a browser makes of the form, with its line ends (HTML, 4.10.21.8)."""
    text = document if isinstance(document, str) else json.dumps(document, indent=1)
    return b"document=" + text.replace("\n", "\r\n").encode() + b"\r\n"


def answer(page: Any) -> dict[str, str]:
    return dict(re.findall(r'data-(answer|number|error|added|held)="([^"]*)"', page.text))


def fresh(served: Any) -> str:
    return stamps.new(served.context.seals, stamps.minute())


def test_a_submission_opens_a_case_once(api: TestClient, served: Any, wire: Any) -> None:
    body = posted(wire.submission(served.picture(), key=KEY))
    first = api.post("/en/sent", content=body, headers=PLAIN)
    assert first.status_code == 200
    assert answer(first)["answer"] == "opened"
    number = answer(first)["number"]
    again = api.post("/es/sent", content=body, headers=PLAIN)
    assert answer(again)["number"] == number
    status = api.get("/v1/case", headers={"Authorization": f"Case {number}:{KEY}"})
    assert len(status.json()["entries"]) == 1


def test_more_entries_are_added(api: TestClient, served: Any, wire: Any) -> None:
    first, second = served.picture(), served.picture()
    opened = api.post("/en/sent", content=posted(wire.submission(first, key=KEY)), headers=PLAIN)
    number = answer(opened)["number"]
    entries = [wire.content(first), wire.content(second)]
    more = {"case": number, "access_key": KEY, "stamp": fresh(served), "entries": entries}
    added = api.post("/en/more/sent", content=posted(more), headers=PLAIN)
    assert answer(added) == {"answer": "added", "number": number, "added": "1", "held": "0"}
    wrong = api.post(
        "/en/more/sent", content=posted({**more, "access_key": "cd" * 32}), headers=PLAIN
    )
    assert wrong.status_code == 401
    assert answer(wrong) == {"answer": "error", "error": "Unauthenticated"}


def test_a_page_that_was_open_for_long_adds_nothing_until_the_words_are_typed_again(
    app: FastAPI, api: TestClient, served: Any, wire: Any
) -> None:
    """Before: a form left for 31 minutes still added."""
    body = posted(wire.submission(served.picture(), key=KEY))
    number = answer(api.post("/en/sent", content=body, headers=PLAIN))["number"]
    entries = [wire.content(served.picture())]
    more = {"case": number, "access_key": KEY, "stamp": fresh(served), "entries": entries}
    later = stamps.minute() + stamps.MINUTES
    app.dependency_overrides[stamps.minute] = lambda: later
    for stamp in (more["stamp"], "", f"{later}.{'0' * 40}"):
        late = api.post("/en/more/sent", content=posted({**more, "stamp": stamp}), headers=PLAIN)
        assert answer(late)["answer"] == "late"
        assert number not in late.text
    case = {"Authorization": f"Case {number}:{KEY}"}
    assert len(api.get("/v1/case", headers=case).json()["entries"]) == 1
    (stamp,) = re.findall(r'data-stamp="([^"]*)"', late.text)
    wrong = {**more, "access_key": "cd" * 32, "stamp": stamp}
    refused = api.post("/en/more/sent", content=posted(wrong), headers=PLAIN)
    assert answer(refused)["error"] == "Unauthenticated"
    added = api.post("/en/more/sent", content=posted({**more, "stamp": stamp}), headers=PLAIN)
    assert answer(added)["added"] == "1"
    unstamped = {name: value for name, value in more.items() if name != "stamp"}
    page = api.post("/en/more/sent", content=posted(unstamped), headers=PLAIN)
    assert answer(page)["error"] == "InvalidRequest"


def test_other_content_with_the_same_key_is_told_so(
    api: TestClient, served: Any, wire: Any
) -> None:
    body = posted(wire.submission(served.picture(), key=KEY))
    first = api.post("/en/sent", content=body, headers=PLAIN)
    other = posted(wire.submission(served.picture(), key=KEY))
    page = api.post("/en/sent", content=other, headers=PLAIN)
    assert answer(page)["answer"] == "before"
    assert answer(page)["number"] == answer(first)["number"]


def test_answers_that_are_not_for_this_service_are_refused(
    api: TestClient, served: Any, wire: Any
) -> None:
    document = wire.submission(served.picture())
    document["eligibility"]["adults"] = False
    page = api.post("/en/sent", content=posted(document), headers=PLAIN)
    assert (page.status_code, answer(page)["error"]) == (422, "NotEligible")


NO_SUBMISSIONS = [
    b"",
    b"document=",
    b"document={}\n",
    b"document={}\r\n",
    b"document=[1, 2\r\n",
    b"document=NaN\r\n",
    b'document={"a": 1, "a": 2}\r\n',
    b"document=\xff\xfe\r\n",
    b"document=" + b"[" * 100_000 + b"\r\n",
    b"picture=\xff\xd8\xff\xe0\r\n",
]


def test_what_is_no_submission_is_refused(api: TestClient) -> None:
    for body in NO_SUBMISSIONS:
        page = api.post("/en/sent", content=body, headers=PLAIN)
        assert page.status_code == 422, body[:40]
        assert answer(page)["error"] == "InvalidRequest"
        assert "script-src" not in page.headers["Content-Security-Policy"]


def test_no_page_takes_a_file(api: TestClient, served: Any, wire: Any) -> None:
    body = posted(wire.submission(served.picture()))
    for kind in ("multipart/form-data; boundary=x", "image/jpeg", "application/json", ""):
        for path in ("sent", "more/sent", "overview", "questions", "withdrawn"):
            page = api.post(f"/en/{path}", content=body, headers={"Content-Type": kind})
            assert page.status_code == 422, (path, kind)


def test_a_submission_has_an_end(api: TestClient) -> None:
    body = posted("[" + "1," * 600_000 + "1]")
    assert api.post("/en/sent", content=body, headers=PLAIN).status_code == 413


def test_nothing_that_was_sent_comes_back(api: TestClient, served: Any, wire: Any) -> None:
    document = wire.submission(served.picture(), key=KEY)
    document["eligibility"]["subject"] = "nobody-5ec2e7"
    page = api.post("/en/sent", content=posted(document), headers=PLAIN)
    assert page.status_code == 422
    assert "5ec2e7" not in page.text
    assert KEY not in page.text


def test_no_page_answers_the_message_itself(api: TestClient, served: Any, wire: Any) -> None:
    """Browsers write what was posted into session files, with the page that answered it."""
    body = posted(wire.submission(served.picture(), key=KEY))
    for sent, status in ((body, 200), (b"", 422), (posted("[" + "1," * 600_000 + "1]"), 413)):
        for path in ("/en/sent", "/en/more/sent"):
            told = api.post(path, content=sent, headers=PLAIN, follow_redirects=False)
            assert (told.status_code, told.content) == (303, b"")
            page = api.get(told.headers["location"])
            assert page.status_code == (422 if "more" in path and status == 200 else status)


def test_an_answer_is_shown_for_minutes_only(
    app: FastAPI, api: TestClient, served: Any, wire: Any
) -> None:
    body = posted(wire.submission(served.picture(), key=KEY))
    sent = api.post("/en/sent", content=body, headers=PLAIN, follow_redirects=False)
    address = sent.headers["location"]
    assert answer(api.get(address))["answer"] == "opened"
    assert answer(api.get(address[:-1]))["error"] == "InvalidRequest"
    later = stamps.minute() + 3
    app.dependency_overrides[stamps.minute] = lambda: later
    assert answer(api.get(address))["error"] == "InvalidRequest"
    assert api.get("/en/sent/error/Any").status_code == 404
