"""Alerts become messages, one a channel: soon for the first, then at most one a day."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from random import Random, SystemRandom

from service.domain import contact as timing
from service.domain.alert import Cause, ChannelStatus
from service.domain.watch import Clock, Presence, history
from service.store import alerts, cases, channels, deliveries, visits
from service.store.alerts import Alert
from service.store.channels import Channel
from service.store.database import Tx
from service.workflows import contacts_sealed
from service.workflows.store_context import StoreContext
from service.workflows.targets import new_token

AT_ONCE = 500
"""Alerts gathered in one transaction."""


def gather(context: StoreContext, now: Clock, draw: Random | None = None) -> int:
    """Make messages of some alerts, and delete these; return how many. 0 means that none is left.

    Cases come in the order of their ids, so that two workers cannot deadlock.
    """
    with context.database.read() as tx:
        if not alerts.is_any(tx):
            return 0  # nobody is kept from writing, each second, for nothing
    with context.database.write() as tx:
        taken = alerts.take(tx, AT_ONCE)
        of_cases: defaultdict[int, list[Alert]] = defaultdict(list)
        for alert in taken:
            of_cases[alert.case_id].append(alert)
        for case_id in sorted(of_cases):
            if _is_news(tx, case_id, of_cases[case_id]):
                _plan(context, tx, case_id, now, draw or SystemRandom())
        alerts.delete(tx, [alert.id for alert in taken])
    return len(taken)


def _is_news(tx: Tx, case_id: int, of_case: Sequence[Alert]) -> bool:
    """Whether its owner is to be told: of a case that is withdrawn, only that it was."""
    withdrawn = cases.is_withdrawn(tx, case_id)
    return any(
        _is_change(tx, one) if one.cause is Cause.LOOK else True
        for one in of_case
        if one.cause is Cause.WITHDRAWAL or not withdrawn
    )


def _is_change(tx: Tx, look: Alert) -> bool:
    """Whether a visit found that something is gone, or came back."""
    assert look.request_id is not None and look.visit_id is not None  # noqa: S101, PT018 (of a look)
    looks = visits.looks_until(tx, look.request_id, look.visit_id)
    before, after = history(looks[:-1]).presence, history(looks).presence
    return after is not before and after in {Presence.GONE, Presence.CAME_BACK}


def _plan(context: StoreContext, tx: Tx, case_id: int, now: Clock, draw: Random) -> None:
    sealed = channels.contact(tx, case_id)
    if sealed is None:
        return
    chosen = contacts_sealed.opened(context, case_id, sealed)
    if chosen.is_muted(now.day):
        return
    for channel in channels.of_case(tx, case_id, lock=True):
        if channel.status is ChannelStatus.LIVE and not deliveries.is_coming(
            tx, channel.id, now.second
        ):
            last_at = _last_at(tx, channel)
            due_at = timing.due_at(
                now.second, last_at, chosen, timing.timing_of(context.settings), draw
            )
            deliveries.add(tx, channel.id, new_token(), due_at)


def _last_at(tx: Tx, channel: Channel) -> int | None:
    """When the alert before was sent, or will be."""
    known = (channel.last_at, deliveries.latest_due(tx, channel.id))
    return max((one for one in known if one is not None), default=None)
