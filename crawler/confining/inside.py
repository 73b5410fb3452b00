"""What becomes a program of others, once it has shut itself in. Run by its path, alone.

`python inside.py DESCRIPTOR ROOT READABLE… -- PROGRAM ARGUMENT…`. The descriptor is of a Unix
socket, which gets a line and, with it, a socket that listens within; then it is 3 and 4 for the
program. ROOT is an empty folder, which nobody else sees filled. Linux, and the standard library
alone: no namespace has more than it needs.
"""

from __future__ import annotations

import ctypes
import errno
import fcntl
import json
import os
import resource
import signal
import socket
import struct
import sys
from pathlib import Path

_MOUNTS, _NAMES, _IPC, _USERS = 0x20000, 0x4000000, 0x8000000, 0x10000000
_PROCESSES, _NETWORK = 0x20000000, 0x40000000
_READ_ONLY, _NO_SETUID, _NO_DEVICES, _NO_PROGRAMS = 1, 2, 4, 8
_BIND, _RECURSIVE, _PRIVATE, _DETACH = 0x1000, 0x4000, 0x40000, 2
_PR_SET_PDEATHSIG = 1
_SIOCSIFFLAGS, _UP = 0x8914, 0x1 | 0x40
_PIVOT_ROOT = {"x86_64": 155, "aarch64": 41}
_MOUNT_SETATTR, _AT_RECURSIVE = 442, 0x8000
_INNER = 1000
"""Its user within: not root, so that programs which refuse to be root keep their own sandbox."""
SYSTEM = ("usr", "opt", "bin", "sbin", "lib", "lib32", "lib64")
"""Folders with programs, read-only; no other folder is there."""
_CONFIGURED = (
    *("alternatives", "ca-certificates", "chromium", "chromium.d", "fonts", "ld.so.cache"),
    *("localtime", "nsswitch.conf", "passwd", "pki/ca-trust", "pki/tls/certs", "ssl/certs"),
)
"""Of /etc, what programs are configured by; nothing of it is secret."""
_DEVICES = ("null", "zero", "full", "random", "urandom")
_MEMORY_SIZE = {"tmp": "64m", "dev/shm": "256m"}
"""Folders of memory. Both count as memory of the program, and end with it."""

_libc = ctypes.CDLL(None, use_errno=True)


def main() -> None:
    """Shut this process in, and become the program."""
    parent = socket.socket(fileno=int(sys.argv[1]))
    split = sys.argv.index("--")
    root, readable, program = sys.argv[2], sys.argv[3:split], sys.argv[split + 1 :]
    try:
        listener = _alone()
        child = os.fork()  # the first process of its namespace: all others end with it
        if child:
            _follow(child, parent)
        _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
        _rooted(root, readable)
    except OSError as err:
        why = errno.errorcode.get(err.errno or 0, "")
        parent.sendall(json.dumps({"failed": why}).encode() + b"\n")
        sys.exit(1)
    port = listener.getsockname()[1]
    socket.send_fds(parent, [json.dumps({"port": port}).encode() + b"\n"], [listener.fileno()])
    listener.close()
    _become(parent, [each.replace("{port}", str(port)) for each in program])


def _alone() -> socket.socket:
    """Enter namespaces of its own. Returns what listens in that of the network, at loopback."""
    user, group = os.getuid(), os.getgid()
    _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    _checked(_libc.unshare(_USERS | _MOUNTS | _PROCESSES | _NETWORK | _IPC | _NAMES))
    _write("/proc/self/setgroups", "deny")
    _write("/proc/self/uid_map", f"{_INNER} {user} 1")
    _write("/proc/self/gid_map", f"{_INNER} {group} 1")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        fcntl.ioctl(any_socket, _SIOCSIFFLAGS, struct.pack("16sH14x", b"lo", _UP))
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.bind(("127.0.0.1", 0))
    listener.listen(128)
    return listener


def _rooted(root: str, readable: list[str]) -> None:
    """Make a root of the system's programs, memory, and nothing else."""
    _mount(None, "/", None, _RECURSIVE | _PRIVATE)
    _mount("tmpfs", root, "tmpfs", _NO_SETUID | _NO_DEVICES, "size=1m,mode=755")
    for name in ("dev", "old", "proc"):
        Path(root, name).mkdir()
    for name in _DEVICES:
        _write(f"{root}/dev/{name}", "")
        _mount(f"/dev/{name}", f"{root}/dev/{name}", None, _BIND)
    Path(root, "dev/fd").symlink_to("/proc/self/fd")
    nothing_more = _NO_SETUID | _NO_DEVICES | _NO_PROGRAMS
    for name, size in _MEMORY_SIZE.items():
        Path(root, name).mkdir()
        _mount("tmpfs", f"{root}/{name}", "tmpfs", nothing_more, f"size={size}")
    system = [*(f"/{name}" for name in SYSTEM), *(f"/etc/{name}" for name in _CONFIGURED)]
    for path in [*system, *readable]:
        _readable(Path(path), Path(root + path))
    _mount("proc", f"{root}/proc", "proc", nothing_more)
    os.chdir(root)
    _checked(_libc.syscall(_PIVOT_ROOT[os.uname().machine], b".", b"old"))
    os.chdir("/")
    _checked(_libc.umount2(b"/old", _DETACH))
    Path("/old").rmdir()
    _read_only(Path("/"), recursive=False)


def _readable(path: Path, place: Path) -> None:
    """Show a folder or file of the system at a place of the new root. Links are made again."""
    if path.is_symlink():
        if not place.is_symlink() and not place.exists():
            place.parent.mkdir(parents=True, exist_ok=True)
            place.symlink_to(path.readlink())
    elif path.exists() and not place.exists():
        if path.is_dir():
            place.mkdir(parents=True)
        else:
            place.parent.mkdir(parents=True, exist_ok=True)
            place.touch()
        _mount(str(path), str(place), None, _BIND | _RECURSIVE)
        _read_only(place, recursive=True)


def _become(parent: socket.socket, program: list[str]) -> None:
    """Limit this process, and be the program."""
    for what, most in ((resource.RLIMIT_CORE, 0), (resource.RLIMIT_NOFILE, 1024)):
        resource.setrlimit(what, (most, most))
    _write("/proc/self/oom_score_adj", "1000")  # where memory is short, the system ends it first
    silent = os.open("/dev/null", os.O_RDWR)
    for number in (0, 1, 2):
        os.dup2(silent, number)  # what it prints has addresses
    held = fcntl.fcntl(parent.fileno(), fcntl.F_DUPFD, 10)
    for number in (3, 4):
        os.dup2(held, number)
    os.closerange(5, 1024)
    os.umask(0o077)
    here = {"HOME": "/tmp", "TMPDIR": "/tmp", "PATH": "/usr/bin:/bin", "LANG": "C.UTF-8"}  # noqa: S108 (its own memory)
    os.execve(program[0], program, here)  # noqa: S606 (that is what it is for)


def _follow(child: int, parent: socket.socket) -> None:
    """End as the child does."""
    parent.close()
    os.waitpid(child, 0)
    os._exit(0)


def _write(path: str, text: str) -> None:
    Path(path).write_text(text, encoding="ascii")


def _mount(
    source: str | None, place: str, kind: str | None, flags: int, options: str | None = None
) -> None:
    named = [each.encode() if each else None for each in (source, place, kind, options)]
    _checked(_libc.mount(*named[:3], ctypes.c_ulong(flags), named[3]))


def _read_only(place: Path, *, recursive: bool) -> None:
    """By mount_setattr (Linux 5.12), which also reaches what is mounted below."""
    attributes = struct.pack("4Q", _READ_ONLY, 0, 0, 0)
    flags = _AT_RECURSIVE if recursive else 0
    _checked(_libc.syscall(_MOUNT_SETATTR, -100, bytes(place), flags, attributes, len(attributes)))


def _checked(result: int) -> None:
    if result != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))


if __name__ == "__main__":
    main()
