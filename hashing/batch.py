"""Many files on all cores, where one hostile file can end only its own process.

Decoders are C code and can crash or hang. Each file is hashed in a worker process; when a
worker dies, the few files that were in flight are tried again, each alone, so that the one
at fault is named and every other gets its signals.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from multiprocessing.context import BaseContext
from pathlib import Path
from typing import TYPE_CHECKING

from hashing.errors import ContentError, DecoderCrashed, TooManyPixels
from hashing.hasher import Use, hash_file
from hashing.signals import ContentSignals
from hashing.windows import WindowSet

if TYPE_CHECKING:
    from multiprocessing.queues import SimpleQueue

Outcome = ContentSignals | ContentError
Advance = Callable[[int, float], None]

STALL_SECONDS = 60
"""A worker that hashes no picture and no video frame for so long is ended."""
WORKER_BYTES = 6 * 2**30
"""Address space of a worker on Linux: a decoder that asks for more gets a MemoryError."""
_POLL_SECONDS = 0.1
_alarm: Callable[[int], object] = getattr(signal, "alarm", lambda _seconds: None)
"""Ends this process after so many seconds. Windows has none: there a stall is waited for."""


def hash_files(
    paths: Sequence[Path],
    *,
    workers: int | None = None,
    advance: Advance | None = None,
    use: Use = WindowSet.STANDARD,
) -> Iterator[tuple[int, Outcome]]:
    """Yield (index into `paths`, its signals or its error) as they come, on all cores.

    `use` is what they are for. `advance` is called with an index and the part of that video done,
    0 to 1.
    """
    if workers is None:
        workers = os.cpu_count() or 1
    batch = _Batch(paths, advance or (lambda _index, _part: None), use)
    todo = list(reversed(range(len(paths))))
    suspects: list[int] = []
    while todo:
        yield from batch.run(todo, suspects, workers)
        while suspects:
            index = suspects.pop()
            died: list[int] = []
            yield from batch.run([index], died, 1)
            if died:
                yield index, DecoderCrashed()


class _Batch:
    def __init__(self, paths: Sequence[Path], advance: Advance, use: Use) -> None:
        self._paths = paths
        self._use = use
        self._advance = advance
        self._context = _context()

    def run(self, todo: list[int], died: list[int], workers: int) -> Iterator[tuple[int, Outcome]]:
        """Empty `todo` in a pool of its own; leave in `died` what was in flight when it broke."""
        told: SimpleQueue[tuple[int, float]] = self._context.SimpleQueue()
        flying: dict[Future[Outcome], int] = {}
        pool = ProcessPoolExecutor(
            min(workers, len(todo)), self._context, initializer=_enter, initargs=(told,)
        )
        try:
            with pool, _left_early():
                while todo or flying:
                    while todo and len(flying) < 2 * workers:
                        with _undisturbed():
                            path = self._paths[todo[-1]]
                            future = pool.submit(_hash_one, todo[-1], path, self._use)
                        flying[future] = todo.pop()
                    done, _ = wait(flying, timeout=_POLL_SECONDS, return_when=FIRST_COMPLETED)
                    while not told.empty():
                        self._advance(*told.get())
                    for future in done:
                        outcome = future.result()
                        yield flying.pop(future), outcome
        except BrokenProcessPool:
            # With nothing in flight, the next file is taken for it: there must be an end.
            died.extend(flying.values() or [todo.pop()])


def _context() -> BaseContext:
    """Never `fork`: OpenCV and BLAS threads do not survive it."""
    if "forkserver" not in multiprocessing.get_all_start_methods():
        return multiprocessing.get_context("spawn")
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["hashing.hasher"])
    return context


@contextlib.contextmanager
def _left_early() -> Iterator[None]:
    """On Ctrl-C, or when the caller wants no more, end the workers: they may be busy for long."""
    before = set(multiprocessing.active_children())
    try:
        yield
    except BaseException:
        for process in set(multiprocessing.active_children()) - before:
            process.kill()
        raise


@contextlib.contextmanager
def _undisturbed() -> Iterator[None]:
    """Keep Ctrl-C for the end: what is half started would print what it misses.

    Blocked, because the processes started inherit that; and kept by a handler, because threads
    of BLAS, which are not blocked, pass it on to us.
    """
    if threading.current_thread() is not threading.main_thread():  # which alone is interrupted
        yield
        return
    pressed: list[int] = []
    before = signal.signal(signal.SIGINT, lambda number, _frame: pressed.append(number))
    _mask("SIG_BLOCK")
    try:
        yield
    finally:
        _mask("SIG_UNBLOCK")
        signal.signal(signal.SIGINT, before)
        if pressed:
            raise KeyboardInterrupt


def _mask(how: str) -> None:
    with contextlib.suppress(AttributeError):  # Windows has none
        signal.pthread_sigmask(getattr(signal, how), {signal.SIGINT})


_told: SimpleQueue[tuple[int, float]] | None = None
"""Set once in each worker by the pool: where it tells how far a video is."""


def _enter(told: SimpleQueue[tuple[int, float]]) -> None:
    global _told  # noqa: PLW0603 (a process of its own; the pool offers no other way in)
    _told = told
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # Ctrl-C ends a worker at once and silently
    _mask("SIG_UNBLOCK")
    with contextlib.suppress(AttributeError, ImportError, ValueError, OSError):
        signal.signal(signal.SIGALRM, signal.SIG_DFL)
        import resource  # noqa: PLC0415 (POSIX only)

        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        resource.setrlimit(resource.RLIMIT_AS, (WORKER_BYTES, WORKER_BYTES))


def _hash_one(index: int, path: Path, use: Use) -> Outcome:
    """Hash one file; SIGALRM ends the process if C code stalls, which no Python timeout could."""

    def alive(part: float) -> None:
        _alarm(STALL_SECONDS)
        if _told is not None:
            _told.put((index, part))

    _alarm(STALL_SECONDS)
    try:
        return hash_file(path, alive, use=use)
    except ContentError as err:
        err.__cause__ = err.__context__ = None
        return err.with_traceback(None)
    except MemoryError:
        return TooManyPixels()
    finally:
        _alarm(0)
