//! What callers ask: the lists with the filters that they combine, and the summaries.

use community_proto::v1::{
    GetActivitySummaryRequest, ListMemberActivitiesRequest, ListWebhookEventsRequest,
    WebhookEventState,
};
use rand::rngs::StdRng;

use super::data::{self, World};

/// A question whose parameters are chosen anew each time.
pub(super) struct Question {
    pub(super) name: &'static str,
    asked: Asked,
}

/// A call to the service.
pub(super) enum Request {
    Events(ListWebhookEventsRequest),
    Activities(ListMemberActivitiesRequest),
    Summary(GetActivitySummaryRequest),
}

#[derive(Clone, Copy)]
enum Asked {
    /// Of whom, of what, within how many hours (0 for any time), in which state.
    Events(Who, What, u64, WebhookEventState),
    Activities(Who, What, u64),
    /// Of whom, and how many characters of a day name the period.
    Summary(Who, usize),
}

#[derive(Clone, Copy)]
enum Who {
    Everybody,
    Somebody,
    Busiest,
}

#[derive(Clone, Copy)]
enum What {
    Anything,
    Something,
    Frequent,
    Rare,
}

use self::What::{Anything, Frequent, Rare, Something};
use self::Who::{Busiest, Everybody, Somebody};
use WebhookEventState::{Dead, Done, Pending, Unspecified};

const DAY: u64 = 24;
const A_DAY: usize = "2026-11-23".len();
const A_MONTH: usize = "2026-11".len();
const A_YEAR: usize = "2026".len();

const QUESTIONS: &[(&str, Asked)] = &[
    (
        "events: all",
        Asked::Events(Everybody, Anything, 0, Unspecified),
    ),
    (
        "events: all, 500 a page",
        Asked::Events(Everybody, Anything, 0, Unspecified),
    ),
    (
        "events: all, deep",
        Asked::Events(Everybody, Anything, 0, Unspecified),
    ),
    (
        "events: type",
        Asked::Events(Everybody, Something, 0, Unspecified),
    ),
    (
        "events: frequent type, deep",
        Asked::Events(Everybody, Frequent, 0, Unspecified),
    ),
    (
        "events: rare type",
        Asked::Events(Everybody, Rare, 0, Unspecified),
    ),
    (
        "events: member",
        Asked::Events(Somebody, Anything, 0, Unspecified),
    ),
    (
        "events: busiest member, deep",
        Asked::Events(Busiest, Anything, 0, Unspecified),
    ),
    (
        "events: an hour",
        Asked::Events(Everybody, Anything, 1, Unspecified),
    ),
    (
        "events: 30 days",
        Asked::Events(Everybody, Anything, 30 * DAY, Unspecified),
    ),
    ("events: done", Asked::Events(Everybody, Anything, 0, Done)),
    (
        "events: pending",
        Asked::Events(Everybody, Anything, 0, Pending),
    ),
    ("events: dead", Asked::Events(Everybody, Anything, 0, Dead)),
    (
        "events: type, 7 days",
        Asked::Events(Everybody, Something, 7 * DAY, Unspecified),
    ),
    (
        "events: type, pending",
        Asked::Events(Everybody, Frequent, 0, Pending),
    ),
    (
        "events: 30 days, dead",
        Asked::Events(Everybody, Anything, 30 * DAY, Dead),
    ),
    (
        "events: member, type",
        Asked::Events(Somebody, Something, 0, Unspecified),
    ),
    (
        "events: busiest member, rare type",
        Asked::Events(Busiest, Rare, 0, Unspecified),
    ),
    (
        "events: member, 7 days",
        Asked::Events(Somebody, Anything, 7 * DAY, Unspecified),
    ),
    (
        "events: busiest member, dead",
        Asked::Events(Busiest, Anything, 0, Dead),
    ),
    (
        "events: busiest member, frequent type, pending",
        Asked::Events(Busiest, Frequent, 0, Pending),
    ),
    (
        "events: member, type, 30 days, done",
        Asked::Events(Somebody, Something, 30 * DAY, Done),
    ),
    ("activities: all", Asked::Activities(Everybody, Anything, 0)),
    (
        "activities: all, 500 a page",
        Asked::Activities(Everybody, Anything, 0),
    ),
    (
        "activities: all, deep",
        Asked::Activities(Everybody, Anything, 0),
    ),
    (
        "activities: member",
        Asked::Activities(Somebody, Anything, 0),
    ),
    (
        "activities: busiest member, deep",
        Asked::Activities(Busiest, Anything, 0),
    ),
    (
        "activities: frequent kind, deep",
        Asked::Activities(Everybody, Frequent, 0),
    ),
    (
        "activities: rare kind",
        Asked::Activities(Everybody, Rare, 0),
    ),
    (
        "activities: member, kind",
        Asked::Activities(Somebody, Frequent, 0),
    ),
    (
        "activities: busiest member, rare kind",
        Asked::Activities(Busiest, Rare, 0),
    ),
    (
        "activities: an hour",
        Asked::Activities(Everybody, Anything, 1),
    ),
    (
        "activities: member, 7 days",
        Asked::Activities(Somebody, Anything, 7 * DAY),
    ),
    (
        "activities: rare kind, 7 days",
        Asked::Activities(Everybody, Rare, 7 * DAY),
    ),
    (
        "activities: member, kind, 30 days",
        Asked::Activities(Somebody, Frequent, 30 * DAY),
    ),
    (
        "summary: community, a day",
        Asked::Summary(Everybody, A_DAY),
    ),
    (
        "summary: community, a month",
        Asked::Summary(Everybody, A_MONTH),
    ),
    (
        "summary: community, a year",
        Asked::Summary(Everybody, A_YEAR),
    ),
    ("summary: community, all time", Asked::Summary(Everybody, 0)),
    ("summary: member, a day", Asked::Summary(Somebody, A_DAY)),
    (
        "summary: member, a month",
        Asked::Summary(Somebody, A_MONTH),
    ),
    (
        "summary: busiest member, all time",
        Asked::Summary(Busiest, 0),
    ),
];

/// All of them.
pub(super) fn all() -> Vec<Question> {
    let question = |&(name, asked): &(&'static str, Asked)| Question { name, asked };
    QUESTIONS.iter().map(question).collect()
}

impl Question {
    /// Whether it is asked for page after page, from far behind the first one.
    pub(super) fn is_deep(&self) -> bool {
        self.name.ends_with("deep")
    }

    /// The question with parameters of its own.
    pub(super) fn make(&self, world: &World, rng: &mut StdRng) -> Request {
        let page_size = if self.name.ends_with("500 a page") {
            500
        } else {
            0
        };
        match self.asked {
            Asked::Events(who, what, hours, state) => {
                let (receive_time_from, receive_time_until) = world.stretch(hours, rng).unzip();
                Request::Events(ListWebhookEventsRequest {
                    page_size,
                    page_token: String::new(),
                    event_type: what.choose(rng),
                    member_id: who.choose(rng),
                    receive_time_from,
                    receive_time_until,
                    state: state.into(),
                })
            }
            Asked::Activities(who, what, hours) => {
                let (occur_time_from, occur_time_until) = world.stretch(hours, rng).unzip();
                Request::Activities(ListMemberActivitiesRequest {
                    member_id: who.choose(rng),
                    kind: what.choose(rng),
                    occur_time_from,
                    occur_time_until,
                    page_size,
                    page_token: String::new(),
                })
            }
            Asked::Summary(who, length) => Request::Summary(GetActivitySummaryRequest {
                member_id: who.choose(rng),
                period: world.day(rng)[..length].to_owned(),
                most_active_count: 100,
            }),
        }
    }
}

impl Who {
    fn choose(self, rng: &mut StdRng) -> String {
        match self {
            Everybody => String::new(),
            Somebody => data::member(rng),
            Busiest => data::busiest(),
        }
    }
}

impl What {
    /// The name of an event type; those below are names of activities, too.
    fn choose(self, rng: &mut StdRng) -> String {
        let name = match self {
            Anything => "",
            Something => data::event_type(rng),
            Frequent => data::FREQUENT_TYPE,
            Rare => data::RARE_TYPE,
        };
        name.to_owned()
    }
}
