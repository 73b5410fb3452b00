"""From a credential to an actor. All failures look the same and take the same time."""

from __future__ import annotations

import hmac

from service.domain.actor import Actor, Owner, parse_key
from service.domain.case import parse_number
from service.domain.errors import Unauthenticated
from service.store import actors, cases
from service.workflows.context import Context, Today

_KEY_BYTES = 32


def owner(context: Context, untrusted_number: str, untrusted_access_key: str) -> Owner:
    """Return the owner of a case. Raises Unauthenticated."""
    number = parse_number(untrusted_number)
    offered = context.seals.access_hash(_bytes(untrusted_access_key))
    with context.database.read() as tx:
        case = cases.get(tx, number)
    kept = case.access_hash if case else bytes(_KEY_BYTES)
    if not hmac.compare_digest(kept, offered) or case is None:
        raise Unauthenticated
    return Owner(case.id, case.number)


def owner_of_form(context: Context, untrusted_number: str, untrusted_access_key: str) -> Owner:
    """Return the owner of a case whose number may be left out. Raises Unauthenticated."""
    posted = untrusted_number.strip() or number(context, untrusted_access_key)
    return owner(context, posted, untrusted_access_key)


def number(context: Context, untrusted_access_key: str) -> str:
    """Return the number of the case that a key opens. Raises Unauthenticated."""
    offered = context.seals.access_hash(_bytes(untrusted_access_key))
    with context.database.read() as tx:
        case = cases.by_access(tx, offered)
    if case is None:
        raise Unauthenticated
    return case.number


def key_holder(context: Context, untrusted_key: str, now: Today) -> Actor:
    """Return the holder of a key, and note that it was used. Raises Unauthenticated."""
    key_id, secret = parse_key(untrusted_key)
    offered = context.seals.key_hash(secret)
    with context.database.read() as tx:
        found = actors.by_key(tx, key_id)
    kept = found[1] if found else bytes(_KEY_BYTES)
    if not hmac.compare_digest(kept, offered) or found is None:
        raise Unauthenticated
    context.key_uses.note(key_id, now)
    return found[0]


def _bytes(untrusted: str) -> bytes:
    try:
        value = bytes.fromhex(untrusted)
    except ValueError as err:
        raise Unauthenticated from err
    if len(value) != _KEY_BYTES:
        raise Unauthenticated
    return value
