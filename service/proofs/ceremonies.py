"""Passkeys (WebAuthn): what a browser is asked, and whether its answer is right.

The library is loaded with the first question: it takes 0.4 s of every start otherwise.
"""

from __future__ import annotations

import json
from base64 import urlsafe_b64decode
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from service.domain.errors import Unauthenticated

MAX_ANSWER = 8_192
"""Characters of an answer; ours have about 1,000."""
MAX_CREDENTIAL_ID = 1_023
"""Bytes (WebAuthn level 3, 4)."""
TIMEOUT_MS = 300_000
NAME = "Takeback"


class NewPasskey(NamedTuple):
    """A passkey that an authenticator has just made."""

    credential_id: bytes
    public_key: bytes
    sign_count: int


def to_create(
    origin: str, challenge: bytes, handle: bytes, name: str, known: Sequence[bytes]
) -> str:
    """Return, as JSON, what a browser is asked to make. The passkey is found without a name.

    A key that is not resident is only found by its id, which we would have to tell whoever names a
    member: then anybody could learn whether there is such a member.
    """
    import webauthn  # noqa: PLC0415
    from webauthn.helpers import structs  # noqa: PLC0415

    options = webauthn.generate_registration_options(
        rp_id=_host(origin),
        rp_name=NAME,
        user_id=handle,
        user_name=name,
        challenge=challenge,
        timeout=TIMEOUT_MS,
        attestation=structs.AttestationConveyancePreference.NONE,
        authenticator_selection=structs.AuthenticatorSelectionCriteria(
            resident_key=structs.ResidentKeyRequirement.REQUIRED,
            user_verification=structs.UserVerificationRequirement.REQUIRED,
        ),
        exclude_credentials=[structs.PublicKeyCredentialDescriptor(id=one) for one in known],
    )
    return webauthn.options_to_json(options)


def to_get(origin: str, challenge: bytes) -> str:
    """Return, as JSON, what a browser is asked to sign."""
    import webauthn  # noqa: PLC0415
    from webauthn.helpers import structs  # noqa: PLC0415

    options = webauthn.generate_authentication_options(
        rp_id=_host(origin),
        challenge=challenge,
        timeout=TIMEOUT_MS,
        user_verification=structs.UserVerificationRequirement.REQUIRED,
    )
    return webauthn.options_to_json(options)


def created(origin: str, challenge: bytes, untrusted: str) -> NewPasskey:
    """Return the passkey of an answer. Raises Unauthenticated."""
    import webauthn  # noqa: PLC0415

    with _refusing():
        made = webauthn.verify_registration_response(
            credential=_parsed(untrusted),
            expected_challenge=challenge,
            expected_rp_id=_host(origin),
            expected_origin=origin,
            require_user_verification=True,
        )
    if len(made.credential_id) > MAX_CREDENTIAL_ID:
        raise Unauthenticated
    return NewPasskey(made.credential_id, made.credential_public_key, made.sign_count)


def credential_id(untrusted: str) -> bytes:
    """Return which passkey an answer says it is from. Raises Unauthenticated."""
    try:
        text = str(_parsed(untrusted)["id"])
        return urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except (ValueError, KeyError) as err:
        raise Unauthenticated from err


def sign_count(
    origin: str, challenge: bytes, untrusted: str, *, public_key: bytes, count: int
) -> int:
    """Return the new count of a passkey that has signed a challenge. Raises Unauthenticated."""
    import webauthn  # noqa: PLC0415

    with _refusing():
        return webauthn.verify_authentication_response(
            credential=_parsed(untrusted),
            expected_challenge=challenge,
            expected_rp_id=_host(origin),
            expected_origin=origin,
            credential_public_key=public_key,
            credential_current_sign_count=count,
            require_user_verification=True,
        ).new_sign_count


@contextmanager
def _refusing() -> Iterator[None]:
    """Raise Unauthenticated for whatever the library says of bytes that anybody may send."""
    from webauthn.helpers.exceptions import WebAuthnException  # noqa: PLC0415

    try:
        yield
    except (WebAuthnException, ValueError, TypeError, KeyError) as err:
        raise Unauthenticated from err


def _parsed(untrusted: str) -> dict[str, Any]:
    if len(untrusted) > MAX_ANSWER:
        raise Unauthenticated
    try:
        answer = json.loads(untrusted)
    except (ValueError, RecursionError) as err:
        raise Unauthenticated from err
    if not isinstance(answer, dict):
        raise Unauthenticated
    return answer


def _host(origin: str) -> str:
    return urlsplit(origin).hostname or ""
