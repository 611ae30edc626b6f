-- Times are text, RFC 3339 in UTC with milliseconds, which sorts by time.
CREATE TABLE bettermode_webhook_events (
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
    data            TEXT,
    data_omitted    TEXT,
    payload         BLOB NOT NULL
);
CREATE INDEX bettermode_webhook_events_by_receipt
    ON bettermode_webhook_events (received_at DESC, event_id DESC);
CREATE INDEX bettermode_webhook_events_by_type
    ON bettermode_webhook_events (event_type, received_at DESC, event_id DESC);
CREATE TABLE community_members (
    bettermode_member_id TEXT UNIQUE,
    circle_member_id     TEXT UNIQUE,
    primary_platform     TEXT NOT NULL DEFAULT 'BetterMode',
    created_at           TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now')),
    updated_at           TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now')),
    CHECK (bettermode_member_id IS NOT NULL OR circle_member_id IS NOT NULL)
);
