"""The headers of every page and file: what a browser may do with it. One table.

No page has a network but for following links and posting forms: `connect-src` is never allowed.
The page that hashes may, besides, start a worker and show what it made itself (`blob:`).
Sources: CSP level 3, COOP and COEP (HTML standard), OWASP Secure Headers.
"""

from __future__ import annotations

from enum import Enum


class Kind(Enum):
    """What is served."""

    PAGE = "page"
    FILES = "files"
    """The page that hashes: its answer to the form comes into a frame, so that it stays."""
    ANSWER = "answer"
    """What comes into that frame. It runs nothing."""
    SCRIPT = "script"
    """A module; as a worker it has the policy that it came with."""
    STYLE = "style"


_NOTHING = ("default-src 'none'", "base-uri 'none'", "connect-src 'none'")
_SCRIPTS = ("require-trusted-types-for 'script'", "trusted-types takeback")
_PAGE = ("style-src 'self'", "img-src 'self'", "form-action 'self'")
_POLICIES: dict[Kind, tuple[str, ...]] = {
    Kind.PAGE: (*_PAGE, *_SCRIPTS, "script-src 'self'", "frame-ancestors 'none'"),
    Kind.FILES: (
        "style-src 'self'",
        "img-src blob:",
        "media-src blob:",
        "worker-src 'self'",
        "frame-src 'self'",
        "form-action 'self'",
        *_SCRIPTS,
        "script-src 'self'",
        "frame-ancestors 'none'",
    ),
    Kind.ANSWER: ("style-src 'self'", "form-action 'none'", "frame-ancestors 'self'"),
    Kind.SCRIPT: ("script-src 'self'", "frame-ancestors 'none'"),
    Kind.STYLE: ("frame-ancestors 'none'",),
}
_SENSORS = (
    "accelerometer",
    "camera",
    "display-capture",
    "fullscreen",
    "geolocation",
    "gyroscope",
    "magnetometer",
    "microphone",
    "midi",
    "payment",
    "publickey-credentials-get",
    "screen-wake-lock",
    "serial",
    "usb",
    "xr-spatial-tracking",
)
_ALWAYS = {
    "Cache-Control": "no-store",
    "Cross-Origin-Embedder-Policy": "require-corp",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": ", ".join(f"{name}=()" for name in _SENSORS),
    "Referrer-Policy": "no-referrer",
    "Strict-Transport-Security": "max-age=63072000",
    "X-Content-Type-Options": "nosniff",
    "X-Robots-Tag": "noarchive",
}


def of(kind: Kind, *, inline: str | None = None) -> dict[str, str]:
    """Return the headers of a page or file.

    `inline` is the hash source (`sha256-…`) of the one inline script, an import map.
    """
    directives = [*_NOTHING, *_POLICIES[kind]]
    if inline:
        directives = [
            f"{one} '{inline}'" if one.startswith("script-src") else one for one in directives
        ]
    return {"Content-Security-Policy": "; ".join(directives), **_ALWAYS}
