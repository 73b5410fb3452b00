"""Videos in pieces (HLS): which are fetched, and that they are hashed as the film is."""

from __future__ import annotations

import itertools
from pathlib import Path

import av
import numpy as np
import pytest

from crawler import limits
from crawler.fetching import streams
from crawler.finding.playlists import Rendition, Segments, chosen, parsed
from crawler.outcomes import ErrorKind, FetchError, Outcome
from hashing.hasher import hash_file
from hashing.signals import SignalType
from tests.crawler.looking import look
from tests.crawler.site import Put, Site
from tests.videos import encoded

BASE = "https://a.example/v/list.m3u8"
KIND = "application/vnd.apple.mpegurl"


def film(folder: Path) -> Path:
    spots = np.random.default_rng(7).integers(0, 255, (6, 12, 16, 3), dtype=np.uint8)
    frames = [np.kron(each, np.ones((20, 20, 1), np.uint8)) for each in spots for _ in range(20)]
    return encoded(folder / "film.mp4", frames, options={"g": "20"})


def pieces(source: Path, folder: Path, kind: str) -> Path:
    """The film in pieces, not encoded again. Returns their list."""
    folder.mkdir()
    target = folder / "list.m3u8"
    options = {"hls_time": "1", "hls_list_size": "0", "hls_segment_type": kind}
    if kind == "fmp4":
        options["hls_fmp4_init_filename"] = "init.mp4"
    with av.open(str(source)) as read, av.open(str(target), "w", "hls", options=options) as written:
        copied = written.add_stream_from_template(read.streams.video[0])
        for packet in read.demux(read.streams.video[0]):
            if packet.dts is not None:
                packet.stream = copied
                written.mux(packet)
    return target


@pytest.mark.parametrize("kind", ["mpegts", pytest.param("fmp4", marks=pytest.mark.soak)])
def test_a_video_in_pieces_has_the_signals_of_the_film(
    site: Site, tmp_path: Path, kind: str
) -> None:
    whole = film(tmp_path)
    listed = pieces(whole, tmp_path / kind, kind)
    for path in listed.parent.iterdir():
        site.medium(f"/low/{path.name}", path.read_bytes(), KIND)
    site.put["/main.m3u8"] = Put(
        b"#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=9000000,RESOLUTION=1920x1080\nhigh/list.m3u8\n"
        b'#EXT-X-STREAM-INF:BANDWIDTH=500000,CODECS="avc1.64,mp4a",RESOLUTION=640x360\n'
        b"low/list.m3u8\n",
        KIND,
    )
    page = site.page("/page", "<video><source src=/main.m3u8></video>")
    found = look([page])
    assert found.results(page) == {"page seen": 1, "medium seen": 1}
    (observed,) = found.seen[page]
    expected = hash_file(whole)
    frames = {each["value"] for each in observed["frames"] if each["type"] == SignalType.PDQ.value}
    assert frames == {
        each.signal.value.hex() for each in expected.frames if each.signal.type is SignalType.PDQ
    }
    assert not [path for path in site.asked if path.startswith("/high")]


def segments(text: str) -> list[str]:
    found = parsed(f"#EXTM3U\n{text}".encode(), BASE)
    assert isinstance(found, Segments)
    return [each.url for each in found.addresses]


def test_lists_are_read_as_far_as_they_are_fetched() -> None:
    assert segments("#EXTINF:4,x\n1.ts\r\n#EXTINF:4,\n/2.ts\n\n#EXT-X-ENDLIST") == [
        "https://a.example/v/1.ts",
        "https://a.example/2.ts",
    ]
    assert segments('#EXT-X-MAP:URI="i.mp4"\n#EXTINF:1,\n1.m4s\n#EXT-X-MAP:URI="j.mp4"\n2.m4s') == [
        "https://a.example/v/i.mp4",
        "https://a.example/v/1.m4s",
    ]
    assert len(segments("#EXTINF:1,\n1.ts\n" * 10_000)) == limits.STREAM_SEGMENTS
    assert len(segments("#EXTINF:100,\n1.ts\n" * 100)) == limits.STREAM_SECONDS / 100
    assert segments("") == []


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("", ErrorKind.ENCODING),
        ("<html>", ErrorKind.ENCODING),
        ('#EXTM3U\n#EXT-X-KEY:METHOD=AES-128,URI="k"\n1.ts', ErrorKind.ENCODING),
        ("#EXTM3U\n#EXT-X-BYTERANGE:9@0\n1.ts", ErrorKind.ENCODING),
        ("#EXTM3U\nfile:///etc/passwd", ErrorKind.ADDRESS),
        ("#EXTM3U\nhttp://169.254.169.254/1.ts", ErrorKind.NOT_PUBLIC),
        ("#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1\nhttp://10.0.0.1/", ErrorKind.NOT_PUBLIC),
    ],
)
def test_lists_that_are_none_of_ours_are_refused(text: str, kind: ErrorKind) -> None:
    with pytest.raises(FetchError) as raised:
        parsed(text.encode(), BASE)
    assert raised.value.kind is kind


def test_the_smallest_rendition_that_shows_enough_is_chosen() -> None:
    def best(*told: str) -> str:
        text = "#EXTM3U\n" + "".join(f"#EXT-X-STREAM-INF:{each}\n{each}\n" for each in told)
        found = parsed(text.replace("=", "=").encode(), BASE)
        assert isinstance(found, list)
        rendition = chosen(found)
        assert isinstance(rendition, Rendition)
        return rendition.address.url.rpartition("/")[2]

    for order in itertools.permutations(
        ["RESOLUTION=1x240", "RESOLUTION=1x480", "RESOLUTION=1x720"]
    ):
        assert best(*order) == "RESOLUTION=1x480"
    assert best("RESOLUTION=1x144", "RESOLUTION=1x240") == "RESOLUTION=1x240"
    assert best("BANDWIDTH=9000000", "BANDWIDTH=600000", "BANDWIDTH=100000") == "BANDWIDTH=600000"
    assert best("X=1") == "X=1"


def test_pieces_that_fail_end_a_video_where_it_is(
    site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    listed = pieces(film(tmp_path), tmp_path / "ts", "mpegts")
    first = listed.parent / "list0.ts"
    site.medium("/1.ts", first.read_bytes())
    lists = {"/late.m3u8": "/1.ts /2.ts", "/none.m3u8": "/2.ts /1.ts", "/large.m3u8": "/1.ts " * 9}
    lists |= {"/self.m3u8": "", "/secret.m3u8": "#EXT-X-KEY:METHOD=AES-128 /1.ts"}
    for path, names in lists.items():
        site.put[path] = Put(("#EXTM3U\n" + "\n".join(names.split())).encode(), KIND)
    loop = "#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1\n/self.m3u8"
    site.put["/self.m3u8"] = Put(loop.encode(), KIND)
    pages = {
        path: site.page(f"/page{path}", f"<video src={path}></video>")
        for path in (*lists, "/missing.m3u8")
    }
    site.latency = 0.01
    monkeypatch.setattr(streams, "VIDEO_BYTES", 5 * first.stat().st_size)
    found = look(pages.values())
    results = {path: next(iter(found.results(page))) for path, page in pages.items()}
    assert results == {
        "/late.m3u8": "medium seen",
        "/none.m3u8": "medium gone",
        "/large.m3u8": "medium fault bytes",
        "/self.m3u8": "medium fault encoding",
        "/secret.m3u8": "medium fault encoding",
        "/missing.m3u8": "medium gone",
    }
    assert found.outcome(pages["/secret.m3u8"])[0] is Outcome.FAULT
    # Where pieces come slowly, others have a turn.
    site.asked.clear()
    monkeypatch.setattr(streams, "VIDEO_BYTES", limits.VIDEO_BYTES)
    monkeypatch.setattr(streams, "STREAM_FETCH_SECONDS", 0.0)
    assert look([pages["/large.m3u8"]]).outcome(pages["/large.m3u8"]) == (Outcome.SEEN, None)
    assert site.times()["/1.ts"] == 1
