"""An advocate helps an owner begin, and checks a file: in a real browser, hashed on each device."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from demo.server import Service
from tests.pages import contents, desk_places, journey

pytestmark = pytest.mark.enable_socket


def test_a_case_opens_shared_and_files_are_checked_against_it(
    chromium: Browser, service: Service, tmp_path: Path
) -> None:
    ours, other = contents.pictures(tmp_path)[:2]
    here = f"{desk_places.address(service)}/en"
    with chromium.new_context() as advocates, chromium.new_context() as owners:
        asked = journey.Asked(advocates)
        desk = advocates.new_page()
        _enrol(desk, service, here)
        desk.goto(f"{here}/desk/links")
        desk.check("#scope-sightings_and_addresses")
        desk.locator("form[action$='/links'] button").click()
        link = desk.locator(".box p.mono").inner_text()
        _open(owners.new_page(), link, ours)
        desk.goto(f"{here}/desk")
        desk.locator("li.entry a").wait_for()
        assert _checked(desk, here, ours) == "the file belongs to it"
        assert _checked(desk, here, other) == "no"
        assert [one for one in asked.complaints if "401" not in one] == []
        assert all(ours.read_bytes()[:64] not in body for body in asked.bodies())


def _enrol(page: Page, service: Service, here: str) -> None:
    page.goto(f"{here}/desk/invitation")
    page.fill("#code", desk_places.invited(service, "Bea Example"))
    page.locator("main button").click()
    page.locator("#password").wait_for()
    page.fill("#password", "a heron walks by night")
    page.fill("#code", desk_places.code(page))
    page.locator("#code").press("Enter")
    page.locator("ul.mono").wait_for(timeout=journey.WAIT)


def _open(page: Page, link: str, picture: Path) -> None:
    code = link.partition("#")[2]
    page.goto(link)
    page.locator("#intake_code").wait_for()
    page.wait_for_function("!location.hash")
    page.locator("form#together button").click()
    page.locator("form[action$='/questions'] button").click()
    journey.answer(page)
    journey.ready(page)
    journey.choose(page, [picture])
    journey.hashed(page)
    journey.review(page)
    message = page.locator("#document")
    assert f'"intake_code": "{code}"' in message.input_value()
    page.uncheck("#share")
    page.wait_for_function("!document.getElementById('document').value.includes('intake_code')")
    page.check("#share")
    page.wait_for_function("document.getElementById('document').value.includes('intake_code')")
    journey.send(page)
    journey.card(page)


def _checked(page: Page, here: str, picture: Path) -> str:
    page.goto(f"{here}/desk/check")
    page.locator("#files:enabled").wait_for(timeout=journey.WAIT)
    page.set_input_files("#files", str(picture))
    page.locator("#go:enabled").click(timeout=journey.WAIT)
    page.wait_for_selector("li a[href*='/desk/cases/']")
    return page.locator("main li").inner_text().partition(": ")[2]
