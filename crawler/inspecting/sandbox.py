"""What a child may do, decided before it sees a byte: compute, and answer.

Linux. Limits by setrlimit; no network by a network namespace of its own, where the system lets it
have one; no new program, socket or connection by seccomp. `enter` says which of these hold.
"""

from __future__ import annotations

import ctypes
import os
import platform
import resource
import signal
import struct

from crawler.limits import CHILD_BYTES

_CLONE_NEWUSER, _CLONE_NEWNET = 0x10000000, 0x40000000
_PR_SET_PDEATHSIG, _PR_SET_SECCOMP, _PR_SET_NO_NEW_PRIVS = 1, 22, 38
_FILTER_MODE = 2
_OPEN_FILES = 64
_ALLOW, _REFUSE = 0x7FFF0000, 0x00050000 | 1  # SECCOMP_RET_ERRNO with EPERM
_LOAD, _EQUAL, _RETURN, _AT_LEAST, _ANY_BIT = 0x20, 0x15, 0x06, 0x35, 0x45
_X32 = 0x40000000
_NUMBER, _AUDIT, _ARGUMENTS = 0, 4, 16  # offsets in struct seccomp_data; each argument has 8 bytes
_WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT
_ARCHITECTURES: dict[str, tuple[int, tuple[int, ...], dict[int, int]]] = {
    "x86_64": (
        0xC000003E,
        (
            *(41, 42, 49, 50, 43, 288, 59, 322, 101, 310, 311, 425, 437),
            *(87, 263, 82, 264, 316, 83, 258, 86, 265, 85, 165),
        ),
        {2: 1, 257: 2},
    ),
    "aarch64": (
        0xC00000B7,
        (
            *(198, 203, 200, 201, 202, 242, 221, 281, 117, 270, 271, 425, 437),
            *(35, 38, 276, 34, 37, 40),
        ),
        {56: 2},
    ),
}
"""Of each machine: its audit number; the calls that are refused; those that open, with the number
of the argument that says how. Refused are socket, connect, bind, listen, accept, accept4, execve,
execveat, ptrace, process_vm_readv and _writev, io_uring_setup, openat2; then unlink, unlinkat,
rename, renameat, renameat2, mkdir, mkdirat, link, linkat, creat and mount, where it has them."""


CONFINED = frozenset({"no_network", "limits", "seccomp"})
"""What holds of a child where the system can do all of it."""


def isolate() -> list[str]:
    """Give up the network. Returns what holds; call it first, while there is one thread."""
    libc = ctypes.CDLL(None, use_errno=True)
    libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    holds = []
    for flags in (_CLONE_NEWNET, _CLONE_NEWUSER | _CLONE_NEWNET):
        if libc.unshare(flags) == 0:
            holds.append("no_network")
            break
    return holds


def end_with(parent: int) -> None:
    """Have the system end this process with its parent, which a copy does not have of itself."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != parent:  # it has ended just before
        os._exit(1)


def confine() -> list[str]:
    """Set the limits, once everything that is needed has been loaded. Returns what holds."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_AS, (CHILD_BYTES, CHILD_BYTES))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))  # no file grows by a byte
    resource.setrlimit(resource.RLIMIT_NOFILE, (_OPEN_FILES, _OPEN_FILES))
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)  # a write fails instead
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent decides when a child ends
    os.umask(0o777)
    return ["limits", *(["seccomp"] if _filtered() else [])]


def _filtered() -> bool:
    """Refuse the calls of _ARCHITECTURES from here on, in every thread that is made later."""
    known = _ARCHITECTURES.get(platform.machine())
    libc = ctypes.CDLL(None, use_errno=True)
    if known is None or libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0:
        return False
    program = b"".join(struct.pack("=HBBI", *each) for each in _program(*known))
    code = ctypes.create_string_buffer(program, len(program))
    described = struct.pack("@HxxxxxxP", len(program) // 8, ctypes.addressof(code))
    described_at = ctypes.create_string_buffer(described, len(described))
    at = ctypes.c_void_p(ctypes.addressof(described_at))
    return bool(libc.prctl(_PR_SET_SECCOMP, _FILTER_MODE, at, 0, 0) == 0)


def _program(
    audit: int, refused: tuple[int, ...], opening: dict[int, int]
) -> list[tuple[int, int, int, int]]:
    """The filter as BPF: (operation, jump if so, jump if not, constant)."""
    refuse = (_RETURN, 0, 0, _REFUSE)
    program = [(_LOAD, 0, 0, _AUDIT), (_EQUAL, 1, 0, audit), refuse, (_LOAD, 0, 0, _NUMBER)]
    if audit == _ARCHITECTURES["x86_64"][0]:
        program += [(_AT_LEAST, 0, 1, _X32), refuse]
    for call in refused:
        program += [(_EQUAL, 0, 1, call), refuse]
    for call, argument in opening.items():
        flags = _ARGUMENTS + 8 * argument
        program += [(_EQUAL, 0, 4, call), (_LOAD, 0, 0, flags), (_ANY_BIT, 0, 1, _WRITES), refuse]
        program.append((_RETURN, 0, 0, _ALLOW))
    return [*program, (_RETURN, 0, 0, _ALLOW)]
