"""The tables of organisations and their members, in the metadata of `schema`.

Whatever opens something is there as a keyed hash, or sealed: who has the store alone signs in as
nobody, and reads no name of a member.
"""

from __future__ import annotations

import sqlalchemy as sa

from service.store.schema import Id, metadata

organisations = sa.Table(
    "organisations",
    metadata,
    sa.Column("id", Id, primary_key=True),
    sa.Column("name", sa.String(80), nullable=False, unique=True),
    sa.Column("created_on", sa.Date, nullable=False),
    sa.Column("disabled_on", sa.Date),
    sa.Column("reviews_since", sa.Date),
    sqlite_autoincrement=True,
)
"""Ids are never reused, here and below, because the audit knows whoever acted by an id alone.
`reviews_since`: when the operator let its leads review; null, and they do not."""

members = sa.Table(
    "members",
    metadata,
    sa.Column("id", Id, primary_key=True),
    sa.Column("organisation_id", Id, sa.ForeignKey("organisations.id"), nullable=False, index=True),
    sa.Column("name", sa.LargeBinary, nullable=False),
    sa.Column("name_hash", sa.LargeBinary(32), nullable=False, unique=True),
    sa.Column("role", sa.String(8), nullable=False),
    sa.Column("created_on", sa.Date, nullable=False),
    sa.Column("disabled_on", sa.Date),
    sa.Column("password_hash", sa.String(160)),
    sa.Column("totp", sa.LargeBinary),
    sa.Column("totp_step", Id),
    sqlite_autoincrement=True,
)
"""`name`: sealed. `password_hash`: of Argon2id. `totp`: the secret, sealed. `totp_step`: the last
time step whose code was used; none before it is taken again."""

invitations = sa.Table(
    "invitations",
    metadata,
    sa.Column("member_id", Id, sa.ForeignKey("members.id"), primary_key=True),
    sa.Column("code_hash", sa.LargeBinary(32), nullable=False, unique=True),
    sa.Column("expires_at", Id, nullable=False),
)
"""Times are seconds since 1970, here and below."""

passkeys = sa.Table(
    "passkeys",
    metadata,
    sa.Column("id", Id, primary_key=True),
    sa.Column("member_id", Id, sa.ForeignKey("members.id"), nullable=False, index=True),
    sa.Column("credential_id", sa.LargeBinary, nullable=False, unique=True),
    sa.Column("public_key", sa.LargeBinary, nullable=False),
    sa.Column("sign_count", Id, nullable=False),
    sa.Column("added_on", sa.Date, nullable=False),
    sa.Column("used_on", sa.Date),
    sqlite_autoincrement=True,
)

recovery_codes = sa.Table(
    "recovery_codes",
    metadata,
    sa.Column("code_hash", sa.LargeBinary(32), primary_key=True),
    sa.Column("member_id", Id, sa.ForeignKey("members.id"), nullable=False, index=True),
)

sessions = sa.Table(
    "sessions",
    metadata,
    sa.Column("id", Id, primary_key=True),
    sa.Column("token_hash", sa.LargeBinary(32), nullable=False, unique=True),
    sa.Column("member_id", Id, sa.ForeignKey("members.id"), nullable=False, index=True),
    sa.Column("enrolling", sa.Boolean, nullable=False),
    sa.Column("began_on", sa.Date, nullable=False),
    sa.Column("began_at", Id, nullable=False),
    sa.Column("seen_at", Id, nullable=False),
    sa.Column("ends_at", Id, nullable=False, index=True),
    sqlite_autoincrement=True,
)
"""`enrolling`: opened by an invitation, and good for nothing but setting how to sign in."""

used_challenges = sa.Table(
    "used_challenges",
    metadata,
    sa.Column("challenge", sa.LargeBinary(32), primary_key=True),
    sa.Column("expires_at", Id, nullable=False, index=True),
)
"""Challenges that a passkey answered rightly, for as long as they would be accepted again."""
