"""`python -m service exclude` and `exclusions`: content that is never matched."""

from __future__ import annotations

import argparse

from service import files
from service.commands import stores
from service.settings import Settings
from service.store.exclusions import Exclusion
from service.workflows import exclude


def add(settings: Settings, arguments: argparse.Namespace) -> None:
    """Never match the contents of a file, as `takeback hash --json` writes it."""
    contents = list(files.contents(arguments.file))
    with stores.loaded(settings) as context:
        held = exclude.would_hold(context, contents)
        count = exclude.exclude(context, contents, stores.today(), by=stores.operator())
    print(f"{count} new signals excluded.")
    if held:
        print(f"Entries that are matched no more because of it: {held}. Is all of it public, each")
        print("frame of a video too? If not: python -m service exclusions list, then remove.")


def show(settings: Settings, _arguments: argparse.Namespace) -> None:
    """Show each content that is excluded."""
    with stores.searching(settings) as context:
        exclusions = exclude.listed(context)
    for exclusion in exclusions:
        print(_exclusion_line(exclusion))


def remove(settings: Settings, arguments: argparse.Namespace) -> None:
    """Match again what one exclusion alone had held."""
    with stores.loaded(settings) as context:
        day, by = stores.today(), stores.operator()
        removed = exclude.remove(context, arguments.exclusion, day, by=by)
    print(f"Removed: {removed.signals} signals. Entries matched again: {removed.released}.")


def _exclusion_line(exclusion: Exclusion) -> str:
    """Return the line about one content of the exclude bank."""
    signals = "1 signal" if exclusion.signals == 1 else f"{exclusion.signals:,} signals"
    return f"{exclusion.id:8}  excluded {exclusion.added_on}  {signals}"
