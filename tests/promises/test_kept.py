"""Acknowledged is kept: SIGKILL at any moment loses nothing that was answered with success."""

from __future__ import annotations

import random
import threading
from http.client import HTTPException
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from demo.server import Service
    from tests.promises.conftest import Picture, Submission

ROUNDS = [2, pytest.param(20, marks=pytest.mark.soak)]
SEED = 20261121


@pytest.mark.enable_socket
@pytest.mark.parametrize("rounds", ROUNDS)
def test_no_acknowledged_case_or_withdrawal_is_lost_by_kill_9(
    server: Service, picture: Picture, submission: Submission, rounds: int
) -> None:
    """Submit, withdraw and undo without pause, kill in the middle of it, look after each start."""
    chance = random.Random(SEED)
    opened: dict[int, str] = {}
    withdrawn: dict[int, str] = {}
    unsure: set[int] = set()
    server.start()
    key = f"Bearer {server.new_key('Example')}"
    seeds = iter(range(1, 100_000))
    for round_number in range(10 * rounds):
        if round_number >= rounds and set(withdrawn.values()) == {"withdrawing", "withdrawn"}:
            break  # a busy machine gets to fewer acts before it is killed
        timer = threading.Timer(chance.uniform(0.05, 0.6), server.kill)
        timer.start()
        try:
            while True:
                seed = next(seeds)
                status, answer = server.ask("POST", "/v1/cases", submission(seed))
                assert status == 201
                opened[seed] = answer["case_number"]
                if seed % 3 == 0:
                    unsure.add(seed)
                    credential = f"Case {opened[seed]}:{seed.to_bytes(32).hex()}"
                    _withdraw(server, seed, credential)
                    withdrawn[seed] = "withdrawn" if seed % 2 else "withdrawing"
                    if seed % 4 == 0:
                        undo = server.ask("POST", "/v1/case/undo", credential=credential)
                        assert undo == (200, {"undone": 1})
                        del withdrawn[seed]
                    unsure.discard(seed)
        except (OSError, HTTPException):
            timer.join()
        server.start()
        _all_there(server, key, picture, opened, withdrawn, unsure)
    assert len(opened) > rounds
    assert set(withdrawn.values()) == {"withdrawing", "withdrawn"}


def _withdraw(server: Service, seed: int, credential: str) -> None:
    """Every second one for good."""
    path = "/v1/case?erase=now" if seed % 2 else "/v1/case"
    status, answer = server.ask("DELETE", path, credential=credential)
    assert (status, answer["withdrawn"], answer["erase_on"] is None) == (200, 1, seed % 2 == 1)


def _all_there(
    server: Service,
    key: str,
    picture: Picture,
    opened: dict[int, str],
    withdrawn: dict[int, str],
    unsure: set[int],
) -> None:
    for seed, number in opened.items():
        credential = f"Case {number}:{seed.to_bytes(32).hex()}"
        status, case = server.ask("GET", "/v1/case", credential=credential)
        assert status == 200
        if seed not in unsure:
            expected = withdrawn.get(seed, "active")
            assert [entry["status"] for entry in case["entries"]] == [expected]
    sure = [seed for seed in opened if seed not in unsure]
    for start in range(0, len(sure), 1000):
        part = sure[start : start + 1000]
        body = {"items": [picture(seed) for seed in part]}
        status, answer = server.ask("POST", "/v1/lookup", body, key)
        assert status == 200
        got = [item["verdict"] for item in answer["items"]]
        assert got == ["none" if seed in withdrawn else "match" for seed in part]


@pytest.mark.enable_socket
def test_a_submission_whose_answer_was_lost_is_sent_again_without_a_second_case(
    server: Service, submission: Submission
) -> None:
    server.start()
    status, first = server.ask("POST", "/v1/cases", submission(7))
    server.kill()
    server.start()
    again, second = server.ask("POST", "/v1/cases", submission(7))
    assert (status, again) == (201, 200)
    assert first == second


@pytest.mark.enable_socket
def test_an_observation_is_matched_with_a_later_case_across_kill_9(
    server: Service, picture: Picture, submission: Submission
) -> None:
    server.start()
    key = f"Bearer {server.new_key('Example Videos')}"
    seen = {"observations": [{"address": "https://example.org/a", **picture(5)}]}
    assert server.ask("POST", "/v1/observations", seen, key) == (200, {"kept": 1})
    server.kill()
    server.start()
    _, answer = server.ask("POST", "/v1/cases", submission(5))
    server.kill()
    server.start()
    credential = f"Case {answer['case_number']}:{(5).to_bytes(32).hex()}"
    for _ in range(100):
        _, case = server.ask("GET", "/v1/case", credential=credential)
        if case["entries"][0]["sightings"]:
            break
        threading.Event().wait(0.05)
    (sighting,) = case["entries"][0]["sightings"]
    assert sighting["platform"] == "Example Videos"
    assert sighting["source"] == "observation"
