"""`python -m benchmarks.match_soak`, short: killed, restarted, and always right."""

import pytest

from benchmarks.match_soak import Plan, Soak, soaked
from benchmarks.soak_child import AIMS

PLAN = Plan(minutes=1, rounds=3, seed=7, signals=6_000, kills=1, checks=60)


@pytest.fixture(scope="module")
def soak(tmp_path_factory: pytest.TempPathFactory) -> Soak:
    ended, rounds = soaked(PLAN, tmp_path_factory.mktemp("soak"))
    assert sum(each.done.adds for each in rounds) >= 1200
    assert sum(each.done.searches for each in rounds) >= 3000
    return ended


def test_every_answer_is_right_whatever_is_killed(soak: Soak) -> None:
    assert not soak.wrong
    assert soak.kills == 3 <= len(AIMS)


def test_nothing_is_left_over(soak: Soak) -> None:
    assert not soak.left_over()
