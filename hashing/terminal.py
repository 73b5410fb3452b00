"""What a command writes while it runs: its results, its remarks, and how far it is.

Results go to standard output, everything else to standard error; a bar is on a terminal only.
"""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable, Iterator

from hashing.errors import OutputLost

_bars = 0
"""How many bars are shown now. (Only the command line shows any, one at a time.)"""


def write(line: str) -> None:
    """Write one result. Raises OutputLost; BrokenPipeError if its reader went away."""
    try:
        with _above_the_bar():
            print(f"{line}\n", end="", flush=True)  # in one piece, also if unbuffered
    except BrokenPipeError:
        raise
    except OSError as err:
        raise OutputLost from err


def remark(line: str, end: str = "\n") -> None:
    """Write what is no result, if there is anywhere to write it."""
    if sys.stderr is not None:
        with _above_the_bar(), contextlib.suppress(OSError):
            print(line, end=end, file=sys.stderr, flush=True)


@contextlib.contextmanager
def files_bar(total: int) -> Iterator[Callable[[float], None]]:
    """Show how many files are hashed; what this yields is called with their number."""
    layout = "{l_bar}{bar}| {n:.1f}/{total} files [{elapsed}<{remaining}]"
    with _bar(layout, total, "Hashing", 0) as show:
        yield show


@contextlib.contextmanager
def bytes_bar(total: int, title: str) -> Iterator[Callable[[float], None]]:
    """Show how many bytes went; what this yields is called with their number."""
    layout = "{l_bar}{bar}| {n_fmt}/{total_fmt} [{elapsed}<{remaining}]"
    with _bar(layout, total, title, 0, in_bytes=True) as show:
        yield show


@contextlib.contextmanager
def work_bar() -> Iterator[Callable[[float], None]]:
    """Show the part done, 0 to 1, of what takes a moment, if it takes longer than one."""
    with _bar("{l_bar}{bar}| [{elapsed}<{remaining}]", 1, "Preparing", 1) as show:
        yield show


@contextlib.contextmanager
def _bar(
    layout: str, total: int, title: str, delay: float, *, in_bytes: bool = False
) -> Iterator[Callable[[float], None]]:
    global _bars  # noqa: PLW0603 (there is one terminal)
    from tqdm import tqdm  # noqa: PLC0415 (takes 100 ms to load, and most commands show no bar)

    hidden = True if sys.stderr is None else None  # None: unless it is a terminal
    with tqdm(
        total=total,
        disable=hidden,
        delay=delay,
        desc=title,
        bar_format=layout,
        leave=False,
        unit_scale=in_bytes,
        unit_divisor=1024,
    ) as bar:

        def show(done: float) -> None:
            if delay:
                bar.update(done - bar.n)
            else:
                bar.n = done
                bar.refresh()

        _bars += 1
        try:
            yield show
        finally:
            _bars -= 1


@contextlib.contextmanager
def _above_the_bar() -> Iterator[None]:
    """Take the bar away while something is written, if there is one."""
    if not _bars:
        yield
        return
    from tqdm import tqdm  # noqa: PLC0415 (loaded, as there is a bar)

    with tqdm.external_write_mode():
        yield
