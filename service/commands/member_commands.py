"""`python -m service organisations` and `members`: who may help owners."""

from __future__ import annotations

import argparse
import sys

from service.commands import stores
from service.domain.member import INVITED_SECONDS, MemberRole, shown
from service.settings import Settings
from service.workflows import membership


def add_organisation(settings: Settings, arguments: argparse.Namespace) -> None:
    """Make an organisation, and show its number."""
    with stores.unloaded(settings) as context:
        day, by = stores.today(), stores.operator()
        print(membership.add_organisation(context, arguments.name, day, by=by))


def organisations(settings: Settings, _arguments: argparse.Namespace) -> None:
    """Show every organisation."""
    with stores.unloaded(settings) as context:
        for one in membership.organisations(context):
            state = f"disabled {one.disabled_on}" if one.disabled_on else "live"
            if one.reviews_since and not one.disabled_on:
                state += f", reviews since {one.reviews_since}"
            members = "1 member" if one.members == 1 else f"{one.members} members"
            print(f"{one.id:8}  {one.name}  made {one.created_on}  {members}  {state}")


def disable_organisation(settings: Settings, arguments: argparse.Namespace) -> None:
    """Disable an organisation: its members are signed out, and cannot sign in."""
    with stores.unloaded(settings) as context:
        day, by = stores.today(), stores.operator()
        membership.disable_organisation(context, arguments.organisation, day, by=by)
    print("Disabled: its members are signed out.")


def set_reviewer(settings: Settings, arguments: argparse.Namespace) -> None:
    """Let the leads of an organisation review what waits for a person, or no more."""
    on, day = arguments.state == "on", stores.today()
    with stores.unloaded(settings) as context:
        membership.set_reviewer(context, arguments.organisation, day, on=on, by=stores.operator())
    print("Its leads review from their next request on." if on else "Its leads review no more.")


def add(settings: Settings, arguments: argparse.Namespace) -> None:
    """Make a member, and show her invitation."""
    with stores.unloaded(settings) as context:
        code = membership.add(
            context,
            arguments.organisation,
            arguments.name,
            MemberRole(arguments.role),
            stores.now(),
            by=stores.operator(),
        )
    _show_invitation(settings, code)


def show(settings: Settings, _arguments: argparse.Namespace) -> None:
    """Show every member, by organisation."""
    with stores.unloaded(settings) as context:
        names = {one.id: one.name for one in membership.organisations(context)}
        for one in membership.listed(context):
            state = "live" if one.stored.can_sign_in else "invited, or her invitation is over"
            if one.stored.disabled_on:
                state = f"disabled {one.stored.disabled_on}"
            where = names[one.stored.organisation_id]
            print(f"{one.stored.id:8}  {one.name}  {one.stored.role}  {where}  {state}")


def disable(settings: Settings, arguments: argparse.Namespace) -> None:
    """Disable a member: every session of hers is over."""
    with stores.unloaded(settings) as context:
        membership.disable(context, arguments.member, stores.today(), by=stores.operator())
    print("Disabled: she is signed out.")


def reset(settings: Settings, arguments: argparse.Namespace) -> None:
    """Forget how a member signs in, and show a new invitation."""
    with stores.unloaded(settings) as context:
        code = membership.reset(context, arguments.member, stores.now(), by=stores.operator())
    _show_invitation(settings, code)


def role(settings: Settings, arguments: argparse.Namespace) -> None:
    """Give a member another role."""
    with stores.unloaded(settings) as context:
        new, day, by = MemberRole(arguments.role), stores.today(), stores.operator()
        membership.change_role(context, arguments.member, new, day, by=by)
    print(f"She is now: {arguments.role}.")


def _show_invitation(settings: Settings, code: str) -> None:
    print(shown(code))
    where = f"{settings.desk_origin or '(the address of this service)'}/en/desk/invitation"
    days = INVITED_SECONDS // 86_400
    print(f"She types it at {where}, once, within {days} days.", file=sys.stderr)
    print("This is the only time it is shown. Tell it to her, and to nobody else.", file=sys.stderr)
