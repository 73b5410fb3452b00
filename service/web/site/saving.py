"""The pages about saving evidence, platform by platform, and about locking one's accounts.

They work without any script, and store nothing.
"""

from __future__ import annotations

from fastapi import APIRouter
from fastapi.responses import HTMLResponse

from service.domain.errors import NotFound
from service.edge.dependencies import Today
from service.web.pages import CurrentPages, PageLanguage, PageRoute
from service.web.site.platforms import Platforms

router = APIRouter(prefix="/{language:tag}", include_in_schema=False, route_class=PageRoute)


@router.get("/save")
def save(language: PageLanguage, pages: CurrentPages, platforms: Platforms) -> HTMLResponse:
    """Show in which order to save, decide, report and block, and how to save anywhere."""
    return pages.render(language, "site/save", platforms=platforms.values())


@router.get("/save/{platform}")
def save_on(
    language: PageLanguage, platform: str, pages: CurrentPages, platforms: Platforms, today: Today
) -> HTMLResponse:
    """Show how to save and report on one platform. Raises NotFound."""
    if platform not in platforms:
        raise NotFound
    shown = platforms[platform]
    return pages.render(
        language, "site/save_on", platform=shown, today=today, path=f"save/{shown.id}"
    )


@router.get("/accounts")
def accounts(
    language: PageLanguage, pages: CurrentPages, platforms: Platforms, today: Today
) -> HTMLResponse:
    """Show the checklist for one's own accounts, to be printed."""
    texts = dict.fromkeys(text for one in platforms.values() for text in one.account)
    doubted = not all(one.is_confirmed("account") for one in platforms.values())
    old = min((one.checked_on for one in platforms.values() if one.is_old(today)), default=None)
    return pages.render(language, "site/accounts", texts=texts, doubted=doubted, old=old)
