"""The operator adds public or low-detail content to the exclude bank: it matches nothing."""

from __future__ import annotations

from collections.abc import Iterable

from hashing.signals import ContentSignals
from service.store import signals
from service.workflows.context import Context, Today


def exclude(context: Context, contents: Iterable[ContentSignals], now: Today) -> int:
    """Add the perceptual signals of contents, with windows and frames; return how many were new.

    The worker then holds the entries that are near them for review.
    """
    number = 0
    with context.database.write_changes() as tx:
        for content in contents:
            frames = [frame.signal for frame in content.frames]
            windows = [one.signal for one in content.windows]
            every = [*content.signals, *frames, *windows]
            perceptual = [signal for signal in every if signal.type.perceptual]
            number += signals.insert_excluded(tx, perceptual, now)
    context.work_waits.set()
    return number
