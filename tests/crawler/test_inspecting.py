"""Children: what they answer, what they cannot do, and what happens when they die."""

from __future__ import annotations

import asyncio
import contextlib
import io
import json
import os
import socket
import subprocess
import sys
import textwrap
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import pytest
from PIL import Image

from crawler.finding.collecting import References
from crawler.inspecting.answers import NotInspected, Unbelievable, references_in, signals_in
from crawler.inspecting.children import Children
from crawler.inspecting.inspector import CRASHED, Inspected, Inspector
from crawler.inspecting.memory import MemoryFile, NoMedium
from crawler.limits import CHILD_USES
from crawler.outcomes import ErrorKind, FetchError
from crawler.readers.page import Page
from hashing.errors import ContentError
from hashing.hasher import hash_file, hash_picture
from hashing.views.profile import Profile
from tests.crawler.site import picture
from tests.videos import encoded

ROOT = Path(__file__).parents[2]
PAGE = Page("https://example.org/", b"<img src=a.jpg>", "text/html")


@pytest.fixture(scope="module")
def inspector() -> Iterator[Inspector]:
    made = Inspector(Profile.FAST)
    yield made
    made.close()


def inspect(inspector: Inspector, untrusted: bytes) -> Inspected:
    async def run() -> Inspected:
        inspector.use_here()
        with MemoryFile() as medium:
            medium.write(untrusted)
            medium.end()
            return await inspector.inspect(medium)

    return asyncio.run(run())


def copy_of(child: int) -> psutil.Process:
    """The process that answers for a child."""
    while True:
        copies = psutil.Process(child).children()
        if len(copies) == 1 and copies[0].status() != psutil.STATUS_ZOMBIE:
            return copies[0]
        time.sleep(0.001)


async def killed_twice(inspector: Inspector) -> None:
    """Kill the next child before it has loaded anything, and the one after it."""
    gone: set[int] = set()
    while len(gone) < 2:
        for pid in set(inspector.pids) - gone:
            os.kill(pid, 9)
            gone.add(pid)
        await asyncio.sleep(0.001)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "AVIF", "GIF"])
def test_pictures_have_the_signals_that_hashing_gives(inspector: Inspector, kind: str) -> None:
    content = picture(5, kind)
    assert inspect(inspector, content) == hash_picture(content, use=Profile.FAST)


def test_videos_have_them_too(inspector: Inspector, tmp_path: Path) -> None:
    spots = [np.asarray(Image.open(io.BytesIO(picture(n // 20)))) for n in range(60)]
    path = encoded(tmp_path / "a.mp4", spots)
    found = inspect(inspector, path.read_bytes())
    assert found == hash_file(path, use=Profile.FAST)


def test_a_child_that_dies_costs_nothing(inspector: Inspector) -> None:
    inspect(inspector, picture(1))
    (made,) = inspector.pids[:1]
    pid = copy_of(made).pid
    os.kill(pid, 19)  # it hangs, and then is killed by the system, as for want of memory

    async def run() -> Inspected:
        inspector.use_here()
        with MemoryFile() as medium:
            medium.write(picture(1))
            medium.end()
            waits = asyncio.create_task(inspector.inspect(medium))
            await asyncio.sleep(0.2)
            os.kill(pid, 9)
            return await waits

    assert asyncio.run(run()) == hash_picture(picture(1), use=Profile.FAST)  # by another child
    assert made not in inspector.pids


def test_no_copy_of_a_child_stays_for_long_and_none_stays_behind(inspector: Inspector) -> None:
    """Each has what confines it: the next is of the same process, which has read nothing."""

    async def run() -> list[int]:
        inspector.use_here()
        copies = []
        for _ in range(2 * CHILD_USES + 1):
            assert (await inspector.read(PAGE)).media
            copies.append(copy_of(inspector.pids[-1]).pid)
        return copies

    inspector.close()
    copies = asyncio.run(run())
    assert len(set(copies)) in {3, 4}  # while one ends, it may be the next that is seen
    last = copy_of(inspector.pids[-1])
    assert "Seccomp:\t2" in Path(f"/proc/{last.pid}/status").read_text()
    last.suspend()  # as if it were busy: it does not see that nobody asks any more
    inspector.close()
    try:
        last.wait(5)
    finally:
        with contextlib.suppress(psutil.NoSuchProcess):
            last.kill()


def test_what_kills_every_child_is_left(inspector: Inspector) -> None:
    async def run() -> Inspected:
        inspector.use_here()
        with MemoryFile() as medium:
            medium.write(picture(1))
            medium.end()
            waits = asyncio.create_task(inspector.inspect(medium))
            await killed_twice(inspector)
            return await waits

    inspector.close()
    assert asyncio.run(run()) == CRASHED


def test_a_page_that_kills_its_parser_is_a_fault(inspector: Inspector) -> None:
    async def run() -> None:
        inspector.use_here()
        found = await inspector.read(PAGE)
        assert found.media == ("https://example.org/a.jpg",)
        inspector.close()
        waits = asyncio.create_task(inspector.read(PAGE))
        await killed_twice(inspector)
        with pytest.raises(FetchError) as caught:
            await waits
        assert caught.value.kind is ErrorKind.UNREADABLE
        assert (await inspector.read(PAGE)).media

    asyncio.run(run())


@pytest.fixture(scope="module")
def plain() -> Iterator[Inspector]:
    """Of a profile without views: it asks about several small pictures at once."""
    made = Inspector(Profile.PLAIN)
    yield made
    made.close()


async def all_inspected(
    inspector: Inspector, several: list[bytes], given_up: Sequence[int] = ()
) -> list[Inspected | BaseException]:
    """What is said of media that are all asked about before the child goes on."""
    inspector.use_here()

    async def one(untrusted: bytes) -> Inspected:
        with MemoryFile() as medium:
            medium.write(untrusted)
            medium.end()
            return await inspector.inspect(medium)

    await one(picture(0))
    copy = copy_of(inspector.pids[0])
    copy.suspend()
    waits = [asyncio.create_task(one(each)) for each in several]
    await asyncio.sleep(0)  # all have asked
    for number in given_up:
        waits[number].cancel()
    copy.resume()
    return await asyncio.gather(*waits, return_exceptions=True)


def expected(untrusted: bytes) -> Inspected:
    try:
        return hash_picture(untrusted, use=Profile.PLAIN)
    except ContentError as err:
        return NotInspected(err.code)


SEVERAL = [
    picture(1),
    picture(2, "PNG"),
    b"\xff\xd8\xff" + bytes(50),
    picture(3, "GIF"),
    picture(4),
]


@pytest.mark.parametrize("then", ["answers", "dies", "is given up by one"])
def test_small_pictures_are_asked_about_together(plain: Inspector, then: str) -> None:
    """Where the child dies of one of them, each is asked about by itself."""
    asked: list[int] = []

    class Counted(Children):
        def _next(self) -> list[Any]:
            batch = super()._next()
            asked.append(len(batch))
            if then == "dies" and len(batch) > 1:
                copy_of(plain.pids[0]).kill()
            if then == "is given up by one" and len(batch) > 1:
                batch[-1].answer.cancel()  # who asked closes its descriptor before it is sent
            return batch

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("crawler.inspecting.inspector.Children", Counted)
        patched.setattr("crawler.inspecting.inspector._SOON_SECONDS", 0.0)  # as if it had hung
        found = asyncio.run(all_inspected(plain, SEVERAL))
    answered = 4 if then == "is given up by one" else 5
    assert found[:answered] == [expected(each) for each in SEVERAL][:answered]
    assert asked == [1, 5, *([1] * 5 if then == "dies" else [])]


def test_who_is_given_up_holds_up_nobody(plain: Inspector) -> None:
    found = asyncio.run(all_inspected(plain, SEVERAL, given_up=(1, 3)))
    assert [n for n, each in enumerate(found) if isinstance(each, BaseException)] == [1, 3]
    assert [found[n] for n in (0, 2, 4)] == [expected(SEVERAL[n]) for n in (0, 2, 4)]


def test_who_is_the_last_to_be_given_up_ends_the_child(plain: Inspector) -> None:
    """It may be at a video for minutes."""

    async def run() -> None:
        waits = asyncio.create_task(all_inspected(plain, SEVERAL[:1]))
        for _ in range(5):
            await asyncio.sleep(0)  # the child is started, and has not loaded anything
        (made,) = plain.pids
        waits.cancel()
        await asyncio.wait([waits])
        await asyncio.sleep(0)
        assert made not in plain.pids

    plain.close()
    asyncio.run(run())


def test_decoders_of_videos_are_loaded_by_the_copy_that_needs_them(
    plain: Inspector, tmp_path: Path
) -> None:
    spots = [np.asarray(Image.open(io.BytesIO(picture(n // 20)))) for n in range(60)]
    path = encoded(tmp_path / "a.mp4", spots)
    assert inspect(plain, path.read_bytes()) == hash_file(path, use=Profile.PLAIN)
    made = plain.pids[0]
    loaded = [Path(f"/proc/{pid}/maps").read_text() for pid in (made, copy_of(made).pid)]
    assert ["libavcodec" in each for each in loaded] == [False, True]


def test_what_is_no_medium_is_not_given_to_a_child() -> None:
    for untrusted in (b"", b"<!doctype html>" * 100, b"PK\3\4", b"%PDF-1.7" + bytes(2000)):
        with MemoryFile() as medium, pytest.raises(NoMedium):  # noqa: PT012
            medium.write(untrusted)
            medium.end()


TRIES = """
    import os, socket, subprocess, sys
    from crawler.inspecting import sandbox
    held = sandbox.isolate()
    import numpy, av, cv2
    held += sandbox.confine()
    def refused(what):
        try:
            what()
        except (OSError, ValueError):
            return True
        return False
    print(held, [
        refused(lambda: socket.socket()),
        refused(lambda: socket.create_connection(("127.0.0.1", int(sys.argv[1])))),
        refused(lambda: subprocess.run(["/bin/true"])),
        refused(lambda: open(sys.argv[2], "wb")),
        refused(lambda: open(sys.argv[3], "r+b")),
        refused(lambda: os.unlink(sys.argv[3])),
        refused(lambda: os.rename(sys.argv[3], sys.argv[2])),
        refused(lambda: os.mkdir(sys.argv[2])),
        refused(lambda: os.write(4, b"x")),
    ])
    import resource
    try:
        bytearray(resource.getrlimit(resource.RLIMIT_AS)[0])
    except MemoryError:
        print("no memory")
"""


def test_a_child_has_no_network_no_files_and_no_programs(
    tmp_path: Path, socket_enabled: None
) -> None:
    del socket_enabled
    there, elsewhere = tmp_path / "there", tmp_path / "elsewhere"
    there.write_bytes(b"kept")
    with socket.create_server(("127.0.0.1", 0)) as server, (tmp_path / "open").open("wb") as opened:
        done = subprocess.run(
            [sys.executable, "-B", "-c", textwrap.dedent(TRIES), str(server.getsockname()[1]),
             str(elsewhere), str(there)],
            env={"PYTHONPATH": str(ROOT), "PATH": os.environ["PATH"]},
            preexec_fn=lambda: os.dup2(opened.fileno(), 4),
            pass_fds=[4],
            capture_output=True,
            text=True,
            check=True,
        )  # fmt: skip
    first, second = done.stdout.splitlines()
    assert "'limits', 'seccomp'" in first
    assert first.endswith("[" + ", ".join(["True"] * 9) + "]"), first
    assert second == "no memory"
    assert there.read_bytes() == b"kept"
    assert not elsewhere.exists()
    assert (tmp_path / "open").read_bytes() == b""


ANSWERS = [
    b"", b"x", b"[]", b"{}", b"[" * 9000, b'{"failed": 3}', b'{"failed": "A B"}',
    b'{"content": 3, "incomplete": false}',
    b'{"content": {"kind": "picture", "signals": []}, "incomplete": false}',
    b'{"content": {"kind": "picture", "signals": [{"type": "pdq", "value": ""}]}, "incomplete": 0}',
    b'{"content": {"kind": "x", "signals": [{"type": "md5", "value": "%s"}]}, "incomplete": 0}'
    % (b"0" * 32),
]  # fmt: skip


@pytest.mark.parametrize("untrusted", ANSWERS)
def test_a_child_that_was_taken_over_is_not_believed(untrusted: bytes) -> None:
    with pytest.raises(Unbelievable):
        signals_in(untrusted)
    with pytest.raises(Unbelievable):
        references_in(untrusted, loopback=False)


HERE = "https://example.org/1.jpg"
NOTHING = {
    **{name: [] for name in ("media", "parts", "following", "links", "tracks")},
    **{name: {} for name in ("digests", "sheets")},
    "login": False,
    "cut": False,
}


def test_a_child_that_found_nothing_is_believed() -> None:
    """Or none of the answers below would be refused for what it says."""
    assert references_in(json.dumps(NOTHING).encode(), loopback=False) == References()


@pytest.mark.parametrize(
    "address", ["http://127.0.0.1/", "file:///etc/passwd", "https://h:22/", 3, None, ["x"]]
)
@pytest.mark.parametrize("name", ["media", "parts", "following", "links", "tracks"])
def test_a_child_leads_nowhere_else(name: str, address: object) -> None:
    with pytest.raises(Unbelievable):
        references_in(json.dumps({**NOTHING, name: [address]}).encode(), loopback=False)


@pytest.mark.parametrize(
    "wrong",
    [
        {"media": [HERE], "digests": {HERE: ["0" * 31, ""]}},
        {"media": [HERE], "digests": {HERE: ["Z" * 32, ""]}},
        {"media": [HERE], "digests": {HERE: ["0" * 32]}},
        {"media": [HERE], "digests": {HERE: 3}},
        {"digests": [HERE]},
        {"sheets": {"http://10.0.0.1/": []}},
        {"sheets": {HERE: [[0, 1, 2, 3, 4]]}},
        {"sheets": {HERE: [[0, 1, -2, 3, 4, 5]]}},
        {"sheets": {HERE: [[0, 1, 2, 3, 4, 2**40]]}},
        {"sheets": {HERE: [["0", 1, 2, 3, 4, 5]]}},
        {"sheets": {HERE: [[0, 1, 2, 3, 4, 5]] * 401}},
        {"sheets": {f"{HERE}?{n}": [] for n in range(61)}},
    ],
)
def test_a_child_says_nothing_else_of_media(wrong: dict[str, object]) -> None:
    with pytest.raises(Unbelievable):
        references_in(json.dumps({**NOTHING, **wrong}).encode(), loopback=False)


def test_digests_are_of_media_that_are_shown() -> None:
    said = {"digests": {HERE: ["0" * 32, ""]}}
    assert not references_in(json.dumps({**NOTHING, **said}).encode(), loopback=False).digests
