//! The indexes, and what MongoDB deletes by itself.

use mongodb::bson::{Document, doc};
use mongodb::error::Error as DriverError;
use mongodb::options::IndexOptions;
use mongodb::{Collection, Database, IndexModel};

use super::{ACTIVITIES, COUNTS};
use crate::activities::Retention;
use crate::stores::mongo::expiry::{EXPIRY, code, expire_after};

const NAMESPACE_NOT_FOUND: i32 = 26;
const INDEX_NOT_FOUND: i32 = 27;

pub(super) async fn create(database: &Database) -> Result<(), DriverError> {
    let of_lists = [(false, false), (false, true), (true, false), (true, true)];
    let sparse = IndexOptions::builder().sparse(true).build();
    let others = IndexModel::builder()
        .keys(doc! { "others": 1 })
        .options(sparse)
        .build();
    let indexes = of_lists
        .into_iter()
        .map(|(member, kind)| of_list(member, kind))
        .map(|keys| IndexModel::builder().keys(keys).build())
        .chain([others]);
    collection(database, ACTIVITIES)
        .create_indexes(indexes)
        .await?;
    let ranking = IndexModel::builder()
        .keys(doc! { "level": 1, "period": 1, "count": -1, "member_id": 1 })
        .options(partial(doc! { "ranked": true }))
        .build();
    collection(database, COUNTS).create_index(ranking).await?;
    Ok(())
}

/// The index of lists with these filters: what is filtered by, then the order.
pub(in crate::activities) fn of_list(member: bool, kind: bool) -> Document {
    let mut keys = Document::new();
    if member {
        keys.insert("member_id", 1);
    }
    if kind {
        keys.insert("kind", 1);
    }
    keys.insert("timestamp", -1);
    keys.insert("_id", -1);
    keys
}

/// Has MongoDB delete what is too old, or nothing; it looks once a minute.
pub(super) async fn expire(database: &Database, retention: Retention) -> Result<(), DriverError> {
    let of_members = doc! { "member_id": { "$gt": "" } };
    for (name, field, options) in [
        (ACTIVITIES, "timestamp", IndexOptions::default()),
        (COUNTS, "last_active_at", partial(of_members)),
    ] {
        match retention.seconds() {
            Some(seconds) => expire_after(database, name, field, options, seconds).await?,
            None => keep(&collection(database, name)).await?,
        }
    }
    Ok(())
}

async fn keep(collection: &Collection<Document>) -> Result<(), DriverError> {
    match collection.drop_index(EXPIRY).await {
        Err(error) if !matches!(code(&error), Some(INDEX_NOT_FOUND | NAMESPACE_NOT_FOUND)) => {
            Err(error)
        }
        _ => Ok(()),
    }
}

fn partial(filter: Document) -> IndexOptions {
    IndexOptions::builder()
        .partial_filter_expression(filter)
        .build()
}

fn collection(database: &Database, name: &str) -> Collection<Document> {
    database.collection(name)
}
