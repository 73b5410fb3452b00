"""Labels: typed by the owner, sealed before they leave, shown again by the words alone."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Locator, Page

from demo.server import Service
from hashing import Eligibility, OwnerClient, Submission, hash_file, new_passphrase
from tests.pages import contents, journey

pytestmark = pytest.mark.enable_socket

LABELS = {0: "Kitchen, <b>June</b>", 2: "صورة"}
"""By place of the file; one stays without."""
LATER = "the new one"


@pytest.fixture(scope="module")
def context(chromium: Browser) -> Iterator[BrowserContext]:
    with chromium.new_context() as made:
        made.set_default_timeout(journey.WAIT)
        yield made


@pytest.fixture(scope="module")
def asked(context: BrowserContext) -> journey.Asked:
    return journey.Asked(context)


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    return contents.pictures(tmp_path_factory.mktemp("files"))[:4]


@pytest.fixture(scope="module")
def page(context: BrowserContext, asked: journey.Asked) -> Page:
    """The one page of this journey."""
    assert asked.requests == []
    return context.new_page()


@pytest.fixture(scope="module")
def case(page: Page, service: Service, files: list[Path]) -> tuple[str, str]:
    """Open a case of three files, two of which have labels; return its number and words."""
    journey.at_files(page, service.address)
    journey.choose(page, files[:3])
    journey.hashed(page)
    fields = page.locator("#list .label input")
    assert [one.is_visible() for one in fields.all()] == [False] * 3
    page.check("#labels")
    assert [one.input_value() for one in fields.all()] == [""] * 3
    for place, label in LABELS.items():
        fields.nth(place).fill(label)
    entries = json.loads(journey.review(page))["entries"]
    assert ["sealed_label" in one for one in entries] == [place in LABELS for place in range(3)]
    assert page.get_by_text("Only your seven words can open them.").is_visible()
    journey.send(page)
    return journey.card(page)


def shown(page: Page) -> list[str]:
    return page.locator("li.entry h3").all_inner_texts()


def opened(page: Page, service: Service, case: tuple[str, str]) -> None:
    journey.sign_in(page, service.address, *case)
    page.locator("li.entry").first.wait_for()


def revealed(page: Page, words: str) -> None:
    page.locator("#labels summary").click()
    page.fill("#passphrase", words)
    page.locator("#reveal button").click()
    page.locator("#revealed:focus", has_text="until you leave this page").wait_for()


def test_labels_are_shown_after_the_right_words_and_only_then(
    page: Page, service: Service, case: tuple[str, str], asked: journey.Asked
) -> None:
    opened(page, service, case)
    before = len(asked.requests)
    assert shown(page) == ["Picture 1", "Picture 2", "Picture 3"]
    page.locator("#labels summary").click()
    words = case[1].split()
    for typed, told in (
        (" ".join(words[:6]), "Seven words are needed. You entered 6."),
        (" ".join(["xxxx", *words[1:]]), "Word 1 is not on our list"),
        (" ".join([*words[1:], words[0]]), "These words do not open this case."),
    ):
        page.fill("#passphrase", typed)
        page.keyboard.press("Enter")
        page.locator("#labels-fault", has_text=told).wait_for()
        assert page.locator("#passphrase").input_value() == typed
        assert page.locator("#passphrase:focus[aria-invalid]").count() == 1
        assert shown(page) == ["Picture 1", "Picture 2", "Picture 3"]
    page.fill("#passphrase", " ".join(word[:4].upper() for word in words))
    page.keyboard.press("Enter")
    page.locator("#revealed:focus").wait_for()
    assert shown(page) == [f"Picture 1 ({LABELS[0]})", "Picture 2", f"Picture 3 ({LABELS[2]})"]
    assert page.locator("#passphrase").count() == 0
    assert asked.addresses[before:] == []
    page.reload()
    page.locator("#open").wait_for()
    assert LABELS[0] not in page.content()


def test_labels_of_more_files_are_sealed_with_the_words_of_the_case_alone(
    page: Page,
    service: Service,
    files: list[Path],
    case: tuple[str, str],
    asked: journey.Asked,
) -> None:
    _add_two(page, service, files, case)
    page.get_by_role("button", name="Go to your overview").click()
    page.locator("li.entry").first.wait_for()
    revealed(page, case[1])
    assert shown(page) == [
        f"Picture 1 ({LABELS[0]})",
        f"Picture 2 ({LATER})",
        f"Picture 3 ({LABELS[2]})",
        f"Picture 4 ({LATER})",
    ]
    sent = b"".join(asked.bodies()) + "".join(asked.addresses).encode()
    assert sent.count(b'"sealed_label"') == 4
    for secret in (*LABELS.values(), LATER, "Kitchen", case[1]):
        for written in (secret, secret.encode().hex(), json.dumps(secret)[1:-1]):
            assert written.encode() not in sent, secret
    told = OwnerClient(service.address, case[1]).status(case[0])["entries"]
    assert [one.get("label") for one in told] == [LABELS[0], LATER, LABELS[2], LATER]


def _add_two(page: Page, service: Service, files: list[Path], case: tuple[str, str]) -> None:
    """Add a file that the case has and a new one, both with a label."""
    opened(page, service, case)
    page.get_by_role("button", name="Add files").click()
    journey.ready(page)
    journey.choose(page, files[1:4:2])
    journey.hashed(page)
    page.check("#labels")
    assert not page.locator("#list .label").first.is_visible()
    other = " ".join(reversed(case[1].split()))
    page.fill("#label-words", other)
    page.locator("#label-form button").click()
    page.locator("#label-told", has_text="do not open this case").wait_for()
    page.fill("#label-words", case[1])
    page.locator("#label-form button").click()
    page.locator("#list .label input:focus").wait_for()
    for field in page.locator("#list .label input").all():
        field.fill(LATER)
    journey.review(page)
    journey.send(page)
    page.locator("#added").wait_for()


def test_acts_ask_by_the_label_and_leave_the_labels_where_they_are(
    page: Page, service: Service, files: list[Path], asked: journey.Asked
) -> None:
    number, words = _labelled(service, files[:2])
    opened(page, service, (number, words))
    revealed(page, words)
    before = len(asked.requests)
    first = page.locator("li.entry[data-entry='1']")
    first.get_by_role("button", name="Withdraw").click()
    question = page.get_by_role("group", name="Withdraw picture 1?")
    assert LABELS[0] in question.inner_text()
    question.get_by_role("button", name="Keep it").click()
    assert page.locator("li.entry [data-ask]").count() == 0
    first.get_by_role("button", name="Withdraw").click()
    question.get_by_role("button", name="Withdraw").click()
    page.locator("#revealed:focus", has_text="Withdrawn. We no longer look for it.").wait_for()
    assert shown(page) == [f"Picture 2 ({LATER})", f"Picture 1 ({LABELS[0]})"]
    first.get_by_role("button", name="Undo").click()
    page.locator("#revealed", has_text="Undone.").wait_for()
    assert shown(page) == [f"Picture 1 ({LABELS[0]})", f"Picture 2 ({LATER})"]
    first.locator("summary").click()
    first.locator("details input").fill(LABELS[2])
    first.get_by_role("button", name="Save the label").click()
    page.locator("#revealed", has_text="The label has been saved.").wait_for()
    assert shown(page) == [f"Picture 1 ({LABELS[2]})", f"Picture 2 ({LATER})"]
    sent = asked.requests[before:]
    assert {one.resource_type for one in sent if one.frame == page.main_frame} == set()
    assert LABELS[2].encode() not in b"".join(one.post_data_buffer or b"" for one in sent)
    second = page.locator("li.entry[data-entry='2']")
    second.get_by_role("button", name="Withdraw").click()
    page.get_by_role("group").get_by_role("button", name="Withdraw").click()
    second.get_by_role("button", name="Erase now").click()
    question = page.get_by_role("group", name="Erase picture 2 now?")
    assert LATER in question.inner_text()
    question.get_by_role("button", name="Erase for good").click()
    page.locator("#revealed", has_text="Erased.").wait_for()
    assert shown(page) == [f"Picture 1 ({LABELS[2]})", "Picture 2"]
    told = OwnerClient(service.address, words).status(number)["entries"]
    assert [(one["status"], one.get("label")) for one in told] == [
        ("active", LABELS[2]),
        ("withdrawn", None),
    ]
    _late(page, first)


def _late(page: Page, entry: Locator) -> None:
    """Act when the page has been open for too long: the words are asked for."""
    page.evaluate("for (const one of document.querySelectorAll('[name=stamp]')) one.value = '1.x'")
    page.evaluate(
        "document.querySelector('#asking').content.querySelector('[name=stamp]').value = ''"
    )
    entry.get_by_role("button", name="Withdraw").click()
    page.get_by_role("group").get_by_role("button", name="Withdraw").click()
    page.locator("#open").wait_for()


def _labelled(service: Service, files: list[Path]) -> tuple[str, str]:
    words = new_passphrase()
    owner = OwnerClient(service.address, words)
    entries = [
        owner.labelled(hash_file(path), label)
        for path, label in zip(files, (LABELS[0], LATER), strict=True)
    ]
    answers = Eligibility("self", adults=True, intimate=True)
    return owner.open_case(Submission(tuple(entries), answers)), words


def test_without_labels_or_javascript_nothing_asks_for_words(
    chromium: Browser, page: Page, service: Service, files: list[Path], case: tuple[str, str]
) -> None:
    opened(page, service, case)
    form: dict[str, str | float | bool] = {
        name: page.locator(f"main form input[name={name}]").first.input_value()
        for name in ("case", "access_key", "stamp")
    }
    with chromium.new_context(java_script_enabled=False) as without:
        answer = without.request.post(f"{service.address}/en/overview", form=form)
        plain = without.new_page()
        plain.set_content(answer.text())
        assert plain.locator("#labels").count() == 1
        assert not plain.locator("#labels").is_visible()
    number, words = journey.opened(page, service.address, files[:1])
    opened(page, service, (number, words))
    assert page.locator("#labels, #passphrase, #revealed").count() == 0
