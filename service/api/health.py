"""What machines that watch the service ask: is it alive, is it ready, how is it doing."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.exposition import generate_latest
from pydantic import BaseModel

from service.api.problems import responses
from service.http.given import Here
from service.workflows.context import Context

router = APIRouter(tags=["health"])


class Meters:
    """Counts and times, by names of our own only: no address, no signal, no case."""

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
        self.indexed = Gauge(
            "takeback_index_signals",
            "Signals that can be found, by space and type",
            ("space", "type"),
            registry=self.registry,
        )
        self.unflushed = Gauge(
            "takeback_index_newest_signals",
            "Signals that no segment holds yet, by space and type",
            ("space", "type"),
            registry=self.registry,
        )
        self.segments = Gauge(
            "takeback_index_segments",
            "Segments searched, by space and type",
            ("space", "type"),
            registry=self.registry,
        )
        self.lag = Gauge(
            "takeback_index_lag_changes",
            "Changes of the store that the index does not show yet",
            registry=self.registry,
        )

    def exposition(self, context: Context) -> bytes:
        """Return the text format of Prometheus, with the gauges as they are now."""
        for each in context.replica.searcher.statistics():
            self.indexed.labels(each.space, each.signal_type).set(each.signals)
            self.unflushed.labels(each.space, each.signal_type).set(each.unflushed)
            self.segments.labels(each.space, each.signal_type).set(each.segments)
        self.lag.set(context.replica.lag())
        return generate_latest(self.registry)


def _meters(request: Request) -> Meters:
    found: Meters = request.app.state.meters
    return found


Metrics = Annotated[Meters, Depends(_meters)]


class HealthOut(BaseModel):
    """It is."""

    status: str = "ok"


@router.get("/healthz")
def alive() -> HealthOut:
    """Whether the process answers. Restart it when this fails."""
    return HealthOut()


@router.get("/readyz", responses=responses())
def ready(here: Here) -> HealthOut:
    """Whether requests can be served: index loaded, store reachable and of this version."""
    here.replica.require_current()
    return HealthOut()


@router.get("/metrics", response_class=Response, responses=responses())
def metrics(here: Here, meters: Metrics) -> Response:
    """Counts and times for Prometheus. Bind it to your own network: docs/operating.md."""
    return Response(meters.exposition(here), media_type=CONTENT_TYPE_LATEST)
