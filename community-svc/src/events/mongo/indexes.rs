//! The indexes of the collection. Lists name theirs, so that MongoDB has no other
//! plan to choose. They need MongoDB 6.0.

use mongodb::IndexModel;
use mongodb::bson::{Bson, Document, doc};
use mongodb::options::IndexOptions;

use crate::events::{EventQuery, EventState, Projection};

/// All but the one by which MongoDB deletes what is old.
pub(super) fn all() -> Vec<IndexModel> {
    let mut all = vec![
        // `_id` keeps events unique even where this index was lost; it says so to
        // people and serves their queries.
        IndexModel::builder()
            .keys(doc! { "event_id": 1 })
            .options(IndexOptions::builder().unique(true).build())
            .build(),
        plain(by_receipt()),
        plain(by_type()),
        plain(by_member()),
        plain(by_member_and_type()),
        partial(
            by_state(),
            doc! { "state": { "$in": [EventState::Pending.name(), EventState::Dead.name()] } },
        ),
        partial(due(), doc! { "state": EventState::Pending.name() }),
    ];
    all.extend(Projection::ALL.map(|projection| {
        let failed_at = format!("projections.{}.failed_at", projection.name());
        partial(dead(projection), doc! { failed_at: { "$exists": true } })
    }));
    all
}

/// The index of a list. A state other than done has an index of its own.
pub(super) fn of(query: &EventQuery) -> Document {
    match (&query.member_id, &query.event_type, query.state) {
        (Some(_), Some(_), _) => by_member_and_type(),
        (Some(_), None, _) => by_member(),
        (None, _, Some(EventState::Pending | EventState::Dead)) => by_state(),
        (None, Some(_), _) => by_type(),
        (None, None, _) => by_receipt(),
    }
}

/// The index of the work that is due, the oldest first.
pub(super) fn due() -> Document {
    doc! { "next_attempt_at": 1, "received_at": 1, "event_id": 1 }
}

/// The index of a projection's dead letters.
pub(super) fn dead(projection: Projection) -> Document {
    let failed_at = format!("projections.{}.failed_at", projection.name());
    Document::from_iter([
        (failed_at, Bson::Int32(-1)),
        ("event_id".to_owned(), Bson::Int32(-1)),
    ])
}

fn by_receipt() -> Document {
    doc! { "received_at": -1, "event_id": -1 }
}

fn by_type() -> Document {
    doc! { "event_type": 1, "received_at": -1, "event_id": -1 }
}

fn by_member() -> Document {
    doc! { "member_ids": 1, "received_at": -1, "event_id": -1 }
}

fn by_member_and_type() -> Document {
    doc! { "member_ids": 1, "event_type": 1, "received_at": -1, "event_id": -1 }
}

/// Of what waits or was given up on.
pub(super) fn by_state() -> Document {
    doc! { "state": 1, "received_at": -1, "event_id": -1 }
}

fn plain(keys: Document) -> IndexModel {
    IndexModel::builder().keys(keys).build()
}

fn partial(keys: Document, of: Document) -> IndexModel {
    let options = IndexOptions::builder()
        .partial_filter_expression(of)
        .build();
    IndexModel::builder().keys(keys).options(options).build()
}
