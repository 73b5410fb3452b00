"""The samples in deploy/, started in front of a real service: what a proxy must and must not do."""

from __future__ import annotations

import http.client
import json
import os
import re
import shlex
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import pytest

from demo.server import Service

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy"
WAIT = 30
PLANTED = "pl4nted"
OWNER, OTHER = "127.0.0.2", "127.0.0.3"
"""Addresses of clients: all of 127.0.0.0/8 is this machine."""

pytestmark = pytest.mark.enable_socket


@dataclass(frozen=True, slots=True)
class Proxy:
    """A proxy, and all that it has written."""

    port: int
    folder: Path

    def ask(
        self, method: str, path: str, body: bytes = b"", client: str = OWNER, /, **headers: str
    ) -> http.client.HTTPResponse:
        """Send a request from an address; return the answer, which is read."""
        connection = http.client.HTTPConnection(
            "127.0.0.1", self.port, timeout=WAIT, source_address=(client, 0)
        )
        with closing(connection):
            connection.request(method, path, body or None, headers)
            answer = connection.getresponse()
            answer.read()
            return answer

    @property
    def written(self) -> bytes:
        """Every file of it: logs, and what it might keep of requests."""
        return b"".join(path.read_bytes() for path in self.folder.rglob("*") if path.is_file())


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def caddy(program: str, folder: Path, port: int, upstream: str) -> subprocess.Popen[bytes]:
    environment = {
        **os.environ,
        "HOME": str(folder),
        "XDG_DATA_HOME": str(folder / "data"),
        "XDG_CONFIG_HOME": str(folder / "config"),
        "TAKEBACK_SITE": f"http://127.0.0.1:{port}",
        "TAKEBACK_UPSTREAM": upstream,
    }
    command = [program, "run", "--adapter", "caddyfile", "--config", str(DEPLOY / "Caddyfile")]
    with (folder / "log").open("wb") as log:
        return subprocess.Popen(command, env=environment, stdout=log, stderr=log)


def nginx(program: str, folder: Path, port: int, upstream: str) -> subprocess.Popen[bytes]:
    """Without TLS, and all in one process of this user, which Debian's own file sets otherwise."""
    site = (DEPLOY / "nginx.conf").read_text().replace("127.0.0.1:8000", upstream)
    site, found = re.subn(
        r"listen 443 ssl http2 default_server;", f"listen 127.0.0.1:{port};", site
    )
    assert found == 1
    site = re.sub(r"^\s*(listen \[::\]:443|ssl_).*\n", "", site, flags=re.M)
    (folder / "site.conf").write_text(site)
    places = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    temporary = "".join(f"{place}_temp_path {folder / place};" for place in places)
    (folder / "nginx.conf").write_text(
        f"daemon off; master_process off; pid {folder / 'pid'}; error_log {folder / 'log'} info;"
        f"events {{}} http {{ {temporary} access_log {folder / 'access'};"
        f"include {folder / 'site.conf'}; }}"
    )
    command = [program, "-e", str(folder / "log"), "-c", str(folder / "nginx.conf")]
    with (folder / "out").open("wb") as out:
        return subprocess.Popen(command, stdout=out, stderr=out)


PROXIES: dict[str, Callable[[str, Path, int, str], subprocess.Popen[bytes]]] = {
    "caddy": caddy,
    "nginx": nginx,
}


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """A service whose proxy is at one address of the loopback, and its clients at others."""
    made = Service(tmp_path_factory.mktemp("deployed") / "state", TRUSTED_PROXIES="127.0.0.1")
    try:
        made.start()
        yield made
    finally:
        made.stop()


@pytest.fixture(scope="module", params=sorted(PROXIES))
def proxy(
    request: pytest.FixtureRequest, service: Service, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Proxy]:
    upstream = service.address.removeprefix("http://")
    with started(request.param, tmp_path_factory.mktemp(request.param), upstream) as made:
        yield made


@contextmanager
def started(name: str, folder: Path, upstream: str) -> Iterator[Proxy]:
    program = shutil.which(name, path=f"{os.environ.get('PATH', '')}:/usr/sbin")
    if program is None:
        pytest.skip(f"no {name}: on Debian, apt install {name}")
    made = Proxy(free_port(), folder)
    process = PROXIES[name](program, folder, made.port, upstream)
    try:
        until = time.monotonic() + WAIT
        while process.poll() is None and time.monotonic() < until:
            with suppress(OSError):
                made.ask("GET", "/en/")
                break
            time.sleep(0.05)
        assert process.poll() is None, made.written
        yield made
    finally:
        process.terminate()
        process.wait(WAIT)


def test_pages_arrive_with_their_headers(proxy: Proxy, service: Service) -> None:
    form = b"subject=self&age=adults&consent=without"
    posted = {"Content-Type": "application/x-www-form-urlencoded"}
    _, port = service.address.removeprefix("http://").split(":")
    direct = Proxy(int(port), proxy.folder)
    for method, path, body in (
        ("GET", "/en/", b""),
        ("HEAD", "/en/", b""),
        ("POST", "/en/questions", form),
        ("GET", "/openapi.json", b""),
    ):
        kept, given = (
            {
                name.lower(): value
                for name, value in each.ask(method, path, body, **posted).getheaders()
            }
            for each in (proxy, direct)
        )
        for name in ("date", "server", "connection", "transfer-encoding", "content-length"):
            kept.pop(name, None)
            given.pop(name, None)
        assert kept == {"strict-transport-security": "max-age=63072000", **given}
    page = proxy.ask("POST", "/en/questions", form, **posted)
    assert (page.status, page.headers["Connection-Allowlist"] is None) == (200, False), page.headers
    assert proxy.ask("HEAD", "/en/").status == 200


def test_what_is_for_the_operator_stays_inside(proxy: Proxy) -> None:
    for path in ("/metrics", "/healthz", "/readyz"):
        assert proxy.ask("GET", path).status == 404
    assert proxy.ask("GET", "/v1/case").status == 401


def test_bodies_have_the_limits_of_the_service(proxy: Proxy) -> None:
    """The largest that the service takes passes, and is judged there; a larger one does not."""
    json_type = {"Content-Type": "application/json"}
    assert proxy.ask("POST", "/v1/cases", b" " * 4 * 2**20, **json_type).status == 422
    with suppress(ConnectionError):  # it may close before everything is sent
        answer = proxy.ask("POST", "/v1/cases", b" " * (8 * 2**20 + 1), **json_type)
        assert answer.status == 413


def test_the_service_learns_who_asks_and_nobody_can_lie_about_it(proxy: Proxy) -> None:
    """Wrong credentials of one address are throttled, whatever it says, and of no other one."""
    client = "127.0.0.4" if "caddy" in proxy.folder.name else "127.0.0.5"  # refused from now on
    wrong = {"Authorization": f"Case 123-456-7890:{'ab' * 32}"}

    def status(client: str, number: int) -> int:
        lie = {"X-Forwarded-For": f"203.0.113.{number}"}
        return proxy.ask("GET", "/v1/case", b"", client, **wrong, **lie).status

    assert [status(client, number) for number in range(24)].count(429) >= 3
    assert status(OTHER, 99) == 401


@pytest.mark.parametrize("name", sorted(PROXIES))
def test_nothing_of_a_request_is_kept_also_if_it_fails(
    name: str, service: Service, tmp_path: Path
) -> None:
    headers = {"Authorization": f"Bearer {PLANTED}", "Content-Type": "application/json"}
    document = json.dumps({"items": [PLANTED * 20_000]}).encode()  # more than proxies buffer
    dead = f"127.0.0.1:{free_port()}"
    for upstream, status in ((service.address.removeprefix("http://"), 404), (dead, 502)):
        folder = tmp_path / upstream
        folder.mkdir()
        with started(name, folder, upstream) as proxy:
            answer = proxy.ask("POST", f"/v1/{PLANTED}?{PLANTED}", document, OTHER, **headers)
            assert answer.status == status
        for secret in (PLANTED, OTHER, OWNER, "/v1/", "/en/"):
            assert secret.encode() not in proxy.written


@pytest.mark.soak
def test_half_a_request_does_not_stay(proxy: Proxy) -> None:
    with socket.create_connection(("127.0.0.1", proxy.port), timeout=WAIT) as begun:
        begun.sendall(b"GET /en/ HTTP/1.1\r\nHost: x\r\nX-")
        began = time.monotonic()
        while begun.recv(2**16):
            pass
        assert 5 < time.monotonic() - began < 15


def test_the_unit_is_one_and_lets_the_service_do_little(tmp_path: Path) -> None:
    program = shutil.which("systemd-analyze")
    if program is None:
        pytest.skip("no systemd-analyze")
    unit = tmp_path / "takeback.service"
    unit.write_text((DEPLOY / unit.name).read_text().replace("/opt/takeback", str(ROOT)))
    checked = subprocess.run(
        [program, "verify", "--man=no", str(unit)], capture_output=True, text=True, check=False
    )
    assert (checked.returncode, checked.stderr) == (0, "")
    judged = subprocess.run(
        [program, "security", "--offline=true", "--threshold=20", str(unit)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert judged.returncode == 0, judged.stdout


def test_what_the_unit_starts_serves_and_ends(tmp_path: Path) -> None:
    """Its commands and settings, with this folder instead of /opt, /var and /etc."""
    text = (DEPLOY / "takeback.service").read_text()
    lines = [line.split("=", 1) for line in text.splitlines() if re.match(r"[A-Z]\w+=", line)]
    settings = [each for name, value in lines if name == "Environment" for each in value.split()]
    given = dict(each.split("=", 1) for each in settings)
    assert given["TAKEBACK_STATE"] == "/var/lib/takeback"
    assert ["StateDirectory", "takeback"] in lines
    port = free_port()
    environment = {
        **{name: text for name, text in os.environ.items() if not name.startswith("TAKEBACK_")},
        **given,
        "TAKEBACK_STATE": str(tmp_path / "state"),
        "NUMBA_CACHE_DIR": os.environ.get("NUMBA_CACHE_DIR", ""),  # compiled once, by other tests
        "TAKEBACK_PORT": str(port),
    }
    commands = {
        name: shlex.split(value.replace("/opt/takeback", str(ROOT)))
        for name, value in lines
        if name.startswith("ExecStart")
    }
    subprocess.run(commands["ExecStartPre"], cwd=ROOT, env=environment, check=True)
    process = subprocess.Popen(commands["ExecStart"], cwd=ROOT, env=environment)
    try:
        until = time.monotonic() + 2 * WAIT
        status = 0
        while status != 200 and time.monotonic() < until:
            with suppress(OSError):
                status = Proxy(port, tmp_path).ask("GET", "/readyz").status
            time.sleep(0.05)
        assert status == 200
        process.send_signal(signal.SIGTERM)
        (patience,) = (int(value) for name, value in lines if name == "TimeoutStopSec")
        assert process.wait(patience) in {0, -signal.SIGTERM}  # both are a clean end to systemd
    finally:
        process.kill()
        process.wait(WAIT)
