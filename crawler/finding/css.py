"""Addresses in style sheets and style attributes (CSS Syntax 3): url(…) and image-set strings."""

from __future__ import annotations

import re

from crawler.limits import CSS_CHARACTERS

_URL = re.compile(
    r"""url\(\s*(?:"((?:[^"\\\n]|\\.){0,4096})"|'((?:[^'\\\n]|\\.){0,4096})'|([^\s"'()]{1,4096}))\s*\)""",
    re.I | re.S,
)
_SET = re.compile(r"""image-set\(([^;{}]{0,8192})""", re.I)
_STRING = re.compile(r""""([^"\\\n]{1,4096})"|'([^'\\\n]{1,4096})'""")
_ESCAPE = re.compile(r"\\(?:([0-9a-fA-F]{1,6})[ \t\n\r\f]?|(.))", re.S)
_COMMENT = re.compile(r"/\*.*?\*/", re.S)
_FONT = re.compile(r"\.(?:woff2?|ttf|otf|eot|css)(?:[?#]|$)", re.I)


def addresses(untrusted: str) -> list[str]:
    """Return the references in a piece of CSS that may be pictures, in order."""
    text = _COMMENT.sub(" ", untrusted[:CSS_CHARACTERS])
    found = [_unescaped(next(filter(None, match.groups()), "")) for match in _URL.finditer(text)]
    for inside in _SET.findall(text):
        found += [one or other for one, other in _STRING.findall(_URL.sub("", inside))]
    return [each for each in found if each and not _FONT.search(each)]


def _unescaped(text: str) -> str:
    return _ESCAPE.sub(_character, text)


def _character(match: re.Match[str]) -> str:
    if not match[1]:
        return match[2]
    code = int(match[1], 16)
    return chr(code) if 0 < code < 0x110000 and not 0xD800 <= code < 0xE000 else "\ufffd"  # noqa: PLR2004 (Unicode)
