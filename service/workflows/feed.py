"""Somebody reads the feed of a case. Its address is all that is needed."""

from __future__ import annotations

from service.domain import wording
from service.domain.alert import ChannelKind, ChannelStatus
from service.domain.errors import NotFound
from service.store import channels, deliveries
from service.transports import atom
from service.transports.atom import News
from service.workflows import contacts_sealed
from service.workflows.store_context import StoreContext


def read(context: StoreContext, untrusted_token: str) -> bytes:
    """Return a feed. That it is read for the first time confirms it.

    Raises NotFound for an address that never was or is no more: nothing is left to tell the two
    apart.
    """
    token_hash = context.seals.feed_hash(untrusted_token)
    with context.database.read() as tx:
        channel = channels.by_token(tx, token_hash)
        stored = None if channel is None else channels.contact(tx, channel.case_id)
        if channel is None or stored is None or channel.kind is not ChannelKind.FEED:
            raise NotFound
        published = deliveries.published(tx, channel.id, atom.MOST_ENTRIES)
    if channel.status is ChannelStatus.UNCONFIRMED:
        with context.database.write() as tx:
            current = channels.by_id(tx, channel.id, lock=True)
            if current is not None and current.status is ChannelStatus.UNCONFIRMED:
                channels.set_status(tx, current, ChannelStatus.LIVE)
    chosen = contacts_sealed.opened(context, channel.case_id, stored)
    news = [News(one.reference, one.day) for one in published]
    said = wording.message(chosen.wording, chosen.language)
    return atom.document(token_hash.hex(), channel.set_on, news, said, chosen.language)
