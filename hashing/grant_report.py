"""Every sentence and line about who may see a case, as `report` has the others."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from hashing.printable import printable

SCOPES = {
    "status": "read when and where copies were found",
    "sightings_and_addresses": "read full addresses, and check files against the case",
    "act_for_me": "have addresses checked, write letters for you, and pause messages to you",
    "add_files": "add files, hashed on their own device",
}
"""What an organisation may do, by the names of the service."""
NO_GRANTS = "Nobody else may see this case."
REVOKED = "Ended. They cannot see your case any more."
_STATES = {
    "offered": "a code nobody has used yet",
    "lapsed": "the code was not used in time",
    "held": "may see your case",
    "expired": "over",
    "ended": "ended",
}


def made_lines(made: dict[str, Any]) -> Iterator[str]:
    """Yield the lines about a new code."""
    yield printable(f"Code: {made['code']}")
    yield "It works once, for one organisation. You cannot see it again."
    yield printable(f"It can be used before {made['code_until_on']}.")
    yield printable(f"Whoever uses it can see your case until {made['until_on']}, and may:")
    for scope in made["scopes"]:
        yield printable(f"  - {SCOPES.get(scope, scope)}")
    yield "Nothing is withdrawn without you. To end it: takeback grant revoke."


def grant_lines(grants: Sequence[dict[str, Any]]) -> Iterator[str]:
    """Yield the lines about who may see a case."""
    for grant in grants:
        state = _STATES.get(grant["state"], grant["state"])
        who = f"{grant['organisation']}: " if grant["organisation"] else ""
        yield printable(f"{grant['n']:3}  {who}{state}")
        if grant["state"] == "held":
            yield printable(f"     until {grant['until_on']}; they may:")
            for scope in grant["scopes"]:
                yield printable(f"     - {SCOPES.get(scope, scope)}")
    if not grants:
        yield NO_GRANTS
