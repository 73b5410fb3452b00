"""The tables of alerts and of what carries them, in the metadata of `schema`."""

from __future__ import annotations

import sqlalchemy as sa

from service.store.schema import Id, metadata

contacts = sa.Table(
    "contacts",
    metadata,
    sa.Column("case_id", Id, sa.ForeignKey("cases.id"), primary_key=True),
    sa.Column("preferences", sa.LargeBinary, nullable=False),
    sa.Column("ask_on", sa.Date, nullable=False),
    sa.Column("muted_until", sa.Date),
)
"""How each owner may be told. `preferences`: wording, language, hours, who reads it; sealed."""

channels = sa.Table(
    "channels",
    metadata,
    sa.Column("id", Id, primary_key=True),
    sa.Column("case_id", Id, sa.ForeignKey("cases.id"), nullable=False),
    sa.Column("kind", sa.String(8), nullable=False),
    sa.Column("status", sa.String(12), nullable=False),
    sa.Column("address", sa.LargeBinary),
    sa.Column("token_hash", sa.LargeBinary(32), unique=True),
    sa.Column("secret", sa.LargeBinary),
    sa.Column("test_reference", sa.String(24)),
    sa.Column("guesses", sa.SmallInteger, nullable=False),
    sa.Column("set_on", sa.Date, nullable=False),
    sa.Column("last_at", Id),
    sa.UniqueConstraint("case_id", "kind"),
    sqlite_autoincrement=True,
)
"""Where alerts of a case go. `address` and `secret` are sealed; `token_hash`: of a feed's address.

`test_reference`: of the test that has to be confirmed. `last_at`: the second of the last alert, so
that the next one comes a day later. Ids are never reused, because a worker has them in hand while a
channel may be replaced."""

alerts = sa.Table(
    "alerts",
    metadata,
    sa.Column("id", Id, primary_key=True),
    sa.Column("case_id", Id, sa.ForeignKey("cases.id"), nullable=False, index=True),
    sa.Column("cause", sa.String(12), nullable=False),
    sa.Column("request_id", Id),
    sa.Column("visit_id", Id),
    sa.Column("after_position", Id),
)
"""The outbox: what was committed together with its cause, and no delivery was made of yet.

The last three are of a look: which watch, which visit, and how far the worker must have come before
it is known what was found there. Not foreign keys: either may go first."""

deliveries = sa.Table(
    "deliveries",
    metadata,
    sa.Column("id", Id, primary_key=True),
    sa.Column(
        "channel_id",
        Id,
        sa.ForeignKey("channels.id", ondelete="CASCADE"),
        nullable=False,
        index=True,
    ),
    sa.Column("reference", sa.String(24), nullable=False, unique=True),
    sa.Column("test", sa.Boolean, nullable=False),
    sa.Column("state", sa.String(8), nullable=False),
    sa.Column("due_at", Id),
    sa.Column("claimed_until", Id),
    sa.Column("attempts", sa.SmallInteger, nullable=False),
    sa.Column("unsure", sa.Boolean, nullable=False),
    sa.Column("trouble", sa.String(24)),
    sa.Column("ended_on", sa.Date),
    sa.Index("ix_deliveries_state_due_at", "state", "due_at"),
    sqlite_autoincrement=True,
)
"""Messages, one a channel. `reference`: by which a receiver knows one that comes twice.

`due_at`: the second at which it is sent or tried again; null afterwards. `claimed_until`: until
when one worker has it. `unsure`: whether it may have been received already."""

contact_tests = sa.Table(
    "contact_tests",
    metadata,
    sa.Column("address_hash", sa.LargeBinary(32), primary_key=True),
    sa.Column("since", sa.Date, nullable=False, index=True),
    sa.Column("count", sa.SmallInteger, nullable=False),
)
"""How many tests were sent to an address since a day, whoever asked. Keyed hashes."""
