"""The log line of an error that no code expects: where it was raised, never its message."""

from __future__ import annotations

import logging

log = logging.getLogger(__name__)


def log_unexpected(err: Exception, route: str) -> None:
    """Log the type of an error and the line that raised it. Its message may hold anything."""
    frame = err.__traceback__
    while frame and frame.tb_next:
        frame = frame.tb_next
    place = f"{frame.tb_frame.f_globals.get('__name__')}:{frame.tb_lineno}" if frame else "?"
    log.error("failed", extra={"error": type(err).__name__, "place": place, "route": route})
