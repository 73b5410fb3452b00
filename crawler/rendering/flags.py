"""How Chromium is found and started. Each flag is a second wall: the first is the cell."""

from __future__ import annotations

import shutil
from pathlib import Path

_NAMES = (
    *("chromium-headless-shell", "chromium", "chromium-browser"),
    *("google-chrome-stable", "google-chrome"),
)
"""In this order: the headless shell needs half the processor time of the whole."""
_FLAGS = (
    "--headless",
    "--remote-debugging-pipe",  # no port: only who started it can say anything to it
    "--user-data-dir=/tmp/profile",  # memory, of its cell alone
    # The only way out is the proxy, also for what is called this machine.
    "--proxy-server=http://127.0.0.1:{port}",
    "--proxy-bypass-list=<-loopback>",  # without it, loopback is asked directly
    "--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1",  # names are the proxy's to resolve
    "--disable-quic",  # HTTP/3 is UDP
    # WebRTC: the whole Chromium reads the first of these, the headless shell the second.
    "--webrtc-ip-handling-policy=disable_non_proxied_udp",
    "--force-webrtc-ip-handling-policy=disable_non_proxied_udp",
    # Nothing that no page asked for.
    "--no-first-run",
    "--no-default-browser-check",
    "--no-pings",
    "--disable-background-networking",
    "--disable-breakpad",
    "--disable-client-side-phishing-detection",
    "--disable-component-extensions-with-background-pages",
    "--disable-component-update",
    "--disable-default-apps",
    "--disable-domain-reliability",
    "--disable-extensions",
    "--disable-sync",
    "--password-store=basic",
    "--disable-features=DialMediaRouteProvider,MediaRouter,OptimizationHints,Translate",
    # What a page could do to us.
    "--block-new-web-contents",  # no window opens another
    "--deny-permission-prompts",
    "--disable-dev-tools",
    "--disable-file-system",
    "--disable-gpu",  # its drivers are the largest part of what a page can reach
    "--disable-notifications",
    "--disable-print-preview",
    "--disable-speech-api",
    "--disable-webgl",
    "--mute-audio",
    "--js-flags=--max-old-space-size=384",  # MiB; a script that wants more ends its page
    # One page, which has nothing to keep from its frames: fewer processes.
    "--disable-site-isolation-trials",
    "--renderer-process-limit=2",
    "--window-size=1280,2400",
    "--disk-cache-size=1",
)


def command(program: str, *, user_agent: str, sandbox: bool) -> list[str]:
    """Return how it is started. `{port}` stands for that of the proxy."""
    own = [] if sandbox else ["--no-sandbox"]
    return [program, *_FLAGS, f"--user-agent={user_agent}", *own, "about:blank"]


def find() -> str | None:
    """Return the path of the Chromium of this machine, or None."""
    found = next(filter(None, map(shutil.which, _NAMES)), None)
    return str(Path(found).resolve()) if found else None
