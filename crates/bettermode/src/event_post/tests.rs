use super::*;
use crate::PostTypeMapping;

fn kind(mappings: &[(&str, MappingType, bool)]) -> PostType {
    let mapping = |(key, kind, required): &(&str, MappingType, bool)| PostTypeMapping {
        key: (*key).to_owned(),
        kind: kind.clone(),
        required: *required,
    };
    PostType {
        id: PostTypeId::new("t"),
        name: "Event".to_owned(),
        slug: "event".to_owned(),
        mappings: mappings.iter().map(mapping).collect(),
    }
}

/// What a community may well have.
fn meetup() -> PostType {
    use MappingType::{Date, Html, Number, Text};
    kind(&[
        ("title", Text, true),
        ("content", Html, false),
        ("ends_on", Date, false),
        ("startsOn", Date, true),
        ("time_zone", Text, false),
        ("venue", Text, false),
        ("meeting_link", Text, false),
        ("max_seats", Number, false),
    ])
}

fn post(fields: Vec<MappingField>) -> EventPost {
    EventPost {
        id: EventId::new("e"),
        space_id: SpaceId::new("s"),
        post_type_id: PostTypeId::new("t"),
        created_by_id: MemberId::new("m"),
        status: PostStatus::Published,
        title: None,
        url: None,
        created_at: Timestamp::UNIX_EPOCH,
        updated_at: Timestamp::UNIX_EPOCH,
        fields,
    }
}

fn river() -> PhysicalPlace {
    PhysicalPlace {
        name: Some("River".to_owned()),
        address: Some("Lisbon".to_owned()),
        ..PhysicalPlace::default()
    }
}

fn meeting() -> VirtualPlace {
    VirtualPlace {
        url: "https://meet.example.com/1".to_owned(),
        provider: None,
    }
}

fn whole() -> EventChange {
    EventChange {
        title: Some("A \"walk\"".to_owned()),
        html: Some("<p>Shoes!</p>".to_owned()),
        start: Some("2031-05-01T09:00:00.5Z".parse().unwrap()),
        end: Some("2031-05-01T11:00:00Z".parse().unwrap()),
        time_zone: Some("Europe/Lisbon".to_owned()),
        physical_places: Some(vec![river()]),
        virtual_places: Some(vec![meeting()]),
        capacity: Some(40),
        ..EventChange::default()
    }
}

#[test]
fn what_is_written_into_a_post_is_read_from_it() {
    let kind = meetup();
    let layout = Layout::of(&kind).unwrap();
    assert!(layout.is_enough());
    let fields = layout.fields(&whole()).unwrap();
    let start = fields.iter().find(|field| field.key == "startsOn").unwrap();
    assert_eq!(start.json_value, "\"2031-05-01T09:00:00.500Z\"");
    let event = layout.read(post(fields)).unwrap();
    let expected = whole();
    assert_eq!(Some(event.title), expected.title);
    assert_eq!(Some(event.html), expected.html);
    assert_eq!(Some(event.start), expected.start);
    assert_eq!(
        (event.end, event.capacity),
        (expected.end, expected.capacity)
    );
    assert_eq!(event.time_zone, expected.time_zone);
    assert_eq!(
        event.physical_places[0].name.as_deref(),
        Some("River, Lisbon")
    );
    assert_eq!(Some(event.virtual_places), expected.virtual_places);
}

#[test]
fn without_a_field_for_links_the_place_may_be_one() {
    let mut kind = meetup();
    kind.mappings
        .retain(|mapping| mapping.key != "meeting_link");
    let layout = Layout::of(&kind).unwrap();
    let change = EventChange {
        virtual_places: Some(vec![meeting()]),
        physical_places: Some(vec![]),
        ..EventChange::default()
    };
    let mut fields = layout.fields(&change).unwrap();
    fields.extend(
        layout
            .fields(&EventChange {
                start: whole().start,
                ..EventChange::default()
            })
            .unwrap(),
    );
    let event = layout.read(post(fields)).unwrap();
    assert_eq!(
        (event.virtual_places, event.physical_places),
        (vec![meeting()], vec![])
    );
    // There is room for one of the two.
    let result = layout.fields(&whole());
    assert!(
        matches!(result, Err(Error::NotSupported { .. })),
        "{result:?}"
    );
}

#[test]
fn what_a_post_has_no_field_for_is_refused() {
    let mut kind = meetup();
    kind.mappings.truncate(4);
    let layout = Layout::of(&kind).unwrap();
    let none = EventChange::default;
    let host = Some(vec![MemberId::new("m")]);
    for change in [
        EventChange {
            capacity: Some(1),
            ..none()
        },
        EventChange {
            physical_places: Some(vec![river()]),
            ..none()
        },
        EventChange {
            host_ids: host,
            ..none()
        },
    ] {
        let result = layout.fields(&change);
        assert!(
            matches!(result, Err(Error::NotSupported { .. })),
            "{result:?}"
        );
    }
    // Nothing of these, and a time zone without a field, are no loss.
    let nothing = EventChange {
        physical_places: Some(vec![]),
        host_ids: Some(vec![]),
        time_zone: Some("UTC".to_owned()),
        ..none()
    };
    assert_eq!(layout.fields(&nothing).unwrap(), vec![]);
}

#[test]
fn a_type_without_dates_keeps_no_events_and_one_that_wants_more_is_not_enough() {
    use MappingType::{Date, Html, Text};
    let article = kind(&[("title", Text, true), ("content", Html, true)]);
    assert!(Layout::of(&article).is_none());
    let ticket = [
        ("title", Text, true),
        ("day", Date, true),
        ("ticket", Text, true),
    ];
    let ticket = kind(&ticket);
    assert!(!Layout::of(&ticket).unwrap().is_enough());
}

#[test]
fn keys_that_say_nothing_are_taken_in_their_order() {
    use MappingType::{Date, Text};
    let plain = kind(&[
        ("title", Text, true),
        ("date1", Date, true),
        ("date2", Date, false),
    ]);
    let fields = Layout::of(&plain).unwrap().fields(&EventChange {
        start: whole().start,
        end: whole().end,
        ..EventChange::default()
    });
    let keys: Vec<_> = fields.unwrap().into_iter().map(|field| field.key).collect();
    assert_eq!(keys, ["date1", "date2"]);
}

#[test]
fn a_change_leaves_the_other_fields_in_place() {
    let old = vec![MappingField::text("a", "1"), MappingField::text("b", "2")];
    let new = vec![MappingField::text("b", "3")];
    let expected = vec![MappingField::text("a", "1"), MappingField::text("b", "3")];
    assert_eq!(overlay(old, new), expected);
}
