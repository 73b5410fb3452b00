"""What machines that watch the service ask: is it alive, is it ready, how is it doing."""

from __future__ import annotations

from fastapi import APIRouter, Response
from prometheus_client import CONTENT_TYPE_LATEST
from pydantic import BaseModel

from service.edge.dependencies import Here
from service.edge.meters import CurrentMeters
from service.edge.problems import responses

router = APIRouter(tags=["health"])


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
    here.require_current()
    return HealthOut()


@router.get("/metrics", response_class=Response, responses=responses())
def metrics(here: Here, meters: CurrentMeters) -> Response:
    """Counts and times for Prometheus. Bind it to your own network: docs/operating.md."""
    return Response(meters.exposition(here), media_type=CONTENT_TYPE_LATEST)
