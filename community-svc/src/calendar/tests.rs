use bettermode::EventDetails;

use crate::upstream::testing::Stage;

use super::*;

fn walk(stage: &Stage) -> NewEvent {
    let meetups = stage.id_of("spaces", "slug", "meetups");
    NewEvent {
        space_id: SpaceId::new(meetups),
        details: EventDetails {
            title: "Walk".to_owned(),
            html: "<p>Shoes!</p>".to_owned(),
            start: "2031-05-01T09:00:00Z".parse().unwrap(),
            end: "2031-05-01T11:00:00Z".parse().unwrap(),
            time_zone: "Europe/Lisbon".to_owned(),
            physical_places: vec![],
            virtual_places: vec![],
            host_ids: vec![],
            capacity: None,
            notify: false,
        },
    }
}

#[tokio::test]
async fn an_event_whose_answer_was_lost_is_found_either_way() {
    for (stage, operation) in [
        (Stage::newer().await, "createEvent"),
        (Stage::published().await, "createPost"),
    ] {
        let calendar = Calendar::new(stage.upstream.clone());
        let (new, since) = (walk(&stage), stage.now());
        let found = calendar.lookup_scheduled(&new, None, since).await;
        assert_eq!(found, Ok(vec![]));
        stage.fault_once("cut_body", operation).await;
        let lost = calendar.schedule(&new, None).await;
        assert!(
            matches!(lost, Err(Error::OutcomeUnknown { .. })),
            "{lost:?}"
        );
        let found = calendar.lookup_scheduled(&new, None, since).await.unwrap();
        assert_eq!((found.len(), found[0].title.as_str()), (1, "Walk"));
        // Another beginning is another event.
        let mut other = new.clone();
        other.details.start = new.details.end;
        let found = calendar.lookup_scheduled(&other, None, since).await;
        assert_eq!(found, Ok(vec![]));
    }
}

#[tokio::test]
async fn a_cancelling_and_a_registration_that_were_not_confirmed_are_seen() {
    let stage = Stage::newer().await;
    let calendar = Calendar::new(stage.upstream.clone());
    let event = calendar.schedule(&walk(&stage), None).await.unwrap();
    let member = MemberId::new(stage.text("/members/6/id"));
    let coming = Some(&member);
    let registered = async || calendar.lookup_registered(&event.id, coming).await;
    assert_eq!(registered().await, Ok(false));
    stage.fault_once("cut_body", "registerForEvent").await;
    calendar.register(&event.id, coming).await.unwrap_err();
    assert_eq!(registered().await, Ok(true));

    let cancelled = async || calendar.lookup_cancelled(&event.id, None).await;
    assert_eq!(cancelled().await, Ok(false));
    stage.fault_once("cut_body", "deleteEvent").await;
    calendar.cancel(&event.id, None).await.unwrap_err();
    assert_eq!(cancelled().await, Ok(true));
}
