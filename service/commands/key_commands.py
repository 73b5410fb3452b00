"""`python -m service keys`: keys of platforms and crawlers."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Sequence
from itertools import groupby

from service.commands import stores
from service.domain.actor import Role
from service.settings import Settings
from service.store.actors import Holder, Listed
from service.workflows import keyring


def create(settings: Settings, arguments: argparse.Namespace) -> None:
    """Make a key and show it, once."""
    role, name = Role(arguments.role), arguments.name
    with stores.unloaded(settings) as context:
        known = keyring.holder(context, role, name)
        print(keyring.create(context, role, name, stores.today(), by=stores.operator()))
    print(_holder_line(role, name, known), file=sys.stderr)
    print("This is the only time this key is shown. Keep it secret.", file=sys.stderr)


def show(settings: Settings, _arguments: argparse.Namespace) -> None:
    """Show every platform's keys, without their secrets."""
    with stores.unloaded(settings) as context:
        keys = keyring.listed(context)
    for line in _key_lines(keys):
        print(line)


def revoke(settings: Settings, arguments: argparse.Namespace) -> None:
    """Make a key useless."""
    with stores.unloaded(settings) as context:
        keyring.revoke(context, arguments.key_id, stores.today(), by=stores.operator())
    print("Revoked.")


def _key_lines(keys: Sequence[Listed]) -> Iterator[str]:
    """Yield each platform or crawler, and below it its keys."""
    for (name, role), of_actor in groupby(keys, lambda key: (key.name, key.role)):
        yield f"{name} ({role})"
        for key in of_actor:
            state = f"revoked {key.revoked_on}" if key.revoked_on else "live"
            used = f"last used {key.used_on}" if key.used_on else "never used"
            yield f"  {key.key_id}  made {key.created_on}  {used:20}  {state}"


def _holder_line(role: str, name: str, known: Holder | None) -> str:
    """Say whose a new key is: another key of one that is known, or the first of a new one."""
    if known is None:
        return f"This is a new {role}: {name.strip()}."
    others = "1 other live key" if known.live_keys == 1 else f"{known.live_keys} other live keys"
    return f"This is a key of the {role} {known.name}, which has {others}."
