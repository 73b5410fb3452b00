"""Known public or plain content goes into the exclude bank: it matches nothing."""

from __future__ import annotations

from collections.abc import Iterable

from hashing.signals import ContentSignals
from service.store import banks
from service.workflows.context import Context, Today


def exclude(context: Context, contents: Iterable[ContentSignals], now: Today) -> int:
    """Add the perceptual signals of contents; return how many were new.

    The worker then holds for review the entries that are near them.
    """
    fresh = 0
    with context.database.write() as tx:
        for content in contents:
            all_signals = [*content.signals, *(frame.signal for frame in content.frames)]
            perceptual = [signal for signal in all_signals if signal.type.perceptual]
            fresh += banks.add_excluded(tx, perceptual, now)
    context.work_waits.set()
    return fresh
