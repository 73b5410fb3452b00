"""The page on which the browser hashes files and submits the hashes.

The questions lead to it for a new case, the overview for more entries of one.
"""

from __future__ import annotations

from typing import Any

from fastapi.responses import HTMLResponse

from service.edge.opening import Price
from service.web.headers import Kind
from service.web.languages import Language
from service.web.pages import Pages

_STRINGS = ("subject", "case", "access_key", "stamp")
_NOTHING: dict[str, Any] = {**dict.fromkeys(_STRINGS, ""), "price": Price("", 0)}
"""What the page is given that it does not need: whoever adds to a case pays no work."""


def for_new_case(pages: Pages, language: Language, *, subject: str, price: Price) -> HTMLResponse:
    """Return the page for a new case; `subject` is `self` or `authorised`.

    `price` is the work that the device begins with. It may be more when the message is sent.
    """
    return _page(pages, language, subject=subject, price=price)


def for_more_entries(
    pages: Pages, language: Language, *, case_number: str, access_key: str, stamp: str
) -> HTMLResponse:
    """Return the page for more entries of a case, which adds them while the stamp is fresh."""
    return _page(pages, language, case=case_number, access_key=access_key, stamp=stamp)


def _page(pages: Pages, language: Language, **given: str | Price) -> HTMLResponse:
    values: dict[str, Any] = {**_NOTHING, **given}
    return pages.render(language, "files", kind=Kind.FILES, script="files", **values)
