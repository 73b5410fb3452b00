"""Whoever has a case submits somebody's picture and measures how long the answer takes.

Before: 50 entries near a picture that somebody had reported took 76 ms, and 23 ms near another one;
a full case was answered so without end, and stayed as it was. One request was right in 83 %.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from service.domain.errors import CaseFull
from service.store.changes import Space
from service.workflows import intake

if TYPE_CHECKING:
    from tests.server.conftest import World


def test_what_is_submitted_is_not_compared_with_what_others_have(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither where a case is opened nor where one is added to, also if nothing is kept of it."""
    reported = world.picture()
    for _ in range(4):
        world.open(reported)
    own = world.open(*(world.picture() for _ in range(50)))
    searched: list[Space] = []
    real = world.context.replica.searcher.search

    def search(space: Space, *more: object) -> object:
        searched.append(space)
        return real(space, *more)  # type: ignore[arg-type]

    monkeypatch.setattr(world.context.replica.searcher, "search", search)
    copies = [world.near_picture(reported, 3) for _ in range(50)]
    with pytest.raises(CaseFull):
        intake.add_entries(world.context, own, copies, world.day)
    other = world.open(*copies)
    assert set(searched) == {Space.EXCLUDED}
    world.work()
    assert {one.entry.case_id for one in world.waiting()} >= {other.case_id}
