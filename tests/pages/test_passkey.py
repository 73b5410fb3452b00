"""Passkeys with a real browser and its own authenticator: made when invited, used to sign in."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from playwright.sync_api import Browser, CDPSession, Page

from demo.server import Service
from tests.pages import desk_places, journey

pytestmark = pytest.mark.enable_socket


@contextmanager
def authenticator(page: Page) -> Iterator[tuple[CDPSession, str]]:
    """A security key in this browser, whose owner has entered its PIN."""
    devtools = page.context.new_cdp_session(page)
    devtools.send("WebAuthn.enable")
    options = {
        "protocol": "ctap2",
        "transport": "usb",
        "hasResidentKey": True,
        "hasUserVerification": True,
        "isUserVerified": True,
    }
    made = devtools.send("WebAuthn.addVirtualAuthenticator", {"options": options})
    yield devtools, made["authenticatorId"]


def test_a_member_is_invited_makes_a_passkey_and_signs_in_with_it(
    chromium: Browser, service: Service
) -> None:
    with chromium.new_context() as context:
        asked, page = journey.Asked(context), context.new_page()
        desk = desk_places.address(service)
        invitation = desk_places.invited(service, "Ana")
        with authenticator(page) as (devtools, key):
            page.goto(f"{desk}/en/desk/invitation")
            page.fill("#code", invitation)
            page.click("main button")
            page.get_by_role("button", name="Add a passkey").click()
            page.get_by_role("heading", name="Your account").wait_for()
            page.locator("li.entry").wait_for()
            page.get_by_role("button", name="Sign out", exact=True).click()
            page.get_by_role("heading", name="Sign in as an advocate").wait_for()
            page.get_by_role("button", name="Sign in with a passkey").click()
            page.get_by_text("No case has been granted to you yet.").wait_for()
            assert page.url == f"{desk}/en/desk"
            cookies = {one["name"]: one for one in context.cookies()}
            assert set(cookies) == {"__Host-desk"}
            kept = cookies["__Host-desk"]
            assert (kept["secure"], kept["httpOnly"], kept["sameSite"]) == (True, True, "Strict")
            page.get_by_role("button", name="Sign out", exact=True).click()
            devtools.send(
                "WebAuthn.setUserVerified", {"authenticatorId": key, "isUserVerified": False}
            )
            page.get_by_role("button", name="Sign in with a passkey").click()
            page.locator("[data-passkey-fault]:not([hidden])").wait_for(timeout=journey.WAIT)
            page.go_back()
            assert "No case" not in page.inner_text("body")
        assert asked.complaints == []
        log = service.log
        assert "/desk/sign-in/passkey" in log  # control
        assert not [one for one in ("Ana", invitation, kept["value"]) if one in log]
