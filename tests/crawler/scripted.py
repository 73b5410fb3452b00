"""Pages that show something only once their scripts have run, and settings with a browser."""

from __future__ import annotations

from dataclasses import replace

from crawler.settings import Settings
from tests.crawler.looking import QUICK
from tests.crawler.site import Site

SHOW = "const made = new Image(); made.src = '/1.jpg'; document.body.append(made);"


def scripted(site: Site, path: str, script: str, more: str = "") -> str:
    return site.page(path, f"{more}<script type=module>{script}</script>")


def in_browser(program: str) -> Settings:
    return replace(QUICK, browser=program)
