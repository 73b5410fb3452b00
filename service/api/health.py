"""Routes for monitoring: is the process alive, is it ready, what are its metrics."""

from __future__ import annotations

from fastapi import APIRouter, Response
from prometheus_client import CONTENT_TYPE_LATEST
from pydantic import BaseModel

from service.edge.dependencies import CurrentContext
from service.edge.meters import CurrentMeters
from service.edge.problems import responses
from service.edge.readiness import CurrentReadiness

router = APIRouter(tags=["health"])


class HealthOut(BaseModel):
    """It is."""

    status: str = "ok"


@router.get("/healthz")
async def alive() -> HealthOut:
    """Whether the process answers. Restart it when this fails."""
    return HealthOut()


@router.get("/readyz", responses=responses())
async def ready(context: CurrentContext, readiness: CurrentReadiness) -> HealthOut:
    """Whether requests can be served: index loaded, store reachable and of this version."""
    await readiness.require(context)
    return HealthOut()


@router.get("/metrics", response_class=Response, responses=responses())
def metrics(context: CurrentContext, meters: CurrentMeters) -> Response:
    """Counts and times for Prometheus. Bind it to your own network: docs/operating.md."""
    return Response(meters.exposition(context), media_type=CONTENT_TYPE_LATEST)
