"""Readers on pages as these sites made them in November 2026, shortened."""

from __future__ import annotations

import json

import pytest

from crawler import limits
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


def test_a_thread_that_lists_without_end_is_read_as_far_as_a_page() -> None:
    posts = [{"tim": n, "ext": ".jpg", "md5": "x" * 99} for n in range(3 * limits.MEDIA_PER_PAGE)]
    found = read("https://chan.example/b/res/1.json", json.dumps({"posts": posts}))
    assert (len(found.media), found.cut) == (limits.MEDIA_PER_PAGE, True)


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


# --- boorus ---

MD5 = "0123456789abcdef" * 2
POST = {"id": 7, "md5": MD5, "file_url": "https://cdn.example/o.jpg", "preview_url": "/p.jpg"}
DANBOORU_PAGE = (
    '<html><body lang="en" class="c-posts a-show flex" data-controller="posts">'
    '<section id="image-container"><img src="https://cdn.example/sample.jpg"></section>'
)
GELBOORU_XML = (
    '<?xml version="1.0"?><!DOCTYPE p [<!ENTITY a SYSTEM "file:///etc/passwd">]><posts count="2">'
    f'<post id="1" file_url="//cdn.example/1.png" md5="{MD5}" sample_url="/s.jpg"/>'
    "<post><id>2</id><file_url>https://cdn.example/2.webm</file_url><md5>x</md5></post></posts>"
)
BOORUS = {
    # of an interface: what is read of which file
    ("https://b.example/posts/7.json", json.dumps(POST)): {"https://cdn.example/o.jpg": MD5},
    ("https://b.example/posts.json?tags=x", json.dumps([POST, 3, {"id": 8}])): {
        "https://cdn.example/o.jpg": MD5
    },
    ("https://b.example/posts/7.json", json.dumps(
        {"md5": MD5, "file_url": "https://cdn.example/u.zip", "large_file_url": "/u.webm"}
    )): {"https://b.example/u.webm": MD5},
    ("https://b.example/posts/7.json", json.dumps(
        {"post": {"file": {"md5": MD5, "url": "https://cdn.example/e.png"}, "sample": {}}}
    )): {"https://cdn.example/e.png": MD5},
    ("https://b.example/posts/7.json", json.dumps(
        {"post": {"file": {"md5": MD5, "url": None}}}  # for members only
    )): {},
    ("https://b.example/post.json?tags=id:7", json.dumps([POST])): {
        "https://cdn.example/o.jpg": MD5
    },
    ("https://b.example/index.php?page=dapi&s=post&q=index&json=1&id=7", json.dumps(
        {"@attributes": {"count": 1}, "post": [POST]}
    )): {"https://cdn.example/o.jpg": MD5},
    ("https://b.example/index.php?page=dapi&s=post&q=index&json=1&id=7", json.dumps(
        [{"hash": MD5, "directory": "12/ab", "image": "n.jpg"}]
    )): {"https://b.example/images/12/ab/n.jpg": MD5},
    ("https://b.example/index.php?page=dapi&s=post&q=index&tags=x", GELBOORU_XML): {
        "https://cdn.example/1.png": MD5, "https://cdn.example/2.webm": None,
    },
    ("https://b.example/index.php?page=dapi&s=post&q=index&id=7", '"Missing authentication."'): {},
    # of a page that has it within
    ("https://b.example/post/show/7/tags", (
        "<div id=post-view><img src=/s.jpg><script> Post.register_resp("
        + json.dumps({"posts": [POST], "pools": []}) + "); </script>"
    )): {"https://cdn.example/o.jpg": MD5, "https://b.example/s.jpg": None},
}  # fmt: skip


@pytest.mark.parametrize(("page", "expected"), BOORUS.items())
def test_boorus_name_files_and_their_digests(
    page: tuple[str, str], expected: dict[str, str | None]
) -> None:
    found = read(*page)
    of_media = {
        url: found.digests[url].md5 if url in found.digests else None for url in found.media
    }
    assert of_media == expected


@pytest.mark.parametrize(
    ("url", "text", "beside"),
    [
        ("/posts/7?q=a", DANBOORU_PAGE, "/posts/7.json?q=a"),
        ("/posts/7", "<body class=blog>A word of somebody's", ""),
        ("/post/show/7", "<a href=https://e.example/moebooru>", "/post.json?tags=id%3A7"),
        (
            "/index.php?page=post&s=view&id=7",
            "<img src=/images/1.jpg>",
            "/index.php?page=dapi&s=post&q=index&json=1&id=7",
        ),
        (
            "/index.php?page=post&s=list&tags=a+b",
            "",
            "/index.php?page=dapi&s=post&q=index&json=1&tags=a+b",
        ),
        ("/index.php?page=post&s=list&tags=a&pid=42", "", ""),
    ],
)  # fmt: skip
def test_boorus_are_asked_beside_their_page(url: str, text: str, beside: str) -> None:
    found = read(f"https://b.example{url}", text)
    assert found.parts == ((f"https://b.example{beside}",) if beside else ())


# --- digests of others ---

CID = "bafkreiaaaebagbafaydqqcikbmga2dqpcaireeyuculbogazdinryhi6d4"


def test_imageboards_and_bluesky_name_digests() -> None:
    posts = {"posts": [{"tim": 1, "ext": ".jpg", "md5": "ASNFZ4mrze8BI0VniavN7w=="}]}
    found = read("https://a.4cdn.org/b/thread/1.json", json.dumps(posts))
    assert found.digests["https://i.4cdn.org/b/1.jpg"].md5 == MD5
    where = f"https://cdn.example/img/feed_fullsize/plain/did:plc:abc/{CID}@jpeg"
    post = {"thread": {"post": {"embed": {"images": [{"fullsize": where}]}}}}
    url = "https://public.api.bsky.app/xrpc/app.bsky.feed.getPostThread?uri=x"
    assert read(url, json.dumps(post)).digests[where].sha256 == bytes(range(32)).hex()


@pytest.mark.parametrize("wrong", ["", "x", MD5[:-1], "ASNFZ4mrze8=", 3, None, [MD5], "é" * 22])
def test_what_is_no_digest_is_none(wrong: object) -> None:
    posts = {"posts": [{"tim": 1, "ext": ".jpg", "md5": wrong}]}
    found = read("https://a.4cdn.org/b/thread/1.json", json.dumps(posts))
    assert len(found.media) == 1
    assert not found.digests


# --- phpBB and vBulletin ---

PHPBB = """<!DOCTYPE html><html><body id="phpbb" class="nojs notouch section-viewtopic ltr">
<div class="post"><dl class="postprofile"><dt><img class="avatar"
src="./download/file.php?avatar=2_1.jpg"></dt></dl>
<div class="postbody"><div class="content"><img src="https://pics.example/a.jpg"></div>
<dl class="attachbox"><dt>Attachments</dt><dd><dl class="thumbnail"><dt>
<a href="./download/file.php?id=7&amp;mode=view&amp;sid=0123456789abcdef0123456789abcdef"><img
src="./download/file.php?id=7&amp;t=1&amp;sid=0123456789abcdef0123456789abcdef"></a></dt></dl></dd>
<dd><dl class="file"><dt class="attach-image"><img src="./download/file.php?id=8&amp;mode=view"
onclick="viewableArea(this);"></dt></dl></dd></dl></div></div>
<div class="pagination"><ul><li class="arrow next"><a class="button button-icon-only" rel="next"
href="./viewtopic.php?t=4&amp;sid=0123456789abcdef0123456789abcdef&amp;start=15">Next</a></li></ul></div>
</body></html>"""
VBULLETIN_4 = """<html><head><meta name="generator" content="vBulletin 4.2.5"></head><body>
<a class="postuseravatar"><img src="image.php?u=3&amp;dateline=1"></a>
<div class="content"><div id="post_message_12"><blockquote class="postcontent restore">
<img src="clear.gif" data-src="https://pics.example/b.jpg"></blockquote></div>
<div class="attachments"><fieldset class="postcontent">
<a href="attachment.php?s=0123456789abcdef0123456789abcdef&amp;attachmentid=9&amp;d=1"><img
src="attachment.php?attachmentid=9&amp;d=1&amp;thumb=1"></a></fieldset></div></div>
<a rel="next" href="showthread.php?4-x/page2&amp;s=0123456789abcdef0123456789abcdef">Next</a>
</body></html>"""
VBULLETIN_5 = """<html><head><meta content='vBulletin 5.6.9' name='generator'></head><body>
<div class="b-avatar"><img src="core/image.php?userid=2"></div>
<div class="b-post__content"><img class="js-lightbox" src="filedata/fetch?id=5&amp;type=medium"
data-fullsize-url="filedata/fetch?id=5&amp;type=full"></div></body></html>"""
FORUMS = {
    ("https://forum.example/viewtopic.php?t=4", PHPBB): (
        {"https://pics.example/a.jpg", "/download/file.php?id=7&mode=view",
         "/download/file.php?id=7&t=1", "/download/file.php?id=8&mode=view"},
        ["/viewtopic.php?t=4&start=15"],
    ),
    ("https://forum.example/showthread.php?4-x", VBULLETIN_4): (
        {"https://pics.example/b.jpg", "/clear.gif", "/attachment.php?attachmentid=9&d=1",
         "/attachment.php?attachmentid=9&d=1&thumb=1"},
        ["/showthread.php?4-x/page2"],
    ),
    ("https://forum.example/t/4", VBULLETIN_5): (
        {"/t/filedata/fetch?id=5&type=medium", "/t/filedata/fetch?id=5&type=full"}, [],
    ),
}  # fmt: skip


@pytest.mark.parametrize(("page", "expected"), FORUMS.items())
def test_posts_of_forums_are_read_without_sessions_and_avatars(
    page: tuple[str, str], expected: tuple[set[str], list[str]]
) -> None:
    found = read(*page)
    here = "https://forum.example"
    assert {each.removeprefix(here) for each in found.media} == expected[0]
    assert [each.removeprefix(here) for each in found.following] == expected[1]


def test_a_forum_of_its_own_template_is_read_as_any_page() -> None:
    text = "<body id=phpbb><main><a href=./download/file.php?id=7><img src=/t.jpg></a></main>"
    found = read("https://forum.example/viewtopic.php?t=4", text)
    assert len(found.media) == 2
