//! What MongoDB deletes by itself.

use std::time::Duration;

use mongodb::bson::{Document, doc};
use mongodb::error::{Error as DriverError, ErrorKind};
use mongodb::options::IndexOptions;
use mongodb::{Database, IndexModel};

/// The name of the index by which a collection's documents expire.
pub(crate) const EXPIRY: &str = "expiry";

/// Two indexes of this name differ in their options.
const INDEX_OPTIONS_CONFLICT: i32 = 85;

/// Has MongoDB delete the documents of `collection` whose `field` is older than
/// `seconds`, whatever it was told before; it looks once a minute. `options` narrow
/// which documents.
///
/// # Errors
/// What the driver failed with.
pub(crate) async fn expire_after(
    database: &Database,
    collection: &str,
    field: &str,
    mut options: IndexOptions,
    seconds: i64,
) -> Result<(), DriverError> {
    options.name = Some(EXPIRY.to_owned());
    options.expire_after = Some(Duration::from_secs(seconds.unsigned_abs()));
    let index = IndexModel::builder()
        .keys(doc! { field: 1 })
        .options(options)
        .build();
    let created = database
        .collection::<Document>(collection)
        .create_index(index)
        .await;
    match created {
        Ok(_) => Ok(()),
        // The setting was another one before.
        Err(error) if code(&error) == Some(INDEX_OPTIONS_CONFLICT) => database
            .run_command(doc! {
                "collMod": collection,
                "index": { "name": EXPIRY, "expireAfterSeconds": seconds },
            })
            .await
            .map(|_| ()),
        Err(error) => Err(error),
    }
}

/// The server's number for what went wrong with a command.
pub(crate) fn code(error: &DriverError) -> Option<i32> {
    match error.kind.as_ref() {
        ErrorKind::Command(command) => Some(command.code),
        _ => None,
    }
}
