"""Media in JSON-LD (schema.org VideoObject, ImageObject and what has an `image`), and tracks."""

from __future__ import annotations

import json
from collections import deque
from typing import Any

from crawler.finding import tracks
from crawler.finding.collecting import Collector
from crawler.limits import JSON_DEPTH, JSON_NODES

_MEDIA = {"contentUrl", "thumbnailUrl", "thumbnail", "image", "photo", "primaryImageOfPage"}
_OBJECTS = {"ImageObject", "VideoObject", "MediaObject", "Photograph", "Clip"}


def collect(untrusted: str, into: Collector) -> None:
    """Note the media of one script. What is no JSON, or too deep, has none."""
    try:
        root = json.loads(untrusted)
    except (ValueError, RecursionError):
        return
    into.tracks(tracks.of_script(untrusted))
    waiting: deque[tuple[Any, int]] = deque([(root, 0)])
    nodes = 0
    while waiting:
        node, depth = waiting.popleft()
        nodes += 1
        if nodes > JSON_NODES or depth > JSON_DEPTH:
            into.cut = True
            return
        if isinstance(node, dict):
            _object(node, into)
            waiting.extend((value, depth + 1) for value in node.values())
        elif isinstance(node, list):
            waiting.extend((value, depth + 1) for value in node)


def _object(node: dict[str, Any], into: Collector) -> None:
    kinds = set(_texts(node.get("@type")))
    for name in sorted(_MEDIA):
        into.media(each for each in _texts(node.get(name)) if not tracks.of_attribute(name, each))
    if kinds & _OBJECTS:
        into.parts(_texts(node.get("embedUrl")))
        if "ImageObject" in kinds:
            into.media(_texts(node.get("url")))


def _texts(value: object) -> list[str]:
    every = value if isinstance(value, list) else [value]
    return [each for each in every if isinstance(each, str)]
