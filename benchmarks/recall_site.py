"""A site on the loopback in the manners of those where pictures are traded, for crawl_recall.

Each manner deals pictures out over its pages, each of them to one page, and shows it in the ways
that such sites do. `Rendered` remembers which page has which.
"""

from __future__ import annotations

import base64
import hashlib
import html
import json
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from itertools import count

from benchmarks.recall_media import File, Sheet, thumbnail
from tests.crawler.site import Put, Site

TYPES = {"jpg": "image/jpeg", "heic": "image/heic", "mp4": "video/mp4"}
SID = "sid=" + "0123456789abcdef" * 2


class Rendered:
    """A site as it grows: its pages by manner, what each shows, and the addresses to watch."""

    def __init__(self, site: Site) -> None:
        self.site = site
        self.pages: defaultdict[str, int] = defaultdict(int)
        self.shown: defaultdict[str, list[File]] = defaultdict(list)
        self.manner: dict[str, str] = {}
        self.watches: list[str] = []
        self.serial = count(1)

    def page(self, manner: str, path: str, text: str, files: Sequence[File] = ()) -> str:
        """Put a page that shows files. Returns its address."""
        self.site.put[path] = Put(text.encode(), "text/html; charset=utf-8")
        address = self.site.root + path
        self.pages[manner] += 1
        self.manner[address] = manner
        self.shown[address].extend(files)
        return address

    def put(self, file: File, path: str = "") -> str:
        """Put a file. Returns its path."""
        path = path or f"/m/{next(self.serial)}/{file.name}"
        kind = TYPES.get(file.extension, f"image/{file.extension}")
        self.site.put[path] = Put(file.content, kind, etag=f'"{file.name}"')
        return path


def dealt(files: Sequence[File], pages: int) -> Iterator[Sequence[File]]:
    """Deal files out over so many pages, as evenly as can be."""
    for n in range(pages):
        yield files[n * len(files) // pages : (n + 1) * len(files) // pages]


# --- a forum: threads of four kinds of software ---


def forum(on: Rendered, files: Sequence[File], threads: int, pages: int) -> None:
    """Threads of several pages; each kind of forum has every fourth thread."""
    hands = dealt(files, threads * pages)
    for thread in range(threads):
        software = (_xenforo, _phpbb, _vbulletin, _plain)[thread % 4]
        for page in range(pages):
            of_page = next(hands)
            path, following = (f"/forum/{thread}/{n}" for n in (page, page + 1))
            last = page + 1 == pages
            text = software(on, of_page, "" if last else following)
            address = on.page("forum", path, text, of_page)
            if page == 0:
                on.watches.append(f"{address} thread")


def _xenforo(on: Rendered, files: Sequence[File], following: str) -> str:
    posts = []
    for n, file in enumerate(files):
        if n % 2:
            path = on.put(file, f"/attachments/{file.name.replace('.', '-')}.{next(on.serial)}/")
            posts.append(f'<a href="{path}" class="file-preview"><img src="/no.gif"></a>')
        else:
            path = on.put(file)
            posts.append(
                f'<div class="bbImageWrapper" data-src="{path}"><img class="bbImage" '
                f'src="/no.gif" data-url="{path}"></div>'
            )
    body = "".join(f'<article class="message-body">{each}</article>' for each in posts)
    on_link = f'<a class="pageNav-jump pageNav-jump--next" href="{following}">Next</a>'
    return f'<html id="XF"><body>{body}{on_link if following else ""}</body></html>'


def _phpbb(on: Rendered, files: Sequence[File], following: str) -> str:
    posts = []
    for file in files:
        number = next(on.serial)
        path = on.put(file, f"/download/file.php?id={number}&mode=view")
        posts.append(
            '<div class="postbody"><dl class="attachbox"><dt class="attach-image"><img '
            f'src="{html.escape(path)}&amp;{SID}" class="postimage"></dt></dl></div>'
        )
    link = f'<a rel="next" href="{following}?{SID}">Next</a>' if following else ""
    return f'<html><body id="phpbb" class="ltr">{"".join(posts)}{link}</body></html>'


def _vbulletin(on: Rendered, files: Sequence[File], following: str) -> str:
    posts = []
    for file in files:
        number = next(on.serial)
        path = html.escape(on.put(file, f"/attachment.php?attachmentid={number}&d=17"))
        posts.append(f'<div id="post_message_{number}"><a href="{path}">Attachment</a></div>')
    link = f'<a rel="next" href="{following}">&gt;</a>' if following else ""
    script = "<script>vBulletin_init();</script>"
    return f"<html><body>{''.join(posts)}{link}{script}</body></html>"


def _plain(on: Rendered, files: Sequence[File], following: str) -> str:
    ways = (
        lambda path: f'<img class="lazy" src="/no.gif" data-src="{path}">',
        lambda path: f'<a href="/out?url=http%3A%2F%2F{on.site.root[7:]}{path}">look</a>',
        lambda path: f'<img data-lazy-src="{path}"><noscript><img src="{path}"></noscript>',
    )
    body = "".join(ways[n % 3](on.put(file)) for n, file in enumerate(files))
    return f"<html><body>{body}" + (f'<a href="{following}">Next page</a>' if following else "")


# --- a gallery ---


def gallery(on: Rendered, files: Sequence[File], albums: int, pages: int) -> None:
    """Albums of several pages, whose pictures stand in the ways of modern galleries."""
    hands = dealt(files, albums * pages)
    for album in range(albums):
        for page in range(pages):
            of_page = next(hands)
            head, body = "", []
            for n, file in enumerate(of_page):
                path = on.put(file)
                if n == 0 and page % 3 == 0:
                    head = f'<meta property="og:image" content="{path}">'
                else:
                    body.append(_WAYS[(n + page) % len(_WAYS)](path))
            more = f'<link rel="next" href="/album/{album}/{page + 1}">'
            head += more if page + 1 < pages else ""
            text = f"<html><head>{head}</head><body>{''.join(body)}</body></html>"
            address = on.page("gallery", f"/album/{album}/{page}", text, of_page)
            if page == 0:
                on.watches.append(f"{address} thread")


_WAYS: tuple[Callable[[str], str], ...] = (
    lambda path: f'<img src="/no.gif" srcset="/no.gif 320w, {path} 1280w">',
    lambda path: f'<picture><source srcset="{path}"><img src="/no.gif"></picture>',
    lambda path: f'<a class="item" style="background-image: url(&quot;{path}&quot;)"></a>',
    lambda path: f'<a href="{path}"><img src="/no.gif" alt=""></a>',
    lambda path: f'<img src="/no.gif" data-original="{path}" data-width="640">',
    lambda path: f'<div class="slide" data-bg="{path}"></div>',
)

# --- an imageboard, with its JSON ---


def imageboard(on: Rendered, files: Sequence[File], threads: int) -> None:
    """Threads with small pictures, and the files of each in JSON with their MD5."""
    for thread, of_thread in enumerate(dealt(files, threads), 1):
        posts, body = [], []
        for n, file in enumerate(of_thread):
            name = f"{thread}{n:03}"
            on.put(file, f"/b/src/{name}.{file.extension}")
            small = on.put(File(f"{name}s.jpg", thumbnail(file)), f"/b/thumb/{name}s.jpg")
            md5 = hashlib.md5(file.content, usedforsecurity=False).digest()
            said = base64.b64encode(md5).decode()
            posts.append({"no": n, "tim": name, "ext": f".{file.extension}", "md5": said})
            body.append(f'<div class="post"><img src="{small}"></div>')
        document = json.dumps({"posts": posts}).encode()
        on.site.put[f"/b/res/{thread}.json"] = Put(document, "application/json")
        address = on.page("imageboard", f"/b/res/{thread}.html", "".join(body), of_thread)
        on.watches.append(f"{address} page")


# --- a tube site ---


def tube(on: Rendered, films: Sequence[File | Sheet], posters: Sequence[File], pages: int) -> None:
    """Pages of videos: JSON-LD, a player in a frame, and sheets of the films for its time line."""
    hands = dealt(posters, pages)
    links = []
    for page in range(pages):
        shown = films[page * len(films) // pages : (page + 1) * len(films) // pages]
        of_page = list(next(hands))
        posts = [f'<img src="{on.put(each)}" loading="lazy">' for each in of_page[1:]]
        poster = on.put(of_page[0]) if of_page else ""
        about = {"@type": "VideoObject", "name": "x", "thumbnailUrl": [poster]}
        for film in shown:
            if isinstance(film, File):
                about["contentUrl"] = on.put(film)
                of_page.append(film)
            else:
                posts.append(_player(on, film, page))
                of_page.append(film.file)
        said = f'<script type="application/ld+json">{json.dumps(about)}</script>'
        text = f"<html><head>{said}</head><body>{''.join(posts)}</body></html>"
        links.append(on.page("tube", f"/watch/{page}", text, of_page))
    for start in range(0, len(links), 40):
        listed = "".join(f'<a href="{each}">video</a>' for each in links[start : start + 40])
        address = on.page("tube", f"/videos/{start}", f"<html><body>{listed}</body></html>")
        on.watches.append(f"{address} site 1")


def _player(on: Rendered, sheet: Sheet, page: int) -> str:
    on.put(sheet.file, f"/previews/{page}/{sheet.file.name}")
    cues = [
        f"{_time(part.at_ms)} --> {_time(part.until_ms)}\n{sheet.file.name}"
        f"#xywh={part.left},{part.top},{part.width},{part.height}\n"
        for part in sheet.parts
    ]
    track = f"/previews/{page}/film.vtt"
    on.site.put[track] = Put(("WEBVTT\n\n" + "\n".join(cues)).encode(), "text/vtt")
    setup = html.escape(json.dumps({"previewThumbnails": {"enabled": True, "src": track}}))
    on.page("tube", f"/embed/{page}", f'<video data-plyr-config="{setup}"></video>')
    return f'<iframe src="/embed/{page}" allowfullscreen></iframe>'


def _time(ms: int) -> str:
    return f"{ms // 3_600_000:02}:{ms // 60_000 % 60:02}:{ms // 1000 % 60:02}.{ms % 1000:03}"


# --- a channel's preview, and a page that needs JavaScript ---


def channel(on: Rendered, files: Sequence[File], channels: int, pages: int) -> None:
    """Previews of channels, the newest page first."""
    hands = dealt(files, channels * pages)
    for number in range(channels):
        for page in range(pages):
            of_page = next(hands)
            messages = "".join(
                '<div class="tgme_widget_message"><a class="tgme_widget_message_photo_wrap" '
                f"style=\"width:800px;background-image:url('{on.put(file)}')\"></a></div>"
                for file in of_page
            )
            path, older = (f"/s/channel{number}?before={900 - n}" for n in (page, page + 1))
            link = f'<link rel="prev" href="{older}">' if page + 1 < pages else ""
            text = f"<html><head>{link}</head><body>{messages}</body></html>"
            address = on.page("channel", path, text, of_page)
            if page == 0:
                on.watches.append(f"{address} thread")


def scripted(on: Rendered, files: Sequence[File]) -> None:
    """A page that shows nothing until its script has run."""
    on.site.put["/api/feed"] = Put(
        json.dumps([on.put(file) for file in files]).encode(), "application/json"
    )
    script = (
        "fetch('/api/feed').then((said) => said.json()).then((all) => all.forEach((src) => {"
        "const shown = new Image(); shown.src = src; document.body.append(shown); }));"
    )
    on.site.put["/app.js"] = Put(script.encode(), "text/javascript")
    text = '<html><body><div id="root"></div><script src="/app.js"></script></body></html>'
    address = on.page("scripted", "/app", text, files)
    on.watches.append(f"{address} page")
