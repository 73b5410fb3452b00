"""Videos behind players: yt-dlp says where they are, and the crawler fetches them."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from crawler.egress.addresses import Address
from crawler.egress.guard import Guard
from crawler.extracting.extractor import Extractor, is_installed
from crawler.extracting.formats import Format, NoFormats, chosen, formats
from crawler.outcomes import Disallowed, FetchError, Outcome
from crawler.readers.page import Page
from crawler.settings import InvalidSetting
from tests.crawler.cells import cells
from tests.crawler.looking import QUICK, look
from tests.crawler.site import Put, Site, picture
from tests.videos import encoded

__all__ = ["cells"]

WITH = replace(QUICK, video_extractor=True)
PLAYER = """<script src=/jwplayer.js></script><script>
jwplayer("player").setup({title: "x", sources: [
  {file: "/720.mp4", label: "720p"}, {file: "/360.mp4", label: "360p"},
  {file: "/240.mp4", label: "240p"}]});
</script>"""


@pytest.fixture
def film(tmp_path: Path) -> bytes:
    spots = np.random.default_rng(7).integers(0, 255, (4, 9, 16, 3), dtype=np.uint8)
    frames = [np.kron(each, np.ones((20, 20, 1), np.uint8)) for each in spots for _ in range(10)]
    return encoded(tmp_path / "film.mp4", frames).read_bytes()


@pytest.mark.skipif(not is_installed(), reason="no yt-dlp")
def test_the_video_of_a_player_is_found(site: Site, cells: None, film: bytes) -> None:
    del cells
    for name in ("720", "360", "240"):
        site.medium(f"/{name}.mp4", film, "video/mp4")
    page = site.page("/page", PLAYER)
    plain = site.page("/plain", "<video src=/240.mp4></video>")
    assert look([page]).results(page) == {"page seen": 1}
    site.asked.clear()
    found = look([page, plain], settings=WITH)
    assert found.results(page) == {"page seen": 1, "medium seen": 1}
    (observed,) = found.seen[page]
    assert observed["kind"] == "video"
    asked = site.times()
    assert asked["/360.mp4"] == 1  # the smallest that shows enough
    assert asked["/720.mp4"] == 0
    assert asked["/page"] == 2  # yt-dlp reads a page itself
    assert asked["/plain"] == 1  # whose video stands there
    assert site.headers_of["/page"]["User-Agent"] == WITH.user_agent


@pytest.mark.soak
@pytest.mark.skipif(not is_installed(), reason="no yt-dlp")
def test_an_extractor_reaches_nothing_but_by_the_guard(site: Site, cells: None) -> None:
    del cells
    site.redirect("/away", "http://10.0.0.1/")
    site.redirect("/file", "file:///etc/passwd")
    site.page("/nothing", "<p>no video")
    site.put["/down"] = Put(status=500)
    inner = PLAYER.replace("/360.mp4", "http://169.254.169.254/360.mp4")
    site.page("/inner", inner.replace("/720.mp4", "file:///etc/720.mp4"))
    asked: list[str] = []

    async def permits(address: Address) -> None:
        asked.append(address.url)
        if address.url.endswith("/no"):
            raise Disallowed

    def extracted(path: str) -> tuple[str, ...] | None:
        extractor = Extractor(Guard(loopback=True), permits, user_agent="test")
        try:
            return asyncio.run(extractor.extract(Page(site.root + path, b"", "text/html", True)))  # noqa: FBT003
        except FetchError:
            return None

    found = {path: extracted(path) for path in ("/away", "/file", "/nothing", "/down", "/no")}
    # Where it failed, there may be a video: only what it has read has none.
    assert found == {"/away": None, "/file": None, "/nothing": (), "/down": None, "/no": None}
    assert extracted("/inner") == (f"{site.root}/240.mp4",)
    assert set(asked) == {site.root + path for path in (*found, "/inner")}


def said(*each: object) -> bytes:
    return json.dumps({"formats": each}).encode()


def test_formats_are_chosen_and_not_believed() -> None:
    a: dict[str, Any] = {
        "url": "https://a.example/1.mp4",
        "protocol": "https",
        "vcodec": "h264",
        "height": 720,
    }
    low, none = {**a, "height": 144}, {**a, "height": None}
    middle = {**a, "url": "https://a.example/2.mp4", "height": 480}
    assert chosen(formats(said(a, low, middle), loopback=False)) == Format(str(middle["url"]), 480)
    assert chosen(formats(said(low, none), loopback=False)) == Format(str(a["url"]), 144)
    assert chosen(formats(said(none), loopback=False)) == Format(str(a["url"]))
    stream = {**middle, "protocol": "m3u8_native"}
    assert chosen(formats(said(stream, low), loopback=False)) == Format(a["url"], 144)
    assert chosen(formats(said(stream), loopback=False)) == Format(middle["url"], 480, stream=True)
    for no in (
        {**a, "protocol": "http_dash_segments"},
        {**a, "vcodec": "none"},
        {**a, "url": "http://169.254.169.254/1.mp4"},
        {**a, "url": "file:///etc/passwd"},
        {**a, "protocol": None},
    ):
        assert formats(said(no), loopback=False) == []
    for untrusted in (b"", b"[]", b"{}", said(3), said({**a, "url": 3}), b"[" * 100_000):
        with pytest.raises(NoFormats):
            formats(untrusted, loopback=False)


def test_what_this_machine_cannot_do_is_said_before_a_visit(
    site: Site, cells: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    del cells
    page = site.page("/page", "<img src=/1.jpg>")
    site.medium("/1.jpg", picture(1))
    with pytest.raises(InvalidSetting, match="names no Chromium"):
        look([page], settings=replace(QUICK, browser="/no/chromium"))
    with pytest.raises(InvalidSetting, match="does not start"):
        look([page], settings=replace(QUICK, browser="/bin/true"))
    monkeypatch.setattr("crawler.switching.is_installed", lambda: False)
    with pytest.raises(InvalidSetting, match="yt-dlp"):
        look([page], settings=WITH)
    monkeypatch.setattr("crawler.confining.inside.__file__", "/dev/null")
    for settings in (replace(QUICK, browser="/bin/true"), WITH):
        with pytest.raises(InvalidSetting, match="shut a program in"):
            look([page], settings=settings)
    assert site.asked == []
    assert look([page]).outcome(page) == (Outcome.SEEN, None)
