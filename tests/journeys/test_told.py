"""Owners are told by mail, once each, across `kill -9` and while the mail server is away."""

from __future__ import annotations

import re
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from random import Random
from typing import Any

import pytest

from demo.server import Service
from service.domain.actor import Role
from service.settings import Settings
from service.workflows import keyring, store_context
from tests.crawler.certificates import authority
from tests.server import receiving
from tests.server.receiving import MailSink

pytestmark = pytest.mark.enable_socket

CHOSEN = {"wording": "news", "language": "en", "read_by_others": False}
WAIT = 300
LONG = 900
"""Seconds: the pauses between attempts have grown while nobody was there."""


class Worker(Service):
    """`python -m service work` beside a service, over the same state."""

    def start(self) -> None:
        with self._log.open("ab") as out:
            words = [sys.executable, "-m", "service", "work"]
            self._process = subprocess.Popen(words, env=self._environment, stdout=out, stderr=out)


@dataclass
class Told:
    """Cases that are told by mail, each to an address of its own."""

    service: Service
    sink: MailSink
    worker: Worker | None
    random: Random = field(default_factory=lambda: Random(2026))
    cases: dict[str, tuple[str, dict[str, Any]]] = field(default_factory=dict)
    """Credential and content, by address."""

    def start(self) -> None:
        self.service.start()
        if self.worker is not None:
            self.worker.start()

    def kill(self) -> None:
        """End service and worker as a power cut does, in either order."""
        both = [self.service, *([self.worker] if self.worker else [])]
        self.random.shuffle(both)
        for each in both:
            each.kill()

    def open(self, number: int) -> None:
        for n in range(number):
            value = self.random.randbytes(32).hex()
            signal = {"type": "pdq", "value": value, "quality": 100}
            content = {"kind": "picture", "signals": [signal]}
            key = self.random.randbytes(32).hex()
            document = {
                "version": 1,
                "access_key": key,
                "eligibility": {"subject": "self", "adults": True, "intimate": True},
                "entries": [content],
            }
            status, answer = self.service.ask("POST", "/v1/cases", document)
            assert status == 201, answer
            credential, address = f"Case {answer['case_number']}:{key}", f"owner{n}@example.org"
            self.cases[address] = (credential, content)
            channel = {"kind": "mail", "address": address, **CHOSEN}
            status, answer = self.service.ask(
                "POST", "/v1/case/alerts/channels", channel, credential
            )
            assert status == 200, answer

    def confirm(self) -> None:
        """Type the code from each mail."""
        until(lambda: len({one.receiver for one in self.sink.mails}) == len(self.cases))
        for received in list(self.sink.mails):
            (code,) = re.findall(r"\b\d{6}\b", received.mail.get_content())
            credential, _ = self.cases[received.receiver]
            path = "/v1/case/alerts/channels/mail/code"
            status, answer = self.service.ask("POST", path, {"code": code}, credential)
            assert status == 200, answer
        self.sink.mails.clear()

    def look_up(self, key: str) -> None:
        """Have a platform see all contents, however often it has to ask."""
        items = [content for _, content in self.cases.values()]
        while True:
            try:
                status, answer = self.service.ask("POST", "/v1/lookup", {"items": items}, key)
            except OSError:
                time.sleep(0.05)  # it was killed
                continue
            if status == 200:
                assert {item["verdict"] for item in answer["items"]} == {"match"}
                return

    def burst(self, keys: list[str], kills: int) -> None:
        """Have platforms see everything at once, while service and worker are killed."""
        threads = [threading.Thread(target=self.look_up, args=(key,)) for key in keys]
        for thread in threads:
            thread.start()
        for _ in range(kills):
            time.sleep(self.random.uniform(0.2, 2))
            self.kill()
            self.start()
        for thread in threads:
            thread.join(WAIT)
            assert not thread.is_alive()

    def require_one_each(self) -> int:
        """Wait until each has one message, by its id; return how many came more than once."""
        until(lambda: len({one.receiver for one in self.sink.mails}) == len(self.cases), LONG)
        ids = Counter(one.id for one in self.sink.mails)
        by_receiver = Counter(
            receiver for receiver, _ in {(m.receiver, m.id) for m in self.sink.mails}
        )
        assert set(by_receiver) == set(self.cases)
        assert set(by_receiver.values()) == {1}
        for one in self.sink.mails:
            assert one.mail.get_content().strip() == "Something you asked about has news."
        return sum(times > 1 for times in ids.values())


def until(done: Callable[[], bool], seconds: float = WAIT) -> None:
    end = time.monotonic() + seconds
    while not done():
        assert time.monotonic() < end
        time.sleep(0.05)


@contextmanager
def telling(folder: Path, monkeypatch: pytest.MonkeyPatch, *, apart: bool) -> Iterator[Told]:
    """A service that tells at once, a mail server, and perhaps a worker apart."""
    ours = authority()
    (folder / "authority.pem").write_text(ours.pem)
    (folder / "password").write_text(receiving.PASSWORD)
    monkeypatch.setenv("SSL_CERT_FILE", str(folder / "authority.pem"))
    with receiving.mail_sink(ours) as sink:
        settings = {
            "WORK_PIECES": "0",
            "MAIL_HOST": receiving.HOST,
            "MAIL_PORT": str(sink.port),
            "MAIL_USER": receiving.USER,
            "MAIL_PASSWORD_FILE": str(folder / "password"),
            "MAIL_SENDER": "post@plain.example",
            "ALERT_DELAY_MINUTES": "0",
            "ALERT_RETRY_SECONDS": "1",
            "WORKER": "0" if apart else "1",
        }
        service = Service(folder / "state", **settings)
        told = Told(service, sink, Worker(folder / "state", **settings) if apart else None)
        told.start()
        try:
            yield told
        finally:
            for each in (told.service, told.worker):
                if each is not None:
                    each.stop()


def new_keys(state: Path, number: int) -> list[str]:
    """Make keys, without a process for each."""
    context = store_context.create(Settings(state=state))
    with closing(context.database):
        made = (
            keyring.create(context, Role.PLATFORM, f"Platform {n}", date(2026, 11, 21))
            for n in range(number)
        )
        return [f"Bearer {key}" for key in made]


def tell(told: Told, cases: int, platforms: int, kills: int) -> int:
    told.open(cases)
    told.confirm()
    keys = new_keys(told.service.state, platforms)
    told.sink.stop()
    told.burst(keys, kills)
    told.sink.start()
    return told.require_one_each()


def test_each_owner_is_told_once_though_everything_was_down(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with telling(tmp_path, monkeypatch, apart=False) as told:
        tell(told, cases=12, platforms=2, kills=1)


@pytest.mark.soak
def test_ten_thousand_sightings_are_one_message_for_each_owner(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """20 platforms see the contents of 500 cases; service and worker are killed all the time."""
    with telling(tmp_path, monkeypatch, apart=True) as told:
        again = tell(told, cases=500, platforms=20, kills=5)
    with capsys.disabled():
        print(f"\n500 owners told once each by id; {again} messages came more than once")  # noqa: T201
