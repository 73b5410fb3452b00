"""Where a Chromium is, if there is one, and how it is started.

As a program it prints the path, or fails: the Makefile asks.
"""

import shutil
import sys
from pathlib import Path

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
OF_MACOS = Path("/Applications/Google Chrome.app/Contents/MacOS/Google Chrome")
FLAGS = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
)


def find() -> Path | None:
    """Return the path of a Chromium, or None."""
    named = next(filter(None, map(shutil.which, NAMES)), None)
    if named:
        return Path(named)
    return OF_MACOS if OF_MACOS.exists() else None


if __name__ == "__main__":
    found = find()
    sys.stdout.write(f"{found}\n")
    sys.exit(found is None)
