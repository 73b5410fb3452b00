from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, cast

import pytest
from fastapi.testclient import TestClient

from hashing.signals import SEALED_LABEL_BYTES, ViewSignals, Window
from service.domain import match_policy
from service.domain.errors import InvalidRequest
from service.edge.incoming import EntryIn, ItemIn

if TYPE_CHECKING:
    from tests.server.conftest import Wire, World

HEX = "5ec2e7" * 10 + "5ec2"
"""A secret: as a value and as a name, no answer may repeat it."""
PDQ: dict[str, Any] = {"type": "pdq", "value": HEX, "quality": 90}
FRAME: dict[str, Any] = {**PDQ, "at_ms": 0, "until_ms": 1}
GOOD: dict[str, Any] = {"kind": "picture", "signals": [PDQ]}


@pytest.fixture(scope="module")
def api(reader: TestClient) -> TestClient:
    """What is refused leaves nothing."""
    return reader


def submission(entry: object) -> dict[str, Any]:
    return {
        "version": 1,
        "access_key": HEX,
        "eligibility": {"subject": "self", "adults": True, "intimate": True},
        "entries": [entry],
    }


LABEL = (HEX * 9)[: 2 * SEALED_LABEL_BYTES]
WINDOW: dict[str, Any] = {**PDQ, "window": next(iter(Window)).value}
VIEW: dict[str, Any] = {"view": "pad-5+content.x", "quality": 90, "values": [HEX]}

ENTRIES: dict[str, object] = {
    "a name not ours": {**GOOD, HEX: 1},
    "a name not ours in a signal": {**GOOD, "signals": [{**PDQ, HEX: HEX}]},
    "no kind": {"signals": [PDQ]},
    "a kind not ours": {**GOOD, "kind": HEX},
    "no signals": {**GOOD, "signals": []},
    "not a list": {**GOOD, "signals": HEX},
    "a type not ours": {**GOOD, "signals": [{**PDQ, "type": HEX}]},
    "no type": {**GOOD, "signals": [{"value": HEX}]},
    "a type twice": {**GOOD, "signals": [PDQ, PDQ]},
    "five signals": {**GOOD, "signals": [PDQ] * 5},
    "too short": {**GOOD, "signals": [{**PDQ, "value": HEX[:-1]}]},
    "too long": {**GOOD, "signals": [{**PDQ, "value": HEX + "\n"}]},
    "digits of another script": {**GOOD, "signals": [{**PDQ, "value": "５" * 64}]},
    "no quality": {**GOOD, "signals": [{"type": "pdq", "value": HEX}]},
    "a quality of an exact type": {**GOOD, "signals": [{**PDQ, "type": "sha256"}]},
    "quality above": {**GOOD, "signals": [{**PDQ, "quality": 101}]},
    "quality below": {**GOOD, "signals": [{**PDQ, "quality": -1}]},
    "quality of a fraction": {**GOOD, "signals": [{**PDQ, "quality": 1.0}]},
    "quality as text": {**GOOD, "signals": [{**PDQ, "quality": "90"}]},
    "quality as a switch": {**GOOD, "signals": [{**PDQ, "quality": True}]},
    "quality as nothing": {**GOOD, "signals": [{**PDQ, "quality": None}]},
    "a huge quality": {**GOOD, "signals": [{**PDQ, "quality": 10**40}]},
    "a picture with frames": {**GOOD, "frames": [FRAME]},
    "a frame that ends before it begins": {
        **GOOD,
        "kind": "video",
        "frames": [{**FRAME, "at_ms": 2}],
    },
    "a frame too late": {**GOOD, "kind": "video", "frames": [{**FRAME, "until_ms": 2**31}]},
    "a frame of another type": {**GOOD, "kind": "video", "frames": [{**FRAME, "type": "md5"}]},
    "too many frames": {**GOOD, "kind": "video", "frames": [FRAME] * 1201},
    "views": {**GOOD, "views": [VIEW]},
    "a frame with views": {**GOOD, "kind": "video", "frames": [{**FRAME, "views": [VIEW]}]},
    "a window not ours": {**GOOD, "windows": [{**WINDOW, "window": HEX[:20]}]},
    "a window twice": {**GOOD, "windows": [WINDOW, WINDOW]},
    "too many windows": {**GOOD, "windows": [WINDOW] * 17},
    "a window of another type": {**GOOD, "windows": [{**WINDOW, "type": "phash"}]},
    "a label that can be read": {**GOOD, "sealed_label": HEX[:7]},
    "a label too short": {**GOOD, "sealed_label": LABEL[:-2]},
    "a label too long": {**GOOD, "sealed_label": LABEL + "00"},
    "a label of other letters": {**GOOD, "sealed_label": "g" * len(LABEL)},
    "a window of a video": {**GOOD, "kind": "video", "windows": [WINDOW]},
    "windows alone": {"kind": "picture", "signals": [], "windows": [WINDOW]},
    "nothing": None,
    "text": HEX,
}

ITEMS: dict[str, object] = {
    "windows": {**GOOD, "windows": [WINDOW]},
    "too many views": {**GOOD, "views": [VIEW] * 65},
    "a view of no value": {**GOOD, "views": [{**VIEW, "values": []}]},
    "a view of nine values": {**GOOD, "views": [{**VIEW, "values": [HEX] * 9}]},
    "a view of a short value": {**GOOD, "views": [{**VIEW, "values": [HEX[:-1]]}]},
    "a view without a quality": {**GOOD, "views": [{"view": "full", "values": [HEX]}]},
    "a view without a name": {**GOOD, "views": [{"quality": 90, "values": [HEX]}]},
    "a view with an empty name": {**GOOD, "views": [{**VIEW, "view": ""}]},
    "a view with a long name": {**GOOD, "views": [{**VIEW, "view": HEX[:25]}]},
    "a view with another name": {**GOOD, "views": [{**VIEW, "view": "Full"}]},
    "a view with more": {**GOOD, "views": [{**VIEW, HEX: 1}]},
    "views of a video": {**GOOD, "kind": "video", "views": [VIEW]},
    "too many views of a frame": {
        "kind": "video",
        "signals": [],
        "frames": [{**FRAME, "views": [VIEW] * 17}],
    },
    "no signal, frame or view": {**GOOD, "signals": [], "frames": [], "views": []},
}


def refused(answer: Any) -> dict[str, Any]:
    assert 400 <= answer.status_code < 500, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert HEX not in answer.text
    assert HEX not in str(answer.headers)
    found: dict[str, Any] = answer.json()
    assert found["status"] == answer.status_code
    assert found["type"].startswith("takeback:problem:")
    return found


@pytest.mark.parametrize("name", ENTRIES)
def test_an_entry_of_another_form_is_refused_and_not_repeated(api: TestClient, name: str) -> None:
    refused(api.post("/v1/cases", json=submission(ENTRIES[name])))


@pytest.mark.parametrize("name", ITEMS)
def test_an_item_of_another_form_is_refused_and_not_repeated(
    api: TestClient, served: World, name: str
) -> None:
    headers = {"Authorization": f"Bearer {served.key()}"}
    refused(api.post("/v1/lookup", json={"items": [ITEMS[name]]}, headers=headers))
    observed = {**cast("dict[str, Any]", ITEMS[name]), "address": "https://example.org/a"}
    refused(api.post("/v1/observations", json={"observations": [observed]}, headers=headers))


def test_more_values_than_a_request_may_ask_are_refused(api: TestClient, served: World) -> None:
    headers = {"Authorization": f"Bearer {served.key()}"}
    frames = [{**FRAME, "views": [{**VIEW, "values": [HEX] * 8}]}] * 1200
    item = {"kind": "video", "signals": [], "frames": frames}
    most = match_policy.MOST_VALUES // (9 * 1200)
    document = {"items": [item] * (most + 1)}
    problem = refused(api.post("/v1/lookup", json=document, headers=headers))
    assert problem["type"] == "takeback:problem:too-large"
    assert "fewer items" in problem["detail"]


@pytest.mark.parametrize(
    "change",
    [
        {"version": 2},
        {"version": "1"},
        {"version": True},
        {"access_key": HEX[:-2]},
        {"access_key": HEX + "00"},
        {"access_key": None},
        {"eligibility": {"subject": "self", "adults": 1, "intimate": True}},
        {"eligibility": {"subject": HEX, "adults": True, "intimate": True}},
        {"eligibility": {"subject": "self", "adults": True}},
        {"note": ""},
        {"note": HEX * 20},
        {"note": 7},
        {"entries": []},
        {"entries": [GOOD] * 51},
        {HEX: HEX},
        {"picture": HEX},
    ],
)
def test_a_submission_of_another_form_is_refused(api: TestClient, change: dict[str, Any]) -> None:
    refused(api.post("/v1/cases", json={**submission(GOOD), **change}))


def test_a_fault_is_told_by_its_place_in_our_names(api: TestClient) -> None:
    bad = {**GOOD, "signals": [{**PDQ, "quality": 101, HEX: 1}]}
    problem = refused(api.post("/v1/cases", json=submission(bad)))
    assert problem["faults"] == [
        "body.entries.0.signals.0.pdq.quality: less than equal",
        "body.entries.0.signals.0.pdq: unknown name",
    ]


def test_so_many_faults_are_told_and_no_more(api: TestClient) -> None:
    unknown = {f"name{n}": n for n in range(11)}
    problem = refused(api.post("/v1/cases", json={**submission(GOOD), **unknown}))
    assert problem["faults"] == ["body: unknown name"] * 10


JSON = {"content-type": "application/json"}
TEXT = json.dumps(submission(GOOD))
BODIES: dict[str, bytes] = {
    "empty": b"",
    "cut short": TEXT[:-1].encode(),
    "followed by more": TEXT.encode() + b"x",
    "not UTF-8": TEXT.replace('"self"', '"\udcff"').encode("utf-8", "surrogateescape"),
    "UTF-16": TEXT.encode("utf-16"),
    "a byte-order mark": b"\xef\xbb\xbf" + TEXT.encode(),
    "nested deep": b"[" * 200_000 + b"]" * 200_000,
    "nested deep in names": b'{"a":' * 100_000 + b"1" + b"}" * 100_000,
    "NaN": TEXT.replace("90", "NaN").encode(),
    "Infinity": TEXT.replace("90", "-Infinity").encode(),
    "more than a float": TEXT.replace("90", "1e999").encode(),
    "a number of many digits": TEXT.replace("90", "9" * 5000).encode(),
    "a name twice": TEXT.replace('"quality": 90', '"quality": 1, "quality": 90').encode(),
    "a secret name twice": f'{{"{HEX}": 1, "{HEX}": 2}}'.encode(),
    "a list": f"[{TEXT}]".encode(),
    "a text": json.dumps(HEX).encode(),
    "null": b"null",
    "a lone surrogate in a note": TEXT.replace(
        '"version": 1', r'"version": 1, "note": "\ud800"'
    ).encode(),
    "a lone surrogate in a name": TEXT.replace('"version"', r'"\udfff"').encode(),
    "a lone surrogate in a value": TEXT.replace('"self"', r'"\ud800"').encode(),
}


@pytest.mark.parametrize("name", BODIES)
def test_a_body_that_is_not_the_document_is_refused(api: TestClient, name: str) -> None:
    problem = refused(api.post("/v1/cases", content=BODIES[name], headers=JSON))
    assert problem["type"] == "takeback:problem:invalid-request"


@pytest.mark.parametrize(
    "kind",
    [
        None,
        "text/plain",
        "application/x-www-form-urlencoded",
        f"multipart/form-data; boundary={HEX}",
        "image/jpeg",
        "",
        "application",
        HEX,
    ],
)
def test_a_body_of_another_type_is_refused(api: TestClient, kind: str | None) -> None:
    headers = {} if kind is None else {"content-type": kind}
    refused(api.post("/v1/cases", content=TEXT.encode(), headers=headers))


@pytest.mark.parametrize(
    "address",
    [
        "",
        "https://",
        "ftp://example.org/a",
        "javascript:alert(1)",
        "https://example.org/ a",
        "https://example.org/\n",
        " https://example.org/",
        "https://example.org/" + "a" * 2048,
        7,
        None,
    ],
)
def test_an_address_that_is_none_is_refused(
    api: TestClient, served: World, address: object
) -> None:
    headers = {"Authorization": f"Bearer {served.key()}"}
    body = {"observations": [{**GOOD, "address": address}]}
    refused(api.post("/v1/observations", json=body, headers=headers))


def test_a_surrogate_in_an_address_is_refused(api: TestClient, served: World) -> None:
    headers = {"Authorization": f"Bearer {served.key()}", **JSON}
    body = json.dumps({"observations": [{**GOOD, "address": "https://a.example/\ud800"}]})
    refused(api.post("/v1/observations", content=body.encode(), headers=headers))


def test_values_become_what_was_sent(wire: Wire) -> None:
    document = {**GOOD, "kind": "video", "frames": [FRAME]}
    assert wire.content(EntryIn.model_validate(document).value()) == document


def test_windows_views_and_labels_become_what_was_sent() -> None:
    labelled = EntryIn.model_validate({**GOOD, "sealed_label": LABEL}).value()
    assert labelled.sealed_label == bytes.fromhex(LABEL)
    windows = EntryIn.model_validate({**GOOD, "windows": [WINDOW]}).value().windows
    assert [(one.window, one.signal.hex) for one in windows] == [(WINDOW["window"], HEX)]
    views = (ViewSignals(VIEW["view"], 90, (bytes.fromhex(HEX),)),)
    assert ItemIn.model_validate({**GOOD, "views": [VIEW] * 64}).value().views == views * 64
    video = {"kind": "video", "signals": [], "frames": [{**FRAME, "views": [VIEW] * 16}]}
    assert ItemIn.model_validate(video).value().frames[0].views == views * 16


def test_parts_that_do_not_fit_are_refused() -> None:
    with pytest.raises(InvalidRequest, match="At least one signal"):
        EntryIn.model_validate({"kind": "video", "signals": []}).value()
