//! Activities and counts as documents, and back. `member_id`, `activity_type`,
//! `timestamp` and `data` are as the legacy guide has them.

use std::collections::BTreeMap;

use bettermode::MemberId;
use jiff::Timestamp;
use mongodb::bson::{DateTime, Document, doc};
use serde::{Deserialize, Serialize};

use crate::activities::counts::{Addition, CountKey, Scope};
use crate::activities::period::Level;
use crate::activities::{Activity, ActivityType, MemberActivity, Subject};
use crate::stores::StoreError;

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct ActivityDocument {
    #[serde(rename = "_id")]
    id: String,
    event_id: String,
    member_id: MemberId,
    kind: String,
    activity_type: String,
    timestamp: DateTime,
    data: Subject,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    actor_member_id: Option<MemberId>,
    /// Members named beside `member_id`, so that they are found to be erased.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    others: Vec<MemberId>,
    received_at: DateTime,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    url: Option<String>,
    platform: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    network_id: Option<String>,
}

impl ActivityDocument {
    pub(super) fn new(activity: &Activity) -> Self {
        let mut others: Vec<_> = [&activity.actor_id, &activity.subject.member_id]
            .into_iter()
            .flatten()
            .filter(|other| **other != activity.member_id)
            .cloned()
            .collect();
        others.dedup();
        Self {
            id: activity.id(),
            event_id: activity.event_id.clone(),
            member_id: activity.member_id.clone(),
            kind: activity.kind.clone(),
            activity_type: activity.activity_type.name().to_owned(),
            timestamp: date(activity.occurred_at),
            data: activity.subject.clone(),
            actor_member_id: activity.actor_id.clone(),
            others,
            received_at: date(activity.received_at),
            url: activity.url.clone(),
            platform: "bettermode".to_owned(),
            network_id: activity.network_id.clone(),
        }
    }

    pub(super) fn into_activity(self) -> Result<Activity, StoreError> {
        Ok(Activity {
            event_id: self.event_id,
            member_id: self.member_id,
            kind: self.kind,
            activity_type: ActivityType::from_name(&self.activity_type),
            actor_id: self.actor_member_id,
            subject: self.data,
            occurred_at: timestamp(self.timestamp)?,
            received_at: timestamp(self.received_at)?,
            url: self.url,
            network_id: self.network_id,
        })
    }
}

/// The counts of one scope and period.
#[derive(Debug, Deserialize)]
pub(super) struct CountDocument {
    member_id: MemberId,
    pub(super) period: String,
    count: i64,
    #[serde(default)]
    kinds: BTreeMap<String, i64>,
    last_active_at: DateTime,
}

impl CountDocument {
    pub(super) fn count(&self) -> u64 {
        u64::try_from(self.count).unwrap_or(0)
    }

    pub(super) fn last_active(&self) -> Result<Timestamp, StoreError> {
        timestamp(self.last_active_at)
    }

    pub(super) fn by_kind(&self) -> Vec<(String, u64)> {
        let named = |(kind, count): (&String, &i64)| {
            (kind.replace(':', "."), u64::try_from(*count).unwrap_or(0))
        };
        self.kinds.iter().map(named).collect()
    }

    pub(super) fn into_member(self) -> Result<MemberActivity, StoreError> {
        Ok(MemberActivity {
            count: self.count(),
            last_active: self.last_active()?,
            member_id: self.member_id,
        })
    }
}

/// The id of a count: sorts by member, level, period. No part holds a space.
pub(super) fn count_id(scope: &Scope, level: Level, period: &str) -> String {
    format!("{} {} {period}", scope.member_id(), level.name())
}

/// One statement of an `update` command.
pub(super) fn count_update((key, addition): (&CountKey, &Addition)) -> Document {
    let mut increments = doc! { "count": addition.count };
    for (kind, count) in &addition.by_kind {
        // A dot would part the name of a field; a kind holds no colon.
        increments.insert(format!("kinds.{}", kind.replace('.', ":")), *count);
    }
    let is_ranked = key.scope != Scope::Community && key.level != Level::Hour;
    let mut fixed = doc! {
        "member_id": key.scope.member_id(),
        "level": key.level.name(),
        "period": &key.period,
    };
    if is_ranked {
        fixed.insert("ranked", true);
    }
    doc! {
        "q": { "_id": count_id(&key.scope, key.level, &key.period) },
        "u": {
            "$inc": increments,
            "$max": { "last_active_at": date(addition.last_active) },
            "$setOnInsert": fixed,
        },
        "upsert": true,
    }
}

pub(super) fn date(time: Timestamp) -> DateTime {
    DateTime::from_millis(time.as_millisecond())
}

fn timestamp(date: DateTime) -> Result<Timestamp, StoreError> {
    Timestamp::from_millisecond(date.timestamp_millis()).map_err(|_| StoreError::Unreadable {
        store: "mongodb",
        what: "a date is out of range".to_owned(),
    })
}
