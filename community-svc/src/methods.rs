//! Every method that can be called: who may, how urgent it is, what it leaves behind.
//!
//! One table, which a test holds against the contract: a method without an entry is
//! refused, and fails the test. Metrics count by the same table.

use crate::callers::{Scope, Scopes};

/// How much is lost when a call is refused because there are too many.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Priority {
    /// Pages, summaries and batches: the dearest, and nobody waits for one as for a
    /// single answer.
    Low,
    /// Reads of one thing.
    Normal,
    /// What a person has just done; webhooks, and the answers that BetterMode waits for.
    High,
    /// Probes: a service that is busy is not broken.
    Never,
}

/// What a call has the event store do, which few calls at once keep busy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum StoreUse {
    /// Read.
    Reads,
    /// Write.
    Writes,
}

/// What is known of a method before it runs.
#[derive(Debug)]
pub(crate) struct Entry {
    /// As in the HTTP request: `/package.Service/Method`.
    pub(crate) path: &'static str,
    /// A caller needs one of these; `None` asks nobody who calls.
    pub(crate) scopes: Option<Scopes>,
    /// Whether it changes something in the community or in what is kept of it, so that
    /// it is written to the audit log. What webhooks store is a record by itself.
    pub(crate) is_audited: bool,
    /// What goes last when there is too much.
    pub(crate) priority: Priority,
    /// What it has the event store do, where that is one page or one batch. What can take
    /// long is for administrators, seldom, and would keep the others waiting.
    pub(crate) store: Option<StoreUse>,
}

const METHODS: [Entry; 46] = [
    // The hot read comes first: it is found first.
    read("/community.v1.CommunityService/GetMember"),
    read("/community.v1.CommunityService/GetMemberByEmail"),
    bulk("/community.v1.CommunityService/BatchGetMembers"),
    write("/community.v1.CommunityService/InvalidateMember"),
    bulk("/community.v1.CommunityService/ListMembers"),
    write("/community.v1.CommunityService/UpdateMember"),
    write("/community.v1.CommunityService/InviteMembers"),
    admin("/community.v1.CommunityService/LinkMembers"),
    read("/community.v1.CommunityService/GetSpace"),
    bulk("/community.v1.CommunityService/ListSpaces"),
    bulk("/community.v1.CommunityService/ListSpaceMembers"),
    write("/community.v1.CommunityService/AddSpaceMember"),
    write("/community.v1.CommunityService/RemoveSpaceMember"),
    bulk("/community.v1.CommunityService/ListEventTypes"),
    read("/community.v1.CommunityService/GetPost"),
    bulk("/community.v1.CommunityService/ListPosts"),
    write("/community.v1.CommunityService/CreatePost"),
    write("/community.v1.CommunityService/UpdatePost"),
    write("/community.v1.CommunityService/DeletePost"),
    bulk("/community.v1.CommunityService/ListReplies"),
    write("/community.v1.CommunityService/CreateReply"),
    bulk("/community.v1.CommunityService/ListReactions"),
    write("/community.v1.CommunityService/AddReaction"),
    write("/community.v1.CommunityService/RemoveReaction"),
    bulk("/community.v1.CommunityService/ListDirectMessages"),
    write("/community.v1.CommunityService/SendDirectMessage"),
    bulk("/community.v1.CommunityService/ListEvents"),
    write("/community.v1.CommunityService/ScheduleEvent"),
    write("/community.v1.CommunityService/UpdateEvent"),
    write("/community.v1.CommunityService/CancelEvent"),
    write("/community.v1.CommunityService/RegisterForEvent"),
    anybody_known("/community.v1.CommunityService/GetStatus"),
    ingest("/community.v1.WebhookEventService/AnswerWebhook"),
    ingest("/community.v1.WebhookEventService/IngestWebhookEvents").writing(),
    read("/community.v1.WebhookEventService/GetWebhookEvent").reading(),
    bulk("/community.v1.WebhookEventService/ListWebhookEvents").reading(),
    bulk("/community.v1.WebhookEventService/WatchWebhookEvents"),
    admin("/community.v1.WebhookEventService/ListDeadLetters")
        .unaudited()
        .reading(),
    admin("/community.v1.WebhookEventService/ReplayWebhookEvents"),
    bulk("/community.v1.ActivityService/ListMemberActivities").reading(),
    bulk("/community.v1.ActivityService/GetActivitySummary").reading(),
    admin("/community.v1.ActivityService/EraseMemberData"),
    // Probes hold no secret.
    probe("/grpc.health.v1.Health/Check"),
    probe("/grpc.health.v1.Health/Watch"),
    reflection("/grpc.reflection.v1.ServerReflection/ServerReflectionInfo"),
    reflection("/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo"),
];

/// How many methods there are, and one for every other path.
pub(crate) const COUNT: usize = METHODS.len() + 1;

/// The name of every other path.
const OTHER: &str = "other";

/// A method: its place in the table, or the one after it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Method(usize);

impl Method {
    /// The method that the path names.
    pub(crate) fn of(path: &str) -> Self {
        let known = METHODS.iter().position(|known| known.path == path);
        Self(known.unwrap_or(METHODS.len()))
    }

    /// What is known of it; nothing of a path that no method has.
    pub(crate) fn entry(self) -> Option<&'static Entry> {
        METHODS.get(self.0)
    }

    /// Its name for logs and metrics, "other" for a path that no method has: a caller
    /// cannot make up names.
    pub(crate) fn label(self) -> &'static str {
        self.entry().map_or(OTHER, |entry| entry.path)
    }

    /// Its number, below [`COUNT`].
    pub(crate) fn index(self) -> usize {
        self.0
    }

    /// How urgent it is.
    pub(crate) fn priority(self) -> Priority {
        self.entry().map_or(Priority::Low, |entry| entry.priority)
    }
}

const fn entry(path: &'static str, scopes: Option<Scopes>, priority: Priority) -> Entry {
    Entry {
        path,
        scopes,
        is_audited: false,
        priority,
        store: None,
    }
}

/// Reads one thing.
const fn read(path: &'static str) -> Entry {
    entry(path, Some(Scopes::of(&[Scope::Read])), Priority::Normal)
}

/// Reads much.
const fn bulk(path: &'static str) -> Entry {
    entry(path, Some(Scopes::of(&[Scope::Read])), Priority::Low)
}

/// Changes the community, or what others read of it.
const fn write(path: &'static str) -> Entry {
    let scopes = Some(Scopes::of(&[Scope::Write]));
    entry(path, scopes, Priority::High).audited()
}

/// Brings webhooks.
const fn ingest(path: &'static str) -> Entry {
    entry(path, Some(Scopes::of(&[Scope::Ingest])), Priority::High)
}

/// Keeps the service in order.
const fn admin(path: &'static str) -> Entry {
    let scopes = Some(Scopes::of(&[Scope::Admin]));
    entry(path, scopes, Priority::High).audited()
}

/// Tells everybody who is known how the service is; the edge asks for its own health.
const fn anybody_known(path: &'static str) -> Entry {
    let scopes = Scopes::of(&[Scope::Read, Scope::Write, Scope::Ingest, Scope::Admin]);
    entry(path, Some(scopes), Priority::High)
}

/// Describes the service to people; the edge needs no description.
const fn reflection(path: &'static str) -> Entry {
    let scopes = Scopes::of(&[Scope::Read, Scope::Write, Scope::Admin]);
    entry(path, Some(scopes), Priority::Low)
}

const fn probe(path: &'static str) -> Entry {
    entry(path, None, Priority::Never)
}

impl Entry {
    const fn audited(mut self) -> Self {
        self.is_audited = true;
        self
    }

    const fn unaudited(mut self) -> Self {
        self.is_audited = false;
        self
    }

    const fn reading(mut self) -> Self {
        self.store = Some(StoreUse::Reads);
        self
    }

    const fn writing(mut self) -> Self {
        self.store = Some(StoreUse::Writes);
        self
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use prost::Message as _;

    use super::*;

    /// Every method that the server has, by its path.
    fn served() -> BTreeSet<String> {
        let sets = [
            community_proto::FILE_DESCRIPTOR_SET,
            tonic_health::pb::FILE_DESCRIPTOR_SET,
            tonic_reflection::pb::v1::FILE_DESCRIPTOR_SET,
            tonic_reflection::pb::v1alpha::FILE_DESCRIPTOR_SET,
        ];
        let mut paths = BTreeSet::new();
        for set in sets {
            for file in prost_types::FileDescriptorSet::decode(set).unwrap().file {
                for service in &file.service {
                    paths.extend(service.method.iter().map(|method| {
                        format!("/{}.{}/{}", file.package(), service.name(), method.name())
                    }));
                }
            }
        }
        paths
    }

    #[test]
    fn every_method_that_is_served_has_one_entry_and_no_entry_is_left_over() {
        let entries: BTreeSet<_> = METHODS.iter().map(|entry| entry.path.to_owned()).collect();
        assert_eq!(entries.len(), METHODS.len());
        assert_eq!(entries, served());
        for path in entries {
            assert_eq!(Method::of(&path).label(), path);
        }
    }

    #[test]
    fn what_only_reads_is_not_audited_and_what_changes_something_never_goes_by_reading() {
        for entry in &METHODS {
            let Some(scopes) = entry.scopes else {
                assert!(entry.path.starts_with("/grpc.health."), "{}", entry.path);
                continue;
            };
            let name = entry.path.rsplit('/').next().unwrap();
            let reads = ["Get", "List", "BatchGet", "Watch", "ServerReflection"]
                .iter()
                .any(|verb| name.starts_with(verb));
            let by_reading = scopes.intersects(Scopes::of(&[Scope::Read]));
            let by_ingesting = scopes == Scopes::of(&[Scope::Ingest]);
            assert_eq!(entry.is_audited, !reads && !by_ingesting, "{name}");
            assert!(reads || !by_reading, "{name}");
        }
    }

    #[test]
    fn a_path_that_no_method_has_is_named_by_nobody() {
        for path in ["", "/", "/community.v1.CommunityService/", "/a.B/C"] {
            assert_eq!(Method::of(path).label(), "other", "{path:?}");
            assert!(Method::of(path).entry().is_none());
        }
    }
}
