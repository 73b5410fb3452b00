"""`make crawl` without addresses: the crawler looks at an album on this machine, of two pages."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

from demo import corpus, site
from demo.corpus import Corpus

_FIRST = """<!doctype html><html lang="en"><title>An album</title><h1>An album</h1>
<img src="/0" alt=""><img src="data:," data-src="/1" loading="lazy" alt="">
<img srcset="/2 300w, /3 1200w" sizes="50vw" src="/2" alt="">
<a rel="next" href="/album/2">Next page</a></html>"""
_SECOND = """<!doctype html><html lang="en"><title>An album, page 2</title>
<video src="/video" poster="/0"></video></html>"""
_KINDS = {".png": "image/png", ".jpg": "image/jpeg", ".mp4": "video/mp4"}


def main() -> int:
    """Show the album, look at it, print what is there. Returns the crawler's exit code."""
    with tempfile.TemporaryDirectory(prefix="takeback-album-") as folder:
        taken = corpus.of_package(Path(folder))
        with site.opened(_pages(taken)) as album:
            where = f"{album.address}/album"
            print(f"An album of photographs of the scikit-image package is at {where}.")
            print("A crawler looks at it, as at ADDRESSES='https://…'. Nothing is submitted.\n")
            return _look(where)


def _pages(taken: Corpus) -> dict[str, tuple[str, bytes]]:
    files = {f"/{number}": path for number, path in enumerate(taken.pictures)}
    files["/video"] = taken.video
    pages = {path: (_KINDS[file.suffix], file.read_bytes()) for path, file in files.items()}
    texts = {"/album": _FIRST, "/album/2": _SECOND}
    return pages | {path: ("text/html", text.encode()) for path, text in texts.items()}


def _look(address: str) -> int:
    kept = {name: text for name, text in os.environ.items() if not name.startswith("CRAWLER_")}
    chosen = {"CRAWLER_LOOPBACK": "1", "CRAWLER_DELAY": "0", "CRAWLER_PROFILE": "plain"}
    command = [sys.executable, "-m", "crawler", "look", "--scope", "thread", address]
    sys.stdout.flush()
    return subprocess.run(command, env={**kept, **chosen}, check=False).returncode  # noqa: S603


if __name__ == "__main__":
    sys.exit(main())
