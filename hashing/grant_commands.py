"""`takeback grant`: which organisations may see a case."""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable
from typing import TYPE_CHECKING

from hashing import asking, grant_report
from hashing.terminal import write

if TYPE_CHECKING:
    from hashing.client import OwnerClient


def grant(args: argparse.Namespace) -> int:
    """Make a code for an organisation, list who may see the case, or end that."""
    return _ACTIONS[args.action](args)


def _new(args: argparse.Namespace) -> int:
    made = _owner(args).grant(args.case, scopes=args.scope, days=args.days)
    for line in grant_report.made_lines(made):
        write(line)
    return 0


def _list(args: argparse.Namespace) -> int:
    grants = _owner(args).grants(args.case)
    lines = grant_report.grant_lines(grants)
    write(json.dumps(grants, indent=2) if args.json else "\n".join(lines))
    return 0


def _revoke(args: argparse.Namespace) -> int:
    _owner(args).revoke(args.case, args.n)
    write(grant_report.REVOKED)
    return 0


def _owner(args: argparse.Namespace) -> OwnerClient:
    from hashing.client import OwnerClient  # noqa: PLC0415 (--help needs no network)

    return OwnerClient(args.server, asking.passphrase())


_ACTIONS: dict[str, Callable[[argparse.Namespace], int]] = {
    "new": _new,
    "list": _list,
    "revoke": _revoke,
}
