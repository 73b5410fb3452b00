"""What runs within the cell: yt-dlp, asked for addresses alone. Run by its path, alone.

`python inside.py PROXY ADDRESS AGENT`. Its answer is one line of JSON on descriptor 3.
"""

from __future__ import annotations

import json
import os
import resource
import sys
from typing import Any

_MEMORY = 2**30
_PROCESSOR_SECONDS = 30
_FORMATS = 200
_FIELDS = ("url", "protocol", "vcodec", "height", "filesize")


def main(proxy: str, address: str, agent: str) -> None:
    """Answer what formats yt-dlp finds at an address."""
    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY, _MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (_PROCESSOR_SECONDS, _PROCESSOR_SECONDS))
    os.environ["YTDLP_NO_PLUGINS"] = "1"
    answer = json.dumps(_found(proxy, address, agent))
    with os.fdopen(3, "w", encoding="utf-8") as parent:
        parent.write(answer + "\n")


def _found(proxy: str, address: str, agent: str) -> dict[str, Any]:
    from yt_dlp import YoutubeDL  # noqa: PLC0415 (once the limits hold)
    from yt_dlp.utils import UnsupportedError, YoutubeDLError  # noqa: PLC0415

    options = {
        "proxy": proxy,
        "http_headers": {"User-Agent": agent},
        "socket_timeout": 15,
        "retries": 0,
        "extractor_retries": 0,
        "cachedir": False,  # nothing is written, though it would be memory
        "noplaylist": True,
        "playlist_items": "1",
        "skip_download": True,
        "ignore_no_formats_error": True,
        "usenetrc": False,
        "enable_file_urls": False,
        "js_runtimes": {},  # no program is started, also none of the sites' own
        "remote_components": (),
        "color": "no_color",
        "quiet": True,
        "no_warnings": True,
    }
    try:
        with YoutubeDL(options, auto_init="no_verbose_header") as extractor:
            found = extractor.sanitize_info(extractor.extract_info(address, download=False))
    except YoutubeDLError as err:
        none = isinstance(getattr(err, "exc_info", (None, err))[1], UnsupportedError)
        return {"formats": []} if none else {"failed": True}
    entries = (found or {}).get("entries") or [found or {}]
    formats = (entries[0] or {}).get("formats") or []
    return {"formats": [{name: each.get(name) for name in _FIELDS} for each in formats[:_FORMATS]]}


if __name__ == "__main__":
    main(*sys.argv[1:])
