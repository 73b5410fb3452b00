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


@pytest.mark.parametrize("text", ["", "[]", "3", '{"posts": 3}', "{", "[" * 5000, "<html id=XF"])
@pytest.mark.parametrize(
    "url", ["https://a.4cdn.org/b/thread/1.json", "https://t.me/s/x", "https://example.org/"]
)
def test_nonsense_shows_nothing(url: str, text: str) -> None:
    assert not read(url, text).media
