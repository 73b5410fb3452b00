"""What a browser that is not in a private window writes to its disk: nothing that opens a case.

Browsers save the forms and texts of open pages, to restore them after a crash (session files).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page

from demo.server import Service
from tests.pages import contents, journey
from tests.pages.browser import FLAGS, find

pytestmark = pytest.mark.enable_socket

SAVED_AFTER = 3000
"""Milliseconds after which Chromium has written its session files: it does so every 2.5 s."""
LABEL = "somewhere by the sea"
WITHOUT_UNKEPT = """addEventListener("DOMContentLoaded", () => {
  for (const each of document.querySelectorAll("input[type=password]")) each.remove();
  for (const each of document.forms) each.removeAttribute("autocomplete");
});"""


def message(page: Page, service: Service, files: list[Path]) -> dict[str, str]:
    """Hash and review. Return what of the message may be left nowhere."""
    journey.at_files(page, service.address)
    journey.choose(page, files)
    journey.hashed(page)
    page.check("#labels")
    page.fill("#list .label input", LABEL)
    shown = journey.review(page)
    page.wait_for_timeout(SAVED_AFTER)
    hashes = re.findall(r'"(access_key|value|sealed_label)": "([0-9a-f]{32,})"', shown)
    return {"label": LABEL} | {f"{name} {n}": value for n, (name, value) in enumerate(hashes)}


def rest_of_case(page: Page, service: Service) -> dict[str, str]:
    """Send it, read the case, sign in again, withdraw. Return what of it may be left nowhere."""
    journey.send(page)
    number, words = journey.card(page)
    page.fill("#again", words)
    page.click("#test button")
    page.wait_for_timeout(SAVED_AFTER)
    page.locator("#overview button").click()
    page.locator("li.entry").wait_for()
    page.wait_for_timeout(SAVED_AFTER)
    journey.sign_in(page, service.address, number, words)
    page.locator("li.entry").wait_for()
    page.click("#labels summary")
    page.fill("#passphrase", words)
    page.wait_for_timeout(SAVED_AFTER)
    page.click("#reveal button")
    page.locator("li.entry", has_text=LABEL).wait_for()
    page.get_by_role("button", name="Withdraw everything").click()
    page.locator("form[action$='/withdrawn'] button").click()
    page.locator(".box form").first.wait_for()
    page.wait_for_timeout(SAVED_AFTER)
    two = " ".join(words.split()[2:4])
    return {"number": number, "digits": number.replace("-", ""), "two words": two}


def left_in(folder: Path, secrets: dict[str, str]) -> set[str]:
    """Which of them are in some file, as either of the encodings that browsers write."""
    found = set[str]()
    for path in folder.rglob("*"):
        if path.is_file() and not path.is_symlink():
            written = path.read_bytes()
            for name, value in secrets.items():
                if any(value.encode(how) in written for how in ("utf-8", "utf-16-le")):
                    found.add(name)
    return found


@contextmanager
def kept_profile(chromium: Browser, profile: Path) -> Iterator[BrowserContext]:
    """Run the whole Chromium, as a person's that keeps its profile on the disk."""
    with chromium.browser_type.launch_persistent_context(
        profile,
        executable_path=find(),
        args=list(FLAGS),
        ignore_default_args=["--disable-back-forward-cache"],
    ) as context:
        yield context


def test_nothing_of_a_case_is_on_the_disk(
    chromium: Browser, service: Service, tmp_path: Path
) -> None:
    profile = tmp_path / "profile"
    with kept_profile(chromium, profile) as context:
        (page,) = context.pages
        secrets = message(page, service, contents.pictures(tmp_path)[:1])
        secrets |= rest_of_case(page, service)
        running = left_in(profile, secrets)
    assert {"access_key 0", "value 1", "number", "two words"} <= set(secrets)
    assert sum(1 for each in profile.rglob("*") if each.is_file()) > 20
    assert running | left_in(profile, secrets) == set()


def test_without_the_unkept_field_the_message_would_be(
    chromium: Browser, service: Service, tmp_path: Path
) -> None:
    """That field makes Chromium save no form of the page. So the test above can fail."""
    profile = tmp_path / "profile"
    with kept_profile(chromium, profile) as context:
        context.add_init_script(WITHOUT_UNKEPT)
        secrets = message(context.pages[0], service, contents.pictures(tmp_path)[:1])
        running = left_in(profile, secrets)
    assert running | left_in(profile, secrets) >= {"access_key 0"}
