"""All settings, read once from the environment. `docs/crawling.md` has them as a table."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, fields

from hashing.views.profile import Profile

PREFIX = "CRAWLER_"
"""Not TAKEBACK_: a service beside us refuses variables of its own prefix that it does not know."""


_SECRET_BYTES = 32


class InvalidSetting(ValueError):
    """A CRAWLER_ variable has a value that cannot be used."""


@dataclass(frozen=True, slots=True)
class Settings:
    """What an operator may set. The variable of a field is CRAWLER_ and its name in capitals."""

    contact: str = ""
    """https:// or mailto: address where a site's owner learns who we are, and can ask us to stay
    away. It is in every request. Without one the crawler asks no host but this machine's own."""
    state: str = field(default="var/crawler.sqlite3", repr=False)
    """The frontier. A file: beside its key, the only one that is written. Or postgresql://…, which
    several crawlers share; it may have a password, which `repr` hides."""
    secret: str = field(default="", repr=False)
    """64 hexadecimal digits, with which the frontier is sealed. Empty: those of the key file."""
    key_file: str = ""
    """Where the key of the frontier is, or is made. Empty: beside it, and `.key` after its name."""
    visits: int = 8
    """Watches that are visited at once."""
    requests: int = 16
    """Requests at once, over all hosts."""
    requests_per_host: int = 2
    """Requests at once to one host."""
    delay: float = 1.0
    """Seconds between two requests to one host. A Crawl-delay that is longer is kept."""
    children: int = 1
    """Processes that decode. Each needs a core, and about 200 MB."""
    profile: Profile = Profile.THOROUGH
    """How many views are made of each picture: docs/accuracy.md has what each profile finds."""
    override_robots: frozenset[str] = field(default_factory=frozenset)
    """Hosts, with commas, that are looked at whatever their robots.txt says, as illegal content was
    reported there. docs/crawling.md says when that is right."""
    avoid: frozenset[str] = field(default_factory=frozenset)
    """Hosts, with commas, that are never asked for anything, nor those below them, as their owners
    said. It counts more than `override_robots`."""
    browser: str = "0"
    """1, or the path of a Chromium: pages that show nothing without scripts are looked at in it."""
    browser_sandbox: bool = True
    """Whether Chromium's own sandbox is on, within the cell that it is in anyway."""
    video_extractor: bool = False
    """Whether yt-dlp looks for the video of pages that have a player and show none."""
    metrics_port: int = 0
    """Port of this machine on which Prometheus reads counts. 0: none."""
    loopback: bool = False
    """For tests: also look at sites on this machine, on any port."""

    @property
    def user_agent(self) -> str:
        """Who asks, why, and where to write to us."""
        about = self.contact or "test on this machine"
        return f"TakebackCrawler/0.1 (+{about}; looks for reported intimate images)"


def read(environment: Mapping[str, str] | None = None) -> Settings:
    """Return the settings of the environment. Raises InvalidSetting."""
    environment = os.environ if environment is None else environment
    known = {PREFIX + each.name.upper(): each.name for each in fields(Settings)}
    given = {name: value for name, value in environment.items() if name.startswith(PREFIX)}
    if unknown := sorted(set(given) - set(known)):
        raise InvalidSetting(f"There is no setting {unknown[0]}. See docs/crawling.md.")
    values = {known[name]: _value(name, known[name], value) for name, value in given.items()}
    settings = Settings(**values)  # type: ignore[arg-type]
    named = re.fullmatch(r"(?:https://|mailto:)[\x21-\x27\x2a-\x7e]{3,200}", settings.contact)
    if not named and (settings.contact or not settings.loopback):
        raise InvalidSetting(
            "Set CRAWLER_CONTACT to an https:// or mailto: address where the owner of a site "
            "learns who you are and can ask you to stay away: it is sent with every request."
        )
    return settings


def _value(name: str, setting: str, text: str) -> object:  # noqa: PLR0911 (a table)
    try:
        match setting:
            case "contact" | "key_file" | "browser":
                return text.strip()
            case "state":
                return _place(text.strip())
            case "secret":
                return _digits(text)
            case "profile":
                return Profile(text)
            case "override_robots" | "avoid":
                return frozenset(each.strip().lower() for each in text.split(",") if each.strip())
            case "loopback" | "browser_sandbox" | "video_extractor":
                return {"0": False, "1": True, "": False}[text]
            case "delay":
                return _between(float(text), 0, 3600)
            case "metrics_port":
                return int(_between(int(text), 0, 65535))
            case _:
                return int(_between(int(text), 1, 256))
    except (ValueError, KeyError) as err:
        raise InvalidSetting(
            f"{name} has a value that cannot be used. See docs/crawling.md."
        ) from err


def _place(text: str) -> str:
    """A file, or an address of the one kind that we know: never a file that is named like one."""
    scheme = re.match(r"([^/]*):/", text)
    if scheme and scheme[1] not in {"postgresql", "postgres", "postgresql+psycopg"}:
        raise ValueError
    return text


def _digits(text: str) -> str:
    if text and len(bytes.fromhex(text)) != _SECRET_BYTES:
        raise ValueError
    return text


def _between(value: float, least: float, most: float) -> float:
    if not least <= value <= most:
        raise ValueError
    return value
