"""Organisations and members, as the operator makes them at the command line."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest

from service.domain.errors import InvalidRequest, NotFound
from service.domain.member import INVITED_SECONDS, MemberRole, folded, parse_code, shown
from service.domain.watch import Clock
from service.store import memberships
from service.workflows import auditing, membership
from tests.server.test_main import Run, _own_logging, run  # noqa: F401 (fixtures)

if TYPE_CHECKING:
    from tests.server.conftest import World

pytestmark = pytest.mark.stores("sqlite", "postgresql")

AT = 1_800_000_000


def test_an_operator_makes_lists_and_disables_them(run: Run, world: World) -> None:  # noqa: F811
    context = world.context
    assert run("organisations", "add", "  A  Helpline ") == (0, "1\n", "")
    code, _, err = run("organisations", "add", "a helpline")
    assert (code, "already" in err) == (1, True)
    code, invitation, err = run("members", "add", "--organisation", "1", "--name", "Ana")
    assert (code, "/en/desk/invitation" in err) == (0, True)
    assert re.fullmatch("([a-z2-7]{4}-){3}[a-z2-7]{4}\n", invitation)
    assert run("members", "add", "--organisation", "1", "--name", " ANA")[0] == 1
    assert run("members", "add", "--organisation", "2", "--name", "Bo")[0] == 1
    assert "Ana  member  A Helpline  invited" in run("members", "list")[1]
    assert run("members", "role", "1", "lead")[0] == 0
    assert "Ana  lead" in run("members", "list")[1]
    again = run("members", "reset", "1")[1]
    assert again != invitation
    with context.database.read() as tx:
        assert memberships.is_enabled(tx, 1)
    assert run("members", "disable", "1")[0] == 0
    assert run("members", "disable", "1")[0] == run("members", "reset", "1")[0] == 1
    assert "0 members  live" in run("organisations", "list")[1]
    assert run("organisations", "reviewer", "1", "on")[0] == 0
    assert run("organisations", "reviewer", "1", "on")[0] == 1
    assert "0 members  live, reviews since 20" in run("organisations", "list")[1]
    assert run("organisations", "reviewer", "1", "off")[0] == 0
    assert "0 members  live\n" in run("organisations", "list")[1]
    assert run("organisations", "disable", "1")[0] == 0
    assert run("organisations", "disable", "1")[0] == 1
    assert run("members", "add", "--organisation", "1", "--name", "Bo")[0] == 1

    code, said, _ = run("audit", "list")
    assert code == 0
    assert re.search(r"\d\d:\d\d  operator      member_reset member 1\n", said)
    head = run("audit", "head")[1].strip()
    code, said, _ = run("audit", "verify", "--head", head)
    assert (code, said) == (0, f"8 acts, none changed. Keep elsewhere: {head}\n")
    with context.database.write() as tx:
        tx.exec_driver_sql("UPDATE audit SET act = 'member_disabled' WHERE n = 2")
    code, said, err = run("audit", "verify")
    assert (code, said, "row 2 was changed" in err) == (1, "", True)
    assert run("audit", "verify", "--head", "1:ab")[0] == 1


def test_an_invitation_is_for_one_member_once_and_expires(world: World) -> None:
    context = world.context
    here = membership.add_organisation(context, "Helpline", world.day)
    clock = Clock(world.day, AT)
    first = membership.add(context, here, "Ana", MemberRole.LEAD, clock)
    second = membership.reset(context, 1, clock)
    other = membership.add(context, here, "Bo", MemberRole.OBSERVER, clock)
    late = membership.add(context, here, "Cy", MemberRole.OBSERVER, clock)
    assert [accepted(context, one, AT) for one in (first, second, second)] == [None, 1, None]
    assert accepted(context, late, AT + INVITED_SECONDS) is None
    membership.disable_organisation(context, here, world.day)
    assert accepted(context, other, AT) is None
    assert auditing.verify(context).fault is None


def accepted(context: Any, code: str, at: int) -> int | None:
    with context.database.write() as tx:
        return memberships.accept(tx, context.seals.session_hash(code), at)


def test_names_of_members_are_sealed(world: World) -> None:
    context, clock = world.context, Clock(world.day, AT)
    here = membership.add_organisation(context, "Helpline", world.day)
    membership.add(context, here, "Ana Example", MemberRole.LEAD, clock)
    with context.database.read() as tx:
        (row,) = tx.exec_driver_sql("SELECT * FROM members").all()
    assert not re.search("ana", str(row), re.I)
    assert repr(membership.listed(context)[0].stored).find("Ana") == -1
    assert [one.name for one in membership.listed(context)] == ["Ana Example"]


@pytest.mark.stores("sqlite")
def test_names_and_codes_are_read_however_they_are_typed(world: World) -> None:
    assert folded(" ＡNA  Straße ") == folded("ana strasse")
    assert parse_code(" ABCD-efgh 2345-abcd ") == "abcdefgh2345abcd"
    assert shown("abcdefgh2345abcd") == "abcd-efgh-2345-abcd"
    assert {parse_code(one) for one in ("", "abcd", "abcdefgh2345abc1", "é" * 99)} == {""}
    for name in ("", "a\x00b", "x" * 81):
        with pytest.raises(InvalidRequest):
            membership.add_organisation(world.context, name, world.day)
    with pytest.raises(NotFound):
        membership.change_role(world.context, 1, MemberRole.LEAD, world.day)
