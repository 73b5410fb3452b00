"""A site on the loopback that is quick to answer: what crawl_speed's two sides look at.

    python -m benchmarks.crawl_site PAGES PICTURES WIDTH PAGE_BYTES SEED PADDING

Prints its port, and answers until its input is closed. `/` links to the other pages; each of them
shows PICTURES of its own.
"""

from __future__ import annotations

import asyncio
import io
import random
import sys

import numpy as np
from PIL import Image

_NOWHERE = b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"


def picture(seed: int, width: int) -> bytes:
    """A JPEG of soft spots, three quarters as high as wide, different for every seed."""
    spots = np.random.default_rng(seed).integers(0, 255, (12, 16, 3), dtype=np.uint8)
    made = io.BytesIO()
    size = (width, width * 3 // 4)
    Image.fromarray(spots).resize(size, Image.Resampling.BICUBIC).save(made, "JPEG", quality=85)
    return made.getvalue()


def answers(
    pages: int, pictures: int, width: int, page_bytes: int, seed: int, padding: int
) -> dict[str, bytes]:
    """Every answer of the site, by its path. So many MiB of zeros follow each picture."""
    words, zeros = random.Random(seed), bytes(padding * 2**20)
    robots = b"User-agent: *\nDisallow: /private/\n"
    listed = "".join(f'<li><a href="/page/{n}">page {n}</a></li>' for n in range(1, pages))
    made = {
        "/robots.txt": _answer("text/plain", robots),
        "/": _answer("text/html; charset=utf-8", _page(f"<ul>{listed}</ul>")),
    }
    for page in range(1, pages):
        first = page * pictures
        shown = "".join(f'<img src="/{n}.jpg" alt="">' for n in range(first, first + pictures))
        said = _said(words, page_bytes)
        made[f"/page/{page}"] = _answer("text/html; charset=utf-8", _page(shown + said))
        for n in range(first, first + pictures):
            made[f"/{n}.jpg"] = _answer("image/jpeg", picture(seed + n, width) + zeros)
    return made


def _said(words: random.Random, most: int) -> str:
    """What people write below, with the markup that forums have around it."""
    said, size = [], 0
    while size < most:
        text = "".join(words.choices("abcdefghij klmno", k=120))
        said.append(f'<div class="post"><p class="text">{text}</p><span>{size}</span></div>\n')
        size += len(said[-1])
    return "".join(said)


def _page(body: str) -> bytes:
    return f"<!doctype html><html><head><title>t</title></head><body>{body}</body></html>".encode()


def _answer(kind: str, body: bytes) -> bytes:
    head = f"HTTP/1.1 200 OK\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}\r\n\r\n"
    return head.encode() + body


class _Connection(asyncio.Protocol):
    """Answers requests without bodies, in their order."""

    def __init__(self, of: dict[str, bytes]) -> None:
        self._of = of
        self._waiting = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)  # noqa: S101 (of TCP)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._waiting += data
        while (end := self._waiting.find(b"\r\n\r\n")) >= 0:
            path = self._waiting.split(b" ", 2)[1].decode("latin-1")
            self._waiting = self._waiting[end + 4 :]
            self._transport.write(self._of.get(path, _NOWHERE))


async def _serve(of: dict[str, bytes]) -> None:
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: _Connection(of), "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await asyncio.to_thread(sys.stdin.read)


if __name__ == "__main__":
    asyncio.run(_serve(answers(*map(int, sys.argv[1:7]))))
