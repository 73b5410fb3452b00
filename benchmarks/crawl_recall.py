"""What the crawler finds on a site of 500 pages: planted edited copies among other pictures.

    python -m benchmarks.crawl_recall [--photos DIR] [--json FILE] [--small]

The site is on the loopback (benchmarks/recall_site.py). A crawler of its own process looks at it
with the profile `thorough`; what it observes is handed in to a service, which compares it with a
bank of the originals as it always does. Beside it each planted file is looked up as a platform
does, with the same profile: of these, the crawl is to find every one. Found wrongly is every page
that is said to show something of the bank which is not there.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from benchmarks import bank, machine, recall_media, recall_site
from benchmarks.bank import Bank
from benchmarks.recall_media import SEED, File, Picture, Sheet
from benchmarks.recall_site import Rendered
from crawler.frontier import outbox
from crawler.frontier.store import Store
from hashing.hasher import hash_file, hash_picture, hash_sheet
from hashing.signals import ContentSignals, WindowSet
from hashing.views.profile import Profile
from hashing.windows import SETS
from service.api import wire
from service.domain.sighting import Verdict
from service.workflows.observe import Claim
from tests.crawler import cells
from tests.crawler.process import Crawler, Watched
from tests.crawler.site import Site, open_site

Row = dict[str, Any]

ALL = "all"
SECONDS = 3600
"""The longest that the crawl may take."""
MOST = 10**6
"""Observations of it."""
SCRIPTED = "scripted"
"""The manner that shows nothing until a script has run."""
STORED = sorted(SETS[WindowSet.STANDARD])
PACKAGES = ("numpy", "pillow", "pillow_heif", "av", "opencv-python-headless", "scrapy", "aiohttp")


class Size(NamedTuple):
    """How large a site is, and what is planted."""

    copies: int
    others: int
    distractors: int
    """Entries of the bank that are nowhere on the site."""
    films: int
    forum: tuple[int, int]
    gallery: tuple[int, int]
    imageboard: int
    tube: int
    channel: tuple[int, int]


FULL = Size(60, 1500, 1000, 8, (24, 5), (24, 5), 90, 90, (10, 7))
SMALL = Size(12, 36, 50, 1, (4, 2), (4, 2), 6, 8, (2, 4))


class Content(NamedTuple):
    """What the bank knows, and what the site shows of it and beside it."""

    entries: dict[str, ContentSignals]
    files: list[File]
    films: list[File | Sheet]
    scripted: list[File]


class Result(NamedTuple):
    """What a crawl came to; contents by their name, pages by their address."""

    rendered: Rendered
    planted: dict[tuple[str, str], File]
    """(content, page) → the copy."""
    looked_up: set[tuple[str, str]]
    """Of these, what a thorough lookup of the file matches."""
    found: Counter[tuple[str, str]]
    """(content, page) → observations that match it."""
    seconds: float
    memory: int
    """Most bytes of all processes of the crawler at one time."""
    browser: bool
    """Whether the crawler had one."""

    @property
    def missed(self) -> set[tuple[str, str]]:
        """What a lookup finds and the crawl did not, without a browser apart from what needs it."""
        return {
            each
            for each in self.looked_up - set(self.found)
            if self.browser or self.rendered.manner[each[1]] != SCRIPTED
        }

    @property
    def false(self) -> set[tuple[str, str]]:
        """What was found where nothing of it is shown."""
        return set(self.found) - set(self.planted)


def main() -> None:
    """Crawl, print a table, and write rows."""
    chosen = _parser().parse_args()
    about = {
        **machine.described(PACKAGES),
        "seed": SEED,
        "photos": len(list(chosen.photos.glob("*.jpg"))) if chosen.photos else 0,
        "size": (SMALL if chosen.small else FULL)._asdict(),
    }
    print(json.dumps(about))
    result = crawled(SMALL if chosen.small else FULL, chosen.photos, cells.browser())
    rows = table(result)
    _print(rows, result)
    if chosen.json:
        chosen.json.write_text(json.dumps({"about": about, "rows": rows}, indent=1) + "\n", "utf-8")


def crawled(size: Size, photos: Path | None, browser: str | None) -> Result:
    """Render a site, crawl it, with a browser if one is given, and compare what was observed."""
    content = contents(size, photos)
    with tempfile.TemporaryDirectory(prefix="takeback-recall-") as folder, open_site() as site:
        rendered = render(site, content, size)
        observed, seconds, memory = _crawl(Path(folder), rendered.watches, browser)
        with bank.opened() as known:
            known.add({**content.entries, **bank.distractors(size.distractors, STORED)})
            planted = {
                (file.of, page): file
                for page, files in rendered.shown.items()
                for file in files
                if file.of
            }
            sheets = {each.file.name: each for each in content.films if isinstance(each, Sheet)}
            looked_up = {key for key, file in planted.items() if _looked_up(known, file, sheets)}
            found = Counter(known.observed(map(_claim, observed)))
            return Result(rendered, planted, looked_up, found, seconds, memory, browser is not None)


def contents(size: Size, photos: Path | None) -> Content:
    """Make everything: originals, their copies, films of others, and what stands beside them."""
    extra = recall_media.SHOTS * 2 * size.films
    pictures = recall_media.originals(photos, 4 * size.copies + 1 + extra)
    known, pictures = pictures[: size.copies + 1], pictures[size.copies + 1 :]
    shots, others = pictures[:extra], pictures[extra:]
    entries = {f"known-{n}": _entry(picture) for n, picture in enumerate(known)}
    films: list[File | Sheet] = []
    for n in range(2 * size.films):
        scenes = shots[n * recall_media.SHOTS : (n + 1) * recall_media.SHOTS]
        of = f"film-{n}" if n % 4 < 2 else ""  # the others are nobody's
        if of:
            entries[of] = hash_film(recall_media.film(scenes))
        if n % 2 == 0:
            copy = recall_media.film(scenes, mirrored=True, quality=32)
            films.append(File(f"v{n}.mp4", copy, of, "mirrored, encoded again" if of else ""))
        else:
            films.append(recall_media.sheet(f"sheet{n}.jpg", scenes, of))
    copies = list(recall_media.copies(known[:-1], others))
    scripted = File("s.jpg", recall_media.saved(known[-1], "JPEG"), f"known-{size.copies}", "JPEG")
    beside = list(recall_media.parts(others, size.others))
    step = len(beside) // size.copies
    mixed = [
        file for n in range(size.copies) for file in (*beside[n * step : (n + 1) * step], copies[n])
    ]
    return Content(entries, mixed + beside[size.copies * step :], films, [scripted])


def _entry(picture: Picture) -> ContentSignals:
    return hash_picture(recall_media.saved(picture, "PNG"), use=WindowSet.STANDARD)


def render(site: Site, content: Content, size: Size) -> Rendered:
    """Deal the files out over the manners of sites."""
    on = Rendered(site)
    weights = {
        "forum": size.forum[0] * size.forum[1],
        "gallery": size.gallery[0] * size.gallery[1],
        "imageboard": 2 * size.imageboard,
        "tube": size.tube,
        "channel": size.channel[0] * size.channel[1],
    }
    hands, at = {}, 0
    for manner, weight in weights.items():
        end = at + round(len(content.files) * weight / sum(weights.values()))
        hands[manner] = content.files[at:end] if manner != "channel" else content.files[at:]
        at = end
    recall_site.forum(on, hands["forum"], *size.forum)
    recall_site.gallery(on, hands["gallery"], *size.gallery)
    recall_site.imageboard(on, hands["imageboard"], size.imageboard)
    recall_site.tube(on, content.films, hands["tube"], size.tube)
    recall_site.channel(on, hands["channel"], *size.channel)
    recall_site.scripted(on, content.scripted)
    return on


def _crawl(
    folder: Path, watches: Sequence[str], browser: str | None
) -> tuple[list[dict[str, Any]], float, int]:
    """Return what a crawler observes, the seconds it takes, and its most memory in bytes."""
    chosen = {"CRAWLER_PROFILE": "thorough", "CRAWLER_REQUESTS_PER_HOST": "8"}
    crawler = Crawler(folder / "crawler", **chosen, CRAWLER_BROWSER=browser or "0")
    crawler.watch(watches)
    begun = time.monotonic()
    watched = Watched(process := crawler.start("run", "--once"))
    _, err = process.communicate(timeout=SECONDS)
    watched.end()
    if process.returncode:
        raise SystemExit(err)
    seconds = time.monotonic() - begun
    frontier = Store(crawler.state)
    with frontier.read() as tx:
        waiting = outbox.waiting(tx, MOST)
    frontier.close()
    return [json.loads(each.document) for each in waiting], seconds, watched.most


def _looked_up(known: Bank, file: File, sheets: Mapping[str, Sheet]) -> bool:
    """Whether a thorough lookup of a file matches what it is a copy of."""
    if file.name in sheets:
        parts = sheets[file.name].parts
        item = hash_sheet(file.content, parts, use=Profile.THOROUGH)
    elif file.extension == "mp4":
        item = hash_film(file.content, Profile.THOROUGH)
    else:
        item = hash_picture(file.content, use=Profile.THOROUGH)
    found = known.ask([item])[0]
    return any(one.name == file.of and one.verdict is Verdict.MATCH for one in found)


def hash_film(content: bytes, use: WindowSet | Profile = WindowSet.STANDARD) -> ContentSignals:
    """Return the signals of a film in memory."""
    with tempfile.NamedTemporaryFile(suffix=".mp4") as file:
        file.write(content)
        file.flush()
        return hash_file(file.name, use=use)


def _claim(document: Mapping[str, Any]) -> Claim:
    item = wire.ObservationIn.model_validate(document)
    return Claim(item.value(), item.address, None, item.declared)


def table(result: Result) -> list[Row]:
    """Return a row for each manner of site, and one for all."""
    on = result.rendered
    manners = list(dict.fromkeys(on.manner.values()))
    rows = []
    for manner in [*manners, ALL]:
        pages = {page for page, of in on.manner.items() if manner in {of, ALL}}
        rows.append(
            {
                "manner": manner,
                "pages": len(pages),
                "files": sum(len(on.shown[page]) for page in pages),
                "planted": sum(page in pages for _, page in result.planted),
                "looked_up": sum(page in pages for _, page in result.looked_up),
                "found": sum(page in pages for _, page in set(result.found) & set(result.planted)),
                "missed": sum(page in pages for _, page in result.missed),
                "false": sum(page in pages for _, page in result.false),
            }
        )
    rows[-1] |= {"seconds": round(result.seconds, 1), "megabytes": result.memory >> 20}
    return rows


def _print(rows: Sequence[Row], result: Result) -> None:
    for name in rows[0]:
        print(f"{name:>12}", end="")
    for row in rows:
        print("\n" + "".join(f"{row[name]:>12}" for name in rows[0]), end="")
    print(f"\n\n{rows[-1]['seconds']} s, {rows[-1]['megabytes']} MB of all processes at most")
    for key in sorted(result.missed):
        print(f"missed: {result.planted[key].edit} at {result.rendered.manner[key[1]]}")
    for name, page in sorted(result.false):
        print(f"false: {name} at {result.rendered.manner[page]}")
    found_too = set(result.found) & set(result.planted) - result.looked_up
    print(f"found, though a lookup of the same file does not match: {len(found_too)}")
    lost = [each.edit for key, each in result.planted.items() if key not in result.looked_up]
    print(f"edits that a lookup does not match: {', '.join(sorted(lost))}")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.crawl_recall", description=__doc__)
    parser.add_argument("--photos", type=Path, help="folder of at least 240 photographs (*.jpg)")
    parser.add_argument("--json", type=Path, help="write rows to this file")
    parser.add_argument("--small", action="store_true", help="the site of 40 pages that tests use")
    return parser


if __name__ == "__main__":
    main()
