"""The tables of the frontier. Times are whole seconds of UTC since 1970.

What is a BLOB is sealed: addresses, and documents that have some. Columns that end with _hash are
keyed digests, by which the same text is recognised.
"""

from __future__ import annotations

VERSION = 2

TABLES = """
-- What is derived from the key that all of this is sealed with: one row.
CREATE TABLE keys (fingerprint BLOB NOT NULL);

CREATE TABLE watches (
    id INTEGER PRIMARY KEY,
    address BLOB NOT NULL,
    address_hash BLOB NOT NULL,
    -- Of a watch that is leased from a service: its name there, and the lease. Else empty.
    name TEXT NOT NULL DEFAULT '',
    lease TEXT NOT NULL DEFAULT '',
    leased_until INTEGER,
    scope TEXT NOT NULL CHECK (scope IN ('page', 'thread', 'site')),
    depth INTEGER NOT NULL CHECK (depth BETWEEN 0 AND 5),
    due_at INTEGER NOT NULL,
    interval INTEGER NOT NULL DEFAULT 0,
    faults INTEGER NOT NULL DEFAULT 0,
    outcome TEXT,
    looked_at INTEGER,
    media INTEGER NOT NULL DEFAULT 0,
    shown INTEGER NOT NULL DEFAULT 0,
    digest TEXT,
    moved_to BLOB,
    UNIQUE (address_hash, name)
);
CREATE INDEX watches_due ON watches (due_at);

-- One look at one watch. At most one of a watch is open: whoever was killed goes on with it.
CREATE TABLE visits (
    id INTEGER PRIMARY KEY,
    watch INTEGER NOT NULL REFERENCES watches (id) ON DELETE CASCADE,
    begun_at INTEGER NOT NULL,
    ended_at INTEGER,
    outcome TEXT,
    fault TEXT,
    media INTEGER NOT NULL DEFAULT 0
);
CREATE UNIQUE INDEX visits_open ON visits (watch) WHERE ended_at IS NULL;
CREATE INDEX visits_watch ON visits (watch, id);
CREATE INDEX visits_ended ON visits (ended_at);

-- What a visit has to look at, and how that ended. Deleted when the visit ends.
CREATE TABLE steps (
    id INTEGER PRIMARY KEY,
    visit INTEGER NOT NULL REFERENCES visits (id) ON DELETE CASCADE,
    kind TEXT NOT NULL CHECK (kind IN ('page', 'medium')),
    address BLOB NOT NULL,
    address_hash BLOB NOT NULL,
    page BLOB NOT NULL,
    depth INTEGER NOT NULL,
    part INTEGER NOT NULL,
    result TEXT,
    moved_to BLOB,
    sha256 TEXT,
    UNIQUE (visit, kind, address_hash)
);

-- What pages say of media that are yet to be looked at. Deleted with the step.
CREATE TABLE said (
    step INTEGER PRIMARY KEY REFERENCES steps (id) ON DELETE CASCADE,
    document BLOB NOT NULL
);

-- What was found at an address the last time, so that a server may answer "not modified": its
-- validators, then the document, with a line for each.
CREATE TABLE known (
    address_hash BLOB NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('page', 'medium')),
    found BLOB NOT NULL,
    used_at INTEGER NOT NULL,
    -- When the server itself said that it is so.
    asked_at INTEGER NOT NULL,
    PRIMARY KEY (address_hash, kind)
);
CREATE INDEX known_used ON known (used_at);

-- Observations until the service has acknowledged them.
CREATE TABLE outbox (
    id INTEGER PRIMARY KEY,
    visit INTEGER NOT NULL,
    address BLOB NOT NULL,
    document BLOB NOT NULL,
    document_hash BLOB NOT NULL,
    made_at INTEGER NOT NULL,
    refused INTEGER NOT NULL DEFAULT 0
);
-- How visits of leased watches ended, until the service has acknowledged that.
CREATE TABLE reports (
    visit INTEGER PRIMARY KEY REFERENCES visits (id) ON DELETE CASCADE,
    document BLOB NOT NULL
);
CREATE INDEX outbox_waiting ON outbox (refused, id);
CREATE UNIQUE INDEX outbox_once ON outbox (visit, document_hash);
"""
