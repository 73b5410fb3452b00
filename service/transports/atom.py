"""The private feed of a case (Atom, RFC 4287): a line a day on which there was news."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import date
from typing import NamedTuple
from xml.etree import ElementTree as ET

from service.domain.wording import Message

MEDIA_TYPE = "application/atom+xml"
MOST_ENTRIES = 30
_NAMESPACE = "http://www.w3.org/2005/Atom"
_NAMES = uuid.UUID("5b1f6a4e-8f6b-5d5e-9a55-7a5f7c7b7e0d")
"""Of which the ids of feeds and entries are made: a version 5 UUID tells nothing of its name."""


class News(NamedTuple):
    """That there was news on a day. `name` is never shown."""

    name: str
    day: date


def document(
    name: str, since: date, news: Sequence[News], message: Message, language: str
) -> bytes:
    """Return a feed, newest first. `name` is its own, never shown; `since` the day it was set up.

    Always the same bytes for the same news, so that a reader may ask whether anything changed.
    """
    ET.register_namespace("", _NAMESPACE)
    feed = _element("feed")
    feed.set("{http://www.w3.org/XML/1998/namespace}lang", language)
    newest = max((each.day for each in news), default=since)
    _described(feed, name, newest, message.subject)
    _add(_add(feed, "author"), "name", message.subject)
    for each in news:
        entry = _add(feed, "entry")
        _described(entry, each.name, each.day, message.subject)
        _add(entry, "content", message.text).set("type", "text")
    return bytes(ET.tostring(feed, encoding="utf-8", xml_declaration=True))


def _described(element: ET.Element, name: str, day: date, title: str) -> None:
    _add(element, "id", uuid.uuid5(_NAMES, name).urn)
    _add(element, "title", title)
    _add(element, "updated", f"{day.isoformat()}T00:00:00Z")


def _add(parent: ET.Element, name: str, text: str | None = None) -> ET.Element:
    child = _element(name)
    child.text = text
    parent.append(child)
    return child


def _element(name: str) -> ET.Element:
    return ET.Element(f"{{{_NAMESPACE}}}{name}")
