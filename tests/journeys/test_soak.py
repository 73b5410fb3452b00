"""`python -m benchmarks.match_soak`, short: killed, restarted, and always right."""

import pytest

from benchmarks.match_soak import ADDS, SEARCHES, Plan, Soak, soaked

PLANS = [
    Plan(minutes=0.5, rounds=1, seed=7, signals=2_000, kills=3, checks=20),
    pytest.param(Plan(), marks=pytest.mark.soak),
]


@pytest.fixture(scope="module", params=PLANS, ids=lambda plan: f"{plan.minutes:g} minutes")
def soak(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Soak:
    plan: Plan = request.param
    ended, rounds = soaked(plan, tmp_path_factory.mktemp("soak"))
    assert sum(each.done.adds for each in rounds) >= 60 * plan.minutes * ADDS
    assert sum(each.done.searches for each in rounds) >= 60 * plan.minutes * SEARCHES
    return ended


def test_every_answer_is_right_whatever_is_killed(soak: Soak) -> None:
    assert not soak.wrong
    assert soak.kills == soak.plan.kills * soak.plan.rounds >= 3


def test_nothing_is_left_over(soak: Soak) -> None:
    assert not soak.left_over()
