use serde_json::{Value, json};

use crate::{
    Error, EventChange, EventId, GenerationChoice, SoughtEvent, SpaceId, Subject,
    testing::{Step, Upstream, data},
};

/// Minute `n` of one hour; everything is of that hour.
fn at(minute: u8) -> String {
    format!("2025-01-02T03:{minute:02}:00.000Z")
}

fn event(id: &str, title: &str, created: u8, status: &str) -> Value {
    json!({
        "id": id, "title": title, "content": "", "startTime": at(59), "endTime": at(59),
        "timeZone": "UTC", "status": status, "spaceId": "S", "createdById": "BOT",
        "createdAt": at(created), "updatedAt": at(created),
    })
}

fn events(nodes: &[Value], next: Option<&str>) -> Step {
    let info = json!({ "endCursor": next, "hasNextPage": next.is_some() });
    data(&json!({ "events": { "nodes": nodes, "pageInfo": info } }))
}

fn event_post(kinds: &[&str], status: &str) -> Step {
    let mapping =
        |kind: &&str| json!({ "key": format!("a_{kind}"), "type": kind, "required": false });
    let mut mappings: Vec<_> = kinds.iter().map(mapping).collect();
    mappings.push(json!({ "key": "title", "type": "text", "required": true }));
    data(&json!({ "post": {
        "id": "P", "spaceId": "S", "postTypeId": "T", "createdById": "BOT", "status": status,
        "title": "Walk", "url": null, "createdAt": at(1), "updatedAt": at(1),
        "mappingFields": [
            { "key": "title", "type": "text", "value": "\"Walk\"" },
            { "key": "a_date", "type": "date", "value": json!(at(30)).to_string() },
            { "key": "unrelated", "type": "boolean", "value": "true" },
        ],
        "postType": { "id": "T", "name": "T", "slug": "t", "mappings": mappings },
    } }))
}

fn two_dates() -> Step {
    let Step::Answer(status, headers, body) = event_post(&["date"], "PUBLISHED") else {
        panic!("an answer");
    };
    let mut body: Value = serde_json::from_str(&body).unwrap();
    let mappings = body["data"]["post"]["postType"]["mappings"].as_array_mut();
    mappings
        .unwrap()
        .push(json!({ "key": "the_end", "type": "date", "required": false }));
    Step::Answer(status, headers, body.to_string())
}

#[tokio::test]
async fn an_event_that_was_created_is_found_by_title_and_beginning() {
    let first = [
        event("E5", "Walk", 50, "published"),
        event("E4", "Talk", 40, "published"),
        event("E3", "Walk", 30, "deleted"),
    ];
    let second = [
        event("E2", "Walk", 20, "published"),
        event("E1", "Walk", 10, "published"),
    ];
    let upstream = Upstream::answering([events(&first, Some("c")), events(&second, Some("d"))]);
    let space = SpaceId::new("S");
    let sought = SoughtEvent {
        space_id: &space,
        title: "Walk",
        start: at(59).parse().unwrap(),
        since: at(15).parse().unwrap(),
    };
    let found = upstream.client().find_event(&sought).await.unwrap();
    let ids: Vec<_> = found.iter().map(|event| event.id.as_str()).collect();
    // What was created before is behind, and so is every page after it.
    assert_eq!(ids, ["E2", "E5"]);
    assert_eq!(upstream.count("Events"), 2);
}

#[tokio::test]
async fn an_older_network_registers_nobody_and_is_not_asked() {
    let upstream = Upstream::answering([]);
    let client = upstream.client_with(|config| config.generation = GenerationChoice::Published);
    let result = client.register_for_event(&EventId::new("P")).await;
    assert!(
        matches!(result, Err(Error::NotSupported { .. })),
        "{result:?}"
    );
    assert!(upstream.seen().is_empty());
}

#[tokio::test]
async fn only_a_post_that_is_an_event_is_cancelled_or_changed() {
    let no_event = Err(Error::NotFound {
        what: Subject::Event,
    });
    for post in [
        event_post(&["html"], "PUBLISHED"),
        event_post(&["date"], "DELETED"),
    ] {
        let upstream = Upstream::answering([post]);
        let client = upstream.client_with(|config| config.generation = GenerationChoice::Published);
        assert_eq!(client.cancel_event(&EventId::new("P")).await, no_event);
        assert_eq!(upstream.count("DeleteEventPost"), 0);
    }
}

#[tokio::test]
async fn a_change_of_a_post_sends_all_of_its_fields_and_keeps_it_published() {
    let answer = data(&json!({ "updatePost": {
        "id": "P", "spaceId": "S", "postTypeId": "T", "createdById": "BOT", "status": "PUBLISHED",
        "createdAt": at(1), "updatedAt": at(2), "mappingFields": [
            { "key": "a_date", "type": "date", "value": json!(at(30)).to_string() },
        ],
    } }));
    let upstream = Upstream::answering([event_post(&["date"], "PUBLISHED"), answer]);
    let client = upstream.client_with(|config| config.generation = GenerationChoice::Published);
    let change = EventChange {
        title: Some("Long walk".to_owned()),
        ..EventChange::default()
    };
    client
        .update_event(&EventId::new("P"), &change)
        .await
        .unwrap();
    let sent = upstream.seen().last().unwrap().variables["input"].clone();
    assert_eq!(sent["publish"], true);
    let fields = sent["mappingFields"].as_array().unwrap();
    let keys: Vec<_> = fields
        .iter()
        .map(|field| field["key"].as_str().unwrap())
        .collect();
    assert_eq!(keys, ["a_date", "unrelated", "title"]);
    assert_eq!(fields[2]["value"], "\"Long walk\"");
}

#[tokio::test]
async fn a_post_does_not_end_before_it_begins() {
    let upstream = Upstream::answering([two_dates()]);
    let client = upstream.client_with(|config| config.generation = GenerationChoice::Published);
    let change = EventChange {
        start: Some(at(50).parse().unwrap()),
        end: Some(at(40).parse().unwrap()),
        ..EventChange::default()
    };
    let result = client.update_event(&EventId::new("P"), &change).await;
    let field = Some("endTime".to_owned());
    assert!(matches!(result, Err(Error::InvalidInput { field: at, .. }) if at == field));
}
