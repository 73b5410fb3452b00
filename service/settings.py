"""All settings, read once from the environment. `docs/operating.md` has them as a table."""

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
    """What an operator may set. The variable of a field is TAKEBACK_ and its name in capitals."""

    state: Path = Path("var")
    """Folder of the embedded database, the secret and the index."""
    database_url: str = ""
    """SQLAlchemy URL, `postgresql+psycopg://…`. Empty: SQLite in the state folder."""
    secret: str = field(default="", repr=False)
    """64 hexadecimal digits, from which all keys are derived. Empty: a file in the state folder."""
    host: str = "127.0.0.1"
    """Address to listen on."""
    port: int = 8000
    """Port to listen on."""
    worker: bool = True
    """Whether `serve` also runs the worker. Switch it off if `work` runs as its own process."""
    max_body_bytes: int = 16 * 2**20
    """Largest request body, in bytes."""
    observation_days: int = 180
    """Days for which an observation is kept and matched with later cases."""
    cases_per_signal: int = 8
    """An entry whose content is in this many other cases is quarantined: it may be public."""
    matches_per_day: int = 10_000
    """An unconfirmed entry that matches more often in a day is quarantined."""
    exit_url: str = "https://www.bbc.co.uk/weather"
    """Where the exit button of the pages leads: a page that anybody might have open."""

    @property
    def database(self) -> str:
        """The URL to connect to."""
        return self.database_url or f"sqlite:///{self.state / 'takeback.db'}"

    @property
    def journal(self) -> Path:
        """The folder of sightings that wait for the store."""
        return self.state / "journal"

    @property
    def index(self) -> Path:
        """The folder of the index segments."""
        return self.state / "index"


def read(environment: Mapping[str, str]) -> Settings:
    """Return the settings of an environment. Raises InvalidSetting, which names the variable."""
    values: dict[str, object] = {}
    for setting in fields(Settings):
        name = f"TAKEBACK_{setting.name.upper()}"
        if name in environment:
            values[setting.name] = _parsed(name, environment[name], type(setting.default))
    settings = Settings(**values)  # type: ignore[arg-type]
    if urlsplit(settings.exit_url).scheme not in {"http", "https"}:
        raise InvalidSetting("TAKEBACK_EXIT_URL must be an address that begins with https://.")
    return settings


def secret_of(settings: Settings) -> bytes:
    """Return the service's secret: from the settings, else from a file in the state folder.

    If there is no file, a new secret is written first, readable by this user only.
    """
    if settings.secret:
        return _hex("TAKEBACK_SECRET", settings.secret)
    settings.state.mkdir(mode=0o700, parents=True, exist_ok=True)
    path = settings.state / "secret"
    if not path.exists():
        _write_secret(path)
    return _hex(str(path), path.read_text("ascii", errors="replace"))


def _write_secret(path: Path) -> None:
    """Create the file atomically: a process that starts meanwhile must not read half of it."""
    with NamedTemporaryFile("w", dir=path.parent, prefix=".secret-") as file:  # mode 0600
        file.write(secrets.token_hex(SECRET_BYTES))
        file.flush()
        os.fsync(file.fileno())
        with suppress(FileExistsError):  # another process was first: its secret is used
            os.link(file.name, path)


def _hex(name: str, text: str) -> bytes:
    try:
        value = bytes.fromhex(text.strip())
    except ValueError as err:
        raise InvalidSetting(f"{name} must be {2 * SECRET_BYTES} hexadecimal digits.") from err
    if len(value) != SECRET_BYTES:
        raise InvalidSetting(f"{name} must be {2 * SECRET_BYTES} hexadecimal digits.")
    return value


def _parsed(name: str, text: str, expected: type) -> object:
    if expected is bool:
        if text.lower() not in {"0", "1", "true", "false", "yes", "no"}:
            raise InvalidSetting(f"{name} must be 1 or 0.")
        return text.lower() in {"1", "true", "yes"}
    if expected is int:
        try:
            number = int(text)
        except ValueError as err:
            raise InvalidSetting(f"{name} must be a whole number.") from err
        if number <= 0:
            raise InvalidSetting(f"{name} must be above 0.")
        return number
    return Path(text) if issubclass(expected, Path) else text
