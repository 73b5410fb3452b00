"""The page on which the browser hashes files and submits the hashes.

The questions lead to it for a new case, the overview for more entries of one.
"""

from __future__ import annotations

from typing import Any

from fastapi.responses import HTMLResponse

from service.domain.grant import Offer
from service.edge.opening import Price
from service.web.headers import Kind
from service.web.languages import Language
from service.web.pages import Pages

_STRINGS = ("subject", "case", "access_key", "stamp", "intake_code")
_NOTHING: dict[str, Any] = {**dict.fromkeys(_STRINGS, ""), "price": Price("", 0), "helped_by": None}
"""What the page is given that it does not need: whoever adds to a case pays no work."""


def for_new_case(
    pages: Pages,
    language: Language,
    *,
    subject: str,
    price: Price,
    intake_code: str = "",
    helped_by: Offer | None = None,
) -> HTMLResponse:
    """Return the page for a new case; `subject` is `self` or `authorised`.

    `price` is the work that the device begins with. It may be more when the message is sent.
    `helped_by` is who would see the case if the owner leaves it at that, by the code of a link.
    """
    given = {"price": price, "intake_code": intake_code, "helped_by": helped_by}
    return _page(pages, language, subject=subject, **given)


def for_more_entries(
    pages: Pages, language: Language, *, case_number: str, access_key: str, stamp: str
) -> HTMLResponse:
    """Return the page for more entries of a case, which adds them while the stamp is fresh."""
    return _page(pages, language, case=case_number, access_key=access_key, stamp=stamp)


def _page(pages: Pages, language: Language, **given: str | Price | Offer | None) -> HTMLResponse:
    values: dict[str, Any] = {**_NOTHING, **given}
    return pages.render(language, "files", kind=Kind.FILES, script="files", **values)
