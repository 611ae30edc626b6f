use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::*;

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_750_000_000 + second).unwrap()
}

fn writer(directory: &Path, delta: bool) -> Result<Writer, SnapshotError> {
    let whose = Writer::binding(
        CommunityId::new(77),
        Some("Engines".to_owned()),
        "https://app.circle.so/".to_owned(),
    );
    Writer::open(directory, &whose, Wanted::default(), delta, at(0))
}

fn member(id: u64, name: &str) -> Value {
    json!({ "id": id, "name": name, "email": format!("m{id}@example.org") })
}

fn page(page: u32, count: u64, has_next_page: bool, records: Vec<Value>) -> Arrived {
    Arrived {
        page,
        per_page: 2,
        count: Some(count),
        has_next_page,
        records,
    }
}

const MEMBERS: ListKey = ListKey {
    entity: Entity::Members,
    space: None,
};

fn three_members(directory: &Path) {
    let mut writer = writer(directory, false).unwrap();
    let start = Position::At {
        page: 1,
        per_page: None,
        seen: 0,
    };
    assert_eq!(writer.position(MEMBERS).unwrap(), start);
    let rows = vec![member(1, "Ada"), member(2, "Grace")];
    writer.page(MEMBERS, &page(1, 3, true, rows)).unwrap();
    writer
        .page(MEMBERS, &page(2, 3, false, vec![member(3, "Joan")]))
        .unwrap();
    writer.end_list(MEMBERS).unwrap();
    writer.finish(at(9)).unwrap();
}

#[test]
fn what_is_written_is_read_back_in_order_and_by_id() {
    let home = tempfile::tempdir().unwrap();
    three_members(home.path());
    let snapshot = Snapshot::open(home.path(), Some(CommunityId::new(77))).unwrap();
    assert_eq!(snapshot.count(Entity::Members), 3);
    let names: Vec<_> = snapshot
        .iter::<Member>()
        .map(|entry| entry.unwrap().record.name.unwrap())
        .collect();
    assert_eq!(names, ["Ada", "Grace", "Joan"]);
    let joan = snapshot.get::<Member>(MemberId::new(3)).unwrap().unwrap();
    assert_eq!((joan.page, joan.pass, joan.sha256.len()), (2, 1, 64));
    assert!(snapshot.get::<Member>(MemberId::new(9)).unwrap().is_none());
    assert!(snapshot.get::<Post>(PostId::new(1)).unwrap().is_none());
}

#[test]
fn only_the_owner_can_read_it() {
    let home = tempfile::tempdir().unwrap();
    let directory = home.path().join("deep/snapshot");
    three_members(&directory);
    let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&directory), 0o700);
    for file in ["members.jsonl", "manifest.json", "lock"] {
        assert_eq!(mode(&directory.join(file)), 0o600, "{file}");
    }
}

#[test]
fn a_duplicated_row_across_pages_counts_once() {
    let home = tempfile::tempdir().unwrap();
    let mut writer = writer(home.path(), false).unwrap();
    let first = vec![member(1, "Ada"), member(2, "Grace")];
    writer.page(MEMBERS, &page(1, 3, true, first)).unwrap();
    let second = vec![member(2, "Grace"), member(3, "Joan")];
    let outcome = writer.page(MEMBERS, &page(2, 3, false, second)).unwrap();
    assert_eq!(outcome, PageOutcome { rows: 2, fresh: 1 });
    let state = writer.end_list(MEMBERS).unwrap();
    assert_eq!((state.counts.distinct(), state.counts.duplicates), (3, 1));
    assert!(!state.has_drifted());
    writer.finish(at(9)).unwrap();
    let snapshot = Snapshot::open(home.path(), None).unwrap();
    assert_eq!(snapshot.count(Entity::Members), 3);
}

#[test]
fn an_interrupted_snapshot_is_not_read_and_goes_on_after_its_last_whole_page() {
    let home = tempfile::tempdir().unwrap();
    let mut first = writer(home.path(), false).unwrap();
    let rows = vec![member(1, "Ada"), member(2, "Grace")];
    first.page(MEMBERS, &page(1, 3, true, rows)).unwrap();
    drop(first);
    let file = home.path().join("members.jsonl");
    let whole = std::fs::read(&file).unwrap();
    let torn = [whole.as_slice(), b"{\"row\":{\"id\":3,\"pass\":1,\"pa"].concat();
    std::fs::write(&file, torn).unwrap();

    let error = Snapshot::open(home.path(), None).unwrap_err();
    assert!(matches!(error, SnapshotError::Incomplete { .. }));
    let mut second = writer(home.path(), false).unwrap();
    let again = Position::At {
        page: 1,
        per_page: Some(2),
        seen: 2,
    };
    assert_eq!(second.position(MEMBERS).unwrap(), again);
    assert_eq!(std::fs::read(&file).unwrap(), whole);
    let rows = vec![member(1, "Ada"), member(2, "Grace")];
    let outcome = second.page(MEMBERS, &page(1, 3, true, rows)).unwrap();
    assert_eq!(outcome.fresh, 0);
    second
        .page(MEMBERS, &page(2, 3, false, vec![member(3, "Joan")]))
        .unwrap();
    assert!(!second.end_list(MEMBERS).unwrap().has_drifted());
    assert_eq!(second.position(MEMBERS).unwrap(), Position::Done);
    second.finish(at(9)).unwrap();
    let snapshot = Snapshot::open(home.path(), None).unwrap();
    assert_eq!(snapshot.count(Entity::Members), 3);
}

#[test]
fn a_delta_keeps_what_is_new_or_changed_and_marks_who_has_left() {
    let home = tempfile::tempdir().unwrap();
    three_members(home.path());
    assert!(matches!(
        writer(home.path(), false),
        Err(SnapshotError::Finished { .. })
    ));
    let mut delta = writer(home.path(), true).unwrap();
    let rows = vec![member(1, "Ada"), member(2, "Grace H."), member(4, "Mary")];
    delta.page(MEMBERS, &page(1, 3, false, rows)).unwrap();
    let counts = delta.end_list(MEMBERS).unwrap().counts;
    assert_eq!(
        (counts.new, counts.changed, counts.unchanged, counts.gone),
        (1, 1, 1, 1)
    );
    delta.finish(at(20)).unwrap();
    let snapshot = Snapshot::open(home.path(), None).unwrap();
    let names: Vec<_> = snapshot
        .iter::<Member>()
        .map(|entry| entry.unwrap().record.name.unwrap())
        .collect();
    assert_eq!(names, ["Ada", "Grace H.", "Mary"]);
    assert_eq!(snapshot.gone(Entity::Members), 1);
    assert!(snapshot.get::<Member>(MemberId::new(3)).unwrap().is_none());
}

#[test]
fn nobody_is_marked_as_gone_when_the_list_changed_under_the_reader() {
    let home = tempfile::tempdir().unwrap();
    three_members(home.path());
    let mut delta = writer(home.path(), true).unwrap();
    delta
        .page(MEMBERS, &page(1, 3, false, vec![member(1, "Ada")]))
        .unwrap();
    let state = delta.end_list(MEMBERS).unwrap();
    assert!(state.has_drifted());
    assert_eq!(state.counts.gone, 0);
}

#[test]
fn an_interrupted_delta_still_knows_what_it_has_seen_unchanged() {
    let home = tempfile::tempdir().unwrap();
    three_members(home.path());
    let mut delta = writer(home.path(), true).unwrap();
    let rows = vec![member(1, "Ada"), member(2, "Grace")];
    delta.page(MEMBERS, &page(1, 3, true, rows)).unwrap();
    drop(delta);
    let mut delta = writer(home.path(), true).unwrap();
    let again = Position::At {
        page: 1,
        per_page: Some(2),
        seen: 2,
    };
    assert_eq!(delta.position(MEMBERS).unwrap(), again);
    delta
        .page(MEMBERS, &page(2, 3, false, vec![member(3, "Joan")]))
        .unwrap();
    let state = delta.end_list(MEMBERS).unwrap();
    assert_eq!((state.counts.unchanged, state.counts.gone), (3, 0));
}

#[test]
fn a_changed_byte_is_found() {
    let home = tempfile::tempdir().unwrap();
    three_members(home.path());
    let file = home.path().join("members.jsonl");
    let text = std::fs::read_to_string(&file).unwrap();
    std::fs::write(&file, text.replace("Grace", "Grave")).unwrap();
    let error = Snapshot::open(home.path(), None).unwrap_err();
    assert!(error.to_string().starts_with("line 2 of"), "{error}");
}

#[test]
fn a_snapshot_of_another_community_is_refused() {
    let home = tempfile::tempdir().unwrap();
    three_members(home.path());
    let error = Snapshot::open(home.path(), Some(CommunityId::new(5))).unwrap_err();
    assert!(matches!(error, SnapshotError::OfAnother { .. }));
}

#[test]
fn two_runs_cannot_write_one_snapshot() {
    let home = tempfile::tempdir().unwrap();
    let _first = writer(home.path(), false).unwrap();
    assert!(matches!(
        writer(home.path(), false),
        Err(SnapshotError::Locked { .. })
    ));
}

#[test]
fn accepted_invitation_is_read_in_every_form_that_circle_writes() {
    let accepted = |text: &str| {
        let value = json!({ "id": 1, "accepted_invitation": text });
        serde_json::from_value::<Member>(value)
            .unwrap()
            .accepted_at()
    };
    let expected = Some("2024-09-03T16:20:19Z".parse().unwrap());
    assert_eq!(accepted("2024-09-03 16:20:19 UTC"), expected);
    assert_eq!(accepted("2024-09-03T16:20:19Z"), expected);
    assert_eq!(accepted(""), None);
    assert_eq!(accepted("yesterday"), None);
}

#[test]
fn somebody_without_a_confirmed_profile_or_an_accepted_invitation_is_unconfirmed() {
    let read = |value| {
        serde_json::from_value::<Member>(value)
            .unwrap()
            .confirmation()
    };
    let confirmed = "2024-02-03T10:20:00.000Z";
    let cases = [
        (
            json!({ "id": 1, "profile_confirmed_at": confirmed }),
            Confirmation::Confirmed,
        ),
        (
            json!({ "id": 1, "profile_confirmed_at": confirmed, "accepted_invitation": "" }),
            Confirmation::Unconfirmed,
        ),
        (
            json!({ "id": 1, "profile_confirmed_at": null }),
            Confirmation::Unconfirmed,
        ),
    ];
    for (value, expected) in cases {
        assert_eq!(read(value.clone()), expected, "{value}");
    }
}

#[test]
fn an_empty_activity_score_and_fields_of_other_types_harm_nobody() {
    let value = json!({
        "id": "4101", "email": 7, "activity_score": {}, "posts_count": "many",
        "created_at": "soon", "member_tags": [{ "id": 1, "name": "Founder" }, "odd"],
    });
    let member: Member = serde_json::from_value(value).unwrap();
    assert_eq!(member.id, MemberId::new(4101));
    assert_eq!((member.email.as_ref(), member.created_at), (None, None));
    assert_eq!(member.member_tags.len(), 1);
    assert_eq!(member.other["activity_score"], json!({}));
}

#[test]
fn profile_values_are_absent_text_or_lists() {
    let fields = json!({ "a": null, "b": "London", "c": ["x", "y"], "d": [], "e": 5 });
    let value = json!({ "id": 1, "flattened_profile_fields": fields });
    let member: Member = serde_json::from_value(value).unwrap();
    let values: Vec<_> = member.profile_values().collect();
    assert_eq!(
        values,
        [
            ("b", ProfileValue::Text("London".to_owned())),
            (
                "c",
                ProfileValue::List(vec!["x".to_owned(), "y".to_owned()])
            ),
            ("e", ProfileValue::Other(json!(5))),
        ]
    );
}

#[test]
fn an_unknown_field_is_kept_on_disk_and_in_the_record() {
    let home = tempfile::tempdir().unwrap();
    let mut writer = writer(home.path(), false).unwrap();
    let row = json!({ "id": 1, "from_the_future": { "deep": [1, 2] } });
    writer.page(MEMBERS, &page(1, 1, false, vec![row])).unwrap();
    writer.end_list(MEMBERS).unwrap();
    writer.finish(at(9)).unwrap();
    let snapshot = Snapshot::open(home.path(), None).unwrap();
    let entry = snapshot.iter::<Member>().next().unwrap().unwrap();
    assert_eq!(entry.record.other["from_the_future"]["deep"], json!([1, 2]));
}

#[test]
fn no_address_shows_in_debug_output() {
    let member: Member = serde_json::from_value(member(1, "Ada")).unwrap();
    assert!(!format!("{member:?}").contains('@'));
    let post = json!({ "id": 1, "user_email": "a@b.c", "body": { "body": "secret" } });
    let post: Post = serde_json::from_value(post).unwrap();
    assert_eq!(post.body.as_ref().unwrap().text(), Some("secret"));
    assert!(!format!("{post:?}").contains("a@b.c"));
}
