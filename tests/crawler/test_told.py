"""What pages say of media: sheets of a film's pictures, and digests that nobody has checked."""

from __future__ import annotations

import base64
import hashlib
import io
import json
from typing import Any

import pytest
from PIL import Image

from crawler.frontier.store import MEMORY, Store
from crawler.frontier.watches import Scope
from crawler.limits import DIGEST_SECONDS, SHEETS_PER_TRACK, TILES_PER_SHEET
from crawler.outcomes import ErrorKind, Outcome
from crawler.readers import choosing
from crawler.readers.page import Page
from hashing.hasher import hash_picture, hash_sheet
from hashing.media.sheets import Part
from hashing.submission import content_document
from hashing.views.profile import Profile
from service.api import platform, wire
from tests.crawler.looking import look
from tests.crawler.site import Put, Site, picture

TILE = (160, 90)
AT = "https://tube.example/v/9"


def sheet(seeds: range, columns: int = 3) -> tuple[bytes, list[Part]]:
    """Pictures beside each other, and where they are; one stands for five seconds."""
    rows = -(-len(seeds) // columns)
    whole, parts = Image.new("RGB", (columns * TILE[0], rows * TILE[1])), []
    for n, seed in enumerate(seeds):
        at = (n % columns * TILE[0], n // columns * TILE[1])
        with Image.open(io.BytesIO(picture(seed))) as opened:
            whole.paste(opened.resize(TILE), at)
        parts.append(Part(5000 * n, 5000 * (n + 1), *at, *TILE))
    made = io.BytesIO()
    whole.save(made, "JPEG", quality=80)
    return made.getvalue(), parts


def track(name: str, parts: list[Part]) -> bytes:
    lines = ["WEBVTT", ""]
    for part in parts:
        times = [f"00:{ms // 60000:02}:{ms // 1000 % 60:02}.000" for ms in part[:2]]
        lines += [" --> ".join(times), f"{name}#xywh={','.join(map(str, part[2:]))}", ""]
    return "\r\n".join(lines).encode()


def test_the_sheet_of_a_player_is_hashed_as_the_film_that_it_is_of(site: Site) -> None:
    content, parts = sheet(range(7))
    site.medium("/thumbs/sheet.jpg", content)
    site.medium("/thumbs/9.vtt", track("sheet.jpg", parts), "text/vtt")
    site.page("/embed/9", "<video><track kind=metadata label=thumbnails src=/thumbs/9.vtt></video>")
    site.medium("/poster.jpg", picture(20))
    page = site.page("/v/9", "<iframe src=/embed/9></iframe><img src=/poster.jpg>")
    found = look([page])
    film = hash_sheet(content, parts, use=Profile.PLAIN)
    assert [(f.at_ms, f.until_ms) for f in film.frames] == [part[:2] for part in parts]
    expected = [film, hash_picture(picture(20), use=Profile.PLAIN)]
    assert ordered(found.seen[page]) == ordered(
        [{"address": page, **content_document(each)} for each in expected]
    )
    assert site.times()["/thumbs/sheet.jpg"] == 1
    assert site.times()["/thumbs/9.vtt"] == 1


def test_a_sheet_that_is_cut_otherwise_is_another_film(site: Site) -> None:
    """Though its server says that nothing has changed."""
    content, parts = sheet(range(6))
    site.medium("/sheet.jpg", content, etag='"sheet"')
    page = site.page("/v/9", "<video data-vtt=/9.vtt></video>")
    store, frames = Store(MEMORY), []
    for shown in (parts[:2], parts[:2], parts):
        site.medium("/9.vtt", track("sheet.jpg", shown), "text/vtt")
        (film,) = look([page], store=store).seen[page]
        frames.append(len(film["frames"]))
    assert frames == [2, 2, 6]
    assert site.times()["/sheet.jpg"] == 3


def test_a_sheet_that_the_page_shows_too_is_also_the_picture_that_it_is(site: Site) -> None:
    """Or a page could have a picture cut to pieces instead of looked at."""
    site.medium("/a.jpg", picture(1))
    site.medium("/9.vtt", track("a.jpg", [Part(0, 1000, 0, 0, 40, 40)]), "text/vtt")
    page = site.page("/v/9", "<img src=/a.jpg data-thumbnails=/9.vtt>")
    kinds = [each["kind"] for each in look([page]).seen[page]]
    assert sorted(kinds) == ["picture", "video"]


def ordered(seen: list[dict[str, Any]]) -> list[str]:
    return sorted(json.dumps(each, sort_keys=True) for each in seen)


PLAYERS = {
    "<video><track kind=metadata src=t.vtt></video>": "t.vtt",
    "<video><track kind=captions src=t.vtt><track src=u.vtt srclang=en></video>": "",
    "<video data-thumbnails=/t.vtt?v=3>": "/t.vtt?v=3",
    "<div data-captions=/t.vtt data-poster=/p.jpg><a href=/t.vtt>": "",
    "<media-player thumbnails=https://cdn.example/t.vtt>": "https://cdn.example/t.vtt",
    """<video data-setup='{"plugins": {"vttThumbnails": {"src": "\\/t.vtt"}}}'>""": "/t.vtt",
    """<video data-plyr-config='{"previewThumbnails":{"enabled":true,"src":"t.vtt"}}'>""": "t.vtt",
    """<script>jwplayer("v").setup({file: "a.mp4", tracks: [
        {file: "en.vtt", kind: "captions"}, {file: '9.vtt', kind: "thumbnails"}]})</script>""": (
        "9.vtt"
    ),
    """<script>videojs("v").vttThumbnails({src: "9.vtt?a=1&b=2"});</script>""": "9.vtt?a=1&b=2",
    """<script>new Plyr(v, {previewThumbnails: {enabled: true, src: `9.vtt`}})</script>""": "9.vtt",
    """<script type="application/ld+json">{"@type": "VideoObject", "thumbnail": "s/9.vtt",
        "caption": {"contentUrl": "en.vtt"}}</script>""": "s/9.vtt",
    "<script>tracks = [" + "'.vtt', " * 9000 + "]</script>": "",
}  # fmt: skip


@pytest.mark.parametrize(("text", "expected"), PLAYERS.items())
def test_players_name_their_tracks_in_many_ways(text: str, expected: str) -> None:
    found = choosing.read(Page(AT, text.encode(), "text/html"))
    read = [each.removeprefix("https://tube.example/v/") for each in found.tracks]
    assert [each.replace("https://tube.example", "") for each in read] == expected.split()


def test_a_track_is_read_as_players_read_it_and_within_limits() -> None:
    def read(text: str) -> tuple[dict[str, list[tuple[int, ...]]], tuple[str, ...], bool]:
        found = choosing.read(Page(f"{AT}/t.vtt", text.encode()))
        return {url: [*map(tuple, t)] for url, t in found.sheets.items()}, found.media, found.cut

    assert read(
        "\ufeffWEBVTT - made\n\nNOTE x\n\n1\n00:05.000 --> 00:10,500 align:start\n"
        "/s.jpg?k=1#xywh=pixel:160,0,160,90\n\n01:00:00.000 --> 01:00:05.000 one.jpg\n\n"
        "00:00.000 --> 00:05.000\nSomebody speaks.\n\n00:09.000 --> 00:01.000\ns.jpg#xywh=0,0,9,9\n"
        "\n00:00.000 --> 00:01.000\ns.jpg#xywh=percent:0,0,9,9\n\n00:00.000 --> 00:01.000\n"
        "file:///etc/passwd#xywh=0,0,9,9"
    ) == (
        {"https://tube.example/s.jpg?k=1": [(5000, 10500, 160, 0, 160, 90)]},
        ("https://tube.example/v/9/one.jpg", "https://tube.example/v/9/s.jpg"),
        False,
    )
    entry = "00:00.000 --> 00:01.000\n{}.jpg#xywh=0,0,16,16\n\n"
    sheets, _, cut = read("WEBVTT\n\n" + "".join(entry.format(n) for n in range(200)))
    assert (len(sheets), cut) == (SHEETS_PER_TRACK, True)
    sheets, _, cut = read("WEBVTT\n\n" + entry.format("a") * 2000)
    assert ([len(tiles) for tiles in sheets.values()], cut) == ([TILES_PER_SHEET], True)


# --- digests ---


def board(site: Site, *files: tuple[str, bytes], etag: str = "") -> str:
    """A thread of an imageboard: each file with the bytes that the site declares for it."""
    posts = [
        {"no": n, "tim": name, "ext": ".jpg", "md5": base64.b64encode(md5(of)).decode()}
        for n, (name, of) in enumerate(files)
    ]
    site.put["/b/res/1.json"] = Put(json.dumps({"posts": posts}).encode(), "application/json")
    for name, of in files:
        site.medium(f"/b/src/{name}.jpg", of, etag=etag)
    return site.root + "/b/res/1.json"


def md5(content: bytes) -> bytes:
    return hashlib.md5(content, usedforsecurity=False).digest()


def downloads(site: Site) -> list[str]:
    return sorted(path.rpartition("/")[2] for path in site.asked if path.startswith("/b/src"))


def test_a_digest_that_was_true_here_saves_the_download(site: Site) -> None:
    """And says no more than the address did when it was looked at."""
    thread = board(site, ("1", picture(1)), ("2", picture(2)))
    store = Store(MEMORY)
    first = look([thread], store=store)
    assert downloads(site) == ["1.jpg", "2.jpg"]
    again = look([thread], store=store)
    assert again.outcome(thread) == (Outcome.UNCHANGED, None)
    assert ordered(again.seen[thread]) == ordered(first.seen[thread])
    assert downloads(site) == ["1.jpg", "2.jpg"]
    board(site, ("1", picture(1)), ("2", picture(3)))  # another file, as the site says
    assert look([thread], store=store).outcome(thread) == (Outcome.SEEN, None)
    assert downloads(site) == ["1.jpg", "2.jpg", "2.jpg"]
    with store.write() as tx:  # at times, the server is asked what is there
        tx.execute("UPDATE known SET asked_at = asked_at - ?", (DIGEST_SECONDS + 1,))
    look([thread], store=store)
    assert downloads(site) == ["1.jpg", "1.jpg", "2.jpg", "2.jpg", "2.jpg"]


def test_a_digest_that_is_a_lie_saves_nothing(site: Site) -> None:
    """A site declares what is known to be harmless, for something else at another address."""
    harmless, hidden = picture(1), picture(2)
    thread = board(site, ("1", harmless))
    store = Store(MEMORY)
    look([thread], store=store)
    board(site, ("1", harmless), ("2", harmless))
    site.medium("/b/src/2.jpg", hidden, etag='"2"')
    found = look([thread], store=store)
    assert downloads(site) == ["1.jpg", "2.jpg"]
    expected = content_document(hash_picture(hidden, use=Profile.PLAIN))
    assert {"address": thread, **expected} in found.seen[thread]
    look([thread], store=store)
    assert downloads(site) == ["1.jpg", "2.jpg", "2.jpg"]  # nor later: it was never true


def test_what_cannot_be_hashed_is_handed_in_as_declared(site: Site) -> None:
    thread = board(site, *((str(n), picture(n)) for n in range(5)))
    site.put["/b/src/1.jpg"] = Put(b"no", status=403)
    site.put["/b/src/2.jpg"] = Put(b"not here", status=404)  # what is gone is not there
    site.put["/b/src/3.jpg"] = Put(b"<p>Members", status=200)
    site.put["/b/src/4.jpg"] = Put(picture(4)[:200], "image/jpeg")
    found = look([thread])
    declared = [each for each in found.seen[thread] if "declared" in each]
    values = [each["value"] for claim in declared for each in claim["signals"]]
    assert sorted(values) == sorted(md5(picture(n)).hex() for n in (1, 3, 4))
    for each in declared:
        claim = platform._claim(wire.ObservationIn.model_validate(each))  # noqa: SLF001
        assert claim.declared
    assert len(found.seen[thread]) == 4
    assert found.visited[thread].judged.outcome is Outcome.SEEN


def test_what_is_only_declared_was_not_seen(site: Site) -> None:
    """A site that lists what it does not show can claim, and change, nothing."""
    thread = board(site, ("1", picture(1)))
    site.put["/b/src/1.jpg"] = Put(b"no", status=403)
    found = look([thread], scope=Scope.THREAD)
    assert found.outcome(thread) == (Outcome.FAULT, ErrorKind.FORBIDDEN)
