from __future__ import annotations
from typing import Protocol
from hashing.signals import SignalType
from service.matching.codes import Codes, Neighbours
from service.store.changes import Space


class Searcher(Protocol):
    def search(
        self, space: Space, signal_type: SignalType, codes: Codes, radius: int
    ) -> Neighbours: ...
