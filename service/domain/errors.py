"""Everything that the service refuses.

    ServiceError
    ├── Unauthenticated      no credential, or a wrong one; never says which
    ├── Forbidden            a valid credential, but for something else
    │   └── NotGranted       an owner has not let this organisation do that
    ├── NotFound             no such entry in this case
    ├── Withdrawn            the case or entry was withdrawn for good
    ├── Conflict             this passphrase already opened a case with other content
    ├── CaseFull             more entries than a case holds
    ├── WatchesFull          more addresses than a case or platform may have looked at
    ├── ChannelRefused       what an owner chose is not safe, or not offered here
    ├── WrongCode            not the code of the last test
    ├── GrantsFull           more grants of one case than may be live
    ├── NoticesFull          more notices than a case holds
    ├── NoticeIncomplete     a notice without what its law asks for; names each missing field
    ├── UndoneTooOften       as many withdrawals were undone today as may be
    ├── NotEligible          answers that mean another service can help better
    ├── InvalidRequest       the request does not have the documented form
    ├── TooLarge             the request has more bytes than we read
    ├── TooSlow              the body of the request did not arrive in time
    ├── TooManyRequests      a budget is used up; says when it is there again
    ├── WorkNeeded           a new case without proof of work, or with too little of it
    │   └── WorkExpired      its challenge is too old, or none of ours
    ├── IllegalTransition    an entry or notice cannot go from that status to this one
    ├── NotReady             still starting, or the store cannot be reached
    ├── Busy                 as much is being worked on as memory allows
    └── StoreFull            the disk of the store is full

The docstring of a class is its default message: what happened, and what to do next.
"""

from __future__ import annotations

import inspect


class ServiceError(Exception):
    """The service could not do this."""

    def __init__(self, message: str | None = None) -> None:
        super().__init__(message or " ".join((inspect.getdoc(type(self)) or "").split()))


class Unauthenticated(ServiceError):
    """The credential is missing or opens nothing here.

    Check the number and the words, or the key.
    """


class Forbidden(ServiceError):
    """This key is not for that. Ask the operator for one with the right role."""


class NotGranted(Forbidden):
    """The owner has not granted this. Ask them for a new code."""


class NotFound(ServiceError):
    """There is no such thing here. Check the number."""


class Withdrawn(ServiceError):
    """This was withdrawn for good. Open a new case to have content looked for again."""


class Conflict(ServiceError):
    """A case with this passphrase holds other content.

    Add to that case, or use a new passphrase.
    """


class CaseFull(ServiceError):
    """The case would hold more entries than it may. Open another case for the rest."""


class WatchesFull(ServiceError):
    """No more addresses can be looked at for you.

    Remove one that you need no longer, then add this one.
    """


class ChannelRefused(ServiceError):
    """Alerts cannot be sent this way."""


class WrongCode(ServiceError):
    """This is not the code of the last message. Type it again, or ask for a new one."""


class NotEligible(ServiceError):
    """These answers mean that others can help better.

    For anyone under 18: NCMEC Take It Down, or Report Remove in the UK.
    """


class InvalidRequest(ServiceError):
    """The request does not have the documented form."""


class TooLarge(ServiceError):
    """The request is larger than we read. Send fewer items at a time."""


class TooSlow(ServiceError):
    """The request did not arrive in time. Send it again, or fewer items at a time."""


class TooManyRequests(ServiceError):
    """This was asked too often. Wait as long as Retry-After says, then try again."""

    def __init__(self, message: str | None = None, *, seconds: float = 1) -> None:
        super().__init__(message)
        self.seconds = seconds
        """From now until it may be asked again."""


class GrantsFull(ServiceError):
    """As many organisations as may can see this case, or have a code for it.

    Revoke one that you need no longer, then make a new one.
    """


class NoticesFull(ServiceError):
    """No more notices can be kept in this case. Erase one that you need no longer."""


class NoticeIncomplete(ServiceError):
    """The notice lacks what its law asks for."""

    def __init__(self, message: str | None = None, *, fields: tuple[str, ...] = ()) -> None:
        super().__init__(message)
        self.fields = fields
        """Their names, in the order of the form."""


class UndoneTooOften(TooManyRequests):
    """Withdrawals of this case were undone too often today.

    It stays withdrawn. Undo it tomorrow, in UTC; nothing is erased before the day that it shows.
    """

    def __init__(self, message: str | None = None) -> None:
        super().__init__(message, seconds=3600)


class WorkNeeded(ServiceError):
    """Opening a case needs a proof of work, and this has none or too little.

    Compute as many pieces as this answer names, as docs/submission.md says, and send the same
    again. A current version of the program, and the page, do so by themselves.
    """

    def __init__(
        self, message: str | None = None, *, challenge: str | None = None, pieces: int | None = None
    ) -> None:
        super().__init__(message)
        self.challenge = challenge
        """A fresh challenge. An earlier one that has not expired is as good, with more pieces."""
        self.pieces = pieces


class WorkExpired(WorkNeeded):
    """The challenge of this proof of work is too old, or not from this service.

    Compute the work anew for the challenge in this answer, and send the same again.
    """


class IllegalTransition(ServiceError):
    """An entry in this status cannot take that step."""


class NotReady(ServiceError):
    """The service is starting, or cannot reach its store. Try again in a moment."""


class Busy(ServiceError):
    """The service works on as much as it can hold. Try again in a moment."""


class StoreFull(ServiceError):
    """The service cannot store anything now. Nothing is lost on your device; try again later."""
