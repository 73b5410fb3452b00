from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Callable

import pytest

from service.matching.threads import Pool, cores, map_parallel

THREE = 3


@pytest.mark.parametrize("work", Pool)
@pytest.mark.parametrize("threads", [None, 1, THREE])
def test_results_come_in_the_order_of_the_items(work: Pool, threads: int | None) -> None:
    assert map_parallel(work, lambda item: item * item, range(50), threads=threads) == [
        item * item for item in range(50)
    ]
    assert map_parallel(work, str, [], threads=threads) == []


def test_what_fails_in_a_thread_fails_here() -> None:
    def refuse(item: int) -> int:
        raise LookupError(item)

    with pytest.raises(LookupError, match=r"^7$"):
        map_parallel(Pool.BUILD, refuse, [7])


def meeting(work: Pool, barrier: threading.Barrier) -> Callable[[int], str]:
    def act(_item: int) -> str:
        barrier.wait(timeout=20)
        return threading.current_thread().name

    assert work.value
    return act


def test_so_many_work_at_once() -> None:
    names = map_parallel(
        Pool.SEARCH, meeting(Pool.SEARCH, threading.Barrier(THREE)), range(THREE), threads=THREE
    )
    assert len(set(names)) == THREE
    assert all(name.startswith(Pool.SEARCH) for name in names)


def test_a_merge_leaves_the_threads_of_searches_alone() -> None:
    barrier = threading.Barrier(2)
    searching: list[str] = []
    thread = threading.Thread(
        target=lambda: searching.extend(
            map_parallel(Pool.SEARCH, meeting(Pool.SEARCH, barrier), [1], threads=1)
        )
    )
    thread.start()
    building = map_parallel(Pool.BUILD, meeting(Pool.BUILD, barrier), [1], threads=1)
    thread.join()
    assert building[0].startswith(Pool.BUILD)
    assert searching[0].startswith(Pool.SEARCH)


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere all threads have one priority")
def test_building_yields_to_searches() -> None:
    script = """
import os, threading
from service.matching.threads import Pool, map_parallel
nice = lambda _: os.getpriority(os.PRIO_PROCESS, threading.get_native_id())
print(*map_parallel(Pool.SEARCH, nice, [1]), *map_parallel(Pool.BUILD, nice, [1]), nice(1))
"""
    run = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    search, build, main = map(int, run.stdout.split())
    assert search == main
    assert build >= max(main, 10)


@pytest.mark.skipif(not hasattr(os, "sched_getaffinity"), reason="not on this system")
def test_cores_are_those_this_process_may_use() -> None:
    script = """
import os
from service.matching.threads import cores
os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
print(cores())
"""
    run = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert run.stdout.split() == ["1"]
    assert cores() >= 1


def test_where_a_process_may_use_all_cores_these_are_all(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(os, "sched_getaffinity", raising=False)  # as on macOS
    assert cores() == os.cpu_count()
