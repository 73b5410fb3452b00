"""What a page shows, one row for every way in which pages show it."""

from __future__ import annotations

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler import limits
from crawler.finding import css, srcset
from crawler.finding.collecting import References
from crawler.finding.html import find

AT = "https://example.org/d/page"
PICTURE = base64.b64encode(b"https://cdn.example/p.jpg").decode()


def shown(text: str) -> References:
    return find(text.encode(), AT)


def names(addresses: tuple[str, ...]) -> list[str]:
    return [each.removeprefix("https://example.org/d/") for each in addresses]


MEDIA = {
    "<img src=a.jpg>": "a.jpg",
    "<img src='a.jpg?x=1&amp;y=2'>": "a.jpg?x=1&y=2",
    "<img src=a>": "a",
    "<img src=s.gif data-src=a.jpg>": "s.gif a.jpg",
    "<img data-original=a.jpg>": "a.jpg",
    "<img data-lazy-src=/a/1>": "https://example.org/a/1",
    "<div data-any-name=a.webp>": "a.webp",
    "<div data-name=word data-count=3>": "",
    "<img srcset='a.jpg 1x, b.jpg 2x'>": "b.jpg",
    "<img data-srcset='a.jpg 320w, b.jpg 1280w, c.jpg 640w'>": "b.jpg",
    "<picture><source srcset='a.avif 1x,b.avif 2x'><img src=a.jpg></picture>": "b.avif a.jpg",
    "<noscript><img src=a.jpg></noscript>": "a.jpg",
    "<template><img src=a.jpg></template>": "a.jpg",
    "<div style='background: url(a.jpg)'>": "a.jpg",
    "<div style=\"background-image:url('a b.jpg')\">": "a%20b.jpg",
    "<div style='background-image:url(&quot;a.jpg&quot;)'>": "a.jpg",
    "<div data-bg='url(a.jpg)'>": "a.jpg",
    "<style>.x{background:url(a.jpg)}@font-face{src:url(f.woff2)}</style>": "a.jpg",
    "<style>.x{background:image-set('a.jpg' 1x, \"b.jpg\" 2x)}</style>": "a.jpg b.jpg",
    "<video src=a.mp4 poster=p.jpg></video>": "a.mp4 p.jpg",
    "<video><source src=a.webm><source src=a.mp3 type=audio/mpeg></video>": "a.webm",
    "<object data=a.mp4></object>": "a.mp4",
    "<embed src=a type=video/mp4>": "a",
    "<input type=image src=a.png>": "a.png",
    "<svg><image href=a.jpg /></svg>": "a.jpg",
    "<table background=a.jpg>": "a.jpg",
    "<meta property=og:image content=a.jpg>": "a.jpg",
    "<meta property=og:video:secure_url content=https://v.example/a>": "https://v.example/a",
    "<meta name=twitter:image:src content=a.jpg>": "a.jpg",
    "<meta itemprop=thumbnailUrl content=a.jpg>": "a.jpg",
    "<meta name=description content=a.jpg>": "",
    "<link rel=image_src href=a.jpg>": "a.jpg",
    "<link rel=preload as=image href=a.jpg imagesrcset='a.jpg 1x,b.jpg 2x'>": "a.jpg b.jpg",
    "<link rel=icon href=a.ico>": "",
    "<a href=a.jpg><img src=t.jpg></a>": "a.jpg t.jpg",
    "<a href=a.JPG?dl=1>": "a.JPG?dl=1",
    "<a href='./download/file.php?id=7&amp;mode=view'>": "download/file.php?id=7&mode=view",
    "<a href='attachment.php?s=1&attachmentid=9'>": "attachment.php?s=1&attachmentid=9",
    "<a href='attachment.php?x=1'><a href='/download/file.php?i=3'>": "",
    "<iframe src=a.mp4></iframe>": "a.mp4",
    f"<a href='/goto/link-confirmation?url={PICTURE}'>": "https://cdn.example/p.jpg",
    "<a href='/out?url=https%3A%2F%2Fcdn.example%2Fp.jpg'>": "https://cdn.example/p.jpg",
    "<a href='/out?https://cdn.example/p.jpg'>": "https://cdn.example/p.jpg",
    "<base href=/x/><img src=a.jpg>": "https://example.org/x/a.jpg",
    "<base href=https://cdn.example/><img src=a.jpg>": "https://cdn.example/a.jpg",
    "<img src=a.jpg><img src=a.jpg#x><img src=' a.jpg '>": "a.jpg",
    "<img src=data:image/png;base64,AA><img src=blob:x><img src=file:///a><img src=ftp://h/a>": "",
    "<img src=http://127.0.0.1/a.jpg><img src=//10.0.0.1/a><img src=http://[::1]/>": "",
    "<img src='http://[bad/a.jpg'><img src='https://h:99999/'><img src='https://h:22/'>": "",
    '<script type="application/ld+json">{"@type":"VideoObject","contentUrl":"a.mp4",'
    '"thumbnailUrl":["t.jpg","u.jpg"],"embedUrl":"/e/1"}</script>': "a.mp4 t.jpg u.jpg",
    '<script type="application/ld+json">{"@graph":[{"@type":["Thing","ImageObject"],"url":"a"}],'
    '"image":{"contentUrl":"b"}}</script>': "b a",
    '<script type="application/ld+json">{"image": 3, "contentUrl": null}</script>': "",
    '<script type="application/ld+json">{broken</script><img src=a.jpg>': "a.jpg",
    "<img src=a.jpg <img src=b.jpg><p><div></span><img src=c.jpg>": "a.jpg c.jpg",
    "<!-- <img src=a.jpg> --><textarea><img src=b.jpg></textarea>": "",
    "\0<\0img src=a.jpg>": "a.jpg",
    "": "",
    "   ": "",
}  # fmt: skip


@pytest.mark.parametrize(("text", "expected"), MEDIA.items())
def test_media(text: str, expected: str) -> None:
    assert sorted(names(shown(text).media)) == sorted(expected.split())


FOLLOWING = {
    "<a rel=next href=2>": "2",
    "<link rel=next href=2>": "2",
    "<a class='pageNav-jump pageNav-jump--next' href=2>": "2",
    "<a data-pagination=next href=2>": "2",
    "<a id=next-page href=2>": "2",
    "<a href=2>Next ›</a>": "2",
    "<a href=2><b>»</b></a>": "2",
    "<a href=2>Older posts</a>": "2",
    "<a href=2>What comes next in this story</a>": "",
    "<a class=nextcloud href=2>": "",
    "<a rel=next href=javascript:go()>": "",
}


@pytest.mark.parametrize(("text", "expected"), FOLLOWING.items())
def test_where_it_goes_on(text: str, expected: str) -> None:
    assert names(shown(text).following) == expected.split()


def test_links_parts_and_what_asks_for_a_password() -> None:
    found = shown(
        "<a href=other>o</a><a href=#top>t</a><a href=mailto:x>m</a><area href=map>"
        "<a href='/out?to=https://elsewhere.example/t'>e</a><iframe src=/embed/1></iframe>"
        "<iframe src=/ad allowfullscreen></iframe><iframe src=/chat></iframe>"
        "<meta http-equiv=refresh content='0; url=next.html'><input type=password>"
    )
    assert names(found.parts) == ["https://example.org/embed/1", "https://example.org/ad"]
    assert set(names(found.links)) == {
        "other", "map", "https://elsewhere.example/t", "https://example.org/chat", "next.html",
        "https://example.org/out?to=https://elsewhere.example/t",
    }  # fmt: skip
    assert found.login


def test_more_than_anybody_shows_is_cut_and_said() -> None:
    found = shown("".join(f"<img src={n}.jpg><a href=/{n}>" for n in range(5000)))
    assert found.cut
    assert len(found.media) == limits.MEDIA_PER_PAGE
    assert len(found.links) == limits.LINKS_PER_PAGE


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "shift_jis", "windows-1251"])
def test_encodings_that_a_page_names(encoding: str) -> None:
    sent = "<img src=a.jpg alt='…'>".replace("…", "яж" if "1251" in encoding else "x")
    assert find(sent.encode(encoding), AT, f"text/html; charset={encoding}").media


@given(st.binary(max_size=300))
def test_any_bytes_are_a_page(untrusted: bytes) -> None:
    found = find(untrusted, AT)
    every = (*found.media, *found.parts, *found.following, *found.links)
    assert all(each.startswith(("http://", "https://")) for each in every)


@given(st.text(alphabet="url(){}\"'\\ a.jpg/*-image-set,1x\n", max_size=80))
def test_any_text_is_css_and_srcset(text: str) -> None:
    assert all(each in text or "\\" in text for each in css.addresses(text))
    assert all(each in text and density > 0 for each, density in srcset.candidates(text))


def test_srcset_by_the_letter() -> None:
    assert srcset.candidates("a.jpg, b.jpg 1.5x ,c,d.jpg 10w 20h") == [
        ("a.jpg", 1.0), ("b.jpg", 1.5), ("c,d.jpg", 20.0),
    ]  # fmt: skip
    assert srcset.largest("") is None
