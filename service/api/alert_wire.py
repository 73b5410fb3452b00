"""Models of requests and answers about how an owner may be told."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints
from pydantic.config import JsonDict

from service import limits
from service.domain import contact
from service.domain.alert import ChannelKind, ChannelStatus
from service.domain.contact import Contact, Hours
from service.domain.wording import Wording
from service.edge.incoming import StrictIn
from service.transports.webhook import MAX_ADDRESS
from service.workflows.safe_contact import LONGEST_MUTE_DAYS

Address = Annotated[str, StringConstraints(min_length=1, max_length=MAX_ADDRESS)]
_CONTACT: JsonDict = {
    "wording": "news",
    "language": "en",
    "hours": {"begin": 9, "end": 17, "zone": "Europe/Madrid"},
    "read_by_others": False,
    "ask_after_days": 90,
}


class HoursIn(StrictIn):
    """Local hours in which a message may arrive: from `begin`, before `end`."""

    begin: Annotated[int, Field(ge=0, le=23)]
    end: Annotated[int, Field(ge=1, le=24)]
    zone: Annotated[str, StringConstraints(min_length=1, max_length=64)]


class ContactIn(StrictIn):
    """How and when an owner may be told, and whether somebody else may read it."""

    LIMIT = limits.CONTACT
    model_config = ConfigDict(json_schema_extra={"examples": [_CONTACT]})

    wording: Literal["news", "reminder", "list", "bare"]
    language: Literal["en", "es", "ar"]
    hours: HoursIn | None = None
    read_by_others: bool
    ask_after_days: Literal[30, 90, 180] = 90

    def value(self, today: date) -> Contact:
        """Return it as a plain value. Raises InvalidRequest."""
        hours = self.hours
        return Contact(
            Wording(self.wording),
            self.language,
            None if hours is None else contact.hours(hours.begin, hours.end, hours.zone),
            self.read_by_others,
            today + timedelta(days=self.ask_after_days),
        )


class ChannelIn(ContactIn):
    """A channel, and how it may be used. Mail and webhooks have an address."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"kind": "feed", **_CONTACT}]})

    kind: Literal["feed", "webhook", "mail"]
    address: Address | None = None


class CodeIn(StrictIn):
    """The six digits of the message that tests a mail address."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"code": "123456"}]})

    code: Annotated[str, StringConstraints(min_length=1, max_length=20)]


class AddressIn(StrictIn):
    """An address, to ask whether it is the one of a channel."""

    LIMIT = limits.CONTACT
    model_config = ConfigDict(json_schema_extra={"examples": [{"address": "name@example.org"}]})

    address: Address


class MuteIn(StrictIn):
    """For how many days nothing is sent; null ends that."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"days": 14}]})

    days: Annotated[int, Field(ge=1, le=LONGEST_MUTE_DAYS)] | None


class AskIn(StrictIn):
    """After how many days to ask again whether all of this is still safe."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"after_days": 90}]})

    after_days: Literal[30, 90, 180]


class HoursOut(BaseModel):
    """Local hours in which a message may arrive."""

    begin: int
    end: int
    zone: str


class ContactOut(BaseModel):
    """What the owner has chosen."""

    wording: Wording
    language: str
    hours: HoursOut | None
    read_by_others: bool
    ask_on: date
    muted_until: date | None


class ChannelOut(BaseModel):
    """A channel. Where it leads is never shown."""

    kind: ChannelKind
    status: ChannelStatus
    set_on: date


class AlertsOut(BaseModel):
    """How the owner is told. Without a channel: she comes back by herself.

    `asks`: the day has come to ask whether this is still safe. `offered`: kinds to choose from.
    """

    contact: ContactOut | None
    channels: list[ChannelOut]
    offered: list[ChannelKind]
    asks: bool


class SetOut(BaseModel):
    """What is shown once: the path of a feed on this service, or the secret of a webhook."""

    kind: ChannelKind
    feed: str | None = Field(examples=["/feed/mfrggzdfmztwq2lknnwg23tpmfrggzdf"])
    secret: str | None = Field(examples=["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSwMfKQ9r8GKYo="])


class SameOut(BaseModel):
    """Whether a channel leads to the address."""

    same: bool


def hours_out(hours: Hours | None) -> HoursOut | None:
    """Return hours as they are answered."""
    return None if hours is None else HoursOut(**hours._asdict())
