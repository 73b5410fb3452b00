"""`python -m service watches`: addresses that crawlers look at."""

from __future__ import annotations

import argparse
from collections.abc import Iterator

from service import files
from service.commands import stores
from service.domain import watch
from service.domain.watch import AskedBy, Scope
from service.settings import Settings
from service.store.watches import Counts
from service.workflows import watching

_ASKED_BY = {
    AskedBy.OWNER: "owners",
    AskedBy.PLATFORM: "platforms",
    AskedBy.OPERATOR: "the operator",
}


def add(settings: Settings, arguments: argparse.Namespace) -> None:
    """Have the addresses of a file looked at."""
    with stores.unloaded(settings) as context:
        how = {"scope": Scope(arguments.scope), "depth": arguments.depth}
        here = settings.watch_loopback
        targets = [watch.target(one, loopback=here, **how) for one in files.lines(arguments.file)]
        watching.add_for_operator(context, targets, stores.today(), by=stores.operator())
    print(f"{len(targets)} addresses will be looked at.")


def show(settings: Settings, _arguments: argparse.Namespace) -> None:
    """Count what is looked at, due, and withheld."""
    with stores.unloaded(settings) as context:
        for line in _watch_lines(watching.counts(context)):
            print(line)


def release(settings: Settings, arguments: argparse.Namespace) -> None:
    """Look at an address that somebody had withheld."""
    with stores.unloaded(settings) as context:
        target = watch.target(arguments.address)
        watching.release(context, target, stores.today(), by=stores.operator())
    print("Released: it is looked at again, where anybody asks.")


def _watch_lines(counts: Counts) -> Iterator[str]:
    """Yield what is looked at, without an address."""
    yield f"{counts.watches:8,} addresses are looked at"
    yield f"{counts.unvisited:8,} of them wait for the next crawler"
    for source, requests in sorted(counts.requests.items()):
        yield f"{requests:8,} requests by {_ASKED_BY[source]}"
    yield f"{counts.withheld:8,} addresses are withheld: somebody says they show a person under 18"
