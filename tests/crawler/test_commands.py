"""The commands as people run them, over real sockets, and with a real service."""

from __future__ import annotations

import io
import json
import signal
import socket
import stat
import threading
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import psutil
import pytest
from PIL import Image, ImageOps

from crawler.egress.guard import Guard
from crawler.frontier import outbox
from crawler.frontier.store import Store
from crawler.outcomes import Outcome
from crawler.reporting import submitting
from demo.server import running
from hashing import Eligibility, OwnerClient, Submission, hash_file, new_passphrase
from hashing.views.profile import Profile
from tests.crawler.looking import QUICK, look
from tests.crawler.process import Crawler, Watched, blocks_written, counts_blocks
from tests.crawler.site import Site, picture
from tests.crawler.test_traps import compressed, png


def edited(content: bytes) -> bytes:
    """Mirrored, and saved with less quality."""
    with Image.open(io.BytesIO(content)) as opened:
        mirrored = ImageOps.mirror(opened.convert("RGB"))
    made = io.BytesIO()
    mirrored.save(made, "JPEG", quality=60)
    return made.getvalue()


@pytest.mark.soak  # its sibling is tests/pages/test_resurfacing.py
def test_an_owner_reads_that_it_is_there(
    site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """From a page to what its owner reads, with nothing between that is not real."""
    monkeypatch.setenv("TAKEBACK_KEY", "")
    original = tmp_path / "original.png"
    original.write_bytes(picture(77, "PNG", (640, 480)))
    site.medium("/copy.jpg", edited(original.read_bytes()))
    site.medium("/other.jpg", picture(78))
    page = site.page("/page", "<img src=/copy.jpg><img src=/other.jpg>")
    with running(tmp_path / "service") as service:
        owner = OwnerClient(service.address, new_passphrase())
        answers = Eligibility("self", adults=True, intimate=True)
        number = owner.open_case(Submission((hash_file(original),), answers))
        key = service.new_key("Our crawler", "crawler")
        crawler = Crawler(tmp_path / "crawler", TAKEBACK_KEY=key)
        out, err = crawler.run("look", page, "--server", service.address)
        assert f"{page}: seen\n" in out
        assert "medium, seen: 2" in out
        assert "Submitted: 2. Refused: 0." in err
        # An address of the public internet, which leads to our site.
        address = "http://pictures.example.com/page"
        asked = owner.watch(number, address, shows_minor=False)
        assert asked["presence"] == "waiting"
        guard = Guard(loopback=True, lookup=lambda *_: [(2, 1, 6, "", site.server_address)])
        to = submitting.service(service.address, key)
        found = look(service=to, guard=guard, settings=replace(QUICK, profile=Profile.THOROUGH))
        assert found.outcome(address) == (Outcome.SEEN, None)
        assert present(owner, number) == "there"
        assert not look(service=to, guard=guard).visited  # it is due in hours


def present(owner: OwnerClient, number: str) -> str:
    until = time.monotonic() + 30
    while time.monotonic() < until:
        (watch,) = owner.watches(number)
        if watch["presence"] not in {"waiting", "not_found"}:
            break
        time.sleep(0.2)
    return str(watch["presence"])


def test_nothing_is_written_but_the_frontier(site: Site, tmp_path: Path) -> None:
    for n in range(12):
        site.medium(f"/{n}.jpg", picture(n, size=(800, 600)))
    site.medium("/pixels.png", png(60_000, 60_000), "image/png")
    site.put["/bomb"] = compressed("gzip", bytes(24 * 2**20))
    shown = "".join(f"<img src=/{n}.jpg>" for n in range(12)) + "<img src=/pixels.png>"
    page = site.page("/page", shown)
    addresses = [page, site.root + "/bomb"]
    crawler, watched, told, blocks = crawled(tmp_path / "crawler", addresses)
    if blocks and not counts_blocks(tmp_path):  # then whatever is counted would be content,
        # or that a file of a program was read for the first time, which happens once.
        crawler, watched, told, blocks = crawled(tmp_path / "again", addresses)
        assert blocks == 0
    names = {f"state/crawler.sqlite3{end}" for end in ("", "-wal", "-shm", ".key")}
    assert crawler.written() <= names
    ours = {str(crawler.folder / name) for name in names}
    media = {each for each in watched.opened if each.startswith("/memfd:medium")}
    assert media  # it was looked at while it hashed
    assert watched.opened - media <= ours
    assert watched.most < 600 * 2**20
    for name in (crawler.state, crawler.state.with_name("crawler.sqlite3.key")):
        assert stat.S_IMODE(name.stat().st_mode) == 0o600
    # Lines that say what was done have no address, and no signal.
    assert "outcome=seen" in told
    assert "127.0.0.1" not in told
    frontier = Store(crawler.state)
    with frontier.read() as tx:
        first, *_ = outbox.waiting(tx, 20)
    frontier.close()
    assert not any(each["value"] in told for each in json.loads(first.document)["signals"])


def crawled(folder: Path, addresses: Sequence[str]) -> tuple[Crawler, Watched, str, int]:
    """Crawl; return the crawler, what was looked at, what it says, and the blocks written."""
    crawler = Crawler(folder, CRAWLER_PROFILE="fast")
    crawler.watch(addresses)
    before = blocks_written()
    watched = Watched(process := crawler.start("run", "--once"))
    out, err = process.communicate(timeout=120)
    written = blocks_written() - before
    watched.end()
    assert process.returncode == 0, out + err
    return crawler, watched, out + err, written


def test_a_list_is_watched_and_its_state_told(site: Site, tmp_path: Path) -> None:
    page, gone = site.page("/page", "<p>words"), site.root + "/gone"
    crawler = Crawler(tmp_path / "crawler")
    listed = tmp_path / "list.txt"
    listed.write_text(f"# ours\n{page} thread\n\n{gone}\n{site.root}/young minor\n")
    out, err = crawler.run("import", str(listed))
    assert "Watched: 2, of these new: 2." in out
    assert "under 18" in err
    crawler.run("run", "--once")
    out, _ = crawler.run("status")
    assert f"{page} (thread): seen on" in out
    assert f"{gone} (page): gone on" in out
    assert "2 watches." in out
    assert "/young" not in "".join(site.asked)


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("http://10.0.0.1/", "Line 1: this address is not looked at (not_public)"),
        ("https://example.org/ book", "Line 1: write ADDRESS"),
        ("https://example.org/ site 9", "Line 1: write ADDRESS"),
        ("nothing", "Line 1: this address"),
    ],
)
def test_a_list_with_a_wrong_line_is_not_used(tmp_path: Path, line: str, said: str) -> None:
    from crawler import lists  # noqa: PLC0415

    (tmp_path / "list.txt").write_text(line)
    with pytest.raises(lists.InvalidList, match=said.replace("(", r"\(").replace(")", r"\)")):
        lists.read(tmp_path / "list.txt")


def test_it_stops_at_once_and_leaves_nobody(site: Site, tmp_path: Path) -> None:
    slow = site.page("/page", "<img src=/slow.jpg><img src=/1.jpg>")
    site.medium("/1.jpg", picture(1))
    stopped = threading.Event()

    def wait(_: socket.socket) -> None:
        stopped.wait(20)

    site.harms["/slow.jpg"] = wait
    process = Crawler(tmp_path / "crawler").start("look", slow)
    while "/1.jpg" not in site.asked:
        time.sleep(0.01)
    time.sleep(0.5)
    children = psutil.Process(process.pid).children()
    process.send_signal(signal.SIGINT)
    begun = time.monotonic()
    process.communicate(timeout=20)
    assert time.monotonic() - begun < 5
    assert process.returncode == 130
    assert children
    assert not any(each.is_running() for each in children)
    stopped.set()


def test_without_a_contact_nobody_is_asked(tmp_path: Path) -> None:
    crawler = Crawler(tmp_path / "crawler", CRAWLER_LOOPBACK="0")
    _, err = crawler.run("look", "https://example.org/", code=2)
    assert "Set CRAWLER_CONTACT" in err
