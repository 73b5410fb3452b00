"""Authorities attest when evidence was kept: asked again until they do, and told nothing of it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hashing.evidence import stamps as device
from service.domain.actor import Owner
from service.domain.time_stamping import LONGEST_PAUSE, MAX_TOKEN, due_again, first_due
from service.domain.watch import Clock
from service.transports import authorities
from service.transports.authorities import Refused, Trouble, require_stamp
from service.workflows import evidence_keeping, stamping
from tests.device.evidence.authority import Authority
from tests.examples import examples
from tests.server import listening
from tests.server.stamping_authority import AuthorityServer, authority_server, stamped
from tests.server.vault_world import new_id, sealed_record

if TYPE_CHECKING:
    from tests.server.conftest import World

pytestmark = pytest.mark.enable_socket
DAY = 86_400


@pytest.fixture(scope="module")
def servers() -> Iterator[tuple[AuthorityServer, AuthorityServer]]:
    with authority_server("First") as first, authority_server("Second") as second:
        yield first, second


@pytest.fixture
def both(
    servers: tuple[AuthorityServer, AuthorityServer],
) -> tuple[AuthorityServer, AuthorityServer]:
    for one in servers:
        one.answer = stamped
        one.bodies.clear()
        one.headers.clear()
    return servers


class Kept:
    """A case with evidence, at a second that a test chooses."""

    def __init__(self, world: World, both: tuple[AuthorityServer, AuthorityServer]) -> None:
        self.world, self.context = world, world.context
        named = ",".join(f"{name}={one.address}" for name, one in zip("ab", both, strict=True))
        self.context.settings = replace(
            self.context.settings,
            evidence_free_mib=0,
            timestamp_authorities=named,
            timestamp_loopback=True,
        )
        self.start = self.now = listening.clock(world.day).second
        self.owner = self.opened()

    def opened(self) -> Owner:
        return self.world.open(self.world.picture())

    def clock(self) -> Clock:
        return Clock(self.world.day, self.now)

    def keep(self, owner: Owner | None = None) -> bytes:
        """Keep a record; return its link."""
        keep = evidence_keeping.keep_record
        entry = keep(
            self.context, owner or self.owner, new_id(), sealed_record(), self.clock(), Random(1)
        )
        return entry.link

    def work(self, seconds: int) -> int:
        """Let time pass, and the worker work; return how much it did."""
        self.now += seconds
        return stamping.stamp(self.context, self.clock, Random(2))

    def stamps(self, owner: Owner | None = None) -> list[tuple[int, str, bytes]]:
        page = evidence_keeping.page(self.context, owner or self.owner, 0)
        return [(one.sequence, one.authority, one.token) for one in page.stamps]

    def stamped(self) -> set[tuple[int, str]]:
        return {(sequence, name) for sequence, name, _ in self.stamps()}


@pytest.fixture
def kept(world: World, both: tuple[AuthorityServer, AuthorityServer]) -> Kept:
    return Kept(world, both)


@pytest.mark.stores("sqlite", "postgresql")
def test_the_newest_link_is_stamped_by_each_and_they_are_sent_its_imprint_alone(
    kept: Kept, both: tuple[AuthorityServer, AuthorityServer]
) -> None:
    kept.keep()
    link = kept.keep()
    assert kept.work(10) == 0
    assert kept.work(300) == 3
    assert kept.stamped() == {(2, "a"), (2, "b")}
    for one, (_, _, token) in zip(both, kept.stamps(), strict=True):
        found = device.read(token, link, [one.authority.root])
        assert found.vouched
        (asked,) = one.asked
        assert asked.digest == hashlib.sha256(link).digest()
        assert asked.certificates
        (headers,) = one.headers
        assert set(headers) <= {
            *("Host", "Content-Type", "User-Agent", "Accept", "Accept-Encoding"),
            "Content-Length",
        }
        assert link not in one.bodies[0]
    assert both[0].asked[0].nonce != both[1].asked[0].nonce
    assert kept.work(DAY) == 0


def test_one_that_fails_is_asked_again_more_and_more_seldom_and_the_other_does_not_wait(
    kept: Kept, both: tuple[AuthorityServer, AuthorityServer], caplog: pytest.LogCaptureFixture
) -> None:
    both[0].answer = None
    kept.keep()
    kept.work(300)
    assert kept.stamped() == {(1, "b")}
    pauses, last = [], kept.now
    while len(both[0].bodies) < 12:
        if kept.work(max(30, (kept.now - last) // 10)):
            pauses.append(kept.now - last)
            last = kept.now
    assert 30 <= pauses[0] <= 90
    assert max(pauses) <= 1.1 * LONGEST_PAUSE + 30
    assert pauses[-1] > 100 * pauses[0]
    assert sum("no time stamp" in one.getMessage() for one in caplog.records) == 1
    link = kept.keep()
    both[0].answer = stamped
    for _ in range(2):
        kept.work(LONGEST_PAUSE)
    assert kept.stamped() == {(1, "b"), (2, "a"), (2, "b")}
    assert both[0].asked[-1].digest == hashlib.sha256(link).digest()
    assert kept.work(DAY) == 0


def test_what_comes_while_an_authority_is_asked_is_stamped_next(
    kept: Kept, both: tuple[AuthorityServer, AuthorityServer]
) -> None:
    def slow(authority: Authority, asked: Any) -> bytes:
        both[0].answer = stamped
        kept.keep()
        kept.work(1)  # of another worker, which plans the same for the new entry
        return stamped(authority, asked)

    kept.context.settings = replace(kept.context.settings, timestamp_delay_seconds=0)
    kept.keep()
    both[0].answer = slow
    kept.work(1)
    assert (1, "a") in kept.stamped()
    for _ in range(3):
        kept.work(300)
    assert {(2, "a"), (2, "b")} <= kept.stamped()
    assert kept.work(DAY) == 0


def test_a_worker_that_was_killed_loses_no_stamp(
    kept: Kept, both: tuple[AuthorityServer, AuthorityServer], monkeypatch: pytest.MonkeyPatch
) -> None:
    kept.keep()

    def killed(*_: object) -> None:
        raise SystemExit

    with monkeypatch.context() as patch:
        patch.setattr(stamping, "_asked", killed)
        with pytest.raises(SystemExit):
            kept.work(300)
    assert kept.work(10) == 0
    assert kept.work(300) == 2
    assert kept.stamped() == {(1, "a"), (1, "b")}
    assert len(both[0].bodies) == 1


def test_roots_of_the_operator_decide_whose_stamps_are_kept(
    kept: Kept, both: tuple[AuthorityServer, AuthorityServer], tmp_path: Path
) -> None:
    pinned = tmp_path / "roots.pem"
    pinned.write_bytes(both[0].authority.pem())
    kept.context.settings = replace(kept.context.settings, timestamp_certificates=str(pinned))
    kept.keep()
    kept.work(300)
    assert kept.stamped() == {(1, "a")}
    pinned.write_bytes(both[0].authority.pem() + both[1].authority.pem())
    kept.work(300)
    assert kept.stamped() == {(1, "a"), (1, "b")}


def test_who_is_no_longer_named_is_asked_no_more_and_nobody_is_by_default(
    kept: Kept, both: tuple[AuthorityServer, AuthorityServer]
) -> None:
    both[0].answer = None
    kept.keep()
    kept.work(300)
    named = kept.context.settings
    kept.context.settings = replace(
        named, timestamp_authorities=named.timestamp_authorities.split(",")[1]
    )
    assert kept.work(300) == 0
    kept.context.settings = replace(kept.context.settings, timestamp_authorities="")
    kept.keep()
    assert kept.work(DAY) == 0
    assert [len(one.bodies) for one in both] == [1, 1]


def test_many_cases_are_stamped_in_an_order_and_at_times_that_say_nothing(
    kept: Kept, both: tuple[AuthorityServer, AuthorityServer], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(authorities, "AT_ONCE", 1)  # else they overtake each other
    links = [kept.keep(kept.opened()) for _ in range(8)]
    while len(both[0].bodies) < 8:
        kept.work(60)
    order = [
        links.index(next(one for one in links if _is_of(one, asked))) for asked in both[0].asked
    ]
    assert sorted(order) == list(range(8))
    assert order != sorted(order)
    draw = Random(3)
    due = {first_due(1000, 300, draw) for _ in range(200)}
    assert min(due) >= 1075
    assert max(due) <= 1300
    assert len(due) > 100
    assert first_due(1000, 0, draw) == 1000
    assert 1000 < due_again(1000, 1, draw) <= 1060


def _is_of(link: bytes, asked: Any) -> bool:
    return bool(asked.digest == hashlib.sha256(link).digest())


LINK = bytes(range(32))
AUTHORITY = Authority.made("Own")
OTHER = Authority.made("Other")
TOKEN = AUTHORITY.stamp(LINK, nonce=7)


@pytest.mark.parametrize(
    ("answer", "trouble"),
    [
        (b"", Trouble.NO_STAMP),
        (b"<html>", Trouble.NO_STAMP),
        (bytes.fromhex("30053003020102"), Trouble.NO_STAMP),  # a refusal
        (AUTHORITY.stamp(b"another", nonce=7), Trouble.OTHER_QUESTION),
        (AUTHORITY.stamp(LINK, nonce=8), Trouble.OTHER_QUESTION),
        (AUTHORITY.stamp(LINK, nonce=None), Trouble.OTHER_QUESTION),
        (OTHER.stamp(LINK, nonce=7), Trouble.NOT_TRUSTED),
        (TOKEN[:-1] + bytes([TOKEN[-1] ^ 1]), Trouble.NOT_TRUSTED),
        (TOKEN + b"x" * MAX_TOKEN, Trouble.LONG),
    ],
)
def test_what_is_no_stamp_of_this_link_for_this_request_is_refused(
    answer: bytes, trouble: Trouble
) -> None:
    require_stamp(TOKEN, LINK, 7, [AUTHORITY.root])
    with pytest.raises(Refused) as refused:
        require_stamp(answer, LINK, 7, [AUTHORITY.root])
    assert refused.value.trouble is trouble


@settings(max_examples=examples(60))
@given(st.integers(0, len(TOKEN) - 1), st.integers(1, 255), st.booleans())
def test_no_answer_of_an_authority_ends_the_worker(at: int, mask: int, cut: bool) -> None:  # noqa: FBT001 (drawn)
    changed = TOKEN[:at] if cut else TOKEN[:at] + bytes([TOKEN[at] ^ mask]) + TOKEN[at + 1 :]
    for roots in ([], [AUTHORITY.root]):
        try:
            require_stamp(changed, LINK, 7, roots)
        except Refused:
            continue
