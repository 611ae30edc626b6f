//! What the edge is compared with: the least that takes a signed webhook at all, and
//! the usual way to keep one. Both are warp's stock server and a filter.

use std::net::SocketAddr;
use std::process::ExitCode;
use std::sync::Arc;

use bytes::Bytes;
use hmac::{Hmac, KeyInit as _, Mac as _};
use http::StatusCode;
use integration_tests::sandbox::WEBHOOK_SECRET;
use mongodb::bson::spec::BinarySubtype;
use mongodb::bson::{Binary, DateTime, Document, doc};
use mongodb::options::{Acknowledgment, WriteConcern};
use mongodb::{Client, Collection};
use serde_json::{Value, json};
use sha2::Sha256;
use warp::Filter as _;
use warp::reply::{Reply as _, Response};

/// The collection of the baseline that inserts.
pub(crate) const COLLECTION: &str = "webhooks";
/// Its database.
pub(crate) const DATABASE: &str = "baseline";

/// Which baseline.
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// Where it listens
    #[arg(long)]
    listen: SocketAddr,
    /// Insert each webhook here, one write with majority write concern for each
    /// request; without it the signature is checked and nothing else is done
    #[arg(long)]
    mongodb: Option<String>,
}

/// Serves until it is killed.
pub(crate) async fn run(options: Options) -> ExitCode {
    let collection = match &options.mongodb {
        Some(uri) => Some(collection(uri).await),
        None => None,
    };
    let collection = Arc::new(collection);
    let route = warp::path!("webhooks" / "bettermode")
        .and(warp::post())
        .and(warp::header::<String>("x-bettermode-request-timestamp"))
        .and(warp::header::<String>("x-bettermode-signature"))
        .and(warp::body::bytes())
        .then(move |timestamp: String, signature: String, body: Bytes| {
            let collection = Arc::clone(&collection);
            async move { answer(&timestamp, &signature, &body, collection.as_ref().as_ref()).await }
        });
    warp::serve(route).run(options.listen).await;
    ExitCode::SUCCESS
}

async fn answer(
    timestamp: &str,
    signature: &str,
    body: &[u8],
    collection: Option<&Collection<Document>>,
) -> Response {
    if !is_signed(timestamp, signature, body) {
        return StatusCode::FORBIDDEN.into_response();
    }
    if let Some(collection) = collection
        && insert(collection, body).await.is_none()
    {
        return StatusCode::SERVICE_UNAVAILABLE.into_response();
    }
    let reply = json!({ "type": "SUBSCRIPTION", "status": "SUCCEEDED", "data": {} });
    warp::reply::json(&reply).into_response()
}

fn is_signed(timestamp: &str, signature: &str, body: &[u8]) -> bool {
    let mut mac = Hmac::<Sha256>::new_from_slice(WEBHOOK_SECRET.as_bytes())
        .expect("HMAC takes keys of any length");
    mac.update(timestamp.as_bytes());
    mac.update(b":");
    mac.update(body);
    let mut tag = [0; 32];
    hex::decode_to_slice(signature, &mut tag).is_ok() && mac.verify_slice(&tag).is_ok()
}

async fn insert(collection: &Collection<Document>, body: &[u8]) -> Option<()> {
    let parsed: Value = serde_json::from_slice(body).ok()?;
    let document = doc! {
        "_id": parsed["data"]["id"].as_str()?,
        "received_at": DateTime::now(),
        "payload": Binary { subtype: BinarySubtype::Generic, bytes: body.to_vec() },
    };
    collection.insert_one(document).await.ok().map(|_| ())
}

async fn collection(uri: &str) -> Collection<Document> {
    let client = Client::with_uri_str(uri)
        .await
        .expect("the address is one that the driver takes");
    let concern = WriteConcern::builder()
        .w(Acknowledgment::Majority)
        .journal(true)
        .build();
    let options = mongodb::options::CollectionOptions::builder()
        .write_concern(concern)
        .build();
    client
        .database(DATABASE)
        .collection_with_options(COLLECTION, options)
}
