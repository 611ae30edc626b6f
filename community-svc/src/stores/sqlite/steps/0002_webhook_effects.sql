-- Events get a number in the order in which they are stored, which is never used
-- again, and the state that their projections add up to. Events of the version
-- before took effect when they arrived, so they are done.
ALTER TABLE bettermode_webhook_events RENAME TO old_webhook_events;
DROP INDEX bettermode_webhook_events_by_receipt;
DROP INDEX bettermode_webhook_events_by_type;
CREATE TABLE bettermode_webhook_events (
    seq             INTEGER PRIMARY KEY AUTOINCREMENT,
    event_id        TEXT NOT NULL UNIQUE,
    event_type      TEXT NOT NULL,
    timestamp       TEXT NOT NULL,
    noun            TEXT,
    verb            TEXT,
    network_id      TEXT,
    actor_member_id TEXT,
    object_id       TEXT,
    occurred_at     TEXT,
    received_at     TEXT NOT NULL,
    stored_at       TEXT NOT NULL,
    format          TEXT NOT NULL,
    path            TEXT NOT NULL,
    state           TEXT NOT NULL CHECK (state IN ('pending', 'done', 'dead')),
    erased_at       TEXT,
    data            TEXT,
    data_omitted    TEXT,
    payload         BLOB NOT NULL
);
INSERT INTO bettermode_webhook_events (
    event_id, event_type, timestamp, noun, verb, network_id, actor_member_id, object_id,
    occurred_at, received_at, stored_at, format, path, state, data, data_omitted, payload
) SELECT
    event_id, event_type, timestamp, noun, verb, network_id, actor_member_id, object_id,
    occurred_at, received_at, stored_at, format, path, 'done', data, data_omitted, payload
FROM old_webhook_events ORDER BY stored_at, rowid;
DROP TABLE old_webhook_events;
CREATE INDEX bettermode_webhook_events_by_receipt
    ON bettermode_webhook_events (received_at DESC, event_id DESC);
CREATE INDEX bettermode_webhook_events_by_type
    ON bettermode_webhook_events (event_type, received_at DESC, event_id DESC);
CREATE INDEX bettermode_webhook_events_by_state
    ON bettermode_webhook_events (state, received_at DESC, event_id DESC)
    WHERE state <> 'done';

-- Who did it and whom it is about, for the lists of one member.
CREATE TABLE bettermode_webhook_event_members (
    member_id   TEXT NOT NULL,
    event_type  TEXT NOT NULL,
    received_at TEXT NOT NULL,
    event_id    TEXT NOT NULL,
    PRIMARY KEY (member_id, received_at DESC, event_id DESC)
) WITHOUT ROWID;
CREATE INDEX bettermode_webhook_event_members_by_type
    ON bettermode_webhook_event_members (member_id, event_type, received_at DESC, event_id DESC);
CREATE INDEX bettermode_webhook_event_members_by_event
    ON bettermode_webhook_event_members (event_id);
INSERT OR IGNORE INTO bettermode_webhook_event_members
    SELECT actor_member_id, event_type, received_at, event_id
    FROM bettermode_webhook_events WHERE actor_member_id IS NOT NULL;
INSERT OR IGNORE INTO bettermode_webhook_event_members
    SELECT object_id, event_type, received_at, event_id
    FROM bettermode_webhook_events WHERE object_id IS NOT NULL AND noun = 'MEMBER';

-- A projection that has not run yet (failed_at is null), or was given up on.
CREATE TABLE bettermode_webhook_projections (
    event_id        TEXT NOT NULL,
    projection      TEXT NOT NULL CHECK (projection IN ('cache', 'members', 'activities')),
    seq             INTEGER NOT NULL,
    attempts        INTEGER NOT NULL DEFAULT 0,
    reason          TEXT,
    next_attempt_at TEXT,
    failed_at       TEXT,
    PRIMARY KEY (event_id, projection),
    CHECK ((next_attempt_at IS NULL) <> (failed_at IS NULL))
) WITHOUT ROWID;
CREATE INDEX bettermode_webhook_projections_due
    ON bettermode_webhook_projections (next_attempt_at, seq) WHERE failed_at IS NULL;
CREATE INDEX bettermode_webhook_projections_dead
    ON bettermode_webhook_projections (failed_at DESC, event_id DESC, projection DESC)
    WHERE failed_at IS NOT NULL;
CREATE INDEX bettermode_webhook_projections_dead_by_projection
    ON bettermode_webhook_projections (projection, failed_at DESC, event_id DESC)
    WHERE failed_at IS NOT NULL;

-- Which file this is, and the last event that was deleted for its age: what a
-- watcher's place is checked against.
CREATE TABLE bettermode_webhook_log (
    id             TEXT NOT NULL,
    pruned_through INTEGER NOT NULL
);
INSERT INTO bettermode_webhook_log VALUES (lower(hex(randomblob(8))), 0);
