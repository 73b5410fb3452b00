"""Several processes over one folder, in any order of things, and killed at any moment."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from random import Random

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule, run_state_machine_as_test

from service.matching import merge_policy
from service.matching.manifest import NAME
from tests.examples import examples
from tests.server.following import NAMES, Log, Process, code, started

SMALL = 8
either = st.integers(0, 1)
few = st.lists(st.integers(0, 11), max_size=8)


@pytest.fixture(autouse=True)
def _small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(merge_policy, "TAIL_CODES", SMALL)


class Processes(RuleBasedStateMachine):
    """Two processes, each as far as it happens to be, over one folder and one log."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp(prefix="takeback-"))
        self.log = Log()
        self.every = [started(self.folder, self.log) for _ in range(2)]

    def teardown(self) -> None:
        for process in (*self.every, started(self.folder, self.log)):
            process.follow()
            assert process.is_current()
        shutil.rmtree(self.folder)

    def changed(self, some: list[int]) -> None:
        for one in some:
            before = self.log.position
            self.log.remove(one)
            if self.log.position == before:
                self.log.add(one, code(one + 100 * before))

    @rule(some=few)
    def change(self, some: list[int]) -> None:
        self.changed(some)

    @rule()
    def grow(self) -> None:
        for one in range(SMALL):
            self.log.add(1000 + SMALL * self.log.position + one, code(one))

    @rule(at=either, most=st.one_of(st.integers(1, 6), st.just(1000)))
    def follow(self, at: int, most: int) -> None:
        self.every[at].follow(self.every[at].position + most)

    @rule(at=either, most=st.integers(0, 6), some=few)
    def commit(self, at: int, most: int, some: list[int]) -> None:
        def meanwhile() -> None:
            self.changed(some)
            self.every[at].follow(self.every[at].position + most)

        self.every[at].commit(meanwhile)

    @rule(at=either)
    def reload(self, at: int) -> None:
        self.every[at].reload()

    @rule(at=either)
    def restart(self, at: int) -> None:
        self.every[at] = Process(self.folder, self.log)
        self.every[at].open()

    @rule(at=either)
    def look(self, at: int) -> None:
        self.every[at].follow()
        assert self.every[at].is_current()


def test_processes_over_one_folder_all_show_what_the_store_says() -> None:
    run_state_machine_as_test(
        Processes,
        settings=settings(max_examples=examples(20), stateful_step_count=20, deadline=None),
    )


def long_log() -> Log:
    """The same thousands of changes in every process."""
    log, random = Log(), Random(11)
    for seed in range(6000):
        one, name = random.randrange(60), random.choice(NAMES)
        before = log.position
        log.remove(one, name)
        if log.position == before:
            log.add(one, code(seed), name)
    return log


KILLED = """
import os, random, shutil, signal, sys, time
from pathlib import Path
from tests.server.following import Process, loaded
from tests.server.test_processes import SMALL, long_log, merge_policy

merge_policy.TAIL_CODES = SMALL
loaded()
folder, rounds, log = Path(sys.argv[1]), int(sys.argv[2]), long_log()
told = folder / "told"
random.seed(7)

def commit_for_ever():
    process = Process(folder, log)
    process.open()
    with told.open("a", buffering=1) as file:
        while True:
            process.follow(process.position + random.randint(1, 12))
            file.write(f"begin {process.position}\\n")
            process.commit()
            file.write(f"end {process.position}\\n")

told.touch()
for round in range(rounds):
    was = told.stat().st_size
    child = os.fork()
    if not child:
        random.seed(round)
        commit_for_ever()
    while told.stat().st_size == was:
        time.sleep(0.001)
    time.sleep(random.uniform(0, 0.1))
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    shutil.copytree(folder, folder.parent / f"after {round}")
"""


def test_a_kill_leaves_what_was_committed_or_was_being_committed(tmp_path: Path) -> None:
    folder, rounds, log = tmp_path / "index", 12, long_log()
    folder.mkdir()
    words = [sys.executable, "-c", KILLED, str(folder), str(rounds)]
    run = subprocess.run(words, capture_output=True, text=True, timeout=60, check=False)
    assert not run.returncode, run.stderr
    unfinished = 0
    for number in range(rounds):
        left = tmp_path / f"after {number}"
        told = [line.split() for line in left.joinpath("told").read_text().splitlines()]
        ended = max((int(at) for what, at in told if what == "end"), default=0)
        process = Process(left, log)
        opened = process.open()
        assert opened.position in {int(at) for _, at in told} | {0}
        assert opened.position >= ended
        assert not opened.lost or not opened.position
        assert process.is_current()
        named = {each.path.name for one in process.indexes.values() for each in one.segments}
        unfinished += named != {each.name for each in left.glob("*.*")} - {NAME}
        process.follow(process.position + 5)
        process.commit()
        assert process.is_current()
    assert unfinished, "no kill came in the middle"
