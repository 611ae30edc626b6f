//! How the store answers each question: what it says itself about the statements that
//! the service really ran.
//!
//! MongoDB's profiler keeps the plan of each operation. SQLite is asked afterwards: the
//! service logs the text of each statement that reads, without values, when it is told to.

use std::path::Path;

use integration_tests::eventually;
use mongodb::bson::{Document, doc};
use mongodb::{Client, Database};
use rand::SeedableRng as _;
use rand::rngs::StdRng;
use rusqlite::{Connection, OpenFlags};

use super::data::World;
use super::queries::Ask;
use super::questions;
use crate::system::{Service, Store};

/// Where the service logs the statements that it runs on SQLite.
const STATEMENTS: &str = "community_svc::stores::sqlite";

/// The plan of each question, in their order. Starts the service anew.
pub(super) async fn of_all(service: &mut Service, world: &World) -> Vec<String> {
    match service.store.clone() {
        Store::MongoDb { uri, database, .. } => {
            let client = Client::with_uri_str(&uri).await;
            let client = client.expect("the address is one that the driver takes");
            profiled(service, world, &client.database(&database)).await
        }
        Store::Sqlite(file) => explained(service, world, &file).await,
        Store::Nothing => Vec::new(),
    }
}

async fn profiled(service: &Service, world: &World, database: &Database) -> Vec<String> {
    let mut ask = Ask::new(service.address).await;
    let mut rng = StdRng::seed_from_u64(2);
    let profile = |level: i32| database.run_command(doc! { "profile": level, "slowms": 0 });
    let mut plans = Vec::new();
    for question in questions::all() {
        let collection = database.collection::<Document>("system.profile");
        collection.drop().await.expect("the profile can be dropped");
        profile(2).await.expect("mongod keeps a profile");
        ask.once(question.make(world, &mut rng)).await;
        profile(0).await.expect("mongod ends the profile");
        let filter = doc! { "planSummary": { "$exists": true } };
        let mut found = collection.find(filter).sort(doc! { "ts": 1 }).await;
        let found = found.as_mut().expect("the profile can be read");
        let mut steps = Vec::new();
        while found.advance().await.expect("the profile can be read") {
            let step = found
                .deserialize_current()
                .expect("a profile holds documents");
            steps.push(profile_text(&step));
        }
        plans.push(joined(steps));
    }
    plans
}

fn profile_text(step: &Document) -> String {
    let number = |key: &str| {
        let number = step
            .get_i32(key)
            .map(i64::from)
            .or_else(|_| step.get_i64(key));
        number.unwrap_or(0)
    };
    let collection = step.get_str("ns").unwrap_or_default();
    let collection = collection
        .split_once('.')
        .map_or(collection, |(_, name)| name);
    format!(
        "{collection}: {} ({} keys, {} documents, {} found)",
        step.get_str("planSummary").unwrap_or_default(),
        number("keysExamined"),
        number("docsExamined"),
        number("nreturned")
    )
}

async fn explained(service: &mut Service, world: &World, file: &Path) -> Vec<String> {
    let program = &mut service.program;
    program.set("LOG_LEVEL", &format!("warn,{STATEMENTS}=trace"));
    program.set("LOG_FORMAT", "json");
    program.restart().await;
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY;
    let connection = Connection::open_with_flags(file, flags).expect("the file can be read");
    let mut ask = Ask::new(service.address).await;
    let mut rng = StdRng::seed_from_u64(2);
    let mut plans = Vec::new();
    for question in questions::all() {
        let before = statements(service).len();
        ask.once(question.make(world, &mut rng)).await;
        let ran = eventually("the service logs what it ran", async || {
            let ran = statements(service).split_off(before);
            if ran.is_empty() {
                return Err("no statement so far");
            }
            Ok(ran)
        })
        .await;
        let steps = ran
            .iter()
            .flat_map(|sql| explain(&connection, sql))
            .collect();
        plans.push(joined(steps));
    }
    plans
}

/// The statements that were logged so far, but for those that begin and end a reading.
fn statements(service: &Service) -> Vec<String> {
    let lines = service.program.json_lines();
    let statement = |line: &serde_json::Value| {
        let text = line.pointer("/fields/statement")?.as_str()?;
        text.contains("SELECT").then(|| text.to_owned())
    };
    lines.iter().filter_map(statement).collect()
}

/// SQLite's plan does not depend on the values, so none are given.
fn explain(connection: &Connection, sql: &str) -> Vec<String> {
    let mut statement = connection
        .prepare(&format!("EXPLAIN QUERY PLAN {sql}"))
        .expect("what the service ran can be explained");
    let rows = statement
        .raw_query()
        .mapped(|row| row.get::<_, String>("detail"));
    rows.collect::<Result<_, _>>().expect("a plan has details")
}

/// Each step once, in their order: a page looks up the same thing for many rows.
fn joined(mut steps: Vec<String>) -> String {
    let mut seen = Vec::new();
    steps.retain(|step| {
        let is_new = !seen.contains(step);
        seen.push(step.clone());
        is_new
    });
    steps.join("; ")
}
