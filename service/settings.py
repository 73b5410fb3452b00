"""Every setting, read once from the environment. `docs/operating.md` has the same table."""

from __future__ import annotations

import os
import secrets
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field, fields
from pathlib import Path
from tempfile import NamedTemporaryFile
from urllib.parse import urlsplit

SECRET_BYTES = 32


class InvalidSetting(ValueError):
    """A TAKEBACK_ variable has a value that cannot be used."""


@dataclass(frozen=True, slots=True)
class Settings:
    """What an operator may choose. A variable is named TAKEBACK_ and the field, in capitals."""

    state: Path = Path("var")
    """Folder of the embedded database and of the secret."""
    database_url: str = ""
    """SQLAlchemy URL, `postgresql+psycopg://…`. Empty: SQLite in the state folder."""
    secret: str = field(default="", repr=False)
    """64 hexadecimal digits that key every stored hash. Empty: a file in the state folder."""
    host: str = "127.0.0.1"
    """Address to listen on."""
    port: int = 8000
    """Port to listen on."""
    worker: bool = True
    """Whether `serve` also does the worker's work. Switch off where `work` runs by itself."""
    max_body_bytes: int = 16 * 2**20
    """Largest request, in bytes."""
    observation_days: int = 180
    """How long an observation is kept and matched with later cases."""
    cases_per_signal: int = 8
    """An entry that is in so many other cases is held for review: it may be a public picture."""
    matches_per_day: int = 10_000
    """An unconfirmed entry that matches more often in a day is held for review."""
    exit_url: str = "https://www.bbc.co.uk/weather"
    """Where the pages' exit button leads: a page that everybody might have open."""

    @property
    def database(self) -> str:
        """The URL to connect to."""
        return self.database_url or f"sqlite:///{self.state / 'takeback.db'}"

    @property
    def index(self) -> Path:
        """The folder of the index's segments."""
        return self.state / "index"


def read(environment: Mapping[str, str]) -> Settings:
    """Return the settings of an environment. Raises InvalidSetting, which names the variable."""
    chosen: dict[str, object] = {}
    for each in fields(Settings):
        name = f"TAKEBACK_{each.name.upper()}"
        if name in environment:
            chosen[each.name] = _parsed(name, environment[name], type(each.default))
    settings = Settings(**chosen)  # type: ignore[arg-type]
    if urlsplit(settings.exit_url).scheme not in {"http", "https"}:
        raise InvalidSetting("TAKEBACK_EXIT_URL must be an address that begins with https://.")
    return settings


def secret_of(settings: Settings) -> bytes:
    """Return the service's secret: the one given, or the one kept in the state folder.

    A new one is written before it is used, readable by this user only.
    """
    if settings.secret:
        return _hex("TAKEBACK_SECRET", settings.secret)
    settings.state.mkdir(mode=0o700, parents=True, exist_ok=True)
    path = settings.state / "secret"
    if not path.exists():
        _write_secret(path)
    return _hex(str(path), path.read_text("ascii", errors="replace"))


def _write_secret(path: Path) -> None:
    """Make the file appear whole: another process that starts now must never read half of it."""
    with NamedTemporaryFile("w", dir=path.parent, prefix=".secret-") as file:  # mode 0600
        file.write(secrets.token_hex(SECRET_BYTES))
        file.flush()
        os.fsync(file.fileno())
        with suppress(FileExistsError):  # the other process was first; its secret is ours
            os.link(file.name, path)


def _hex(name: str, text: str) -> bytes:
    try:
        value = bytes.fromhex(text.strip())
    except ValueError as err:
        raise InvalidSetting(f"{name} must be {2 * SECRET_BYTES} hexadecimal digits.") from err
    if len(value) != SECRET_BYTES:
        raise InvalidSetting(f"{name} must be {2 * SECRET_BYTES} hexadecimal digits.")
    return value


def _parsed(name: str, text: str, wanted: type) -> object:
    if wanted is bool:
        if text.lower() not in {"0", "1", "true", "false", "yes", "no"}:
            raise InvalidSetting(f"{name} must be 1 or 0.")
        return text.lower() in {"1", "true", "yes"}
    if wanted is int:
        try:
            number = int(text)
        except ValueError as err:
            raise InvalidSetting(f"{name} must be a whole number.") from err
        if number <= 0:
            raise InvalidSetting(f"{name} must be above 0.")
        return number
    return Path(text) if issubclass(wanted, Path) else text
