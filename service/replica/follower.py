from __future__ import annotations
from service.replica.searcher import Searcher
from service.store.database import Database


class Replica:
    database: Database
    searcher: Searcher
    position: int

    def __init__(self, c) -> None:
        self.c = c

    @property
    def database(self):
        return self.c.database

    @property
    def position(self):
        return self.c.position

    @property
    def searcher(self):
        return self

    def search(self, space, kind, codes, radius):
        return self.c.hits(space, kind, codes, radius)

    def load(self, **k): self.c.load(**k)
    def catch_up(self):
        self.c.catch_up()
