"""A person, a real browser, a real service: from the first page until everything is withdrawn."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from babel.dates import format_date
from playwright.sync_api import Browser, BrowserContext, Page, Route

from demo.server import Service
from hashing import OwnerClient, PlatformClient, Profile, hash_file
from tests.pages import contents, journey

pytestmark = pytest.mark.enable_socket

PLATFORM = "Example Videos"
NAMED = ("Example Videos", "مثال للصور")
"""The platforms that the service of conftest.py names."""
EDITS = ("crop 10 %", "mirror", "JPEG 50", "screenshot white")
VOCABULARY = frozenset(
    "document version access_key eligibility subject self adults intimate true false entries kind "
    "picture video signals type value quality windows window frames at_ms until_ms pdq phash md5 "
    "sha centre square work challenge nonces age consent without country case entry".replace(
        "_", " "
    ).split()
)
"""Every word that a message or form of ours has."""


@dataclass
class Opened:
    """A case opened in the browser, and what was noted while that was done."""

    service: Service
    page: Page
    asked: journey.Asked
    files: list[Path]
    folder: Path
    shown: str
    number: str
    words: str
    states: dict[str, str]
    log_before: str
    log_after: str
    before_choosing: int
    after_review: int
    complaints: list[str] = field(default_factory=list)


@pytest.fixture(scope="module")
def context(chromium: Browser) -> Iterator[BrowserContext]:
    with chromium.new_context(permissions=["clipboard-read", "clipboard-write"]) as made:
        made.add_init_script("window.print = () => { window.printed = true; };")
        yield made


@pytest.fixture(scope="module")
def opened(
    service: Service, context: BrowserContext, tmp_path_factory: pytest.TempPathFactory
) -> Opened:
    """The journey until number and words are shown; in airplane mode while files are there."""
    folder = tmp_path_factory.mktemp("files")
    files = [*contents.pictures(folder), contents.video(folder), *contents.unfit(folder)]
    asked = journey.Asked(context)
    page = context.new_page()
    journey.to_files(page, service.address)
    context.set_offline(offline=True)
    before, log_before, complained = len(asked.requests), service.log, len(asked.complaints)
    journey.choose(page, files)
    journey.hashed(page)
    states = journey.states(page)
    shown = journey.review(page)
    after, log_after = len(asked.requests), service.log
    complaints = asked.complaints[complained:]
    context.set_offline(offline=False)
    journey.send(page)
    number, words = journey.card(page)
    return Opened(
        service=service,
        page=page,
        asked=asked,
        files=files,
        folder=folder,
        shown=shown,
        number=number,
        words=words,
        states=states,
        log_before=log_before,
        log_after=log_after,
        before_choosing=before,
        after_review=after,
        complaints=complaints,
    )


def test_in_airplane_mode_nothing_is_asked_for(opened: Opened) -> None:
    assert opened.asked.addresses[opened.before_choosing : opened.after_review] == []
    assert opened.asked.sockets == []
    assert opened.complaints == []
    assert opened.log_before == opened.log_after
    assert opened.log_before.count("answered") > opened.before_choosing / 2


def test_a_request_of_the_worker_would_have_been_seen(chromium: Browser, service: Service) -> None:
    """The log sees what workers ask for; and as it is served, the worker cannot ask."""
    attempt = "fetch('/healthz').then((got) => got.status, () => 'refused')"
    for free in (False, True):
        with chromium.new_context() as context:
            if free:
                context.route("**/worker.js", _without_policy)
            asked = journey.Asked(context)
            page = context.new_page()
            journey.at_files(page, service.address)
            before = len(asked.requests)
            assert journey.worker(page).evaluate(attempt) == (200 if free else "refused")
            assert asked.addresses[before:] == [f"{service.address}/healthz"] * free


def _without_policy(route: Route) -> None:
    answer = route.fetch()
    kept = {k: v for k, v in answer.headers.items() if k != "content-security-policy"}
    route.fulfill(response=answer, headers=kept)


def test_each_file_is_hashed_or_says_why_not(opened: Opened) -> None:
    for path in opened.files[:-4]:
        assert re.fullmatch(r"Done\. Hashes made: \d+", opened.states[path.name]), path.name
    said = [opened.states[path.name] for path in opened.files[-4:]]
    for sentence, words in zip(
        said,
        ("damaged", "cannot tell that this is", "too little detail", "cannot open"),
        strict=True,
    ):
        assert words in sentence


def test_what_is_posted_is_what_is_shown_and_nothing_more(opened: Opened) -> None:
    sent = [request for request in opened.asked.requests if request.url.endswith("/sent")]
    assert len(sent) == 1
    assert sent[0].method == "POST"
    assert sent[0].headers["content-type"] == "text/plain"
    text = opened.shown.replace("\r\n", "\n").replace("\n", "\r\n").encode()
    assert sent[0].post_data_buffer == b"document=" + text + b"\r\n"
    for path in opened.files:
        assert path.stem not in opened.shown
    with_body = [request for request in opened.asked.requests if request.post_data_buffer]
    assert {request.url.rsplit("/", 1)[1] for request in with_body} <= {
        *("questions", "sent", "checked", "overview", "more", "withdraw", "withdrawn", "undone")
    }


def spoken(body: bytes) -> set[str]:
    """The words of a request's body, without the hashes and keys in it."""
    without = re.sub(r"\b[0-9a-f]{32,}\b|stamp=[^&]*", "", body.decode().lower())
    return set(re.findall(r"[a-z]{3,}", without)) - VOCABULARY


def test_no_request_has_any_of_the_words(opened: Opened) -> None:
    assert spoken(b"a b c words=Orbit-brim") == {"words", "orbit", "brim"}
    said = set().union(*(spoken(body) for body in opened.asked.bodies()))
    for word in opened.words.split():
        assert not [each for each in said if each.startswith(word[:4])]
    for address in opened.asked.addresses:
        path = address.removeprefix(opened.service.address)
        sealed = re.sub(r"(?<=^/en/sent/)[\w-]{80,}$", "", path)  # by the service: owner.sending
        assert re.fullmatch(r"/|/favicon\.ico|/en/[a-z/]*|/static/[a-z0-9_/]+\.(js|css)", sealed)


def test_number_and_words_are_copied_saved_and_printed(opened: Opened, tmp_path: Path) -> None:
    page, lines = opened.page, f"Number: {opened.number}\nWords: {opened.words}\n"
    page.click("#copy")
    page.locator("#kept", has_text="Copied").wait_for()
    assert page.evaluate("navigator.clipboard.readText()") == lines
    with page.expect_download() as download:
        page.click("#save")
    assert download.value.suggested_filename == "notes.txt"
    download.value.save_as(tmp_path / "notes.txt")
    assert (tmp_path / "notes.txt").read_text() == lines
    assert not page.locator("#place").is_visible()
    page.check("#keep-place")
    page.click("#copy")
    page.locator("#kept", has_text="Copied").wait_for()
    place = f"{opened.service.address}/en/overview"
    more = f"Where to come back to: {place}\nPlatforms that take part: {', '.join(NAMED)}\n"
    assert page.evaluate("navigator.clipboard.readText()") == lines + more
    page.click("#print")
    assert page.evaluate("window.printed")
    page.emulate_media(media="print")
    assert page.locator("#keep").is_visible()
    assert page.locator("#place").is_visible()
    for unwanted in (".top", "footer", "#copy", "#test", "#kept", ".lights", "#keep-place"):
        assert not page.locator(unwanted).is_visible(), unwanted
    page.emulate_media(media="screen")
    page.uncheck("#keep-place")
    assert not page.locator("#place").is_visible()


def test_the_code_holds_number_and_words(opened: Opened) -> None:
    page = opened.page
    page.click("#show-qr")
    assert page.get_attribute("#show-qr", "aria-expanded") == "true"
    assert _read_code(page, "#qr svg") == f"{opened.number} {opened.words}"
    assert not page.locator("#address-qr").is_visible()
    page.check("#keep-place")
    assert _read_code(page, "#address-qr svg") == f"{opened.service.address}/en/overview"
    page.uncheck("#keep-place")
    page.click("#show-qr")
    assert not page.locator("#qr").is_visible()


def _read_code(page: Page, selector: str) -> str:
    shot = np.frombuffer(page.locator(selector).screenshot(), np.uint8)
    picture = cv2.imdecode(shot, cv2.IMREAD_GRAYSCALE)
    assert picture is not None
    for by in (3, 2, 4, 1.5):  # OpenCV misses some codes at some sizes
        read, *_ = cv2.QRCodeDetector().detectAndDecode(cv2.resize(picture, None, fx=by, fy=by))
        if read:
            return str(read)
    return ""


def test_words_are_tested_before_leaving(opened: Opened) -> None:
    page, words = opened.page, opened.words.split()
    turned = " ".join([words[1], words[0], *words[2:]])
    other = " ".join([*words[:6], "abandon" if words[6] != "abandon" else "zebra"])
    for typed, told in (
        (" ".join(["qqqq", *words[1:]]), "Word 1 is not on our list"),
        (" ".join([*words[:4], "xyzzy", *words[5:]]), "Word 5 is not on our list"),
        (" ".join(words[:6]), "Seven words are needed. You entered 6."),
        (turned, "not the words above"),
        (other, "not the words above" if known(other) else "Word 7 is not on our list"),
    ):
        page.fill("#again", typed)
        page.click("#test button")
        assert told in page.inner_text("#tested"), typed
        assert page.get_attribute("#again", "aria-invalid") is not None
        assert not page.locator("#overview").is_visible()
    page.fill("#again", "  " + " \u00a0 ".join(words).upper() + "\t")
    page.click("#test button")
    assert page.inner_text("#tested") == "Correct. You have them."
    assert page.locator("#overview").is_visible()


def known(words: str) -> bool:
    listed = Path(__file__).parents[2] / "hashing" / "words.txt"
    return set(words.split()) <= set(listed.read_text().split())


def test_python_opens_the_same_case(opened: Opened) -> None:
    told = OwnerClient(opened.service.address, opened.words).status(opened.number)
    kinds = [entry["kind"] for entry in told["entries"]]
    assert kinds == ["picture"] * (len(opened.files) - 5) + ["video"]
    assert {entry["status"] for entry in told["entries"]} == {"active"}


class Uploads:
    """A platform that sees edited copies of the first picture, and of the video."""

    def __init__(self, opened: Opened) -> None:
        self._client = PlatformClient(opened.service.address, opened.service.new_key(PLATFORM))
        picture, film = opened.files[0], opened.folder / "film.mp4"
        copies = {
            name: contents.edited(picture, name, opened.folder / f"upload-{n}.jpg")
            for n, name in enumerate(EDITS)
        }
        copies["clip"] = contents.clip(film, opened.folder / "clip.webm")
        self.signals = {
            name: hash_file(path, use=Profile.THOROUGH) for name, path in copies.items()
        }

    def ask(self) -> dict[str, dict[str, Any]]:
        answers = self._client.lookup(self.signals.values())
        return dict(zip(self.signals, answers, strict=True))

    def verdicts(self, names: tuple[str, ...] = EDITS) -> set[str]:
        answers = self.ask()
        return {answers[name]["verdict"] for name in names}

    def block(self, name: str) -> None:
        self._client.feedback(self.ask()[name]["matches"][0]["match"], "blocked")


def test_copies_are_found_and_told_until_withdrawn(opened: Opened, context: BrowserContext) -> None:
    uploads = Uploads(opened)
    answers = uploads.ask()
    assert {name: one["verdict"] for name, one in answers.items() if one["verdict"] == "none"} == {}
    assert answers["JPEG 50"]["verdict"] == answers["mirror"]["verdict"] == "match"
    uploads.block("mirror")
    page = context.new_page()
    odd = "\n".join(f"  {n}. {word.title()}," for n, word in enumerate(opened.words.split(), 1))
    journey.sign_in(page, opened.service.address, f" {opened.number.replace('-', ' ')} ", odd)
    page.locator("li.entry").first.wait_for(timeout=journey.WAIT)
    told = page.inner_text("main")
    day = format_date(datetime.now(UTC).date(), "long", locale="en")
    assert f"Number: {opened.number}. Opened on {day}." in told
    assert re.search(f"{day}\n+Picture 1 · {PLATFORM}: blocked\\.", told)
    assert re.search(f"Video {len(opened.files) - 4} · {PLATFORM}: found\\.", told)
    _add(page, opened, contents.edited(opened.files[1], "crop 50 %", opened.folder / "more.jpg"))
    _withdraw_one(page, uploads)
    _withdraw_everything(page, uploads)


def _add(page: Page, opened: Opened, path: Path) -> None:
    before = page.locator("li.entry").count()
    page.get_by_role("button", name="Add files").click()
    journey.ready(page)
    journey.choose(page, [path])
    journey.hashed(page)
    shown = journey.review(page)
    assert shown.startswith(f'{{"case": "{opened.number}"')
    journey.send(page)
    page.locator("#added").wait_for(timeout=journey.WAIT)
    assert page.locator("#added-held").is_hidden()
    body = [request for request in opened.asked.requests if request.url.endswith("/sent")][-1]
    assert body.post_data_buffer == b"document=" + shown.replace("\n", "\r\n").encode() + b"\r\n"
    page.get_by_role("button", name="Go to your overview").click()
    page.locator("li.entry").nth(before).wait_for()


def _withdraw_one(page: Page, uploads: Uploads) -> None:
    first = page.locator("li.entry").first
    first.get_by_role("button", name="Withdraw").click()
    page.get_by_role("button", name="Keep it").click()
    assert uploads.verdicts() != {"none"}
    first.get_by_role("button", name="Withdraw").click()
    page.get_by_role("button", name="Withdraw", exact=True).click()
    page.get_by_text("Withdrawn. We no longer look for it.").first.wait_for()
    assert uploads.verdicts() == {"none"}
    assert uploads.verdicts(("clip",)) == {"match"}
    withdrawn = page.locator("li.entry", has=page.locator("form[action$='/undone']"))
    withdrawn.get_by_role("button", name="Undo the withdrawal").click()
    page.get_by_text("Undone.").first.wait_for()
    assert "none" not in uploads.verdicts()


def _withdraw_everything(page: Page, uploads: Uploads) -> None:
    every = (*EDITS, "clip")
    page.get_by_role("button", name="Withdraw everything").click()
    page.get_by_role("button", name="Withdraw", exact=True).click()
    page.get_by_text("You have withdrawn this case.").first.wait_for()
    assert page.get_by_role("button", name="Add files").count() == 0
    assert uploads.verdicts(every) == {"none"}
    page.get_by_role("button", name="Undo the withdrawal").click()
    page.get_by_text("Undone.").first.wait_for()
    assert "none" not in uploads.verdicts(every)
