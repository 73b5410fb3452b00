"""The service's secret: from the settings, else from a file in the state folder."""

from __future__ import annotations

import os
import secrets
from contextlib import suppress
from pathlib import Path
from tempfile import NamedTemporaryFile

from service.settings import InvalidSetting, Settings, usable_state

SECRET_BYTES = 32


def secret_of(settings: Settings) -> bytes:
    """Return the service's secret: from the settings, else from a file in the state folder.

    If there is no file, a new secret is written first, readable by this user only. Raises
    InvalidSetting.
    """
    if settings.secret:
        return _hex("TAKEBACK_SECRET", settings.secret)
    with usable_state(settings):
        path = settings.state / "secret"
        if not path.exists():
            settings.state.mkdir(mode=0o700, parents=True, exist_ok=True)
            _write_secret(path)
        return _hex(str(path), path.read_text("ascii", errors="replace"))


def has_secret(settings: Settings) -> bool:
    """Whether there is a secret already."""
    with usable_state(settings):
        return bool(settings.secret) or (settings.state / "secret").exists()


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
