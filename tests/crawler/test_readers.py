"""Readers on pages as these sites made them in November 2026, shortened."""

from __future__ import annotations

import json

import pytest

from crawler.finding.collecting import References
from crawler.readers import choosing
from crawler.readers.page import Page

TELEGRAM = """
<html><body><img class="tgme_page_photo_image" src="https://cdn.example/avatar.jpg">
<a href="/s/channel?before=41" class="tme_messages_more js-messages_more" data-before="41"></a>
<div class="tgme_widget_message_wrap"><div class="tgme_widget_message" data-post="channel/41">
<div class="tgme_widget_message_user">
<i class="tgme_widget_message_user_photo">
<img src="https://cdn.example/who.jpg">
</i>
</div>
<a class="tgme_widget_message_photo_wrap"
href="https://t.me/channel/41" style="width:800px;background-image:url('https://cdn.example/one.jpg')">
</a>
<div class="tgme_widget_message_grouped">
<a class="tgme_widget_message_photo_wrap" style="background-image:url('https://cdn.example/two.jpg')">
</a>
</div>
</div></div>
<div class="tgme_widget_message" data-post="channel/42">
<i class="tgme_widget_message_video_thumb" style="background-image:url('https://cdn.example/thumb.jpg')">
</i>
<video src="https://cdn.example/video.mp4?token=x"></video>
<div class="tgme_widget_message_text">see <a href="https://elsewhere.example/t">this</a></div></div>
</body></html>"""
XENFORO = """<!DOCTYPE html>
<html id="XF" lang="en" data-app="public" data-template="thread_view"><head></head><body>
<a class="avatar"><img src="/data/avatars/m/1.jpg"></a>
<article class="message"><div class="message-body"><div class="bbWrapper">
<div class="bbImageWrapper" data-src="https://pics.example/1.jpg">
<img src="/proxy.php?image=x" data-url="https://pics.example/1.jpg" class="bbImage">
</div>
<a href="/attachments/name-jpg.123/" target="_blank">
<img src="/data/attachments/0/1-abc.jpg" class="bbImage" data-lb-src="/attachments/name-jpg.123/">
</a>
<a href="/goto/link-confirmation?url=aHR0cHM6Ly9waWNzLmV4YW1wbGUvZnVsbC5wbmc%3D">link</a>
<span data-s9e-mediaembed-iframe='["allowfullscreen","","src","//player.example/e/9"]'></span>
<video><source src="/data/video/0/clip.mp4"></video></div></div></article>
<a href="/threads/x.1/page-2" class="pageNav-jump pageNav-jump--next">Next</a>
<form action="/login"><input type="password"></form></body></html>"""
FOUR = {
    "posts": [
        {"no": 1, "tim": 1700000000001, "ext": ".jpg", "md5": "x", "filename": "a"},
        {"no": 2, "com": "words"},
        {"no": 3, "tim": 1700000000003, "ext": ".webm", "filedeleted": 1},
        {"no": 4, "tim": "../../etc", "ext": ".jpg"},
        {"no": 5, "tim": 5, "ext": "/x"},
        {"no": 6, "tim": 17, "ext": ".png", "extra_files": [{"tim": "18-1", "ext": ".mp4"}, 3]},
        "nonsense",
    ]
}  # fmt: skip
LYNX = {
    "files": [{"path": "/.media/abc.jpg"}],
    "posts": [{"files": [{"path": "/.media/def ghi.mp4"}, {"path": 3}]}, {"files": None}],
}


STATUS = {
    "media_attachments": [
        {"url": "https://files.example/o.png", "preview_url": "https://files.example/s.png",
         "remote_url": None},
        3,
    ],
    "reblog": {"media_attachments": [{"url": "https://files.example/r.mp4"}]},
}  # fmt: skip
EMBED = {
    "$type": "app.bsky.embed.recordWithMedia#view",
    "media": {
        "images": [{"fullsize": "https://cdn.example/f.jpg", "thumb": "https://cdn.example/t"}]
    },
    "record": {"author": {"avatar": "https://cdn.example/avatar"}},
}
RSS = """<?xml version="1.0"?><rss version="2.0" xmlns:media="http://search.yahoo.com/mrss/"><channel>
<link>https://example.org/</link><item><link>https://example.org/1</link>
<description>&lt;p&gt;&lt;img src="/in.jpg"&gt;</description>
<enclosure url="https://example.org/e.mp4" type="video/mp4"/>
<enclosure url="/a.mp3" type="audio/mpeg"/>
<media:content url="https://example.org/m.png" medium="image"><media:thumbnail url="/t.png"/>
</media:content></item></channel></rss>"""
ATOM = """<feed xmlns="http://www.w3.org/2005/Atom"><link rel="next" href="?page=2"/><entry>
<link href="/post"/><link rel="enclosure" type="image/jpeg" href="/e.jpg"/>
<content type="html"><![CDATA[<img src="/c.jpg">]]></content></entry></feed>"""


def read(url: str, text: str) -> References:
    return choosing.read(Page(url, text.encode(), "text/html"))


def test_a_preview_of_a_channel_shows_its_messages_and_goes_on() -> None:
    found = read("https://t.me/s/channel", TELEGRAM)
    assert [each.rpartition("/")[2] for each in found.media] == [
        "one.jpg", "two.jpg", "thumb.jpg", "video.mp4?token=x",
    ]  # fmt: skip
    assert found.following == ("https://t.me/s/channel?before=41",)
    assert found.links == ("https://elsewhere.example/t",)
    assert not found.login


def test_a_channel_without_preview_is_for_members() -> None:
    assert read("https://t.me/private", "<div class=tgme_page>Join</div>").login


@pytest.mark.parametrize(
    ("url", "instead"),
    [
        ("https://t.me/channel", "https://t.me/s/channel"),
        ("https://telegram.me/s/channel?before=9", "https://t.me/s/channel?before=9"),
        ("https://t.me/channel/12", "https://t.me/channel/12?embed=1&mode=tme"),
        ("https://t.me/joinchat", "https://t.me/joinchat"),
        ("https://t.me/+AbCdEf", "https://t.me/+AbCdEf"),
        (
            "https://boards.4chan.org/b/thread/123/slug",
            "https://a.4cdn.org/b/thread/123.json",
        ),
        ("https://example.org/channel", "https://example.org/channel"),
        (
            "https://bsky.app/profile/a.example/post/3k",
            (
                "https://public.api.bsky.app/xrpc/app.bsky.feed.getPostThread"
                "?uri=at%3A%2F%2Fa.example%2Fapp.bsky.feed.post%2F3k&depth=0&parentHeight=0"
            ),
        ),
        (
            "https://bsky.app/profile/a.example",
            (
                "https://public.api.bsky.app/xrpc/app.bsky.feed.getAuthorFeed"
                "?actor=a.example&filter=posts_with_media&limit=50"
            ),
        ),
    ],
)
def test_where_an_address_is_better_looked_at(url: str, instead: str) -> None:
    assert choosing.entry(url) == instead


def test_a_thread_of_a_forum_shows_its_posts() -> None:
    found = read("https://forum.example/threads/x.1/", XENFORO)
    assert set(found.media) == {
        "https://pics.example/1.jpg",
        "https://forum.example/proxy.php?image=x",
        "https://forum.example/attachments/name-jpg.123/",
        "https://forum.example/data/attachments/0/1-abc.jpg",
        "https://pics.example/full.png",
        "https://forum.example/data/video/0/clip.mp4",
    }
    assert found.following == ("https://forum.example/threads/x.1/page-2",)
    assert found.parts == ("https://player.example/e/9",)


def test_a_thread_as_json_has_its_files() -> None:
    found = read("https://a.4cdn.org/b/thread/123.json", json.dumps(FOUR))
    assert found.media == (
        "https://i.4cdn.org/b/1700000000001.jpg",
        "https://i.4cdn.org/b/17.png",
        "https://i.4cdn.org/b/18-1.mp4",
    )
    vichan = read("https://chan.example/b/res/123.json", json.dumps(FOUR))
    assert vichan.media[0] == "https://chan.example/b/src/1700000000001.jpg"
    lynx = read("https://lynx.example/b/res/1.json", json.dumps(LYNX))
    assert lynx.media == (
        "https://lynx.example/.media/abc.jpg",
        "https://lynx.example/.media/def%20ghi.mp4",
    )


def test_a_thread_as_a_page_has_its_json_beside_it() -> None:
    found = read("https://chan.example/b/res/123.html", "<a href=/b/src/1.jpg><img src=t.jpg></a>")
    assert found.parts == ("https://chan.example/b/res/123.json",)
    assert "https://chan.example/b/src/1.jpg" in found.media


def test_a_post_of_mastodon_is_read_as_json_beside_its_page() -> None:
    page = '<meta property="og:image" content="/og.png"><div class="app" id="mastodon"></div>'
    found = read("https://social.example/@who/1090", page)
    assert found.media == ("https://social.example/og.png",)
    assert found.parts == ("https://social.example/api/v1/statuses/1090",)
    assert read("https://social.example/@who", page).parts == ("https://social.example/@who.rss",)
    found = read("https://social.example/api/v1/statuses/1090", json.dumps(STATUS))
    assert [each.rpartition("/")[2] for each in found.media] == ["o.png", "s.png", "r.mp4"]


def test_posts_of_bluesky_show_pictures_and_no_avatars() -> None:
    api = "https://public.api.bsky.app/xrpc/app.bsky.feed."
    found = read(f"{api}getPostThread?uri=x", json.dumps({"thread": {"post": {"embed": EMBED}}}))
    assert found.media == ("https://cdn.example/f.jpg", "https://cdn.example/t")
    feed = {"feed": [{"post": {"embed": EMBED}}, {"post": 3}, None], "cursor": "2026-11"}
    found = read(f"{api}getAuthorFeed?actor=a.example&limit=50", json.dumps(feed))
    assert len(found.media) == 2
    assert found.following == (f"{api}getAuthorFeed?actor=a.example&limit=50&cursor=2026-11",)


def test_feeds_have_enclosures_and_entries() -> None:
    found = read("https://example.org/feed", RSS)
    assert [each.rpartition("/")[2] for each in found.media] == [
        "in.jpg",
        "e.mp4",
        "m.png",
        "t.png",
    ]
    assert set(found.links) == {"https://example.org/", "https://example.org/1"}
    found = read("https://example.org/atom", ATOM)
    assert [each.rpartition("/")[2] for each in found.media] == ["e.jpg", "c.jpg"]
    assert found.following == ("https://example.org/atom?page=2",)
    bomb = '<!DOCTYPE rss [<!ENTITY a "aaaaaaaaaa">' + "".join(
        f'<!ENTITY {chr(98 + n)} "&{chr(97 + n)};&{chr(97 + n)};">' for n in range(20)
    )
    outside = '<!ENTITY x SYSTEM "file:///etc/passwd">'
    assert not read("https://e.example/f", f"<rss>{bomb}{outside}]><item>&u;&x;</item></rss>").media


@pytest.mark.parametrize("text", ["", "[]", "3", '{"posts": 3}', "{", "[" * 5000, "<html id=XF"])
@pytest.mark.parametrize(
    "url",
    [
        "https://a.4cdn.org/b/thread/1.json",
        "https://t.me/s/x",
        "https://example.org/",
        "https://public.api.bsky.app/xrpc/app.bsky.feed.getPostThread",
        "https://m.example/api/v1/statuses/1",
    ],
)
def test_nonsense_shows_nothing(url: str, text: str) -> None:
    assert not read(url, text).media
