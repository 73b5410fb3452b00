"""The composition root of HTTP: settings in, an app out."""

from __future__ import annotations

import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing

from fastapi import FastAPI

from service import worker
from service.api import health, owner, platform
from service.domain.errors import TooLarge
from service.edge import problems
from service.edge.guard import Guard
from service.edge.meters import Meters
from service.sealing import Seals
from service.settings import Settings, secret_of
from service.store.database import Database
from service.web import pages, statics
from service.web.owner import overview, sending
from service.web.site import information, questions
from service.workflows.context import Context

VERSION = "0.1.0"
ABOUT = (
    "Owners hand in digital fingerprints of intimate content, made on their own device; platforms "
    "ask whether uploads match. No endpoint takes a picture or a video. Errors are problem "
    "documents (RFC 9457)."
)
PAGES = (
    statics.router,
    questions.router,
    sending.router,
    overview.router,
    information.router,  # last: it answers whatever address no other page has
)


def create_context(settings: Settings) -> Context:
    """Return a context that is not loaded yet."""
    return Context(settings, Database(settings.database), Seals(secret_of(settings)))


def create_app(settings: Settings) -> FastAPI:
    """Return the app; it loads when it is started, and answers 503 until it has."""
    context, meters, stop = create_context(settings), Meters(), threading.Event()

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        with closing(context.database):
            context.load()
            target = worker.run if settings.worker else worker.follow
            thread = threading.Thread(target=target, args=(context, stop), name="worker")
            thread.start()
            yield
            stop.set()
            context.work_waits.set()
            thread.join()

    app = FastAPI(
        title="Takeback",
        version=VERSION,
        description=ABOUT,
        lifespan=lifespan,
        docs_url=None,  # FastAPI's page loads scripts of other hosts; /openapi.json is ours alone
        redoc_url=None,
        redirect_slashes=False,  # it would repeat the path, and a Host of the client's choice
    )
    app.state.context, app.state.meters = context, meters
    app.state.site = pages.read(settings.exit_url)
    for router in (owner.router, platform.router, health.router, *PAGES):
        app.include_router(router)
    problems.install(app)
    app.add_middleware(
        Guard,
        max_body_bytes=settings.max_body_bytes,
        meters=meters,
        too_large=lambda scope: pages.too_large(scope) or problems.problem(TooLarge()),
    )
    return app
