"""Many files on all cores, in worker processes, so that a hostile file can end only its own.

Decoders are C code and can crash or hang. When a worker process dies, the few files that were
being hashed are tried again, each alone: so the file that causes it is found, and every other
one gets its signals.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from multiprocessing.context import BaseContext
from pathlib import Path
from typing import TYPE_CHECKING

from hashing.errors import ContentError, DecoderCrashed, TooManyPixels
from hashing.hasher import Use, hash_file
from hashing.media.formats import Format
from hashing.signals import ContentSignals
from hashing.windows import WindowSet

if TYPE_CHECKING:
    from multiprocessing.queues import SimpleQueue

Outcome = ContentSignals | ContentError
Advance = Callable[[int, float], None]

STALL_SECONDS = 60
"""A worker that finishes no picture and no video frame for so long is ended."""
WORKER_BYTES = 6 * 2**30
"""Address space of a worker on Linux: a decoder that asks for more gets a MemoryError."""
_POLL_SECONDS = 0.1
_alarm: Callable[[int], object] = getattr(signal, "alarm", lambda _seconds: None)
"""Ends this process after so many seconds. Windows has no such call: there a stall is not ended."""


def hash_files(
    paths: Sequence[Path],
    *,
    workers: int | None = None,
    advance: Advance | None = None,
    use: Use = WindowSet.STANDARD,
    formats: Mapping[Path, Format] | None = None,
) -> Iterator[tuple[int, Outcome]]:
    """Yield (index into `paths`, its signals or its error) in the order in which they are done.

    `workers` is how many processes there are; as many as cores, if None. `advance` is called with
    an index and the part of that video done, 0 to 1. `use` is what the signals are for. `formats`
    has the formats that have been read from first bytes already.
    """
    if workers is None:
        workers = os.cpu_count() or 1
    batch = _Batch(paths, advance or (lambda _index, _part: None), use, formats or {})
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
    """The files of one call."""

    def __init__(
        self, paths: Sequence[Path], advance: Advance, use: Use, formats: Mapping[Path, Format]
    ) -> None:
        self._paths = paths
        self._advance = advance
        self._use = use
        self._formats = formats
        self._context = _context()

    def run(self, todo: list[int], died: list[int], workers: int) -> Iterator[tuple[int, Outcome]]:
        """Hash the files of `todo` in a new pool, until it is empty or a worker dies.

        The files that were being hashed then are added to `died`; `todo` keeps the rest.
        """
        progress: SimpleQueue[tuple[int, float]] = self._context.SimpleQueue()
        pending: dict[Future[Outcome], int] = {}
        pool = ProcessPoolExecutor(
            min(workers, len(todo)),
            self._context,
            initializer=_set_up,
            initargs=(progress, _interrupt_ignored()),
        )
        try:
            with pool, _workers_ended_early():
                while todo or pending:
                    while todo and len(pending) < 2 * workers:
                        with _interrupt_deferred():
                            future = self._submit(pool, todo[-1])
                        pending[future] = todo.pop()
                    done, _ = wait(pending, timeout=_POLL_SECONDS, return_when=FIRST_COMPLETED)
                    while not progress.empty():
                        self._advance(*progress.get())
                    for future in done:
                        outcome = _outcome(future)
                        yield pending.pop(future), outcome
        except BrokenProcessPool:
            # With nothing pending, the next file counts as the cause: the loop must end.
            died.extend(pending.values() or [todo.pop()])

    def _submit(self, pool: ProcessPoolExecutor, index: int) -> Future[Outcome]:
        path = self._paths[index]
        return pool.submit(_hash_one, index, path, self._use, self._formats.get(path))


def _outcome(future: Future[Outcome]) -> Outcome:
    """The result of one file. Whatever else its worker raised costs this file alone."""
    try:
        return future.result()
    except BrokenProcessPool:
        raise
    except Exception:  # noqa: BLE001 (of decoders that nobody has seen yet, or on the way back)
        return DecoderCrashed()


def _context() -> BaseContext:
    """Never `fork`: OpenCV and BLAS threads do not survive it."""
    if "forkserver" not in multiprocessing.get_all_start_methods():
        return multiprocessing.get_context("spawn")
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["hashing.hasher"])
    return context


@contextlib.contextmanager
def _workers_ended_early() -> Iterator[None]:
    """Kill the workers on Ctrl-C, or if the caller stops iterating: they may be busy for long."""
    before = set(multiprocessing.active_children())
    try:
        yield
    except BaseException:
        for process in set(multiprocessing.active_children()) - before:
            process.kill()
        raise


@contextlib.contextmanager
def _interrupt_deferred() -> Iterator[None]:
    """Let Ctrl-C take effect at the end only: a worker that is half started would print errors.

    The signal is blocked, because new processes inherit that; and a handler notes it, because
    threads of BLAS, in which it is not blocked, pass it on to this one. A program that was started
    to ignore it (`nohup`, or in the background of a script) goes on ignoring it.
    """
    in_main_thread = threading.current_thread() is threading.main_thread()
    if not in_main_thread or _interrupt_ignored():  # only that thread is interrupted
        yield
        return
    interrupts: list[int] = []
    before = signal.signal(signal.SIGINT, lambda number, _frame: interrupts.append(number))
    _mask("SIG_BLOCK")
    try:
        yield
    finally:
        _mask("SIG_UNBLOCK")
        signal.signal(signal.SIGINT, before)
        if interrupts:
            raise KeyboardInterrupt


def _interrupt_ignored() -> bool:
    return signal.getsignal(signal.SIGINT) is signal.SIG_IGN


def _mask(how: str) -> None:
    with contextlib.suppress(AttributeError):  # Windows has no masks
        signal.pthread_sigmask(getattr(signal, how), {signal.SIGINT})


_progress: SimpleQueue[tuple[int, float]] | None = None
"""Where a worker reports how much of a video is done; set by the pool when the worker starts."""


def _set_up(progress: SimpleQueue[tuple[int, float]], interrupt_ignored: bool) -> None:  # noqa: FBT001 (sent by position)
    """Prepare a worker process: its queue, its signal handlers, its limits."""
    global _progress  # noqa: PLW0603 (a process of its own; the pool offers no other way)
    _progress = progress
    # Ctrl-C ends a worker at once and silently, unless the program ignores it.
    signal.signal(signal.SIGINT, signal.SIG_IGN if interrupt_ignored else signal.SIG_DFL)
    _mask("SIG_UNBLOCK")
    with contextlib.suppress(AttributeError, ImportError, ValueError, OSError):
        signal.signal(signal.SIGALRM, signal.SIG_DFL)
        import resource  # noqa: PLC0415 (POSIX only)

        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        resource.setrlimit(resource.RLIMIT_AS, (WORKER_BYTES, WORKER_BYTES))


def _hash_one(index: int, path: Path, use: Use, known: Format | None = None) -> Outcome:
    """Hash one file. SIGALRM ends the process if C code stalls, which no Python timeout could."""

    def report(part: float) -> None:
        _alarm(STALL_SECONDS)
        if _progress is not None:
            _progress.put((index, part))

    _alarm(STALL_SECONDS)
    try:
        return hash_file(path, report, use=use, known=known)
    except ContentError as err:
        err.__cause__ = err.__context__ = None
        return err.with_traceback(None)
    except MemoryError:
        return TooManyPixels()
    finally:
        _alarm(0)
