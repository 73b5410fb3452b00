"""All settings, read once from the environment. `docs/operating.md` has them as a table."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, fields
from difflib import get_close_matches
from functools import cache
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from pathlib import Path
from urllib.parse import urlsplit

VERSION = "0.1.0"
STORE = "takeback.db"
"""File of the embedded store in the state folder."""
_MOST = {
    "TAKEBACK_PORT": 65_535,
    "TAKEBACK_WORK_PIECES": 125,
    "TAKEBACK_MAIL_PORT": 65_535,
    "TAKEBACK_ALERT_DELAY_MINUTES": 7 * 24 * 60,
    "TAKEBACK_ALERT_INTERVAL_HOURS": 31 * 24,
    "TAKEBACK_ALERT_RETRY_SECONDS": 12 * 3600,
}
"""Largest values. 125 pieces are 8 seconds on an old phone, and 16 times as many under load."""
_HOST, _PORT = r"[a-z0-9-]+(\.[a-z0-9-]+)*", r"(:\d{1,5})?"
MAX_AUTHORITIES = 4
"""Of time stamps: some 6 kB are kept of each."""
MAX_SHOWN = 1000
"""Characters of a setting that the first page shows."""
OF_CLIENTS = frozenset({"TAKEBACK_PASSPHRASE", "TAKEBACK_KEY"})
"""Variables that the command line of owners and platforms reads, which may be set beside ours."""


MAY_BE_ZERO = frozenset(
    {
        "TAKEBACK_WORK_PIECES",
        "TAKEBACK_ALERT_DELAY_MINUTES",
        "TAKEBACK_ALERT_INTERVAL_HOURS",
        "TAKEBACK_EVIDENCE_FREE_MIB",
        "TAKEBACK_TIMESTAMP_DELAY_SECONDS",
    }
)
_MAIL_ADDRESS = re.compile(r"[A-Za-z0-9.+_=-]{1,64}@[a-z0-9-]{1,63}(\.[a-z0-9-]{1,63})+")


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
    trusted_proxies: str = "127.0.0.0/8,::1,10.0.0.0/8,172.16.0.0/12,192.168.0.0/16,fc00::/7"
    """Addresses or networks, with commas, of proxies whose X-Forwarded-For is believed. By default
    every private one: a proxy that was forgotten here would be taken for one busy client."""
    connections: int = 500
    """Open connections of a process. Above, one that has no whole request yet gives way."""
    connections_per_peer: int = 100
    """Those of one network address that is no trusted proxy."""
    worker: bool = True
    """Whether `serve` also runs the worker. Switch it off if `work` runs as its own process."""
    max_body_bytes: int = 8 * 2**20
    """Largest body of any request, in bytes. Those of most routes are smaller: `service.limits`."""
    lookup_values_per_day: int = 100_000_000
    """Values that one platform may look up: 780,000 pictures a day with all views of `thorough`, or
    12 million with plain values. They take half a core where 10 million signals are stored."""
    observed_signals_per_day: int = 1_000_000
    """Signals that the observations of one platform may store: about 200,000 pictures or 100 hours
    of video, 150 MB a day until they expire."""
    bytes_per_day: int = 20 * 2**30
    """Bytes of bodies from one platform. 100 million values are 7 GB."""
    cases_per_hour: int = 600
    """Cases opened by all together: the proxy's limit by address, or a wave of people, comes
    first. Status and withdrawal are not counted."""
    cases_per_hour_of_source: int = 30
    """Submissions from one network address, also faulty ones: an office of people who help."""
    case_signals_per_hour: int = 1_000_000
    """Signals in the cases opened by all together: 50 of the largest submissions, 150 MB."""
    work_pieces: int = 30
    """Pieces of proof of work that opening a case takes while few are opened: 2 seconds on an old
    phone. Up to 16 times as many when many are opened. 0 asks for none: behind a login."""
    failures_per_minute_of_source: int = 20
    """Wrong credentials from one network address, which then waits before it may try again."""
    observation_days: int = 180
    """Days for which an observation is kept and matched with later cases."""
    cases_per_signal: int = 8
    """A person should look at an entry whose content is in this many other cases."""
    matches_per_day: int = 10_000
    """A person should look at an unconfirmed entry that matches more often in a day."""
    audit_days: int = 730
    """Days for which the audit is kept: who did what, for two years."""
    desk_origin: str = ""
    """Where advocates reach the desk, as their browsers name it: `https://takeback.example.org`.
    Passkeys are bound to it, and are off without it."""
    session_idle_minutes: int = 30
    """After so long without a request an advocate has to sign in again."""
    session_hours: int = 12
    """After so long she has to in any case: a working day."""
    watch_loopback: bool = False
    """For the demo and tests: owners and others may also name addresses of this machine."""
    mail_host: str = ""
    """Name of the mail server that takes alerts. Empty: no alerts by mail."""
    mail_port: int = 587
    """Its port: 587 with `starttls`, 465 with `implicit`."""
    mail_tls: str = "starttls"
    """`starttls`, or `implicit` for TLS from the first byte. Without TLS nothing is sent."""
    mail_user: str = ""
    """The name to log in with. Empty: without."""
    mail_password_file: str = ""
    """A file with the password, which only this user should be able to read."""
    mail_sender: str = ""
    """The address that mails are from. Owners' mailboxes show it: choose one that says nothing."""
    alert_delay_minutes: int = 240
    """The longest time from an event to its alert, which is drawn anew for each. 0, for tests and
    the demo: at once, and then the time of an alert tells when something happened."""
    alert_interval_hours: int = 24
    """From one alert of a channel to the next, at least."""
    alert_retry_seconds: int = 300
    """Between the first two attempts to deliver an alert. Later pauses double, to 144 times."""
    alert_loopback: bool = False
    """For the demo and tests: webhooks may also lead to this machine, on any port."""
    evidence_folder: str = ""
    """Folder of the sealed chunks of evidence. Empty: in the state folder. Where several machines
    serve one store it is one folder that all of them have mounted."""
    evidence_case_mib: int = 4096
    """Evidence that one case may keep, in MiB: one of the longest files, and as much besides."""
    evidence_total_mib: int = 102_400
    """Evidence of all cases together, in MiB: what a machine for matching can spare of its disk."""
    evidence_free_mib: int = 4096
    """MiB of that disk that evidence leaves free: on it are mostly the store and the index too."""
    evidence_day_mib: int = 51_200
    """Evidence that all together may send in a day, in MiB: opening a case needs no name, and this
    is half of what there is room for."""
    evidence_source_day_mib: int = 10_240
    """Of it from one network address: two full cases, or an office of people who help."""
    timestamp_authorities: str = ""
    """Who is asked to time-stamp evidence (RFC 3161): `NAME=ADDRESS`, with commas between them.
    Two that have nothing to do with each other are better than one. Empty: nobody."""
    timestamp_certificates: str = ""
    """A PEM file with the root certificates by which their answers are checked. Empty: that they
    are about what was asked is checked here, and who signed them by whoever verifies."""
    timestamp_delay_seconds: int = 300
    """The longest time from something new to its time stamp, drawn anew each time. 0, for tests and
    the demo: at once, and then an authority learns when an owner did something."""
    timestamp_loopback: bool = False
    """For the demo and tests: authorities may also be on this machine, on any port."""
    exit_url: str = "https://www.bbc.co.uk/weather"
    """Where the exit button of the pages leads: a page that anybody might have open."""
    operator: str = ""
    """Who runs the service, as owners read it on the first page. Where this and the next four are
    empty, that page says so."""
    contact: str = ""
    """Where owners reach them: a mail address, a telephone number or an https address."""
    privacy_url: str = ""
    """The privacy notice."""
    source_url: str = ""
    """Where the program that runs here can be read."""
    named_platforms: str = ""
    """Platforms that owners, and everybody else, read to take part; names, with commas. Not those
    of the store: which organisations have a key is for the operator and them to say."""
    country: str = ""
    """Code of the country (ISO 3166-1, `GB`) whose helpline the first page names."""

    def is_proxy(self, address: str) -> bool:
        """Whether this is the address of a trusted proxy."""
        try:
            found = ip_address(address)
        except ValueError:  # of a Unix socket
            return False
        return any(found in network for network in _networks(self.trusted_proxies))

    @property
    def database(self) -> str:
        """The URL to connect to."""
        return self.database_url or f"sqlite:///{self.state / STORE}"

    @property
    def journal(self) -> Path:
        """The folder of sightings that wait for the store."""
        return self.state / "journal"

    @property
    def evidence(self) -> Path:
        """The folder of the chunks of evidence."""
        return Path(self.evidence_folder) if self.evidence_folder else self.state / "evidence"

    @property
    def authorities(self) -> tuple[tuple[str, str], ...]:
        """Name and address of each authority that is asked for time stamps."""
        return _authorities(self.timestamp_authorities)

    @property
    def index(self) -> Path:
        """The folder of the index segments."""
        return self.state / "index"


def read(environment: Mapping[str, str]) -> Settings:
    """Return the settings of an environment. Raises InvalidSetting, which names the variable."""
    by_name = {f"TAKEBACK_{setting.name.upper()}": setting for setting in fields(Settings)}
    values: dict[str, object] = {}
    for name, text in environment.items():
        if setting := by_name.get(name):
            values[setting.name] = _parsed(name, text, type(setting.default))
        elif name.startswith("TAKEBACK_") and name not in OF_CLIENTS:
            close = get_close_matches(name, by_name, n=1) or ["one of docs/operating.md"]
            raise InvalidSetting(f"{name} is no setting. Is it meant to be {close[0]}?")
    settings = Settings(**values)  # type: ignore[arg-type]
    if not is_web_address(settings.exit_url):
        raise InvalidSetting("TAKEBACK_EXIT_URL must be an address that begins with https://.")
    if not settings.exit_url.isascii() or set(settings.exit_url) & set('"\\ '):  # it is in a header
        raise InvalidSetting(
            "TAKEBACK_EXIT_URL must be as a browser sends it: write other letters as xn--… and %…."
        )
    _networks(settings.trusted_proxies)
    _authorities(settings.timestamp_authorities)
    _check_origin(settings.desk_origin)
    _check_shown(settings)
    _check_mail(settings)
    return settings


def _check_mail(settings: Settings) -> None:
    """Raise InvalidSetting if mail is switched on, and cannot be sent like this."""
    if settings.mail_tls not in {"starttls", "implicit"}:
        raise InvalidSetting("TAKEBACK_MAIL_TLS must be starttls or implicit.")
    if settings.mail_host and not _MAIL_ADDRESS.fullmatch(settings.mail_sender):
        raise InvalidSetting(
            "TAKEBACK_MAIL_SENDER must be the address that mails are from, like post@example.org."
        )


def _check_origin(origin: str) -> None:
    """A passkey is bound to a name, not to an address, and browsers have none without TLS."""
    if origin and not re.fullmatch(rf"http://localhost{_PORT}|https://{_HOST}{_PORT}", origin):
        raise InvalidSetting(
            "TAKEBACK_DESK_ORIGIN must be like https://takeback.example.org, without a path."
        )


def _check_shown(settings: Settings) -> None:
    """Raise InvalidSetting if what the first page shows cannot be shown."""
    for name in ("operator", "contact", "named_platforms"):
        text = getattr(settings, name)
        if len(text) > MAX_SHOWN or not text.isprintable():
            raise InvalidSetting(
                f"TAKEBACK_{name.upper()} must be one line of at most {MAX_SHOWN} characters."
            )
    for name in ("privacy_url", "source_url"):
        address = getattr(settings, name)
        if address and not is_web_address(address):
            raise InvalidSetting(
                f"TAKEBACK_{name.upper()} must be an address that begins with https://."
            )
    if settings.country and not re.fullmatch("[A-Z]{2}", settings.country):
        raise InvalidSetting("TAKEBACK_COUNTRY must be two capital letters, such as GB.")


def is_web_address(text: str) -> bool:
    """Whether this is a whole http or https address, without spaces."""
    try:
        parts = urlsplit(text)
    except ValueError:
        return False
    return (
        parts.scheme in {"http", "https"} and bool(parts.hostname) and not set(text) & set(" \t\n")
    )


@cache
def _networks(proxies: str) -> tuple[IPv4Network | IPv6Network, ...]:
    try:
        return tuple(ip_network(each.strip()) for each in proxies.split(",") if each.strip())
    except ValueError as err:
        raise InvalidSetting(
            "TAKEBACK_TRUSTED_PROXIES must be addresses or networks, with commas between them."
        ) from err


@cache
def _authorities(named: str) -> tuple[tuple[str, str], ...]:
    """Return names and addresses. Raises InvalidSetting."""
    pairs = tuple(
        (name.strip(), address.strip())
        for name, _, address in (one.partition("=") for one in named.split(",") if one.strip())
    )
    names = [name for name, _ in pairs]
    well_formed = all(
        re.fullmatch(r"[a-z0-9.-]{1,32}", name) and is_web_address(address)
        for name, address in pairs
    )
    if not well_formed or len(set(names)) < len(names) or len(names) > MAX_AUTHORITIES:
        raise InvalidSetting(
            "TAKEBACK_TIMESTAMP_AUTHORITIES must be like one=https://tsa.example.org/tsr, with "
            f"commas between at most {MAX_AUTHORITIES} of them, each of another name."
        )
    return pairs


@contextmanager
def usable_state(settings: Settings) -> Iterator[None]:
    """Raise InvalidSetting instead of any error of the file system."""
    try:
        yield
    except OSError as err:
        reason = (err.strerror or type(err).__name__).lower()
        raise InvalidSetting(
            f"The state folder {settings.state} cannot be used: {reason}. Choose another one with "
            "TAKEBACK_STATE, or let this user write there."
        ) from err


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
        if number < 0 or (number == 0 and name not in MAY_BE_ZERO):
            raise InvalidSetting(f"{name} must be above 0.")
        if number > (most := _MOST.get(name, number)):
            raise InvalidSetting(f"{name} must be at most {most}.")
        return number
    return Path(text) if issubclass(expected, Path) else text
