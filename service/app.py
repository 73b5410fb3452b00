"""The composition root of HTTP: builds the app from the settings."""

from __future__ import annotations

import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing

from fastapi import FastAPI

from service import worker
from service.api import (
    addresses,
    alerting,
    case_grants,
    feeds,
    health,
    notifying,
    owner,
    platform,
    vault,
)
from service.edge import problems
from service.edge.bodies import lanes
from service.edge.budgets import ALL, Budgets
from service.edge.guard import Guard
from service.edge.meters import Meters
from service.edge.readiness import Readiness
from service.edge.sources import Sources
from service.edge.throttle import Throttle
from service.edge.work_threads import PROVING, Threads
from service.settings import VERSION, Settings
from service.web import pages, statics
from service.web.desk import (
    account,
    board,
    case_letters,
    case_page,
    hashed_files,
    links,
    review_pages,
    signing,
)
from service.web.owner import (
    acting,
    checking,
    known_addresses,
    letters,
    overview,
    sending,
    shared_with,
    telling,
)
from service.web.site import information, platforms, questions, saving, support, together
from service.workflows.context import create as create_context

WORKER_SECONDS = 3
"""Within which the worker ends its batch; else that batch is done again after the next start. If
requests took the time to end (`server.DRAIN_SECONDS`), there is less."""
ABOUT = (
    "Owners hand in digital fingerprints of intimate content, made on their own device; platforms "
    "ask whether uploads match. No endpoint takes a picture or a video; evidence is sealed on the "
    "device, with a key that never leaves it. Errors are problem documents (RFC 9457)."
)
API = (
    owner.router,
    alerting.router,
    case_grants.router,
    vault.router,
    vault.sealed,
    feeds.router,
    platform.router,
    addresses.router,
    notifying.router,
    health.router,
)
PAGES = (
    statics.router,
    questions.router,
    sending.router,
    checking.router,
    acting.router,
    overview.router,
    known_addresses.router,
    letters.router,
    telling.router,
    shared_with.router,
    together.router,
    saving.router,
    board.router,
    case_page.router,
    case_letters.router,
    review_pages.router,
    hashed_files.router,
    links.router,
    signing.router,
    account.router,
    information.router,  # last: it also answers every address that no other page has
)


def create_app(settings: Settings) -> FastAPI:
    """Return the app. It loads the index when it starts, and answers 503 until then."""
    context, meters, stop = create_context(settings), Meters(), threading.Event()

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        with closing(context.database):
            context.replica.load()
            target = worker.run if settings.worker else worker.follow
            thread = threading.Thread(
                target=target, args=(context, stop), name="worker", daemon=True
            )
            thread.start()  # ends a moment after `stop`, whatever its jobs are at
            yield
            stop.set()
            context.work_waits.set()
            thread.join(WORKER_SECONDS)

    app = FastAPI(
        title="Takeback",
        version=VERSION,
        description=ABOUT,
        lifespan=lifespan,
        docs_url=None,  # FastAPI's page loads scripts from other hosts; /openapi.json is local
        redoc_url=None,
        redirect_slashes=False,  # it would repeat the path, and a Host that the client made up
    )
    app.state.context, app.state.meters = context, meters
    app.state.readiness = Readiness()
    app.state.budgets = budgets = Budgets(settings, lambda name: meters.refused.labels(name).inc())
    meters.work.set_function(lambda: budgets.pieces(ALL))
    app.state.lanes, app.state.proving = lanes(), Threads(PROVING)
    app.state.pages, app.state.support = pages.read(settings), support.read()
    app.state.platforms = platforms.read()
    for router in (*API, *PAGES):
        app.include_router(router)
    problems.install(app)
    app.add_middleware(
        Guard,
        max_body_bytes=settings.max_body_bytes,
        meters=meters,
        refusal=lambda scope, err: pages.refusal(scope, err) or problems.problem(err),
        throttle=Throttle(budgets, Sources(settings.is_proxy)),
    )
    return app
