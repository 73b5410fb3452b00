"""Screenshots side by side, as the documents show them, and as one looks through them.

    TAKEBACK_SHOTS=shots make test ARGS='-k test_shots'
    python -m tests.pages.sheet shots docs/img/pages.png

Another choice of them: `… sheet.png --width 768 --states start words`. Parts of them, each from its
own height on: `… docs/img/first.png --tops 140 140 345 290 --highest 290`.
"""

import argparse
from pathlib import Path

from PIL import Image

CHOSEN = ("files-chosen", "files-review", "files-card-right", "overview-found")
GAP, SURROUND = 16, "#8a8378"
HIGHEST = 1000
"""Pixels of a shot that are shown; what is below is cut off."""


def main() -> None:
    """Write one sheet of some shots."""
    parser = argparse.ArgumentParser(description="screenshots side by side")
    parser.add_argument("shots", type=Path)
    parser.add_argument("sheet", type=Path)
    parser.add_argument("--states", nargs="+", default=CHOSEN)
    parser.add_argument("--language", default="en")
    parser.add_argument("--width", default="320")
    parser.add_argument("--scheme", default="light")
    parser.add_argument("--highest", type=int, default=HIGHEST)
    parser.add_argument("--tops", nargs="+", type=int, help="pixels cut off above, of each shot")
    chosen = parser.parse_args()
    end = f"-{chosen.language}-{chosen.width}-{chosen.scheme}.png"
    shots = [Image.open(chosen.shots / f"{state}{end}") for state in chosen.states]
    tops = chosen.tops or [0] * len(shots)
    high = min(chosen.highest, max(shot.height for shot in shots))
    wide = sum(shot.width + GAP for shot in shots) + GAP
    sheet = Image.new("RGB", (wide, high + 2 * GAP), SURROUND)
    left = GAP
    for shot, top in zip(shots, tops, strict=True):
        sheet.paste(shot.crop((0, top, shot.width, min(shot.height, top + high))), (left, GAP))
        left += shot.width + GAP
    sheet.quantize(128).save(chosen.sheet, optimize=True)


if __name__ == "__main__":
    main()
