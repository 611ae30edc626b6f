//! The calendar of newer networks.

use serde_json::{Value, json};

use super::{Answer, Bench};

const CREATE: &str =
    "mutation($s: ID!, $i: CreateEventInput!) { createEvent(spaceId: $s, input: $i) {
    id title status startTime hostIds url capacity registrationsCount timeZone
    physicalLocations { displayName placeId latitude } virtualLocations { provider url }
} }";
const UPDATE: &str = "mutation($id: ID!, $i: UpdateEventInput!) { updateEvent(id: $id, input: $i) { title capacity endTime } }";
const DELETE: &str = "mutation($id: ID!) { deleteEvent(id: $id) { status } }";
const REGISTER: &str = "mutation($id: ID!) { registerForEvent(eventId: $id) { status } }";
const READ: &str = "query($id: ID!) { event(id: $id) {
    status registrationsCount authMemberProps { eventRegistration { status memberId } }
} }";
const LIST: &str = "query($s: [ID!]) { events(spaceIds: $s, limit: 5, orderBy: createdAt, reverse: true) { nodes { title } } }";

fn walk(bench: &Bench) -> Value {
    json!({
        "title": "Walk", "content": "<p>Shoes!</p>", "startTime": "2031-05-01T09:00:00Z",
        "endTime": "2031-05-01T11:00:00Z", "timeZone": "Europe/Lisbon",
        "hostIds": [bench.text("/members/1/id")], "capacity": 1,
        "physicalLocations": [{ "placeId": "P1", "latitude": 38.7, "longitude": -9.1, "displayName": "River" }],
        "virtualLocations": [{ "provider": "Meet", "url": "https://meet.example.com/1" }],
        "notificationSettings": { "notifyOnRegister": true, "notifyOnUpdate": true, "notifyOnDelete": true, "remindBefore": true },
    })
}

async fn create(bench: &Bench, input: &Value) -> Answer {
    let space = bench.id("spaces", "slug", "meetups");
    bench.ask(CREATE, json!({ "s": space, "i": input })).await
}

async fn titles(bench: &Bench) -> Value {
    let space = bench.id("spaces", "slug", "meetups");
    let answer = bench.ask(LIST, json!({ "s": [space] })).await;
    answer.data()["events"]["nodes"].clone()
}

#[tokio::test]
async fn an_event_is_checked_and_kept() {
    let bench = Bench::new().await;
    let input = walk(&bench);
    let answer = create(&bench, &input).await;
    let event = &answer.data()["createEvent"];
    assert_eq!(event["startTime"], "2031-05-01T09:00:00.000Z");
    assert_eq!(
        (&event["status"], &event["capacity"]),
        (&json!("published"), &json!(1))
    );
    assert_eq!(event["physicalLocations"][0]["displayName"], "River");
    assert_eq!(event["virtualLocations"][0]["provider"], "Meet");
    for (field, value) in [
        ("endTime", json!("2031-05-01T08:00:00Z")),
        ("timeZone", json!("Mars/Olympus")),
        ("startTime", json!("soon")),
        ("title", json!(" ")),
        ("hostIds", json!(["NOBODY0001"])),
        ("capacity", json!(0)),
        (
            "virtualLocations",
            json!([{ "provider": "x", "url": "nowhere" }]),
        ),
    ] {
        let mut wrong = input.clone();
        wrong[field] = value;
        assert_eq!(create(&bench, &wrong).await.refusal().1, field);
    }
}

#[tokio::test]
async fn an_event_changes_where_it_is_told_to_and_ends_as_a_tombstone() {
    let bench = Bench::new().await;
    let answer = create(&bench, &walk(&bench)).await;
    let id = answer.data()["createEvent"]["id"].clone();
    let change = json!({ "title": "Long walk" });
    let answer = bench.ask(UPDATE, json!({ "id": id, "i": change })).await;
    let changed = &answer.data()["updateEvent"];
    assert_eq!(
        *changed,
        json!({ "title": "Long walk", "capacity": 1, "endTime": "2031-05-01T11:00:00.000Z" })
    );
    let change = json!({ "endTime": "2030-01-01T00:00:00Z" });
    let answer = bench.ask(UPDATE, json!({ "id": id, "i": change })).await;
    assert_eq!(answer.refusal(), ("100", "endTime"));

    let member = bench.acting_as(&bench.text("/members/6/id")).await;
    let answer = bench.ask_as(&member, DELETE, json!({ "id": id })).await;
    assert_eq!(answer.refusal().0, "102");
    assert_eq!(titles(&bench).await, json!([{ "title": "Long walk" }]));
    bench.ask(DELETE, json!({ "id": id })).await.data();
    assert_eq!(titles(&bench).await, json!([]));
    let answer = bench.ask(READ, json!({ "id": id })).await;
    assert_eq!(answer.data()["event"]["status"], "deleted");
    assert_eq!(
        bench.ask(DELETE, json!({ "id": id })).await.refusal().0,
        "110"
    );
}

#[tokio::test]
async fn a_member_registers_once_and_a_full_event_takes_nobody() {
    let bench = Bench::new().await;
    let answer = create(&bench, &walk(&bench)).await;
    let id = answer.data()["createEvent"]["id"].clone();
    let (one, other) = (bench.text("/members/6/id"), bench.text("/members/7/id"));
    let (token, late) = (bench.acting_as(&one).await, bench.acting_as(&other).await);
    for _ in 0..2 {
        let answer = bench.ask_as(&token, REGISTER, json!({ "id": id })).await;
        assert_eq!(answer.data()["registerForEvent"]["status"], "succeeded");
    }
    let answer = bench.ask_as(&late, REGISTER, json!({ "id": id })).await;
    assert_eq!(answer.refusal(), ("100", "eventId"));
    let read = bench.ask_as(&token, READ, json!({ "id": id })).await;
    let event = read.data()["event"].clone();
    assert_eq!(event["registrationsCount"], 1);
    let own = &event["authMemberProps"]["eventRegistration"];
    assert_eq!(*own, json!({ "status": "registered", "memberId": one }));
    let read = bench.ask_as(&late, READ, json!({ "id": id })).await;
    assert!(read.data()["event"]["authMemberProps"]["eventRegistration"].is_null());
}
