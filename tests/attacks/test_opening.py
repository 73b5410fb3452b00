"""Cases opened by a machine, and content added to one without end."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from random import Random

import pytest

from demo.server import running
from hashing.signals import ContentKind, ContentSignals, FrameSignal, Signal, SignalType
from hashing.work import Work, extended
from service.domain.errors import TooManyRequests
from service.edge.budgets import Budgets
from service.settings import Settings
from tests.attacks.target import Target

pytestmark = pytest.mark.enable_socket

CASES = 16
FULL_RATE = 16
"""Times as much work as at rest."""


@pytest.fixture
def priced(tmp_path: Path) -> Iterator[Target]:
    """A service that asks for little work, of which few cases may be opened."""
    settings = {"WORK_PIECES": "1", "CASES_PER_HOUR": str(CASES)}
    with running(tmp_path / "state", **settings) as service:
        yield Target(service, service.new_key("Somewhere"))


def submission(key: bytes, work: Work | None = None) -> dict[str, object]:
    signal = {"type": "md5", "value": key.hex()[:32]}
    done = {"challenge": work.challenge, "nonces": list(work.nonces)} if work else None
    return {
        "version": 1,
        "access_key": key.hex(),
        **({"work": done} if done else {}),
        "eligibility": {"subject": "self", "adults": True, "intimate": True},
        "entries": [{"kind": "picture", "signals": [signal]}],
    }


def opened(target: Target, key: bytes, hoarded: str = "") -> tuple[int, int, str]:
    """Open a case as a script does; return status, pieces that were done, and case number."""
    price = target.service.ask("GET", "/v1/challenge")[1]
    work = Work(hoarded or price["challenge"])
    for _ in range(6):
        work = extended(work, key, price["pieces"])
        status, answer = target.service.ask("POST", "/v1/cases", submission(key, work))
        if status != 428:
            return status, len(work.nonces), answer.get("case_number", "")
        price = answer
    raise AssertionError(price)


def is_protected(target: Target, owner: str) -> bool:
    """Whether an owner reads, withdraws, and undoes, and a platform looks up."""
    asks = (("GET", ""), ("DELETE", ""), ("POST", "/undo"))
    answers = [target.service.ask(how, f"/v1/case{path}", None, owner)[0] for how, path in asks]
    return answers == [200] * 3 and target.lookup() == 200 and target.is_alive()


def test_whoever_opens_all_cases_pays_for_each_and_takes_nothing_else(priced: Target) -> None:
    """Before: a case cost one request, and one that was sent again used up the budget of others."""
    random = Random(12)
    mine = random.randbytes(32)
    _, _, number = opened(priced, mine)
    owner = f"Case {number}:{mine.hex()}"
    repeated = [priced.service.ask("POST", "/v1/cases", submission(mine))[0] for _ in range(CASES)]
    assert set(repeated) == {200}
    hoarded = priced.service.ask("GET", "/v1/challenge")[1]["challenge"]
    tries = [opened(priced, random.randbytes(32), hoarded) for _ in range(CASES)]
    statuses = [status for status, _, _ in tries]
    assert statuses[:10] == [201] * 10
    assert statuses[-1] == 429
    assert sum(pieces for _, pieces, _ in tries) > CASES * FULL_RATE / 2
    assert priced.service.ask("GET", "/v1/challenge")[1]["pieces"] == FULL_RATE
    stop = threading.Event()

    def go_on() -> None:
        key = random.randbytes(32)
        while not stop.is_set():
            priced.service.ask("POST", "/v1/cases", submission(key))

    with ThreadPoolExecutor(8) as pool:
        for _ in range(8):
            pool.submit(go_on)
        try:
            assert all(is_protected(priced, owner) for _ in range(2))
        finally:
            stop.set()


def test_adding_for_ever_stops_nobody_but_that_case(priced: Target) -> None:
    """Before: nothing ended it, and it had the threads in which owners read and withdraw."""
    random = Random(12)
    keys = [random.randbytes(32) for _ in range(2)]
    theirs, mine = (f"Case {opened(priced, key)[2]}:{key.hex()}" for key in keys)
    videos = [
        {
            "kind": "video",
            "signals": [],
            "frames": [
                {
                    "at_ms": n,
                    "until_ms": n,
                    "type": "pdq",
                    "value": random.randbytes(32).hex(),
                    "quality": 100,
                }
                for n in range(1200)
            ],
        }
        for _ in range(8)
    ]
    more = {"entries": videos}
    with ThreadPoolExecutor(8) as pool:
        added = [
            pool.submit(priced.service.ask, "POST", "/v1/case/entries", more, theirs)
            for _ in range(8)
        ]
        while not all(one.done() for one in added):
            assert is_protected(priced, mine)
    statuses = [one.result()[0] for one in added]
    assert statuses.count(200) == 6
    assert statuses.count(429) == 2
    one = {"entries": [{"kind": "picture", "signals": [{"type": "md5", "value": "ab" * 16}]}]}
    assert priced.service.ask("POST", "/v1/case/entries", one, mine)[0] == 200


def test_a_few_cases_that_add_all_they_may_leave_others_room() -> None:
    """Before: 18 cases sent what they had already, 54 times an hour, and no owner could add."""
    budgets = Budgets(Settings(), lambda _: None)
    frame = Signal(SignalType.PDQ, bytes(32), 100)
    frames = tuple(FrameSignal(n, n, frame) for n in range(1200))
    video = ContentSignals(ContentKind.VIDEO, (), frames)
    for theirs, contents in ((case, size) for size in (16, 2) for case in range(20)):
        with suppress(TooManyRequests):
            for _ in range(3):
                budgets.charge_addition(theirs, [video] * contents)
    for _ in range(3):  # all that is left is less than this
        with pytest.raises(TooManyRequests):
            budgets.charge_addition(98, [video] * 2)
    budgets.charge_addition(99, [ContentSignals(ContentKind.PICTURE, (frame,))] * 50)
    budgets.charge_addition(99, [video])
    with pytest.raises(TooManyRequests):
        budgets.charge_addition(99, [video] * 2)
