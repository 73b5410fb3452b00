"""The child of lookup_speed and reconcile_cost: a service without HTTP, in whichever version.

    python lookup_child.py FOLDER [DATABASE_URL]

Imports only what every version has under the same name.
"""

from __future__ import annotations

import json
import resource
import sys
import threading
import time
from datetime import date
from importlib import import_module
from inspect import signature
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import sqlalchemy as sa

from hashing.signals import ContentKind, ContentSignals, FrameSignal, Signal, SignalType
from service.domain.actor import Actor, Role
from service.settings import Settings
from service.store import schema
from service.workflows import intake, keyring, lookup, observe
from service.workflows.context import create as create_context
from service.workflows.intake import NewCase
from service.workflows.observe import Claim

TODAY = date(2026, 11, 29)
SEED = 2026


class Service:
    """A store, its index, and one platform."""

    def __init__(self, folder: Path, url: str) -> None:
        self.settings = Settings(
            state=folder, database_url=url, secret="5e" * 32, worker=False, matches_per_day=10**9
        )
        self.context = create_context(self.settings)
        self.context.database.migrate()
        self.values: list[bytes] = []
        self.random = Random(SEED)

    def fill(self, signals: int) -> int:
        """Insert so many entries of one signal each, straight into the tables, and load."""
        codes = np.random.default_rng(SEED).integers(0, 256, (signals, 32), np.uint8)
        self.values = [code.tobytes() for code in codes]
        engine = self.context.database.engine
        with engine.begin() as tx:
            case = {"number": "000", "access_hash": bytes(32), "document_hash": bytes(32)}
            tx.execute(sa.insert(schema.cases).values(**case, subject="self", opened_on=TODAY))
            for start in range(0, signals, 50_000):
                ids = range(start + 1, min(start + 50_000, signals) + 1)
                entry = {"case_id": 1, "kind": "picture", "status": "active", "reviewed": False}
                tx.execute(
                    sa.insert(schema.entries),
                    [{"id": n, "n": n, "added_on": TODAY, **entry} for n in ids],
                )
                signal = {"type": "pdq", "quality": 100}
                tx.execute(
                    sa.insert(schema.signals),
                    [{"entry_id": n, "value": self.values[n - 1], **signal} for n in ids],
                )
        self.load()
        return signals

    def load(self) -> None:
        """Make the indexes, and a platform."""
        replica: Any = getattr(self.context, "replica", self.context)
        replica.load()
        keyring.create(self.context, Role.PLATFORM, "benchmark", TODAY)
        self.actor = Actor(1, Role.PLATFORM, "benchmark")

    def lookup(self, items: int, hits: float, turns: int) -> list[float]:
        """Return the seconds that each of some lookups takes; a share of the items is known."""
        spent = []
        for _ in range(turns):
            asked = [self._picture(hits) for _ in range(items)]
            began = time.perf_counter()
            lookup.lookup(self.context, self.actor, asked, TODAY)
            spent.append(time.perf_counter() - began)
        return spent

    def rate(self, clients: int, seconds: float) -> float:
        """Return matching lookups per second of so many threads, each about other entries."""
        until = time.perf_counter() + seconds
        done = [0] * clients

        def ask(client: int) -> None:
            random = Random(client)
            while time.perf_counter() < until:
                value = self.values[random.randrange(client, len(self.values), clients)]
                item = ContentSignals(ContentKind.PICTURE, (Signal(SignalType.PDQ, value, 100),))
                answers = lookup.lookup(self.context, self.actor, [item], TODAY)
                if not answers[0].matches:
                    raise RuntimeError("a known picture is not found")
                done[client] += 1

        threads = [threading.Thread(target=ask, args=(client,)) for client in range(clients)]
        began = time.perf_counter()
        for each in threads:
            each.start()
        for each in threads:
            each.join()
        return sum(done) / (time.perf_counter() - began)

    def title_card(self, entries: int, frames: int, *, observed_first: bool) -> dict[str, float]:
        """Reconcile entries and one observation that share a title card; return seconds, MB."""
        self.load()
        card = self.random.randbytes(32)
        owners = [self._video(card, frames) for _ in range(entries)]
        seen = Claim(self._video(card, frames), "https://example.org/a")
        if observed_first:
            observe.observe(self.context, self.actor, [seen], TODAY)
        for start in range(0, entries, 10):
            part = tuple(owners[start : start + 10])
            new = NewCase(self.random.randbytes(32), "self", None, part)
            intake.open_case(self.context, new, TODAY)
        if not observed_first:
            observe.observe(self.context, self.actor, [seen], TODAY)
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        began = time.process_time()
        while _reconciled(self.context):
            pass
        spent = time.process_time() - began
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return {"seconds": spent, "mb": (peak - before) / 1024, "found": self._sightings()}

    def _sightings(self) -> int:
        with self.context.database.read() as tx:
            return int(tx.scalar(sa.select(sa.func.count()).select_from(schema.sightings)) or 0)

    def _picture(self, hits: float) -> ContentSignals:
        known = self.random.random() < hits
        value = self.random.choice(self.values) if known else self.random.randbytes(32)
        return ContentSignals(ContentKind.PICTURE, (Signal(SignalType.PDQ, value, 100),))

    def _video(self, card: bytes, frames: int) -> ContentSignals:
        """All frames within a few bits of the card, as those of a film's credits are."""
        values = [self._near(card, 4) for _ in range(frames)]
        return ContentSignals(
            ContentKind.VIDEO,
            (),
            tuple(
                FrameSignal(1000 * n, 1000 * n + 900, Signal(SignalType.PDQ, value, 100))
                for n, value in enumerate(values)
            ),
        )

    def _near(self, value: bytes, bits: int) -> bytes:
        mask = sum(1 << place for place in self.random.sample(range(256), bits))
        return (int.from_bytes(value) ^ mask).to_bytes(32)


def _reconciled(context: Any) -> int:  # noqa: ANN401 (of each version)
    """Reconcile a batch, by the name and with the arguments of this version."""
    try:
        reconcile = import_module("service.workflows.reconcile").reconcile
    except ModuleNotFoundError:  # until November 2026
        return int(import_module("service.workflows.upkeep").reconcile(context))
    takes_day = len(signature(reconcile).parameters) > 1
    return int(reconcile(context, TODAY) if takes_day else reconcile(context))


def main() -> None:
    """Answer requests until the input ends."""
    folder, *url = sys.argv[1:]
    service = Service(Path(folder), url[0] if url else "")
    for line in sys.stdin:
        request = json.loads(line)
        answer = getattr(service, request.pop("call"))(**request)
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()
    service.context.database.close()


if __name__ == "__main__":
    main()
