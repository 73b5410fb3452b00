-- The tables of version 1, which sealed nothing (November 2026).
CREATE TABLE watches (
    id INTEGER PRIMARY KEY,
    address TEXT NOT NULL,
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
    moved_to TEXT,
    UNIQUE (address, name)
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
    address TEXT NOT NULL,
    page TEXT NOT NULL,
    depth INTEGER NOT NULL,
    part INTEGER NOT NULL,
    result TEXT,
    sha256 TEXT,
    UNIQUE (visit, kind, address)
);

-- What was found at an address the last time, so that a server may answer "not modified".
CREATE TABLE known (
    address TEXT NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('page', 'medium')),
    etag TEXT NOT NULL,
    modified TEXT NOT NULL,
    document TEXT NOT NULL,
    used_at INTEGER NOT NULL,
    PRIMARY KEY (address, kind)
);
CREATE INDEX known_used ON known (used_at);

-- Observations until the service has acknowledged them.
CREATE TABLE outbox (
    id INTEGER PRIMARY KEY,
    visit INTEGER NOT NULL,
    address TEXT NOT NULL,
    document TEXT NOT NULL,
    made_at INTEGER NOT NULL,
    refused INTEGER NOT NULL DEFAULT 0
);
-- How visits of leased watches ended, until the service has acknowledged that.
CREATE TABLE reports (
    visit INTEGER PRIMARY KEY REFERENCES visits (id) ON DELETE CASCADE,
    document TEXT NOT NULL
);
CREATE INDEX outbox_waiting ON outbox (refused, id);
CREATE UNIQUE INDEX outbox_once ON outbox (visit, address, document);

-- A watch of a file that has moved, and a leased one amid its visit.
INSERT INTO watches (id, address, scope, depth, due_at, outcome, moved_to, digest, shown)
VALUES (1, 'https://moved.example/a', 'site', 2, 77, 'moved', 'https://moved.example/b', 'd1', 1);
INSERT INTO watches (id, address, name, lease, leased_until, scope, depth, due_at)
VALUES (2, 'https://open.example/t', 'name', 'lease', 99, 'thread', 0, 0);
INSERT INTO visits (id, watch, begun_at, ended_at, outcome) VALUES (1, 1, 10, 20, 'moved');
INSERT INTO visits (id, watch, begun_at) VALUES (2, 2, 30);
INSERT INTO steps (visit, kind, address, page, depth, part, result)
VALUES (2, 'page', 'https://open.example/t', 'https://open.example/t', 0, 0,
        'moved https://open.example/new');
INSERT INTO steps (visit, kind, address, page, depth, part, result, sha256)
VALUES (2, 'medium', 'https://open.example/1.jpg', 'https://open.example/t', 0, 0, 'seen', 'aa');
INSERT INTO steps (visit, kind, address, page, depth, part)
VALUES (2, 'medium', 'https://open.example/2.jpg', 'https://open.example/t', 0, 0);
INSERT INTO known VALUES ('https://open.example/1.jpg', 'medium', '"e"', 'Sun', '{"a": 1}', 50);
INSERT INTO known VALUES ('https://open.example/page', 'page', '"p"', '', '{"media": [], "parts": [], "following": [], "links": []}', 50);
INSERT INTO outbox (visit, address, document, made_at)
VALUES (2, 'https://open.example/t', '{"address": "https://open.example/t"}', 60);
INSERT INTO reports VALUES (1, '{"moved_to": "https://moved.example/b"}');
PRAGMA user_version = 1;
