"""A desk with two organisations, over HTTP: owners who grant, and members who are signed in."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from datetime import date
from itertools import count
from typing import Any

from fastapi import FastAPI
from fastapi.testclient import TestClient
from httpx import Response

from hashing.signals import ContentSignals
from service.domain.actor import Owner
from service.domain.grant import GrantScope, Terms
from service.domain.member import MemberRole
from service.edge import dependencies
from service.store import memberships, sessions
from service.workflows import granting, membership, session_keeping
from tests.server.advocates import ORIGIN, Browser, Time, of
from tests.server.conftest import Wire, World

EVERY = frozenset(GrantScope)
_serial = count(1)


class Desk:
    """A service, its organisations, and the browsers of their members."""

    def __init__(self, app: FastAPI) -> None:
        self.app: Any = app
        self.context = of(app)
        self.clock = Time(app)
        app.dependency_overrides[dependencies.today] = lambda: self.day
        self.world = World(self.context)
        self.world.day = self.day

    @property
    def day(self) -> date:
        return self.clock.now.day

    def later(self, days: int) -> None:
        """Let days pass. Sessions end meanwhile."""
        self.clock.second += 86_400 * days

    def organisation(self, name: str) -> int:
        return membership.add_organisation(self.context, name, self.day)

    def member(self, organisation: int, role: MemberRole = MemberRole.MEMBER) -> Member:
        name = f"Member {next(_serial)}"
        membership.add(self.context, organisation, name, role, self.clock.now)
        with self.context.database.read() as tx:
            found = memberships.member_id_named(tx, self.context.seals.member_hash(name.casefold()))
        assert found is not None
        return Member(self, found, name)

    def owner(self, *contents: ContentSignals) -> Case:
        key = self.world.value()
        return Case(self, self.world.open(*contents, key=key), key.hex())

    def granted(
        self, case: Case, member: Member, scopes: Iterable[GrantScope] = EVERY, days: int = 90
    ) -> str:
        """Let a member's organisation see a case, and return its reference."""
        code = granting.offer(
            self.context, case.owner, Terms(frozenset(scopes) | {GrantScope.STATUS}, days), self.day
        ).code
        member.browser.get("")
        answer = member.browser.post("/redeem", code=code)
        assert answer.status_code == 303, answer.text
        return answer.headers["location"].rsplit("/", 1)[1]


class Member:
    """A member who is signed in, by a session that was made for her."""

    def __init__(self, desk: Desk, member_id: int, name: str) -> None:
        self.id, self.name = member_id, name
        self.desk = desk
        self.browser = Browser(desk.app, desk.clock)
        self.sign_in()

    def sign_in(self) -> None:
        desk = self.desk
        with desk.context.database.write() as tx:
            token = session_keeping.begun(desk.context, tx, self.id, desk.clock.now)
        self.browser.client.cookies.set("__Host-desk", token, domain="desk.example")
        self.browser.get("/links")

    def sign_out(self) -> None:
        with self.desk.context.database.write() as tx:
            sessions.end_all(tx, self.id)

    def read(self, reference: str) -> Response:
        return self.browser.get(f"/cases/{reference}")

    def check(self, content: ContentSignals) -> dict[str, str]:
        """Have a file checked; return the verdict of each case, by its number."""
        document = json.dumps({"entries": [Wire().content(content)]})
        self.browser.get("/check")
        answer = self.browser.post("/check", document=document)
        assert answer.status_code == 200, answer.text
        lines = re.findall(r'ltr">([0-9-]{11,12})</bdi></a>: (.*?)</li>', answer.text)
        return {number: re.sub("<.*?>", "", said) for number, said in lines}


class Case:
    """A case, and its owner's way to read it."""

    def __init__(self, desk: Desk, owner: Owner, access_key: str) -> None:
        self.desk, self.owner = desk, owner
        self.number = owner.case_number
        self.headers = {"Authorization": f"Case {owner.case_number}:{access_key}"}
        self.access_key = access_key

    def acts(self) -> list[tuple[str, str | None]]:
        """What the owner reads of what others did, the newest first."""
        answer = self.ask("GET", "/v1/case/audit")
        return [(one["act"], one["organisation"]) for one in answer.json()["acts"]]

    def ask(self, method: str, path: str, body: Any = None) -> Response:
        client = TestClient(self.desk.app, base_url=ORIGIN, raise_server_exceptions=False)
        answer: Response = client.request(method, path, json=body, headers=self.headers)
        return answer

    def revoke(self, n: int = 1) -> None:
        assert self.ask("DELETE", f"/v1/case/grants/{n}").status_code == 200
