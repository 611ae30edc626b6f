//! A community in memory, behind the trait that the real one is behind.

use std::collections::{BTreeMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard};

use async_trait::async_trait;
use futures::stream::{self, BoxStream, StreamExt as _};
use jiff::Timestamp;
use notion_sync::community::{Community, Error, MemberRead, Page, Step};
use notion_sync::model::{Activity, Address, Event, Member, MemberId};
use tokio::sync::Notify;

/// The community and everything that happens in it.
#[derive(Clone, Default)]
pub(crate) struct TestCommunity {
    world: Arc<Mutex<World>>,
    news: Arc<Notify>,
}

#[derive(Default)]
pub(crate) struct World {
    pub(crate) members: BTreeMap<MemberId, Member>,
    /// In the order in which they happened.
    pub(crate) activities: Vec<Activity>,
    pub(crate) events: Vec<Event>,
    /// Events whose activities are still to come.
    pub(crate) due: HashSet<String>,
    /// What reads of members asked for.
    pub(crate) newer_than: Vec<Option<Timestamp>>,
    /// Tokens below this have expired.
    pub(crate) oldest_token: usize,
    pub(crate) is_away: bool,
}

impl TestCommunity {
    pub(crate) fn world(&self) -> MutexGuard<'_, World> {
        self.world.lock().unwrap()
    }

    pub(crate) fn add_members(&self, count: usize) {
        let mut world = self.world();
        for number in 0..count {
            let member = member(number);
            world.members.insert(member.id.clone(), member);
        }
    }

    pub(crate) fn change(&self, number: usize, change: impl FnOnce(&mut Member)) {
        let mut world = self.world();
        change(world.members.get_mut(&id(number)).unwrap());
    }

    /// Something happens: an event, and the activity that the service makes of it.
    pub(crate) fn happens(
        &self,
        number: usize,
        kind: &str,
        occurred_at: Timestamp,
        now: Timestamp,
    ) -> Event {
        let mut world = self.world();
        let event = Event {
            id: format!("e{}", world.events.len()),
            event_type: kind.to_owned(),
            object_id: id(number).as_str().to_owned(),
            occurred_at,
            received_at: now,
        };
        let activity = Activity {
            event_id: event.id.clone(),
            member_id: id(number),
            kind: kind.to_owned(),
            activity_type: kind.split('.').next().unwrap().to_owned(),
            post_id: "p1".to_owned(),
            parent_post_id: String::new(),
            space_id: "s1".to_owned(),
            reaction: String::new(),
            occurred_at,
            url: "https://community.example.org/p1".to_owned(),
        };
        let place = world
            .activities
            .partition_point(|other| other.occurred_at <= occurred_at);
        world.activities.insert(place, activity);
        world.events.push(event.clone());
        drop(world);
        self.news.notify_waiters();
        event
    }

    /// The same, without an activity.
    pub(crate) fn announces(&self, event_type: &str, number: usize, now: Timestamp) -> Event {
        let mut world = self.world();
        let event = Event {
            id: format!("e{}", world.events.len()),
            event_type: event_type.to_owned(),
            object_id: id(number).as_str().to_owned(),
            occurred_at: now,
            received_at: now,
        };
        world.events.push(event.clone());
        drop(world);
        self.news.notify_waiters();
        event
    }

    fn here(&self) -> Result<MutexGuard<'_, World>, Error> {
        let world = self.world();
        if world.is_away {
            return Err(Error::Unreachable("away".to_owned()));
        }
        Ok(world)
    }
}

pub(crate) fn id(number: usize) -> MemberId {
    MemberId::new(format!("m{number}"))
}

pub(crate) fn member(number: usize) -> Member {
    Member {
        id: id(number),
        username: format!("user{number}"),
        name: format!("Member {number}"),
        email: Address(format!("Member{number}@example.org")),
        status: "Active".to_owned(),
        role: "Member".to_owned(),
        tagline: String::new(),
        external_id: String::new(),
        locale: "en".to_owned(),
        picture_url: String::new(),
        url: format!("https://community.example.org/member/m{number}"),
        fields: vec![(
            "interests".to_owned(),
            serde_json::json!(["Arts, Crafts", "Music"]),
        )],
        joined_at: Some("2025-01-10T12:00:00Z".parse().unwrap()),
        updated_at: None,
        last_seen_at: None,
        verified_at: None,
    }
}

#[async_trait]
impl Community for TestCommunity {
    async fn watch(&self, token: &str) -> Result<BoxStream<'static, Result<Step, Error>>, Error> {
        let world = self.here()?;
        let begin = match token {
            "" => world.events.len(),
            token => token.parse().unwrap(),
        };
        if begin < world.oldest_token {
            return Err(Error::TokenUseless("RESUME_TOKEN_EXPIRED".to_owned()));
        }
        drop(world);
        let first = Step {
            event: None,
            resume_token: begin.to_string(),
        };
        let community = self.clone();
        let rest = stream::unfold((community, begin), |(community, at)| async move {
            loop {
                let news = Arc::clone(&community.news);
                let notified = news.notified();
                let event = {
                    let world = community.world();
                    if world.is_away {
                        let error = Error::Unreachable("away".to_owned());
                        drop(world);
                        return Some((Err(error), (community, at)));
                    }
                    world.events.get(at).cloned()
                };
                if event.is_some() {
                    let step = Step {
                        event,
                        resume_token: (at + 1).to_string(),
                    };
                    return Some((Ok(step), (community, at + 1)));
                }
                notified.await;
            }
        });
        Ok(stream::once(async { Ok(first) }).chain(rest).boxed())
    }

    async fn members(&self, token: &str) -> Result<Page<Member>, Error> {
        let world = self.here()?;
        let begin: usize = token.parse().unwrap_or(0);
        let items: Vec<_> = world
            .members
            .values()
            .skip(begin)
            .take(100)
            .cloned()
            .collect();
        let end = begin + items.len();
        let next = if end < world.members.len() {
            end.to_string()
        } else {
            String::new()
        };
        Ok(Page { items, next })
    }

    async fn read_members(
        &self,
        ids: &[MemberId],
        newer_than: Option<Timestamp>,
    ) -> Result<Vec<MemberRead>, Error> {
        let mut world = self.here()?;
        world.newer_than.push(newer_than);
        let read = |id: &MemberId| match world.members.get(id) {
            Some(member) => MemberRead::Found(Box::new(member.clone())),
            None => MemberRead::Gone(id.clone()),
        };
        Ok(ids.iter().map(read).collect())
    }

    async fn activities(
        &self,
        between: Option<(Timestamp, Timestamp)>,
        token: &str,
    ) -> Result<Page<Activity>, Error> {
        let world = self.here()?;
        let begin: usize = token.parse().unwrap_or(0);
        let all = &world.activities;
        let place = |time| all.partition_point(|activity| activity.occurred_at < time);
        let range = between.map_or(0..all.len(), |(from, until)| place(from)..place(until));
        // The latest first.
        let known = |activity: &&Activity| !world.due.contains(&activity.event_id);
        let found = all[range].iter().rev().filter(known);
        let mut items: Vec<_> = found.skip(begin).take(501).cloned().collect();
        let more = items.len() > 500;
        items.truncate(500);
        let next = if more {
            (begin + 500).to_string()
        } else {
            String::new()
        };
        Ok(Page { items, next })
    }

    async fn activities_are_due(&self, event_id: &str) -> Result<bool, Error> {
        Ok(self.here()?.due.contains(event_id))
    }

    async fn version(&self) -> Result<String, Error> {
        drop(self.here()?);
        Ok("0.1.0".to_owned())
    }
}
