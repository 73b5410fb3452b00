"""Where a Chromium is, if there is one, and how it is started.

As a program it prints the path, or fails: the Makefile asks. With the argument `headless` it is
that of the headless shell.
"""

import shutil
import sys
from pathlib import Path

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
HEADLESS = "chromium-headless-shell"
"""The same Chromium without windows, tabs and sessions. A walk through the pages needs half as much
processor time."""
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


def find_headless() -> Path | None:
    """Return the path of the headless shell; where it is missing, that of a Chromium; or None."""
    shell = shutil.which(HEADLESS)
    return Path(shell) if shell else find()


if __name__ == "__main__":
    found = shutil.which(HEADLESS) if "headless" in sys.argv else find()
    sys.stdout.write(f"{found}\n")
    sys.exit(found is None)
