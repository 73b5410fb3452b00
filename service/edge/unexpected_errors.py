"""What is logged of an error that nobody foresaw: where it was, never what it said."""

from __future__ import annotations

import logging

log = logging.getLogger(__name__)


def unexpected(err: Exception, route: str) -> None:
    """Log the type and the place: the words of an error may hold anything."""
    last = err.__traceback__
    while last and last.tb_next:
        last = last.tb_next
    place = f"{last.tb_frame.f_globals.get('__name__')}:{last.tb_lineno}" if last else "?"
    log.error("failed", extra={"error": type(err).__name__, "place": place, "route": route})
