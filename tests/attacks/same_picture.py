"""Somebody has the same picture as an owner, and her addresses, and looks for a sign of her.

Two of each are asked for in turns: a picture, a page and a mailbox that an owner has given us, and
others that nobody has. Everything that does not depend on an owner happens to both: platforms
look both up and report both.
"""

from __future__ import annotations

import http.client
import json
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from random import Random
from typing import Any, NamedTuple
from urllib.parse import urlencode

from demo.server import Service
from service.domain.actor import Role
from service.domain.advocacy import Layer
from service.domain.grant import GrantScope
from service.domain.member import Member, MemberRole
from service.domain.watch import Clock
from service.settings import Settings
from service.store import memberships
from service.workflows import case_acts, granting, keyring, membership, store_context
from service.workflows.store_context import StoreContext

CHOSEN = {"wording": "news", "language": "en", "read_by_others": False}
EACH = 10
"""Pictures, addresses and mailboxes of one owner."""
OWNERS_OF_EACH = 3
"""How many owners have each picture."""


class Have(NamedTuple):
    """What somebody has, who looks for a sign of its owner."""

    picture: int
    """A PDQ value."""
    address: str
    mailbox: str


class Asked(NamedTuple):
    """One request."""

    method: str
    path: str
    json: Any = None
    form: dict[str, str] | None = None
    until: str = ""
    """What the answer has once the worker has done its work; it is not timed before."""
    then: str = ""
    """When it is asked, where the same is asked several times."""


class Answer(NamedTuple):
    """What came back, and after how many seconds."""

    status: int
    headers: list[tuple[str, str]]
    text: str
    seconds: float


class Client:
    """One connection that stays."""

    def __init__(self, service: Service) -> None:
        host = service.address.removeprefix("http://")
        self._connection = http.client.HTTPConnection(host, timeout=60)

    def close(self) -> None:
        self._connection.close()

    def ask(self, asked: Asked, credential: str = "") -> Answer:
        headers, body = {}, None
        if asked.json is not None:
            headers, body = {"Content-Type": "application/json"}, json.dumps(asked.json)
        elif asked.form is not None:
            headers = {"Content-Type": "application/x-www-form-urlencoded"}
            body = urlencode(asked.form)
        if credential:
            headers["Authorization"] = credential
        began = time.perf_counter()
        self._connection.request(asked.method, asked.path, body, headers)
        answer = self._connection.getresponse()
        text = answer.read()
        seconds = time.perf_counter() - began
        return Answer(answer.status, answer.getheaders(), text.decode(), seconds)


@dataclass
class Owners:
    """Owners who have pictures, and everything that other owners have."""

    service: Service
    random: Random = field(default_factory=lambda: Random(2026))
    known: list[Have] = field(default_factory=list)
    unknown: list[Have] = field(default_factory=list)

    def begin(self, number: int) -> None:
        """Give so many pictures to owners, and draw as many that nobody has."""
        with self._store() as (context, now):
            made = [keyring.create(context, role, role, now.day) for role in Role]
        self.key, self.crawler = (f"Bearer {one}" for one in made)
        for begin in range(0, number, EACH):
            some = [self._have() for _ in range(begin, min(begin + EACH, number))]
            owners = [self._open(some) for _ in range(OWNERS_OF_EACH)]
            self._watch(owners[0], some)
            self._told(owners[0], some[0].mailbox)
            self.known += [one._replace(mailbox=some[0].mailbox) for one in some]
            self._grant(owners[1], begin)
        self.unknown = [self._have() for _ in range(number)]
        self.look_up(*(have.picture for have in self.known))
        self._crawl()
        if number > EACH:  # a process of its own, which takes as long as some pairs
            assert self.service.command("review", "hold", "1").returncode == 0

    @property
    def pairs(self) -> list[tuple[Have, Have]]:
        """What an owner has, beside what nobody has."""
        return list(zip(self.known, self.unknown, strict=True))

    def look_up(self, *pictures: int) -> None:
        """Have a platform ask, and block what it is told of."""
        items = [content(one) for one in pictures]
        answers = self._ask("POST", "/v1/lookup", {"items": items}, self.key)["items"]
        matches = [match for one in answers for match in one["matches"]]
        words = [{"match": one["match"], "value": "blocked"} for one in matches]
        for some in (words[at : at + 100] for at in range(0, len(words), 100)):
            self._ask("POST", "/v1/feedback", {"feedback": some}, self.key)

    def report(self, picture: int) -> None:
        """Have a platform say where it saw a picture."""
        seen = {"address": "https://copies.example/", **content(picture)}
        self._ask("POST", "/v1/observations", {"observations": [seen]}, self.key)

    def _have(self) -> Have:
        name = self.random.randbytes(8).hex()
        page = f"https://forum.example/{name}"
        return Have(self.random.getrandbits(256), page, f"{name}@mail.example")

    def _open(self, some: list[Have]) -> str:
        key = self.random.randbytes(32).hex()
        opened = self._ask("POST", "/v1/cases", submission(key, *(one.picture for one in some)))
        return f"Case {opened['case_number']}:{key}"

    def _watch(self, owner: str, some: list[Have]) -> None:
        for one in some:
            body = {"address": one.address, "shows_minor": False}
            self._ask("POST", "/v1/case/watches", body, owner)

    def _told(self, owner: str, mailbox: str) -> None:
        feed = {"kind": "feed", **CHOSEN}
        path = self._ask("POST", "/v1/case/alerts/channels", feed, owner)["feed"]
        mail = {"kind": "mail", "address": mailbox, **CHOSEN}
        self._ask("POST", "/v1/case/alerts/channels", mail, owner)
        with closing(Client(self.service)) as client:
            assert client.ask(Asked("GET", path)).status == 200

    def _grant(self, owner: str, serial: int) -> None:
        """Let an organisation see a case, confirm its owner, and write to her."""
        code = self._ask("POST", "/v1/case/grants", {"scopes": list(GrantScope)}, owner)["code"]
        with self._store() as (context, now):
            here = membership.add_organisation(context, f"House {serial}", now.day)
            membership.add(context, here, f"Member {serial}", MemberRole.MEMBER, now)
            with context.database.read() as tx:
                number = max(one.id for one in memberships.all_members(tx))
            member = Member(number, here, f"House {serial}", "", MemberRole.MEMBER)
            reference = granting.redeem(context, member, code, now)
            case_acts.confirm(context, member, reference, now)
            note = (Layer.OWNER, "We wrote to them", "They answered.")
            case_acts.write_note(context, member, reference, note, now)

    @contextmanager
    def _store(self) -> Iterator[tuple[StoreContext, Clock]]:
        """The store of the service, without a process for each command."""
        context = store_context.create(Settings(state=self.service.state))
        second = int(time.time())
        with closing(context.database):
            yield context, Clock(datetime.fromtimestamp(second, UTC).date(), second)

    def _crawl(self) -> None:
        """Look where owners asked, and find their pictures there."""
        pictures = {one.address: one.picture for one in self.known}
        body = {"limit": 100}
        while leased := self._ask("POST", "/v1/watches/lease", body, self.crawler)["watches"]:
            on = [{"watch": one["watch"], "lease": one["lease"]} for one in leased]
            seen = [
                {"address": one["address"], **content(pictures[one["address"]]), **each}
                for one, each in zip(leased, on, strict=True)
            ]
            self._ask("POST", "/v1/observations", {"observations": seen}, self.crawler)
            visits = [{**one, "outcome": "seen", "memory": "etag"} for one in on]
            self._ask("POST", "/v1/watches/visits", {"visits": visits}, self.crawler)

    def _ask(self, method: str, path: str, body: Any, credential: str = "") -> dict[str, Any]:
        status, answer = self.service.ask(method, path, body, credential)
        assert status in {200, 201}, (path, answer)
        return answer


def near(value: int, bits: int, random: Random) -> int:
    """A value with so many of its bits turned."""
    for place in random.sample(range(256), bits):
        value ^= 1 << place
    return value


def content(value: int) -> dict[str, Any]:
    """A picture as it travels."""
    signal = {"type": "pdq", "value": value.to_bytes(32).hex(), "quality": 100}
    return {"kind": "picture", "signals": [signal]}


def submission(key: str, *pictures: int) -> dict[str, Any]:
    """What opens a case."""
    return {
        "version": 1,
        "access_key": key,
        "eligibility": {"subject": "self", "adults": True, "intimate": True},
        "entries": [content(one) for one in pictures],
    }
