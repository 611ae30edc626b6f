use super::*;

fn at(seconds: i64) -> prost_types::Timestamp {
    prost_types::Timestamp { seconds, nanos: 0 }
}

fn walk() -> pb::CalendarEventDetails {
    pb::CalendarEventDetails {
        title: "Walk".to_owned(),
        description: Some(Description::Text("Bring <shoes>".to_owned())),
        start_time: Some(at(10)),
        end_time: Some(at(20)),
        time_zone: "europe/lisbon".to_owned(),
        ..pb::CalendarEventDetails::default()
    }
}

fn masked(paths: &[&str], details: &pb::CalendarEventDetails) -> Result<EventChange, Error> {
    let mask: Vec<_> = paths.iter().map(|path| (*path).to_owned()).collect();
    change(details, &mask)
}

#[test]
fn a_whole_event_has_its_zone_as_the_database_spells_it_and_its_text_escaped() {
    let details = whole(walk()).unwrap();
    assert_eq!(details.time_zone, "Europe/Lisbon");
    assert_eq!(details.html, "<p>Bring &lt;shoes&gt;</p>");
    assert!(details.notify && details.capacity.is_none());
}

#[test]
fn a_mask_alone_decides_what_is_changed() {
    let change = masked(&["title", "physical_places", "silent"], &walk()).unwrap();
    let expected = EventChange {
        title: Some("Walk".to_owned()),
        physical_places: Some(vec![]),
        notify: Some(true),
        ..EventChange::default()
    };
    assert_eq!(change, expected);
}

#[test]
fn without_a_mask_what_is_set_is_changed() {
    let details = pb::CalendarEventDetails {
        capacity: 3,
        end_time: Some(at(20)),
        ..pb::CalendarEventDetails::default()
    };
    let change = masked(&[], &details).unwrap();
    assert_eq!(change.capacity, Some(3));
    assert!(change.end.is_some() && change.title.is_none() && change.notify.is_none());
    masked(&[], &pb::CalendarEventDetails::default()).unwrap_err();
}

#[test]
fn a_capacity_is_not_taken_away_and_a_description_is_the_one_that_the_mask_names() {
    let problem = masked(&["capacity"], &walk()).unwrap_err();
    assert!(
        problem
            .to_string()
            .starts_with("details.capacity must be at least 1")
    );
    assert!(masked(&["text"], &walk()).is_ok());
    masked(&["html"], &walk()).unwrap_err();
    masked(&["nonsense"], &walk()).unwrap_err();
}

#[test]
fn a_position_off_the_globe_is_refused() {
    let place = |latitude, longitude| pb::PhysicalPlace {
        name: "River".to_owned(),
        position: Some(pb::GeoPoint {
            latitude,
            longitude,
        }),
        ..pb::PhysicalPlace::default()
    };
    assert!(physical_place(place(-90.0, 180.0)).is_ok());
    for (latitude, longitude) in [(91.0, 0.0), (0.0, -181.0), (f64::NAN, 0.0)] {
        physical_place(place(latitude, longitude)).unwrap_err();
    }
}
