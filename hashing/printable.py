"""Text that others wrote, made safe to show on a terminal."""

from __future__ import annotations


def printable(text: str, most: int | None = None) -> str:
    """Return a text with unprintable characters, which may control a terminal, escaped.

    With `most`, no more than so many characters of it are shown.
    """
    if most is not None and len(text) > most:
        text = text[:most] + "…"
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)
