"""A program in a cell: what it can reach, and that it ends as a whole."""

from __future__ import annotations

import asyncio
import os
import sys
import time
from pathlib import Path

import psutil

from crawler.confining.cell import Cell
from crawler.extracting.extractor import readable
from tests.crawler.cells import cells, proxy, said, told

__all__ = ["cells"]

LOOK = """
import socket, sys
def tried(act):
    try:
        act()
    except OSError as err:
        return type(err).__name__
    return "done"
def opened(path, flags=os.O_RDONLY):
    return tried(lambda: os.close(os.open(path, flags)))
def connected(family, address):
    with socket.socket(family, socket.SOCK_STREAM) as made:
        made.settimeout(2)
        return tried(lambda: made.connect(address))
held, home, port = sys.argv[1], sys.argv[2], int(sys.argv[3])
told = {
    "root": sorted(os.listdir("/")),
    "file": opened(held), "home": opened(home), "shadow": opened("/etc/shadow"),
    "etc": sorted(os.listdir("/etc/ssl")),
    "write": [opened(f"{where}/new", os.O_CREAT | os.O_WRONLY) for where in
              ("/", "/usr", "/etc", "/opt", sys.prefix, "/tmp", "/dev/shm")],
    "interfaces": [name for _, name in socket.if_nameindex()],
    "ipv4": connected(socket.AF_INET, ("127.0.0.1", port)),
    "ipv6": connected(socket.AF_INET6, ("::1", port)),
    "processes": [int(each) for each in os.listdir("/proc") if each.isdecimal()],
    "environment": sorted(os.environ),
    "user": os.getuid(),
    "mounts": open("/proc/self/mountinfo").read(),
    "caps": [line.split()[1] for line in open("/proc/self/status") if line.startswith("CapEff")],
}
"""


def test_there_is_nothing_in_a_cell_but_programs_and_memory(cells: None, tmp_path: Path) -> None:
    del cells
    secret = tmp_path / "secret"
    secret.write_text("x")
    os.environ["TAKEBACK_KEY"] = "not for programs of others"
    try:
        found = told(LOOK, str(secret), str(Path.home()), "1")
    finally:
        del os.environ["TAKEBACK_KEY"]
    assert found["file"] == found["shadow"] == "FileNotFoundError"
    python = {Path(each).parts[1] for each in readable()}
    assert not {"home", "root", "run", "srv", "sys", "var"} - python & set(found["root"])
    assert found["etc"] in (["certs"], [])
    assert found["write"] == ["OSError"] * 5 + ["done"] * 2
    assert found["interfaces"] == ["lo"]
    assert found["processes"] == [1]
    assert found["environment"] == ["HOME", "LANG", "PATH", "TMPDIR"]
    assert found["caps"] == ["0" * 16]
    assert found["user"] == 1000
    # Whatever is no memory is read-only, or a device such as /dev/null: the kernel says so.
    for line in found["mounts"].splitlines():
        mount, _, system = line.partition(" - ")
        place, options = mount.split()[4:6]
        kind = system.split()[0]
        assert kind in {"tmpfs", "proc", "devtmpfs"} or "ro" in options.split(","), line
        assert (
            kind != "devtmpfs"
            or place in {"/dev/null", "/dev/zero", "/dev/full"}
            or (place in {"/dev/random", "/dev/urandom"})
        )


def test_what_listens_on_this_machine_is_not_there(cells: None) -> None:
    del cells
    heard: list[object] = []

    def hear(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heard.append(1)
        writer.close()

    async def work() -> None:
        server = await asyncio.start_server(hear, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        found = await asyncio.to_thread(told, LOOK, "/", "/", str(port))
        assert found["ipv4"] == "ConnectionRefusedError"
        assert found["ipv6"] != "done"
        # The same from here: what was refused does listen.
        _, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.close()
        await asyncio.sleep(0.05)
        server.close()

    asyncio.run(work())
    assert heard == [1]


def below(pid: int) -> list[psutil.Process]:
    return psutil.Process(pid).children(recursive=True)


def test_a_cell_ends_with_all_that_it_started(cells: None) -> None:
    del cells
    # Grandchildren that left their session, and would outlive whoever started them.
    script = "for n in 1 2 3; do setsid sleep 60 & done; setsid sh -c 'sleep 60 & sleep 60' & wait"

    async def work() -> list[psutil.Process]:
        async with Cell(["/bin/sh", "-c", script], proxy(), memory=2**30) as cell:
            until = time.monotonic() + 10
            while len(below(cell.pid)) < 6 and time.monotonic() < until:  # noqa: ASYNC110
                await asyncio.sleep(0.02)
            started = below(cell.pid)
            assert len(started) >= 6
        return started

    _, alive = psutil.wait_procs(asyncio.run(work()), timeout=5)
    assert alive == []


def test_too_much_memory_ends_it(cells: None) -> None:
    del cells
    greedy = "held = bytearray(300 << 20)\nimport time; time.sleep(60)"
    begun = time.monotonic()
    assert said([sys.executable, "-I", "-c", greedy], memory=100 << 20) == b""
    assert time.monotonic() - begun < 30
