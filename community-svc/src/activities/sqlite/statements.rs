//! The statements over activities and counts; a test holds each to its index.

pub(in crate::activities) const INSERT: &str = "
INSERT INTO bettermode_member_activities (
    activity_id, event_id, member_id, kind, activity_type, timestamp, data, actor_member_id,
    subject_member_id, received_at, url, platform, network_id
) VALUES (
    :activity_id, :event_id, :member_id, :kind, :activity_type, :timestamp, :data,
    :actor_member_id, :subject_member_id, :received_at, :url, 'bettermode', :network_id
) ON CONFLICT (activity_id) DO NOTHING";

pub(in crate::activities) const COUNT: &str = "
INSERT INTO bettermode_activity_counts (member_id, level, period, kind, count, last_active_at)
VALUES (?1, ?2, ?3, ?4, ?5, ?6)
ON CONFLICT (member_id, level, period, kind) DO UPDATE SET
    count = count + excluded.count,
    last_active_at = max(last_active_at, excluded.last_active_at)";

/// The list of activities with these filters. SQLite may not choose another index:
/// it knows nothing of how rare a kind is.
pub(in crate::activities) fn list(member: bool, kind: bool) -> String {
    let (index, condition) = match (member, kind) {
        (false, false) => ("time", ""),
        (true, false) => ("member", "member_id = :member_id AND"),
        (false, true) => ("kind", "kind = :kind AND"),
        (true, true) => (
            "member_and_kind",
            "member_id = :member_id AND kind = :kind AND",
        ),
    };
    format!(
        "SELECT event_id, member_id, kind, activity_type, timestamp, data, actor_member_id,
                received_at, url, network_id
         FROM bettermode_member_activities INDEXED BY bettermode_member_activities_by_{index}
         WHERE {condition} (timestamp, activity_id) < (:timestamp, :activity_id)
           AND timestamp >= :from
         ORDER BY timestamp DESC, activity_id DESC LIMIT :limit"
    )
}

pub(in crate::activities) const COUNTS: &str = "
SELECT kind, count, last_active_at FROM bettermode_activity_counts
WHERE member_id = ?1 AND level = ?2 AND period = ?3";

pub(in crate::activities) const PARTS: &str = "
SELECT period, count FROM bettermode_activity_counts
WHERE member_id = ?1 AND level = ?2 AND period >= ?3 AND period < ?4 AND kind = ''
ORDER BY period";

pub(in crate::activities) const MOST_ACTIVE: &str = "
SELECT member_id, count, last_active_at FROM bettermode_activity_counts
WHERE level = ?1 AND period = ?2 AND kind = '' AND member_id <> '' AND level <> 'hour'
ORDER BY count DESC, member_id LIMIT ?3";

/// Takes a member's name out of what others did.
pub(in crate::activities) const NOT_BY: [&str; 2] = [
    "UPDATE bettermode_member_activities SET actor_member_id = NULL
     WHERE actor_member_id = ?1 AND actor_member_id <> member_id",
    "UPDATE bettermode_member_activities
     SET subject_member_id = NULL, data = json_remove(data, '$.member_id')
     WHERE subject_member_id = ?1 AND subject_member_id <> member_id",
];

/// At most so many of the oldest.
pub(in crate::activities) const OLD_ACTIVITIES: &str = "
DELETE FROM bettermode_member_activities WHERE rowid IN (
    SELECT rowid FROM bettermode_member_activities WHERE timestamp < ?1
    ORDER BY timestamp LIMIT ?2)";

/// At most so many of the counts of members that end with the oldest.
pub(in crate::activities) const OLD_COUNTS: &str = "
DELETE FROM bettermode_activity_counts WHERE (member_id, level, period, kind) IN (
    SELECT member_id, level, period, kind FROM bettermode_activity_counts
    WHERE member_id <> '' AND last_active_at < ?1 LIMIT ?2)";
