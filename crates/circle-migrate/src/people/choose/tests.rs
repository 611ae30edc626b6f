use serde_json::json;

use super::*;

fn person(id: u64, email: &str, confirmed: bool, seen: Option<&str>) -> Person {
    let member: Member = serde_json::from_value(json!({
        "id": id, "email": email, "name": "Ada", "last_seen_at": seen,
        "profile_confirmed_at": confirmed.then_some("2024-01-01T00:00:00Z"),
        "accepted_invitation": "2024-09-03 16:20:19 UTC",
    }))
    .unwrap();
    Person::from(member)
}

fn moved(choice: &Choice) -> bool {
    matches!(choice, Choice::Move(_))
}

fn duplicate_of(id: u64) -> Choice {
    Choice::Skip(SkipReason::DuplicateOf(MemberId::new(id)))
}

#[test]
fn of_one_address_the_confirmed_record_counts_then_the_last_seen_then_the_oldest() {
    let rules = Rules::default();
    let people = [
        person(3, "a@example.org", false, Some("2025-05-01T00:00:00Z")),
        person(2, " A@Example.org", true, None),
    ];
    let chosen = choose(&people, &rules);
    assert_eq!(chosen[0], duplicate_of(2));
    assert!(moved(&chosen[1]));
    let people = [
        person(1, "a@example.org", true, Some("2025-05-01T00:00:00Z")),
        person(2, "a@example.org", true, Some("2025-05-02T00:00:00Z")),
    ];
    let chosen = choose(&people, &rules);
    assert_eq!(chosen[0], duplicate_of(2));
    let people = [
        person(9, "a@example.org", true, None),
        person(4, "a@example.org", true, None),
        person(7, "a@example.org", true, None),
    ];
    let chosen = choose(&people, &rules);
    assert_eq!(
        (&chosen[0], &chosen[2]),
        (&duplicate_of(4), &duplicate_of(4))
    );
    assert!(moved(&chosen[1]));
}

#[test]
fn who_never_accepted_is_left_out_unless_asked_for() {
    let people = [person(1, "a@example.org", false, None)];
    let chosen = choose(&people, &Rules::default());
    assert_eq!(chosen[0], Choice::Skip(SkipReason::Unconfirmed));
    let rules = Rules {
        include_unconfirmed: true,
        ..Rules::default()
    };
    assert!(moved(&choose(&people, &rules)[0]));
}

#[test]
fn somebody_without_a_usable_address_is_left_out_and_does_not_meet_others_like_that() {
    let people = [
        person(1, "", true, None),
        person(2, "", true, None),
        person(3, "not an address", true, None),
    ];
    let chosen = choose(&people, &Rules::default());
    assert_eq!(chosen[0], Choice::Skip(SkipReason::NoEmail));
    assert_eq!(chosen[1], Choice::Skip(SkipReason::NoEmail));
    assert_eq!(chosen[2], Choice::Skip(SkipReason::InvalidEmail));
}

#[test]
fn a_label_that_is_left_out_says_so() {
    let mut marked = person(1, "a@example.org", true, None);
    marked.tags = vec!["Spam".to_owned()];
    let rules = Rules {
        exclude_tags: vec!["Spam".to_owned()],
        ..Rules::default()
    };
    let Choice::Skip(reason) = &choose(&[marked], &rules)[0] else {
        panic!("moved");
    };
    assert_eq!(reason.text(), "excluded_tag:Spam");
}

#[test]
fn nothing_personal_is_in_the_debug_form() {
    let text = format!("{:?}", person(5, "ada@example.com", true, None));
    assert!(!text.contains("ada") && text.contains('5'), "{text}");
}
