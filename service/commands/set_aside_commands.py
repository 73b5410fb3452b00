"""`python -m service set-aside`: what the worker could not compare."""

from __future__ import annotations

import argparse

from service.commands import stores
from service.settings import Settings
from service.workflows import second_try


def show(settings: Settings, _arguments: argparse.Namespace) -> None:
    """Show what the worker could not compare: space, id, last day, attempts and error."""
    with stores.unloaded(settings) as context:
        waiting = second_try.listed(context)
    for one in waiting:
        where = f"{one.subject.space:8}  {one.subject.id:8}"
        print(f"{where}  {one.day}  {one.attempts:3} attempts  {one.error}")


def retry(settings: Settings, _arguments: argparse.Namespace) -> None:
    """Have all of it tried again."""
    with stores.unloaded(settings) as context:
        count = second_try.request(context, stores.today(), by=stores.operator())
    print(f"{count} contents will be tried again by the worker within ten minutes.")
