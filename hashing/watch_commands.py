"""`takeback watch`: addresses that are looked at for a case."""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable
from typing import TYPE_CHECKING

from hashing import asking, watch_report
from hashing.terminal import write

if TYPE_CHECKING:
    from hashing.client import OwnerClient


def watch(args: argparse.Namespace) -> int:
    """Have an address looked at, list what happened at all of them, or have one forgotten."""
    return _ACTIONS[args.action](args)


def _add(args: argparse.Namespace) -> int:
    shows_minor = not args.adults and asking.agrees(
        watch_report.SHOWS_MINOR, watch_report.NO_WATCH_ANSWER
    )
    added = _owner(args).watch(
        args.case, args.address, shows_minor=shows_minor, scope=args.scope, depth=args.depth
    )
    for line in watch_report.watch_lines([added]):
        write(line)
    write(watch_report.WATCHED)
    return 0


def _list(args: argparse.Namespace) -> int:
    watches = _owner(args).watches(args.case)
    lines = watch_report.watch_lines(watches)
    write(json.dumps(watches, indent=2) if args.json else "\n".join(lines))
    return 0


def _remove(args: argparse.Namespace) -> int:
    _owner(args).unwatch(args.case, args.n)
    write(watch_report.UNWATCHED)
    return 0


def _owner(args: argparse.Namespace) -> OwnerClient:
    from hashing.client import OwnerClient  # noqa: PLC0415 (--help needs no network)

    return OwnerClient(args.server, asking.passphrase())


_ACTIONS: dict[str, Callable[[argparse.Namespace], int]] = {
    "add": _add,
    "list": _list,
    "remove": _remove,
}
