"""The response headers of pages and static files: what a browser may do with each kind.

No page may connect to anything (`connect-src 'none'`); it may follow links and post forms. Only
the hashing page may also start a worker and show files by `blob:` addresses.
Sources: CSP level 3, COOP and COEP (HTML standard), OWASP Secure Headers.
"""

from __future__ import annotations

from enum import Enum
from urllib.parse import urlsplit


class Kind(Enum):
    """The kind of a response, which decides its headers."""

    PAGE = "page"
    WITH_FRAME = "with-frame"
    """A page that stays while its forms are answered in a frame: the one that asks for number and
    words, and an overview with labels, which are lost with it."""
    FILES = "files"
    """The hashing page. It stays open: the answer to its form is loaded into a frame."""
    ANSWER = "answer"
    """The page in such a frame. It runs no script."""
    DESK = "desk"
    """A page for advocates, which may ask for a passkey."""
    SCRIPT = "script"
    """A JavaScript module. A worker has the policy of its own response."""
    STYLE = "style"


_NOTHING = ("default-src 'none'", "base-uri 'none'", "connect-src 'none'")
_SCRIPTS = ("require-trusted-types-for 'script'", "trusted-types takeback")
_SCRIPT = "script-src 'self'"
_PAGE = ("style-src 'self'", "img-src 'self'", "form-action 'self'")
_POLICIES: dict[Kind, tuple[str, ...]] = {
    Kind.PAGE: (*_PAGE, *_SCRIPTS, _SCRIPT, "frame-ancestors 'none'"),
    Kind.DESK: (*_PAGE, *_SCRIPTS, _SCRIPT, "frame-ancestors 'none'"),
    Kind.WITH_FRAME: (*_PAGE, "frame-src 'self'", *_SCRIPTS, _SCRIPT, "frame-ancestors 'none'"),
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
_PASSKEYS = ("publickey-credentials-create", "publickey-credentials-get")
_WITH_PASSKEYS = ", ".join(
    [
        *(f"{one}=()" for one in _SENSORS if one not in _PASSKEYS),
        *(f"{one}=(self)" for one in _PASSKEYS),
    ]
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


_ALLOWLIST = "Connection-Allowlist"
"""What CSP does not know: WebRTC, and where a page may lead (WICG, Connection Allowlists; Chromium
156). Other browsers ignore it."""


def of(kind: Kind, *, inline: str | None = None, exit_url: str = "") -> dict[str, str]:
    """Return the headers of a response.

    `inline` is the hash source (`sha256-…`) of the one inline script, an import map. `exit_url` is
    where the exit button leads, which may redirect.
    """
    directives = [*_NOTHING, *_POLICIES[kind]]
    if inline:
        directives = [
            f"{directive} '{inline}'" if directive.startswith("script-src") else directive
            for directive in directives
        ]
    return {
        "Content-Security-Policy": "; ".join(directives),
        **_allowed(kind, exit_url),
        **_ALWAYS,
        **({"Permissions-Policy": _WITH_PASSKEYS} if kind is Kind.DESK else {}),
    }


def _allowed(kind: Kind, exit_url: str) -> dict[str, str]:
    """Return what the hashing page, and its worker, may connect to or lead to."""
    if kind is Kind.SCRIPT:
        return {_ALLOWLIST: "(response-origin)"}
    if kind is not Kind.FILES:
        return {}
    parts = urlsplit(exit_url)
    return {_ALLOWLIST: f'(response-origin "{parts.scheme}://{parts.netloc}/*");redirects=allow'}
