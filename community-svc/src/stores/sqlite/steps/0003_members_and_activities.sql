-- What members do. activity_id is event, member and kind, parted by a space; data
-- is what it was about.
CREATE TABLE bettermode_member_activities (
    activity_id       TEXT NOT NULL UNIQUE,
    event_id          TEXT NOT NULL,
    member_id         TEXT NOT NULL,
    kind              TEXT NOT NULL,
    activity_type     TEXT NOT NULL,
    timestamp         TEXT NOT NULL,
    data              TEXT NOT NULL,
    actor_member_id   TEXT,
    subject_member_id TEXT,
    received_at       TEXT NOT NULL,
    url               TEXT,
    platform          TEXT NOT NULL,
    network_id        TEXT
);
CREATE INDEX bettermode_member_activities_by_time
    ON bettermode_member_activities (timestamp DESC, activity_id DESC);
CREATE INDEX bettermode_member_activities_by_kind
    ON bettermode_member_activities (kind, timestamp DESC, activity_id DESC);
CREATE INDEX bettermode_member_activities_by_member
    ON bettermode_member_activities (member_id, timestamp DESC, activity_id DESC);
CREATE INDEX bettermode_member_activities_by_member_and_kind
    ON bettermode_member_activities (member_id, kind, timestamp DESC, activity_id DESC);
CREATE INDEX bettermode_member_activities_by_actor
    ON bettermode_member_activities (actor_member_id) WHERE actor_member_id <> member_id;
CREATE INDEX bettermode_member_activities_by_subject
    ON bettermode_member_activities (subject_member_id) WHERE subject_member_id <> member_id;

-- How often: an empty member is the community, an empty kind all kinds, the empty
-- period all time.
CREATE TABLE bettermode_activity_counts (
    member_id      TEXT NOT NULL,
    level          TEXT NOT NULL,
    period         TEXT NOT NULL,
    kind           TEXT NOT NULL,
    count          INTEGER NOT NULL,
    last_active_at TEXT NOT NULL,
    PRIMARY KEY (member_id, level, period, kind)
) WITHOUT ROWID;
CREATE INDEX bettermode_activity_counts_by_count
    ON bettermode_activity_counts (level, period, count DESC, member_id)
    WHERE kind = '' AND member_id <> '' AND level <> 'hour';
CREATE INDEX bettermode_activity_counts_of_members_by_time
    ON bettermode_activity_counts (last_active_at) WHERE member_id <> '';

-- What webhooks tell of a member. A version is the time and id of the event that
-- set the field.
ALTER TABLE community_members ADD COLUMN name TEXT;
ALTER TABLE community_members ADD COLUMN name_version TEXT;
ALTER TABLE community_members ADD COLUMN username TEXT;
ALTER TABLE community_members ADD COLUMN username_version TEXT;
ALTER TABLE community_members ADD COLUMN status TEXT;
ALTER TABLE community_members ADD COLUMN status_version TEXT;
ALTER TABLE community_members ADD COLUMN joined_at TEXT;
ALTER TABLE community_members ADD COLUMN last_event_at TEXT;
