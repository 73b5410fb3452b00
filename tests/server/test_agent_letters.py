"""Letters that an advocate writes as an owner's agent: only if granted, with authority, audited."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from itertools import count
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from service.app import create_app
from service.domain.grant import GrantScope
from service.domain.watch import Target
from service.settings import Settings
from service.workflows import noticing, watching
from tests.server.conftest import SECRET
from tests.server.desk_world import Case, Desk, Member

_serial = count(1)
LETTER = {
    "regime": "US-TIDA",
    "filer": "agent",
    "addressee": "Example Videos",
    "zone": "UTC",
    "authority": "A power of attorney of 1 June 2026.",
    "addresses": "https://videos.example/1",
    "mail": "help@helpline.example",
    "description": "A photo of my client.",
    "circumstances": "She never agreed to it.",
    "signature": "Advocate Example",
    "not_consented": "yes",
}
DRAFT = {**LETTER, "act": "draft"}


@pytest.fixture(scope="module")
def desk(migrated_sqlite: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    state = tmp_path_factory.mktemp("desk")
    url = f"sqlite:///{shutil.copy(migrated_sqlite, state)}"
    settings = Settings(state=state, database_url=url, secret=SECRET, worker=False, work_pieces=0)
    app = create_app(settings)
    with TestClient(app):
        yield Desk(app)


def granted(desk: Desk, *scopes: GrantScope) -> tuple[Member, Case, str]:
    member, case = desk.member(desk.organisation(f"Helpline {next(_serial)}")), desk.owner()
    return member, case, f"/cases/{desk.granted(case, member, scopes)}"


def test_an_agent_writes_with_authority_and_the_owner_reads_of_it(desk: Desk) -> None:
    member, case, page = granted(desk, GrantScope.ACT)
    assert "Letters that ask for removal" in member.browser.get(page).text
    listed = member.browser.get(f"{page}/letters").text
    assert 'id="law-US-TIDA"' in listed
    assert 'id="law-PK-PECA"' not in listed, "that law has no agents"
    form = member.browser.post(f"{page}/letters/write", None, regime="US-TIDA").text
    assert 'id="filer-self"' not in form
    missing = member.browser.post(f"{page}/letters/read", None, **{**LETTER, "authority": ""})
    assert missing.status_code == 422
    assert 'href="#authority"' in missing.text
    read = member.browser.post(f"{page}/letters/read", None, **LETTER).text
    assert "A power of attorney of 1 June 2026." in read
    for act in ({"act": "draft"}, {"act": "sent", "ago": "30"}):
        kept = member.browser.post(f"{page}/letters/kept", None, **{**LETTER, **act})
        assert kept.headers["location"].endswith(f"{page}/letters")
    listed = member.browser.get(f"{page}/letters").text
    assert "They have until" in listed
    assert "A photo of my client." not in listed, "the text is for its owner to read"
    assert [act for act, _ in case.acts()].count("letter_written") == 2
    sent, draft = noticing.of_case(desk.context, case.owner, desk.clock.now)
    assert (sent.state, sent.written) == ("sent", None)
    assert draft.state == "draft"
    assert draft.written is not None
    assert "Advocate Example" in str(dict(draft.written.values))


def test_nobody_files_in_her_own_name_or_without_the_grant(desk: Desk) -> None:
    member, case, page = granted(desk, GrantScope.ACT)
    own = member.browser.post(
        f"{page}/letters/kept", None, **{**LETTER, "filer": "self", "act": "draft"}
    )
    assert own.status_code == 422
    other, without, elsewhere = granted(desk, *(set(GrantScope) - {GrantScope.ACT}))
    other.browser.get("/links")
    for step in ("write", "read", "kept"):
        answer = other.browser.post(f"{elsewhere}/letters/{step}", None, **DRAFT)
        assert answer.status_code == 403, step
    assert other.browser.get(f"{elsewhere}/letters").status_code == 403
    case.revoke()
    member.browser.get("/links")
    assert member.browser.post(f"{page}/letters/kept", None, **DRAFT).status_code == 404
    for each in (case, without):
        assert noticing.of_case(desk.context, each.owner, desk.clock.now) == []


def test_addresses_of_the_case_are_filled_in_only_if_they_may_be_read(desk: Desk) -> None:
    for scopes, filled in (
        ((GrantScope.ACT,), False),
        ((GrantScope.ACT, GrantScope.SIGHTINGS), True),
    ):
        member, case, page = granted(desk, *scopes)
        watching.add(desk.context, case.owner, Target("https://forum.example/secret"), desk.day)
        member.browser.get(f"{page}/letters")
        form = member.browser.post(f"{page}/letters/write", None, regime="US-TIDA").text
        assert ("https://forum.example/secret" in form) is filled
