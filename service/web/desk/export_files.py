"""A case's days as a file: JSON, or CSV that no spreadsheet takes for formulas."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator

from fastapi import Response

from service.domain.advocacy import safe_cell
from service.web import headers
from service.web.headers import Kind
from service.workflows.case_reading import CaseView

FORMATS = {"csv": "text/csv; charset=utf-8", "json": "application/json"}
_COLUMNS = ("day", "what", "file", "where", "source", "outcome")


def of(view: CaseView, kind: str) -> Response:
    """Return a file of what happened, one line for each event, the oldest first."""
    rows = sorted(_rows(view))
    name = f"case-{view.case.case_number}.{kind}"
    given = {
        **headers.of(Kind.DESK),
        "Content-Disposition": f'attachment; filename="{name}"',
        "Content-Type": FORMATS[kind],
    }
    body = _csv(rows) if kind == "csv" else _json(view, rows)
    return Response(body, headers=given)


def _rows(view: CaseView) -> Iterator[tuple[str, ...]]:
    for event in view.events:
        outcome = event.outcome or ""
        where = event.platform
        yield event.seen_on.isoformat(), "sighting", str(event.n), where, event.source, outcome
    for place in view.places:
        for change in place.history.changes:
            yield change.day.isoformat(), "address", "", place.shown, "watch", change.presence
    for one in view.found:
        yield one.day.isoformat(), "seen_at", "", one.address, "observation", ""


def _csv(rows: list[tuple[str, ...]]) -> str:
    text = io.StringIO()
    lines = csv.writer(text, quoting=csv.QUOTE_ALL)
    lines.writerow(_COLUMNS)
    lines.writerows([safe_cell(cell) for cell in row] for row in rows)
    return text.getvalue()


def _json(view: CaseView, rows: list[tuple[str, ...]]) -> str:
    events = [dict(zip(_COLUMNS, row, strict=True)) for row in rows]
    told = {"case_number": view.case.case_number, "opened_on": view.case.opened_on.isoformat()}
    return json.dumps({**told, "events": events}, indent=2)
