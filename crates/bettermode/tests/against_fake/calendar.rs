//! Events, in the calendar of the one generation and as posts of the other.

use std::time::Duration;

use bettermode::{
    CalendarEvent, Error, EventChange, EventDetails, EventStatus, NewEvent, SoughtEvent, SpaceId,
    Subject, VirtualPlace,
};
use fake_bettermode::Generation;

use super::{Stage, both, clock};

#[tokio::test]
async fn an_event_is_created_found_again_changed_and_cancelled_in_either_generation() {
    both(async |stage, _| {
        let space = meetups(&stage).await;
        let new = NewEvent {
            space_id: space.clone(),
            details: walk(),
        };
        let sought = SoughtEvent {
            space_id: &space,
            title: "Walk",
            start: new.details.start,
            since: clock()() - Duration::from_secs(60),
        };
        let event = stage.client.create_event(&new).await.unwrap();
        assert_eq!(
            (event.start, event.end),
            (new.details.start, Some(new.details.end))
        );
        assert_eq!(
            (&event.title[..], event.status.clone()),
            ("Walk", EventStatus::Published)
        );
        assert_eq!(
            event.virtual_places[0].url,
            new.details.virtual_places[0].url
        );
        let found = stage.client.find_event(&sought).await.unwrap();
        assert_eq!(found, std::slice::from_ref(&event));

        let change = EventChange {
            title: Some("Long walk".to_owned()),
            capacity: Some(3),
            ..EventChange::default()
        };
        let changed = stage.client.update_event(&event.id, &change).await.unwrap();
        assert_eq!(
            (&changed.title[..], changed.capacity),
            ("Long walk", Some(3))
        );
        assert_eq!(
            (changed.start, &changed.virtual_places),
            (event.start, &event.virtual_places)
        );
        assert_eq!(stage.client.find_event(&sought).await.unwrap(), vec![]);
        gone(&stage, &changed).await;
        stage.predictions_held();
    })
    .await;
}

/// Cancels an event, which is listed before and not after.
async fn gone(stage: &Stage, event: &CalendarEvent) {
    let first = stage.client.events(&event.space_id, 1, None).await.unwrap();
    assert_eq!(first.items[0].id, event.id);
    stage.client.cancel_event(&event.id).await.unwrap();
    let all = stage
        .client
        .events(&event.space_id, 50, None)
        .await
        .unwrap();
    assert!(all.items.iter().all(|one| one.id != event.id));
    let (gone, _) = stage.client.event(&event.id).await.unwrap();
    assert_eq!(gone.status, EventStatus::Deleted);
    let what = Subject::Event;
    let again = stage.client.cancel_event(&event.id).await;
    assert_eq!(again, Err(Error::NotFound { what }));
}

#[tokio::test]
async fn members_register_where_there_is_a_calendar() {
    both(async |stage, generation| {
        let new = NewEvent {
            space_id: meetups(&stage).await,
            details: walk(),
        };
        let event = stage.client.create_event(&new).await.unwrap();
        let member = stage.members().await[2].0.clone();
        let coming = stage.client.acting_as(member).unwrap();
        let registered = coming.register_for_event(&event.id).await;
        if generation == Generation::Published {
            assert!(matches!(registered, Err(Error::NotSupported { .. })));
            return;
        }
        registered.unwrap();
        let (event, registered) = coming.event(&event.id).await.unwrap();
        assert_eq!((event.registrations, registered), (Some(1), true));
        assert!(!stage.client.event(&event.id).await.unwrap().1);
        stage.predictions_held();
    })
    .await;
}

async fn meetups(stage: &Stage) -> SpaceId {
    let data = stage
        .ask("{ spaces(limit: 20) { nodes { id slug } } }")
        .await;
    let mut spaces = data["spaces"]["nodes"].as_array().unwrap().iter();
    let meetups = spaces.find(|space| space["slug"] == "meetups").unwrap();
    SpaceId::new(meetups["id"].as_str().unwrap())
}

fn walk() -> EventDetails {
    let meeting = VirtualPlace {
        url: "https://meet.example.com/1".to_owned(),
        provider: None,
    };
    EventDetails {
        title: "Walk".to_owned(),
        html: "<p>Shoes!</p>".to_owned(),
        start: "2031-05-01T09:00:00Z".parse().unwrap(),
        end: "2031-05-01T11:00:00Z".parse().unwrap(),
        time_zone: "Europe/Lisbon".to_owned(),
        physical_places: vec![],
        virtual_places: vec![meeting],
        host_ids: vec![],
        capacity: Some(2),
        notify: true,
    }
}
