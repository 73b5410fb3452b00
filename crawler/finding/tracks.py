"""Where players are told of their preview pictures: WebVTT files that name parts of sheets.

The players are those that read the form of JW Player: video.js with its plugins, Plyr, Vidstack and
others (read in November 2026). A file of subtitles that is taken for one names no picture.
"""

from __future__ import annotations

import re
from itertools import islice

from crawler.limits import CSS_CHARACTERS

_FILE = re.compile(r"[^\s\"'<>{}]{1,2048}\.vtt(?:\?[^\s\"'<>{}]{0,2048})?", re.I)
_QUOTED = re.compile(r"""["'`]([^\s"'`<>{}]{1,2048}\.vtt(?:\?[^\s"'`<>{}]{0,2048})?)["'`]""", re.I)
_PREVIEW = re.compile(r"thumb|preview|sprite|storyboard|timeline|scrub|seek", re.I)
_WORDS = re.compile(r"caption|subtitle|chapter|description|lyric", re.I)
_MOST = 200
"""Files of one script that are looked at: of subtitles there are some dozens."""
_BEFORE, _AFTER = 120, 200
"""Characters around a name in a script that say what it is for."""


def of_attribute(name: str, value: str) -> list[str]:
    """Return the files that an attribute names, by itself or within the JSON of a player."""
    if name == "href" or ".vtt" not in value.lower():
        return []
    if _FILE.fullmatch(value.strip()):
        return [] if _WORDS.search(name) and not _PREVIEW.search(name) else [value]
    return of_script(value)


def of_script(untrusted: str) -> list[str]:
    """Return the files that a script gives to a player for its previews."""
    text = untrusted[:CSS_CHARACTERS]
    return [
        match[1].replace("\\/", "/").replace("\\u0026", "&")
        for match in islice(_QUOTED.finditer(text), _MOST)
        if _is_preview(text, match)
    ]


def _is_preview(text: str, match: re.Match[str]) -> bool:
    """Whether its name says so, what it is given as, its object, or what that is called."""
    before, _, inside = text[max(0, match.start() - _BEFORE) : match.start()].rpartition("{")
    if _PREVIEW.search(match[1]) or _PREVIEW.search(inside.rpartition(",")[2]):
        return True
    own = inside + text[match.end() : match.end() + _AFTER].partition("}")[0]
    called = re.split("[,;{}]", before)[-1]
    if _WORDS.search(own) or _WORDS.search(called):
        return False
    return bool(_PREVIEW.search(own) or _PREVIEW.search(called))
