from __future__ import annotations

from itertools import product

import pytest

from service.domain.sighting import Feedback, Verdict, is_shown_to_owner


@pytest.mark.parametrize(("verdict", "outcome"), list(product(Verdict, [None, *Feedback])))
def test_an_owner_is_told_of_matches_and_of_what_was_confirmed(
    verdict: Verdict, outcome: Feedback | None
) -> None:
    told = is_shown_to_owner(verdict, outcome)
    assert told is (verdict is Verdict.MATCH or outcome is Feedback.BLOCKED)
