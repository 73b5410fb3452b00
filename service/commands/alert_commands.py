"""`python -m service alerts`: alerts that could not be sent."""

from __future__ import annotations

import argparse
import time

from service.commands import stores
from service.domain.watch import Clock
from service.settings import Settings
from service.workflows import dead_letters

_COUNTS = {
    "new": "cases with news that no message was made of",
    "waiting": "messages that wait for their time, or to be tried again",
    "late": "of these are late by an hour or more",
    "dead": "could not be sent",
}


def show(settings: Settings, _arguments: argparse.Namespace) -> None:
    """Count what is on its way, and show what could not be sent: not whose it is."""
    with stores.unloaded(settings) as context:
        counts = dead_letters.counts(context, int(time.time()))
        dead = dead_letters.listed(context)
    for name, number in counts.items():
        print(f"{number:8,} {_COUNTS[name]}")
    for one in dead:
        tried = f"{one.attempts:3} attempts until {one.ended_on}"
        print(f"{one.id:8}  {one.kind:8} {tried}  {one.trouble}")


def retry(settings: Settings, arguments: argparse.Namespace) -> None:
    """Have messages tried again that could not be sent."""
    now = Clock(stores.today(), int(time.time()))
    with stores.unloaded(settings) as context:
        number = dead_letters.retry(context, now, arguments.messages)
    print(f"{number} messages will be tried again.")


def drop(settings: Settings, arguments: argparse.Namespace) -> None:
    """Forget messages that could not be sent."""
    with stores.unloaded(settings) as context:
        number = dead_letters.drop(context, arguments.messages)
    print(f"{number} messages are forgotten.")
