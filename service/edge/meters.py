"""Prometheus metrics of one process."""

from __future__ import annotations

import time
from typing import Annotated

from fastapi import Depends, Request
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.exposition import generate_latest

from service.workflows import dead_letters, review, second_try
from service.workflows.context import Context


class Meters:
    """Counts and times. No label holds an address, a signal or a case."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.requests = Histogram(
            "takeback_request_seconds",
            "Time to answer, by route, method and status",
            ("route", "method", "status"),
            registry=self.registry,
        )
        self.looked_up = Counter(
            "takeback_lookup_items",
            "Items looked up, by verdict",
            ("verdict",),
            registry=self.registry,
        )
        self.refused = Counter(
            "takeback_refused",
            "Requests answered with 429, by the budget that was used up",
            ("budget",),
            registry=self.registry,
        )
        self.work = self._gauge("work_pieces", "Pieces of work that opening a case takes now")
        of = ("space", "type")
        self.indexed = self._gauge("index_signals", "Signals that can be found", *of)
        self.unflushed = self._gauge(
            "index_newest_signals", "Signals that no segment holds yet", *of
        )
        self.segments = self._gauge("index_segments", "Segments searched", *of)
        self.lag = self._gauge(
            "index_lag_changes", "Changes of the store that the index does not show yet"
        )
        self.waiting = self._gauge("review_waiting", "Entries that wait for a person", "reason")
        self.set_aside = self._gauge(
            "set_aside_contents", "Contents that the worker could not reconcile and will try again"
        )

        self.messages = self._gauge(
            "alert_messages", "Alerts on their way: new, waiting, late by an hour, dead", "state"
        )

    def _gauge(self, name: str, text: str, *labels: str) -> Gauge:
        return Gauge(f"takeback_{name}", text, labels, registry=self.registry)

    def exposition(self, context: Context) -> bytes:
        """Return all metrics in the text format of Prometheus, with the gauges read now."""
        for each in context.replica.searcher.statistics():
            self.indexed.labels(each.space, each.signal_type).set(each.signals)
            self.unflushed.labels(each.space, each.signal_type).set(each.unflushed)
            self.segments.labels(each.space, each.signal_type).set(each.segments)
        self.lag.set(context.replica.lag())
        for reason, number in review.waiting_by_reason(context).items():
            self.waiting.labels(reason).set(number)
        self.set_aside.set(second_try.number(context))
        for state, number in dead_letters.counts(context, int(time.time())).items():
            self.messages.labels(state).set(number)
        return generate_latest(self.registry)


async def _meters(request: Request) -> Meters:
    meters: Meters = request.app.state.meters
    return meters


CurrentMeters = Annotated[Meters, Depends(_meters)]
