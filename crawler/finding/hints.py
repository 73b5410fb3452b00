"""What a reference says by itself: whether it is a medium, and which address is inside it."""

from __future__ import annotations

import base64
import binascii
import re
from urllib.parse import parse_qsl, urlsplit

MEDIA_NAMES = re.compile(
    r"\.(?:jpe?g|jpe|jfif|png|gif|webp|avif|heic|heif|bmp|tiff?|mp4|m4v|webm|mkv|mov|avi|wmv|flv|"
    r"mpe?g|ogv|ts|3gp|gifv)$",
    re.I,
)
_VIDEO_NAMES = re.compile(r"\.(?:mp4|m4v|webm|mkv|mov|avi|wmv|flv|mpe?g|ogv|ts|3gp|gifv)$", re.I)
_TARGETS = {
    "url", "u", "to", "target", "dest", "destination", "link", "href", "out", "go", "redirect",
    "redirect_to", "redirecturl", "r", "q", "site", "goto", "file", "img", "image",
}  # fmt: skip
_PARAMETERS = 32


ATTACHMENTS = re.compile(
    r"/(?:download/file\.php\?(?:[^#]*&)?id=[0-9]+|attachment\.php\?(?:[^#]*&)?attachmentid=[0-9]+)"
)
"""Full sizes on phpBB and vBulletin, whose names do not say what they are."""


def is_media(reference: str) -> bool:
    """Whether a reference ends like a picture or a video, or is an attachment of a forum."""
    try:
        path = urlsplit(reference.strip()).path
    except ValueError:
        return False
    return bool(MEDIA_NAMES.search(path) or ATTACHMENTS.search("/" + reference))


def is_video(address: str) -> bool:
    """Whether an address ends like a video."""
    return bool(_VIDEO_NAMES.search(urlsplit(address).path))


def inside(reference: str) -> list[str]:
    """Return the addresses that the parameters of an outbound link have, plain or in base64."""
    try:
        query = urlsplit(reference).query
        pairs = parse_qsl(query, max_num_fields=_PARAMETERS)
    except ValueError:
        return []
    found = [_target(value) for name, value in pairs if name.lower() in _TARGETS]
    if re.match(r"https?://", query, re.I):  # /out?https://…
        found.append(query)
    return [each for each in found if each]


def _target(value: str) -> str:
    if re.match(r"https?://[^\s]", value, re.I):
        return value
    if not re.fullmatch(r"[A-Za-z0-9+/_-]{12,4096}={0,2}", value):
        return ""
    padded = value.rstrip("=").replace("-", "+").replace("_", "/")
    try:
        decoded = base64.b64decode(padded + "=" * (-len(padded) % 4)).decode("utf-8")
    except (binascii.Error, ValueError):
        return ""
    return decoded if re.match(r"https?://[^\s]+$", decoded, re.I) else ""
