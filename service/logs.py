"""The log: lines of JSON on standard error, with nothing of a request or of a store in them."""

from __future__ import annotations

import json
import logging
from datetime import UTC, datetime


class JsonLines(logging.Formatter):
    """A JSON object on each line: time, level, logger, message, and the extra fields in FIELDS."""

    FIELDS = ("route", "method", "status", "ms", "error", "place", "signals", "job", "version")
    UVICORN = frozenset(
        {
            "ASGI callable returned without completing response.",
            "Cancel %s running task(s), timeout graceful shutdown exceeded",
            "Exception in ASGI application\n",
            "Invalid HTTP request received.",
            "Unsupported upgrade request.",
        }
    )
    """What the server may say: none of it holds anything of a request."""

    def format(self, record: logging.LogRecord) -> str:
        """Return one line."""
        extra = {name: getattr(record, name) for name in self.FIELDS if hasattr(record, name)}
        at = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="seconds")
        line = {"at": at, "level": record.levelname, "from": record.name, **extra}
        if record.name.startswith("service"):
            line["says"] = record.getMessage()
        elif record.msg in self.UVICORN:
            line["says"] = str(record.msg).replace("%s ", "").strip()
        if record.exc_info and record.exc_info[0] and "error" not in line:
            line["error"] = record.exc_info[0].__name__
        return json.dumps(line)


def to_stderr() -> None:
    """Set up logging. Of other libraries only the fact of a warning: its text may hold anything."""
    # None of this is written; finding it out takes a third of the time of a line (logging HOWTO,
    # "Optimization").
    logging._srcfile = None  # noqa: SLF001
    logging.logThreads = logging.logProcesses = logging.logMultiprocessing = False
    handler = logging.StreamHandler()
    handler.setFormatter(JsonLines())
    logging.basicConfig(handlers=[handler], level=logging.WARNING, force=True)
    logging.getLogger("service").setLevel(logging.INFO)
